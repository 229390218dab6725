"""What may refuse a target ends before costly jobs start, and never makes one run again."""

from __future__ import annotations

import hashlib
import re
import shutil

import pytest

from bad_input import refused, with_three_pictures_a_side
from micro_experiment import CONFIG

COSTLY = {"vae", "train", "encode", "measure"}
OWN = {
    "set": "mine:member", "representation_set": "mine", "epochs": 2, "batch_size": 4,
    "channels": [32, 32], "vae_steps": 2, "vae_channels": [8, 16, 16], "latent_channels": 4,
    "vocabulary": 400,
}  # fmt: skip


def with_a_larger_set(bench, shards):
    """A second set, all of whose images are nonmembers, in `shards` shards."""
    folder = bench.folder / "data"
    shutil.copytree(folder / "nonmember", folder / "large")
    shutil.copy(folder / "nonmember.csv", folder / "large.csv")
    large = {"path": "data/large", "captions": "data/large.csv"}

    def change(config):
        config["image_sets"]["large"] = {"source": "folder", "shards": shards, **large}
        config["image_sets"]["mine"]["shards"] = 1
        config["targets"]["fair"]["nonmembers"] = "large:all"

    bench.configure(change)


def test_the_ready_set_is_not_encoded_while_the_other_is_fetched(begun):
    with_a_larger_set(begun, shards=3)
    with_three_pictures_a_side(begun.folder)
    assert refused(begun, "measured").startswith("error: targets.fair: too few images: ")
    assert not (begun.folder / "results/latents").exists()


def test_nothing_is_trained_for_an_impossible_target(begun):
    with_three_pictures_a_side(begun.folder)
    own = {"source": "training", "training": "own"}
    begun.configure(lambda config: config.update(training={"own": OWN}, models={"tiny": own}))
    assert refused(begun).startswith("error: targets.fair: too few images: ")
    assert not (begun.folder / "results/training").exists()


def asking(timestep):
    return {"attack": "loss", "timesteps": [timestep], "draws": 1}


@pytest.mark.slow
def test_what_is_encoded_already_waits_too_and_is_not_encoded_again(bench):
    """A target is added that is sound, then one that is not, both with a query that is new."""
    sound = {**CONFIG["targets"]["fair"], "members": "mine:nonmember", "nonmembers": "mine:member"}
    bench.configure(lambda config: config["targets"].update(swapped=sound))
    bench.configure(lambda config: config["attacks"].update(late=asking(700)))
    run = bench.run("measured").done()
    order = re.findall(r"(?m)^(?:local)?rule (\w+):", run.text)
    assert order.index("membership") < order.index("measure")
    assert {job.split("/")[0] for job in run.jobs} & COSTLY == {"measure"}
    assert bench.run("measured").done().jobs == []
    pictures = sorted((bench.folder / "data/member").glob("*.png"))
    digests = [hashlib.sha256(picture.read_bytes()).hexdigest() for picture in pictures]
    (bench.folder / "known.csv").write_text("\n".join(["sha256", *digests]) + "\n")
    known = {"path": "known.csv", "sha256": "sha256"}
    bench.configure(lambda config: config["targets"].update(bad={**sound, "known": known}))
    bench.configure(lambda config: config["attacks"].update(later=asking(800)))
    run = bench.run("measured")
    assert run.code == 1 and not {job.split("/")[0] for job in run.jobs} & COSTLY, run.text
    assert "error: targets.bad: " in run.text
