"""Pictures measured twice: what hangs on anything but picture and query is found and flagged."""

import json

import numpy as np
import pandas as pd
import pytest

from mia import tables
from mia.evidence import Evidence
from mia.query import Query
from mia.repeats import largest_difference, repeated
from micro_experiment import IMAGES, PICTURES

MEASURING = ("clid_null", "loss", "pia", "sima")
QUERY = Query("denoise", 100)
FIELDS = ["image_id", "timestep", "draw", "condition"]


class Loss:
    def score(self, evidence):
        return -evidence.signals["denoise"]["loss_caption"]


def query_file(folder, twice, change=0.0):
    """Twenty pictures, of which those numbered in `twice` were measured again."""
    rows = pd.DataFrame({"key": [f"k{n:02d}" for n in range(20)], **QUERY.fields()})
    rows = rows.assign(image_id=[f"i{n:02d}" for n in range(20)], loss_caption=np.arange(20.0))
    again = rows.iloc[twice].assign(loss_caption=lambda found: found["loss_caption"] + change)
    about = {"set": "s", "fields": FIELDS, "devices": ["cpu"], "repeats": again.to_dict("records")}
    path = folder / "denoise" / f"{QUERY.path.rpartition('/')[2]}.parquet"
    tables.write(rows, path, about)
    return str(path)


def found_in(path, wanted):
    """What is found of a target that has the pictures numbered in `wanted`."""
    names = [f"i{number:02d}" for number in wanted]
    images = pd.DataFrame({"set": "s", "key": [f"k{n:02d}" for n in wanted]}, names)
    first = pd.Series(-np.array(wanted, dtype=float), names)
    return repeated(Loss(), Evidence(tuple(names)), images, first, [path], [])


@pytest.mark.parametrize("change", [0.0, 0.5])
def test_a_pictures_two_scores_are_compared_in_standard_deviations(tmp_path, change):
    path = query_file(tmp_path, [3, 4, 15], change)
    expected = change / np.std(np.arange(10.0))
    assert found_in(path, range(10)) == {"pictures": 2, "difference": pytest.approx(expected)}


def test_a_target_without_pictures_measured_twice_says_nothing(tmp_path):
    assert found_in(query_file(tmp_path, [15]), range(10)) is None
    assert found_in(query_file(tmp_path, []), range(10)) is None


def test_what_measures_nothing_says_nothing():
    assert repeated(Loss(), Evidence(()), pd.DataFrame(), pd.Series(), [], []) is None


def test_a_constant_score_that_moves_once_is_far_off_yet_a_number():
    assert np.isfinite(largest_difference(np.zeros(3), np.array([0.0, 1e-9, 0.0]), 0.0))
    assert largest_difference(np.zeros(3), np.zeros(3), 0.0) == 0.0


def flags(bench):
    return bench.summary()["flags"].fillna("").str.split(" ").to_dict()


def test_a_run_measures_some_pictures_twice_and_finds_the_same(finished_run):
    """Eight of each part; alone in their batch, where they first went with others."""
    kept = finished_run.kept
    for attack in MEASURING:
        found = json.loads((kept.folder / f"results/metrics/fair/{attack}.json").read_text())
        assert found["repeats"]["pictures"] == 16
        assert found["repeats"]["difference"] <= 1e-3
    assert not any("not_reproducible" in raised for raised in flags(kept).values())
    files = sorted((kept.folder / "results/queries").glob("*/*/denoise/*.parquet"))
    for path in files:
        table, about = tables.read(path), tables.metadata(path)
        assert len(table) == IMAGES and "repeat" not in table
        ids = [row["image_id"] for row in about["repeats"]]
        manifest = tables.read(kept.folder / "results/images/mine/manifest.parquet")
        parts = manifest.groupby("part")["image_id"]
        firsts = [image_id for _, part in parts for image_id in sorted(part)[:8]]
        assert sorted(ids) == sorted(firsts) and PICTURES > 8


def test_a_signal_that_draws_numbers_of_its_own_is_flagged(bench):
    """Noise from a generator of the process: what so many scripts do."""
    bench.edit(
        "workflow/mia/signals/clean.py",
        "double().abs()",
        "double().abs()\n    size = size * (1 + 0.1 * torch.rand_like(size))",
    )
    bench.run().done()
    raised = {attack for attack, names in flags(bench).items() if "not_reproducible" in names}
    assert {"sima"} <= raised and not raised & {"loss", "clid_null"}


def test_none_are_measured_twice_where_none_are_asked_for(bench):
    bench.configure(lambda config: config["measure"].update(repeats=0))
    assert bench.run().done().evals == 0
    found = json.loads((bench.folder / "results/metrics/fair/loss.json").read_text())
    assert found["repeats"] is None
