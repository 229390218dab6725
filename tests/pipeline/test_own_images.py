"""The walk of docs/your-own.md, word for word, on a few images and an untrained model."""

import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import yaml

from example_page import all_blocks
from mia.config.claims import claims
from mia.config.read import read
from mia.evaluation.answers import ANSWERS
from mia.report.pages.collection_section import HEADINGS
from micro_experiment import PROJECT
from workbench import Workbench, finished_jobs

CONFIG = "config/own-images.yaml"
WALK = [
    "make run",
    ".venv/bin/python examples/own_images.py",
    f"make audit CONFIG={CONFIG}",
    f"make cost CONFIG={CONFIG}",
    f"make run CONFIG={CONFIG}",
]
DEFAULT = {  # what the stand-ins are made from, in little
    "results": "results/default",
    "image_sets": {
        "openmoji": {
            "source": "builtin",
            "limit": 160,
            "shards": 1,
            "duplicates": {"linked_rmse": 0.4},
            "split": {"member": 40, "nonmember": 48},
        }
    },
    "models": {
        name: {"source": "path", "path": "models/tiny-sd"}
        for name in ("emoji_early", "emoji_shadow")
    },
    "targets": {
        "emoji-fair": {
            "model": "emoji_early",
            "control": "emoji_shadow",
            "members": "openmoji:member",
            "nonmembers": "openmoji:nonmember",
        }
    },
    "attacks": {"loss": {}},
}
FEWER = ("loss", "sima", "clid_null", "blind_caption", "blind_image")


def shipped() -> str:
    return (PROJECT / CONFIG).read_text(encoding="utf-8")


def snakemake(bench, *words):
    """Run Snakemake to its end; return the jobs that it did."""
    process = bench.start(*words, warm=True)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    return finished_jobs(text)


def python(folder, *words):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow")}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_walk_from_a_folder_of_images_to_the_page(tiny_sd, tmp_path):
    page = (PROJECT / "docs/your-own.md").read_text(encoding="utf-8")
    assert "".join(all_blocks(page, "sh")).splitlines() == WALK
    shutil.copytree(tiny_sd, tmp_path / "models/tiny-sd")
    for name, config in {"default": DEFAULT, "own-images": yaml.safe_load(shipped())}.items():
        if name == "own-images":
            config["attacks"] = {attack: config["attacks"][attack] for attack in FEWER}
            config["measure"], config["evaluation"] = {"device": "cpu"}, {"resamples": 100}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(config))
    bench = Workbench(tmp_path, home=PROJECT)

    models = [f"results/default/models/{name}/model.json" for name in DEFAULT["models"]]
    wanted = ["results/default/images/openmoji/manifest.parquet", *models]
    snakemake(bench, *wanted, "--configfile", str(tmp_path / "default.yaml"))
    python(tmp_path, str(PROJECT / "examples/own_images.py"))
    config = "--configfile", str(tmp_path / "own-images.yaml")
    jobs = snakemake(bench, "audited", *config)
    assert not any(job.startswith(("model/", "measure/")) for job in jobs)
    cost = python(tmp_path, "-m", "mia.commands.cost", "--config", "own-images.yaml")
    told = "collection: 20 claimed images beside 24 comparable ones, 3 attacks on the model"
    assert told in cost and "A run would be refused" not in cost
    for whole in ("measured",), ():
        snakemake(bench, *whole, *config)

    text = (tmp_path / "results/own-images/report.html").read_text(encoding="utf-8")
    box = re.search(r'id="answer-collection">(.*?)<details>', text, re.S)[1]
    assert re.findall("<h4>(.*?)</h4>", box) == list(HEADINGS)
    assert "Somebody claims that the model has learnt from this collection" in box
    (row,) = pd.read_csv(tmp_path / "results/own-images/tables/answers.csv").to_dict("records")
    assert row["answer"] in ANSWERS and f"<strong>{row['answer']}.</strong>" in box
    assert row["members_are"] == "claimed" and (row["size"], row["n_nonmember"]) == (20, 24)


def test_the_parts_that_stand_as_comments_are_keys_too():
    """A control, and images that the model certainly learnt."""
    text = re.sub(r"(?m)^( *)# (other|known|known-comparable|control): ", r"\1\2: ", shipped())
    found = read(yaml.safe_load(text))
    assert found.config["targets"]["collection"]["control"] == ["other"]
    assert claims(found)["claimed"] == {"collection": "known"}
    alone = read(yaml.safe_load(shipped()))
    assert claims(alone)["claimed"] == {"collection": None}
    assert "control" not in alone.config["targets"]["collection"]
