"""What `make cost` says of images that a target's model is to make."""

import sys

import pandas as pd
import pytest
import yaml

from mia import result_paths, storage
from mia.commands import cost
from mia.config.read import read
from mia.cost.arithmetic import Arithmetic
from mia.cost.disk import disk
from mia.cost.generated import making_costs

SET = "fair-generated"
CONFIG = {
    "results": "r",
    "image_sets": {"set": {"source": "builtin", "split": {"a": 30, "b": 30}}},
    "training": {"mine": {"set": "set:a", "representation_set": "set", "epochs": 2}},
    "models": {"mine": {"source": "training", "training": "mine"}},
    "targets": {"fair": {"model": "mine", "members": "set:a", "nonmembers": "set:b"}},
    "attacks": {"loss": {"draws": 1}},
}


def experiment(**generated):
    target = {**CONFIG["targets"]["fair"], "generated": {"images": 20, "shards": 2, **generated}}
    return read({**CONFIG, "targets": {"fair": target}})


@pytest.mark.parametrize(("guidance", "evals"), [(7.5, 20 * 50 * 2), (1, 20 * 50)])
def test_each_step_is_an_eval_and_guidance_doubles_it(tmp_path, guidance, evals):
    (found,) = making_costs(experiment(guidance=guidance), tmp_path, "mine", SET)
    assert (found.evals, found.generations, found.missing) == (evals, 20, 20)
    assert making_costs(experiment(), tmp_path, "mine", "set") == []


def test_images_that_are_made_cost_nothing_more(tmp_path):
    path = tmp_path / result_paths.DOWNLOADS.format(set=SET, shard="001")
    storage.write(pd.DataFrame({"key": list("abcdefgh")}), path)
    (found,) = making_costs(experiment(), tmp_path, "mine", SET)
    assert (found.held, found.generations, found.evals) == (8, 12, 12 * 50 * 2)


def test_they_are_measured_as_other_images_are(tmp_path):
    """Twenty images, eight of them twice; the disk counts them too."""
    found = experiment()
    images, costs = cost.costs_of_pair(found, tmp_path, "mine", SET, Arithmetic(found, tmp_path))
    assert images == 20 and [(one.signal, one.evals) for one in costs] == [("denoise", 28)]
    lines = {line.what: line for line in disk(found, tmp_path)}
    assert lines[f"pictures {SET}"].whole is None
    assert lines[f"latents mine/{SET}"].basis.startswith("20 images")


def test_the_table_has_a_line_and_no_name_runs_into_the_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    target = {**CONFIG["targets"]["fair"], "generated": 20}
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, "targets": {"fair-and-square": target}}))
    monkeypatch.setattr(sys, "argv", ["cost", "--config", str(path)])
    cost.main()
    told = capsys.readouterr().out
    lines = [line.split() for line in told.splitlines() if "fair-and-square-generated" in line]
    assert lines[0][:3] == ["mine", "fair-and-square-generated", "made"]
    assert lines[1][:3] == ["mine", "fair-and-square-generated", "denoise"]
    assert f"To do: at most {2000 + 28 + 60 + 16:,} U-Net evaluations" in told
