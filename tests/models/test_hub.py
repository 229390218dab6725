"""Pinned models and tables of the hub, from its cache; what is missing says what to do."""

import hashlib
import json

import pandas as pd
import pytest
import torch

from hub_cache import cache_dataset, cache_model, only_the_cache
from mia import storage
from mia.denoisers.stable_diffusion import StableDiffusion
from mia.hub_error import HubError
from mia.images.sources.shared.hub_file import dataset_file
from mia.models.folder import describe
from mia.models.hub import model_snapshot
from mia.stages import plan

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPO, FILE = "someone/pictures", "data/members-00000-of-00001-ab.parquet"
ROWS = pd.DataFrame(
    {
        "coco_url": ["http://example.org/1.jpg", "http://example.org/2.jpg"],
        "captions": [["a cat", "one cat"], []],
        "text": ["a cat", None],
    }
)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A dataset with one table in the cache; the network is shut off."""
    ROWS.to_parquet(tmp_path / "table.parquet")
    cache_dataset(tmp_path / "hub", REPO, REVISION, {FILE: tmp_path / "table.parquet"})
    only_the_cache(monkeypatch, tmp_path / "hub")
    return hashlib.sha256((tmp_path / "table.parquet").read_bytes()).hexdigest()


def planned(tmp_path, **keys):
    spec = {"source": "hub", "url": "coco_url", "caption": "text"}
    part = {"repo": REPO, "revision": REVISION, "file": FILE, **keys}
    spec = json.dumps({**spec, "parts": {"member": part}})
    plan.main(["--name", "mine", "--settings", spec, "--output", str(tmp_path / "plan.parquet")])
    return storage.read(tmp_path / "plan.parquet").sort_values("row")


def test_a_hub_model_is_loaded_from_the_cache_at_its_pinned_revision(
    tiny_sd, tmp_path, monkeypatch
):
    snapshot = cache_model(tmp_path, "someone/tiny-sd", REVISION, tiny_sd)
    only_the_cache(monkeypatch, tmp_path)
    folder = model_snapshot("someone/tiny-sd", REVISION)
    assert folder == snapshot
    denoiser = StableDiffusion(describe(folder), "cpu")
    z, states = torch.zeros(2, 4, 8, 8), denoiser.embed(["a red cat", ""])
    assert denoiser.epsilon(z, torch.tensor([5, 900]), states).shape == z.shape
    with pytest.raises(HubError, match=r"hub model someone/tiny-sd at ffff.*not in the cache"):
        model_snapshot("someone/tiny-sd", "f" * 40)


def test_a_table_of_the_hub_is_planned_like_any_table_of_addresses(cached, tmp_path):
    rows = planned(tmp_path, sha256=cached)
    assert rows["url"].tolist() == ROWS["coco_url"].tolist()
    assert rows["caption"].tolist() == ["a cat", ""]
    assert set(rows["part"]) == {"member"}


def test_of_a_list_of_captions_the_first_is_taken(cached, tmp_path):
    assert planned(tmp_path, caption="captions")["caption"].tolist() == ["a cat", ""]


def test_another_sha256_stops_before_the_file_is_read(cached, tmp_path):
    with pytest.raises(SystemExit) as caught:
        planned(tmp_path, sha256="f" * 64)
    said = str(caught.value)
    assert said.startswith(f"error: image_sets.mine: {FILE} of hub dataset {REPO} at {REVISION}: ")
    assert cached in said and "f" * 64 in said


def test_a_missing_column_is_named_with_those_found(cached, tmp_path):
    with pytest.raises(SystemExit) as caught:
        planned(tmp_path, caption="caption")
    expected = f"{REPO}: {FILE}: no column 'caption'; found: coco_url, captions, text"
    assert str(caught.value) == f"error: image_sets.mine: {expected}"


@pytest.mark.parametrize("other", [{"file": "data/other.parquet"}, {"revision": "f" * 40}])
def test_what_is_not_in_the_cache_says_how_to_get_it(cached, other):
    wanted = {"repo": REPO, "revision": REVISION, "file": FILE, **other}
    with pytest.raises(HubError) as caught:
        dataset_file(**wanted)
    said, command = (
        str(caught.value),
        "hf download {repo} {file} --repo-type dataset --revision {revision}",
    )
    assert "not in the cache" in said and command.format(**wanted) in said
    assert "HF_HOME" in said and "\n" not in said
