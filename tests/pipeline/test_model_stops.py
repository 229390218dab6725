"""Models that cannot be used end a real run, each with its line, before anything is downloaded."""

import shutil

import pytest
import torch

from micro_experiment import CONFIG
from model_edits import as_variant, keys, tensors
from workbench import Workbench


def lose(held):
    del held["conv_in.weight"]


def spoil(held):
    held["encoder.conv_in.bias"][0] = float("nan")


def add_adapter(held):
    held["encoder.layers.0.self_attn.q_proj.lora_A.weight"] = torch.zeros(2, 32)


BROKEN = {
    "inpainting": (keys("unet/config.json", in_channels=9), "unet/config.json: in_channels: 9"),
    "lost": (tensors("unet", lose), "1 missing (conv_in.weight)"),
    "spoilt": (tensors("vae", spoil), "encoder.conv_in.bias holds NaN or infinity"),
    "adapted": (tensors("text_encoder", add_adapter), "adapter layers are still in it"),
    "half": (as_variant("unet"), "say `variant: fp16`"),
}


@pytest.mark.slow
def test_a_model_that_cannot_be_used_ends_the_run_before_anything_is_downloaded(tiny_sd, tmp_path):
    """Beside one that is sound."""
    bench = Workbench.build(tmp_path / "micro", tiny_sd)
    for name, (edit, _) in BROKEN.items():
        edit(shutil.copytree(tiny_sd, bench.folder / "models" / name))

    def change(config):
        config["models"] = {name: {"source": "path", "path": f"models/{name}"} for name in BROKEN}
        config["targets"] = {name: {**CONFIG["targets"]["fair"], "model": name} for name in BROKEN}
        config["models"]["sound"] = {"source": "path", "path": "models/tiny-sd"}
        config["targets"]["sound"] = {**CONFIG["targets"]["fair"], "model": "sound"}

    bench.configure(change)
    run = bench.run("--keep-going")
    assert run.code != 0
    assert [job for job in run.jobs if job.startswith("model/")] == ["model/sound"]
    costly = {"download", "encode", "measure"}
    assert not [job for job in run.jobs if job.split("/")[0] in costly]
    for name, (_, said) in BROKEN.items():
        log = (bench.folder / f"results/logs/model/{name}.log").read_text().strip()
        assert log.startswith(f"error: models.{name}: models/{name}/") and said in log
        assert "\n" not in log
