"""Models downloaded from a hub on this machine: what is asked for, in which order."""

import json
import re
import shutil

import pytest

from hub_server import hub_of, only_this_hub
from mia.stages import model
from model_edits import WEIGHTS, as_variant, both, keys, sharded
from tiny_families import tiny

REPO, REVISION = "someone/tiny-sd", "0123456789abcdef0123456789abcdef01234567"
STEM = "diffusion_pytorch_model"
FP16 = both(*map(as_variant, WEIGHTS))
OLDER = sharded("unet", f"{STEM}-{{}}.fp16.safetensors", f"{STEM}.safetensors.fp16.index.json")
TODAY = sharded("unet", f"{STEM}.fp16-{{}}.safetensors", f"{STEM}.safetensors.index.fp16.json")
PLAIN = sharded("unet", f"{STEM}-{{}}.safetensors", f"{STEM}.safetensors.index.json")


@pytest.fixture
def modelled(tmp_path, monkeypatch):
    """A call of the stage: what it says, the files asked for, and what model.json says."""

    def call(folder, **spec):
        output = tmp_path / "model.json"
        spec = {"source": "hub", "repo": REPO, "revision": REVISION, **spec}
        arguments = ["--name", "mine", "--settings", json.dumps(spec), "--output", str(output)]
        with hub_of(folder, REPO, REVISION) as (address, asked):
            only_this_hub(monkeypatch, address, tmp_path / "cache")
            monkeypatch.setattr("sys.argv", ["model", *arguments])
            try:
                model.main()
            except SystemExit as error:
                return str(error), asked, None
        return "", asked, json.loads(output.read_text())

    return call


def is_weights(name):
    return name.endswith(".safetensors")


@pytest.fixture
def folder(tiny_sd, tmp_path):
    """As repositories are: pickles, other variants and code lie beside what is wanted."""
    folder = shutil.copytree(tiny_sd, tmp_path / "model")
    for name in ("unet/model.bin", "README.md", "handler.py", "sd.safetensors"):
        (folder / name).write_text("not wanted")
    return folder


@pytest.mark.parametrize(
    ("edit", "variant", "weights"),
    [
        (lambda folder: None, None, list(WEIGHTS.values())),
        (PLAIN, None, [*list(WEIGHTS.values())[::2], f"unet/{STEM}-00001-of-00002.safetensors"]),
        (FP16, "fp16", ["text_encoder/model.fp16.safetensors", f"unet/{STEM}.fp16.safetensors"]),
        (as_variant("vae"), "fp16", [f"vae/{STEM}.fp16.safetensors", WEIGHTS["unet"]]),
        (OLDER, "fp16", [f"unet/{STEM}-00002-of-00002.fp16.safetensors", WEIGHTS["vae"]]),
        (TODAY, "fp16", [f"unet/{STEM}.fp16-00002-of-00002.safetensors", WEIGHTS["vae"]]),
    ],
)
def test_what_is_read_is_fetched_and_nothing_else(edit, variant, weights, folder, modelled):
    edit(folder)
    said, asked, found = modelled(folder, **({"variant": variant} if variant else {}))
    assert said == "" and set(weights) <= set(asked) == set(found["files"])
    first = next(number for number, name in enumerate(asked) if is_weights(name))
    assert all(map(is_weights, asked[first:])), "JSON files come first"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (keys("unet/config.json", in_channels=9), "in_channels: 9; expected 4, .*inpainting"),
        (keys("model_index.json", _class_name="WuerstchenPipeline"), "no denoiser"),
        (keys("scheduler/scheduler_config.json", beta_end="a"), "beta_end: .*expected a finite"),
        (keys("unet/config.json", _name_or_path="a/sd-turbo"), "_name_or_path: sd-turbo: .*disti"),
        (keys("tokenizer/tokenizer_config.json", auto_map={"a": "b.c"}), "auto_map: .*code to run"),
    ],
)
def test_a_model_that_its_json_rules_out_is_refused_before_a_weight_is_fetched(
    edit, said, folder, modelled
):
    edit(folder)
    line, asked, _ = modelled(folder)
    assert asked and not any(map(is_weights, asked))
    assert line.startswith("error: models.mine: ") and re.search(said, line)


@pytest.mark.parametrize(
    ("family", "spec", "told", "right"),
    [
        ("ddpm", {}, "text, but the model is told nothing of an image", "none"),
        ("ddpm", {"condition": "class"}, "class, but the model is told nothing", "none"),
        ("stable_diffusion", {"condition": "none"}, "none, but the model is told a text", "text"),
    ],
)
def test_what_a_model_is_told_is_checked_before_a_weight_is_fetched(
    family, spec, told, right, modelled, tmp_path
):
    """The config says which attacks exist on it: by default those of a model that is told text."""
    tiny(family).save(tmp_path / family)
    line, asked, _ = modelled(tmp_path / family, **spec)
    assert line.startswith(f"error: models.mine: condition: {told}")
    assert line.endswith(f" of an image; write `condition: {right}`") and "\n" not in line
    assert asked and not any(map(is_weights, asked))
    said, _, found = modelled(tmp_path / family, condition=right)
    assert said == "" and found["condition"] == right


@pytest.mark.parametrize("edit", [FP16, as_variant("unet"), TODAY])
def test_a_repository_without_plain_weights_says_which_there_are(edit, folder, modelled):
    edit(folder)
    line, _, _ = modelled(folder)
    assert line.startswith(f"error: models.mine: hub model {REPO} at ")
    assert "of variant fp16 only; say `variant: fp16`" in line
