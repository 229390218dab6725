"""Images measured under captions that are not their own: what is asked, kept and asked again."""

import argparse
import re

import numpy as np
import pandas as pd
import pytest

from mia import storage
from mia.config.attacks import build_attack
from mia.models import latents_file
from mia.models.folder import describe
from mia.progress import Progress
from mia.query import Query, dump, load
from mia.stages.measure import measure
from mia.told_captions import by_control, control_of, plain, under

N = 4
IDS = [f"{number:x}" * 16 for number in range(N)]
KEYS = [f"k{number}" for number in range(N)]
OWN = ["a red cat", "a blue dog", "an image", "two birds"]
SHUFFLED = ["a blue dog", "a red cat", "two birds", None]  # the last is not in the target
QUERIES = (
    *build_attack("row", {"attack": "clid_th", "timesteps": [450]}).queries,
    Query("denoise", 100, condition="null"),
)
LOSS = Query("denoise", 100)


@pytest.fixture
def bench(tmp_path, tiny_sd, capsys):
    """Return a function that measures; what it returns is the evals done and signal to table."""
    folder = tmp_path / "images/mine"
    folder.mkdir(parents=True)
    model = {"name": "tiny", **describe(tiny_sd)}
    storage.write_json(model, tmp_path / "model.json")
    z0 = np.random.default_rng(0).standard_normal((N, *model["latent_shape"]))
    latents_file.write(z0.astype(np.float32), KEYS, IDS, tmp_path / "latents")

    def run(queries, captions=OWN, shuffled=SHUFFLED, ledger="ledger", repeats=0):
        rows = {"key": KEYS, "image_id": IDS, "part": ["a", "a", "b", "b"], "kept": True}
        manifest = pd.DataFrame({**rows, "caption": captions, "alternates": ""})
        storage.write(manifest, folder / "manifest.parquet")
        table = pd.DataFrame({"set": "mine", "key": KEYS, "shuffled": shuffled})
        exchanged = tmp_path / "targets/fair/captions.parquet"
        exchanged.parent.mkdir(parents=True, exist_ok=True)
        storage.write(table.dropna(), exchanged)
        names = sorted({query.signal for query in queries})
        outputs = [tmp_path / f"signals/tiny/mine/{name}/000.parquet" for name in names]
        settings = {"device": "cpu", "dtype": "float32", "batch_size": 3, "compile": False}
        settings |= {"flush_seconds": 30, "repeats": repeats, "seed": 0, "shards": 1}
        settings |= {"queries": dump(queries), "parts": ["a", "b"]}
        paths = {"model": "model.json", "latents": "latents", "ledger": ledger}
        options = argparse.Namespace(
            **{name: str(tmp_path / path) for name, path in paths.items()},
            manifest=str(folder / "manifest.parquet"),
            captions=[str(exchanged)],
            pictures=None,
            shard="000",
            threads=1,
            output=list(map(str, outputs)),
            settings=settings,
        )
        capsys.readouterr()
        measure(options)
        said = capsys.readouterr().err
        evals = sum(map(int, re.findall(r"measured (?:again )?(\d+) evals", said)))
        return evals, {n: storage.read(path) for n, path in zip(names, outputs, strict=True)}

    return run


def controlled(control, queries=QUERIES):
    return [under(query, control) for query in queries]


def own_rows(table):
    return table[table["captions"].isna()] if "captions" in table else table


def test_a_control_is_a_field_of_the_queries_that_tell_the_own_caption():
    asked = controlled("shuffled:fair")
    assert {control_of(query) for query in asked} == {"shuffled:fair", None}
    assert [query for query in asked if control_of(query) is None] == [QUERIES[-1]]
    assert tuple(map(plain, asked)) == QUERIES
    assert load(dump(asked)) == tuple(sorted(asked))
    assert len({query.path for query in (*asked, *QUERIES)}) == 2 * len(QUERIES) - 1
    assert list(by_control([*asked, *QUERIES])) == [None, "shuffled:fair"]


def test_exchanged_captions_give_what_a_manifest_with_them_gives(bench):
    """Whole signals, words cut from the exchanged captions too, and nothing of the other image."""
    _, found = bench([*QUERIES, *controlled("shuffled:fair")])
    _, expected = bench(QUERIES, captions=[*SHUFFLED[:3], "x"], ledger="another")
    for name, table in found.items():
        measures = [column for column in expected[name] if "_" in column and column != "image_id"]
        there = table[table["captions"] == "shuffled:fair"]
        assert set(there["key"]) == set(KEYS[:3])
        place = ["image_id", "timestep", "condition", *({"variant"} & {*table})]
        wanted = expected[name].set_index(place).loc[there.set_index(place).index, measures]
        np.testing.assert_allclose(there[measures], wanted, rtol=1e-4, atol=1e-7)
        own = own_rows(table).set_index(place).loc[there.set_index(place).index, measures]
        told = ["loss_caption"] if name == "denoise" else ["loss_variant"]
        assert (np.abs(own[told].to_numpy() - there[told].to_numpy()) > 1e-6).any()
        queries = {query.name: query for query in controlled("shuffled:fair")}
        assert {control_of(queries[name]) for name in there["query"]} == {"shuffled:fair"}


def test_another_control_measures_its_own_queries_alone(bench):
    evals, before = bench([LOSS])
    assert evals == N
    evals, found = bench([LOSS, under(LOSS, "shuffled:fair")])
    assert evals == 3  # images of the target
    columns = before["denoise"].columns
    own = own_rows(found["denoise"])[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, before["denoise"])
    evals, _ = bench([LOSS, under(LOSS, "fixed:an image")])
    assert evals == N - 1  # one image has this caption by itself
    assert bench([LOSS, under(LOSS, "shuffled:fair")])[0] == 0
    changed = ["a blue dog", "a red cat", "a fish", None]
    assert bench([under(LOSS, "shuffled:fair")], shuffled=changed)[0] == 1


def test_images_are_measured_a_second_time_under_a_control_too(bench):
    evals, found = bench([under(LOSS, "shuffled:fair")], repeats=1)
    assert evals == 3 + 2  # the first image of each part
    table = found["denoise"]
    assert table["repeat"].sum() == 2 and set(table["captions"]) == {"shuffled:fair"}


def test_a_target_without_a_table_is_named(bench):
    with pytest.raises(ValueError, match="no table of exchanged captions for target 'other'"):
        bench([under(LOSS, "swapped:other")])


def test_progress_counts_the_rows_of_all_layers(bench, monkeypatch):
    """Own captions, a control's, and what is measured twice; a second run has nothing to tell."""
    told = []

    class Told(Progress):
        def __init__(self, total):
            super().__init__(total, every=0)

        def tell(self, where, *facts):
            told.append((where, *facts))

    monkeypatch.setattr("mia.stages.measure.Progress", Told)
    _, tables = bench([LOSS, *controlled("shuffled:fair", [LOSS])], repeats=1)
    rows = len(tables["denoise"])
    done = [int(where.split()[0]) for where, _ in told]
    assert done == sorted({*done}) and done[-1] == rows and len(done) > 3
    assert all(where.endswith(f" of {rows} rows") for where, _ in told)
    assert all(re.fullmatch(r"[\d.e+]+ evals/s", speed) for _, speed in told)
    told.clear()
    bench([LOSS, *controlled("shuffled:fair", [LOSS])], repeats=1)
    assert told == []
