"""Models with a LoRA adapter through the rules: merged, measured against their base."""

from __future__ import annotations

import hashlib
import json
import shutil

import pandas as pd
import torch
from safetensors.torch import load_file

import tiny_lora
from model_edits import WEIGHTS
from replacing import changed, in_place, older
from workbench import Workbench

ADAPTER = f"adapters/mine/{tiny_lora.USUAL}"
MERGED = "results/models/adapted/merged"
MODEL = "results/models/adapted/model.json"
TUNED = {
    "base": "tiny", "set": "mine:member", "epochs": 2, "keep": [1], "batch_size": 8,
    "learning_rate": 0.01, "lora": {"rank": 2, "alpha": 3},
}  # fmt: skip


def adapt(bench: Workbench, **more) -> None:
    """Add a model with an adapter, and a target of it with its unmerged base as the reference."""
    made = tiny_lora.layers(bench.folder / "models/tiny-sd")
    tiny_lora.save(bench.folder / ADAPTER, tiny_lora.diffusers_form(made))

    def change(config):
        lora = {"path": "adapters/mine", **more}
        config["models"]["adapted"] = {**config["models"]["tiny"], "lora": lora}
        fair = config["targets"]["fair"]
        config["targets"]["tuned"] = {**fair, "model": "adapted", "reference": "tiny"}
        config["attacks"]["loss_ratio"] = {}

    bench.configure(change)


def described(bench: Workbench, model: str = "adapted") -> dict:
    return json.loads((bench.folder / f"results/models/{model}/model.json").read_text())


def test_a_merged_model_is_a_target_and_its_base_the_reference(bench):
    adapt(bench, scale=0.5)
    run = bench.run().done()
    assert "model/adapted" in run.jobs and "model/tiny" not in run.jobs
    assert not [job for job in run.jobs if job.startswith(("encode/", "train/"))]
    summary = pd.read_csv(bench.folder / "results/tables/summary.csv")
    rows = summary[summary["target"] == "tuned"].set_index("attack")
    assert rows.loc["loss_ratio", "auc"] > 0 and "loss_ratio" not in bench.scores("fair")
    before, after = bench.scores("fair")["loss"], bench.scores("tuned")["loss"]
    assert (before - after).abs().max() > 0
    model, base = described(bench), described(bench, "tiny")
    data = (bench.folder / ADAPTER).read_bytes()
    assert model["adapter"] == {
        "file": tiny_lora.USUAL, "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    assert model["folder"] == MERGED and model["weights"] != base["weights"]
    assert model["vae"]["files"] == base["vae"]["files"]

    # The report says what it is; a run that was moved is finished; nothing hangs on the base then.
    page = (bench.folder / "results/report.html").read_text()
    assert "a local folder, with a LoRA adapter merged into it" in page
    elsewhere = bench.folder.parent / "elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    bench.folder.rename(elsewhere)
    moved = Workbench(elsewhere)
    assert "Nothing to be done" in moved.run("--dry-run").done().text

    # Another adapter of the same size and an older date.
    file = elsewhere / ADAPTER
    in_place(file, changed(file.read_bytes()))
    older(file)
    text = moved.run("--dry-run", MODEL).done().text
    assert "rule model:" in text and "adapters/mine" in text

    # No adapter any more: what was merged is deleted, and the model is its base.
    moved.configure(lambda config: config["models"]["adapted"].pop("lora"))
    assert moved.run(MODEL).done().jobs == ["model/adapted"]
    assert not (elsewhere / MERGED).exists() and "adapter" not in described(moved)
    assert described(moved)["weights"] == base["weights"]


def test_a_damaged_merge_is_named_with_the_way_to_make_it_anew(begun):
    adapt(begun)
    begun.run(MODEL).done()
    whole = begun.folder / MERGED / WEIGHTS["unet"]
    weights, data = described(begun)["weights"], whole.read_bytes()
    whole.write_bytes(data[:-4] + bytes(4))
    run = begun.run("results/signals/adapted/mine/denoise/000.parquet")
    assert run.code and "damaged or exchanged" in run.text
    assert f"To have it made anew: rm {MODEL}, then run again" in run.text
    (begun.folder / MODEL).unlink()
    begun.run(MODEL).done()
    assert whole.read_bytes() == data and described(begun)["weights"] == weights


def test_an_adapter_that_is_not_there_or_does_not_fit_stops_the_run(begun):
    adapt(begun)
    file = begun.folder / ADAPTER
    held, _ = tiny_lora.diffusers_form(tiny_lora.layers(begun.folder / "models/tiny-sd"))
    wide = {
        name: torch.ones(*tensor.shape, 2)[..., 0].repeat(1, 2) for name, tensor in held.items()
    }
    tiny_lora.save(file, (wide, {}))
    run = begun.run()
    assert run.code and "an adapter for another base: of its layers 3 are of" in run.text
    assert "error: models.adapted: adapters/mine" in run.text
    assert not [job for job in run.jobs if job.startswith(("encode/", "measure/"))]
    assert not (begun.folder / MERGED).exists() and not (begun.folder / MODEL).exists()
    file.unlink()
    run = begun.run("--dry-run")
    assert run.code and "models.adapted.lora.path: adapters/mine: no adapter in it" in run.text


def test_a_trained_adapter_can_be_given_again(begun):
    """The kept checkpoint is the base with the kept adapter merged."""

    def change(config):
        config["training"] = {"tuned": TUNED}
        config["models"]["kept"] = {"source": "training", "training": "tuned", "epoch": 1}
        config["targets"]["kept"] = {
            **config["targets"]["fair"], "model": "kept", "reference": "tiny",
        }  # fmt: skip

    begun.configure(change)
    run = begun.run("results/models/kept/model.json").done()
    assert "train/tuned" in run.jobs and "model/kept" in run.jobs
    checkpoint = begun.folder / "results/training/tuned/checkpoints/epoch-0001"
    shutil.copytree(checkpoint / "lora", begun.folder / "adapters/mine")
    lora = {"path": "adapters/mine"}
    begun.configure(
        lambda config: config["models"].update(adapted={**config["models"]["tiny"], "lora": lora})
    )
    begun.run(MODEL).done()
    kept, made = (
        load_file(place / WEIGHTS["unet"]) for place in (checkpoint, begun.folder / MERGED)
    )
    for name, weight in kept.items():
        torch.testing.assert_close(made[name], weight, rtol=1e-6, atol=1e-6)
    assert described(begun, "kept")["weights"] != described(begun, "tiny")["weights"]
