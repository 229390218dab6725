"""Hundreds of queries, dozens of references: no command is longer than a system lets it be."""

from __future__ import annotations

import os
import re
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest

from mia import storage
from mia.attacks.lira import Attack

WORD, ALL = 128 * 1024, 2**21  # bytes of one word, and of a command with its environment, on Linux
LIRA = {"draws": 15, "variance": "pooled"}
MODELS, ATTACK = 64, Attack(**LIRA)
RESULTS = "/".join(["a-long-name" * 20] * 11)  # each of the 64 x 15 files has a path of 2,500 bytes
OWN = {"set": "mine:member", "representation_set": "mine", "epochs": 2, "shadows": MODELS}


@pytest.fixture(scope="module")
def bench(finished_run):
    """The finished run in a folder with a long name, with 64 references that nobody has trained."""
    bench = finished_run.copy()

    def change(config):
        config["results"] = RESULTS
        config["training"] = {"own": OWN}
        config["models"] = {"own": {"source": "training", "training": "own"}}
        config["targets"]["fair"] |= {"model": "own", "references": "own-shadows"}
        config["attacks"] = {"lira": LIRA, "loss": {}, "blind_caption": {}}

    bench.configure(change)
    (bench.folder / RESULTS).parent.mkdir(parents=True)
    (bench.folder / "results").rename(bench.folder / RESULTS)
    return bench


def test_no_job_starts_a_program_by_words_that_are_too_long(bench):
    """What stands before a pipe is printed by bash itself, which starts no program for it."""
    text = bench.run("--dry-run", "--printshellcmds", "--forceall").done().text
    commands = re.findall(r"(?m)^Shell command: (.*python -m mia\.stages\..*)$", text)
    assert max(map(len, commands)) > ALL, "or this test shows nothing"
    for command in commands:
        words = shlex.split(command.rpartition(" | ")[2])
        assert max(map(len, words)) < WORD and sum(map(len, words)) < ALL / 2, words[:3]


def test_a_score_is_made_from_a_thousand_files(bench):
    """Losses are lower where a model was trained on an image; half of the models learnt a half."""
    results = bench.folder / RESULTS
    images = storage.read(results / "targets/fair/membership.parquet", ["key", "image_id", "kept"])
    images = images[images.pop("kept")].sort_values("image_id", ignore_index=True)
    learnt = np.arange(len(images)) % 2 == 0
    halves = {1: learnt, 2: ~learnt}
    answers(results, "own", images, learnt)
    sides = {}
    for number in range(1, MODELS + 1):
        name, half = f"own-shadow-{number}", 2 - number % 2
        sides[name] = np.where(halves[half], "in", "out")
        if number == half:
            answers(results, name, images, halves[half])
        else:
            first = results / f"queries/own-shadow-{half}"
            shutil.copytree(first, results / f"queries/{name}", copy_function=os.link)
    known = pd.DataFrame({"image_id": images["image_id"], **sides})
    storage.write(known, results / "targets/fair/references.parquet")
    about = {"alpha_bar": [0.5] * 1000, "tensors": []}
    storage.write_json(about, results / "models/own/model.json")

    score = f"{RESULTS}/scores/fair/lira.parquet"
    assert bench.run(score, "--allowed-rules", "score").done().jobs == ["score/fair/lira"]
    table = storage.read(bench.folder / score)
    assert table["image_id"].equals(images["image_id"])
    assert ((table["score"] > 0) == learnt).all()


def answers(results, model, images, learnt) -> None:
    """Write what a model answers to each query of the attack."""
    for query in ATTACK.queries:
        loss = pd.DataFrame({"loss_caption": np.exp(-0.5 * learnt)})
        fields = query.fields()
        about = {"set": "mine", "fields": [*fields], "devices": ["cpu"], "repeats": []}
        path = results / f"queries/{model}/mine/{query.path}.parquet"
        storage.write(images.assign(**fields).join(loss), path, about)
