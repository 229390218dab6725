"""LoRA adapters of the hub: found in its own cache, at the pinned revision, by name."""

import pytest
import torch

import tiny_lora
from hub_cache import cache_model, only_the_cache
from mia.models.hub import HubError
from mia.models.model_json import ModelError
from mia.stages.model import locate_adapter

REPO, REVISION = "somebody/an-adapter", "a" * 40
LAYER = {f"unet.mid.to_q.lora_{side}.weight": torch.ones(2, 2) for side in "AB"}, {}
PINNED = {"repo": REPO, "revision": REVISION}


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Put files into the cache by name; nothing but it can answer."""

    def put(*names, revision=REVISION):
        folder = tmp_path / "made" / revision
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            tiny_lora.save(folder / name, LAYER)
        return cache_model(tmp_path / "hub", REPO, revision, folder)

    only_the_cache(monkeypatch, tmp_path / "hub")
    return put


@pytest.mark.parametrize("name", [None, "style.safetensors", "weights/late.safetensors"])
def test_an_adapter_is_found_under_its_name(cached, name):
    snapshot = cached(name or tiny_lora.USUAL, "other.safetensors")
    told = PINNED if name is None else {**PINNED, "weight_name": name}
    assert locate_adapter(told) == snapshot / (name or tiny_lora.USUAL)


def test_another_revision_is_another_adapter(cached):
    cached(tiny_lora.USUAL)
    with pytest.raises(HubError, match=f"{REPO} at {'b' * 40}"):
        locate_adapter({**PINNED, "revision": "b" * 40})


def test_a_name_that_is_not_there_is_named_with_its_key(cached):
    cached("style.safetensors")
    with pytest.raises(HubError, match=f"no {tiny_lora.USUAL} in the cache.*`weight_name`"):
        locate_adapter(PINNED)


def test_a_damaged_file_of_the_cache_is_named(cached):
    file = cached(tiny_lora.USUAL) / tiny_lora.USUAL
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        locate_adapter(PINNED)
