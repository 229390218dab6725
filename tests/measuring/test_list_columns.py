"""Lists of numbers in a row: through the ledger, a shard's table, query files, to an attack."""

import json
import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch

from mia import storage
from mia.attacks.shared.lists import stacked
from mia.measuring.answer import answer
from mia.measuring.ledger import Ledger
from mia.measuring.ledger_writer import LedgerWriter
from mia.measuring.missing import input_hashes
from mia.measuring.query_files import read_signals, second_measurements
from mia.measuring.signal_coverage import SignalCoverage
from mia.query import Query, dump
from mia.signals.shared.contract import columns_of, traits_of
from mia.stages import gather

IDS = ["i0", "i1", "i2"]
IMAGES = pd.DataFrame({"caption": "a cat", "key": ["k0", "k1", "k2"], "set": "s"}, IDS)
MAP, PLAIN = Query("listed", 100, further=(("map", 2),)), Query("listed", 100)


@pytest.fixture(params=[torch.float32, torch.float64])
def listed(request, monkeypatch):
    """A signal of one number and one list; only the first query asks for the list."""
    module = ModuleType("mia.signals.listed")
    module.MEASURES, module.LISTS = ("total",), ("errors",)
    module.predictions = lambda query: frozenset({query})
    module.dtype = request.param
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("mia.measuring.signal_coverage.fingerprint", lambda *names: "f")
    return module


def row(number):
    return [number / 3, number + 0.1]


def measured(listed, number, query):
    values = torch.tensor([row(number)], dtype=listed.dtype)
    columns = {"total": values.double().sum(1)}
    return answer(listed, columns | ({"errors": values} if query == MAP else {}))


def held(listed, folder, repeat=False) -> SignalCoverage:
    hashes = input_hashes(IMAGES[["caption"]], {"seed": 0, "repeat": repeat})
    return SignalCoverage("listed", {"family": "ddpm"}, Ledger(folder), hashes, (MAP, PLAIN))


def measure(listed, folder, ids, repeat=False):
    """Measure images one by one, as a job that is killed at any point."""
    signal = held(listed, folder, repeat)
    writer = LedgerWriter({"listed": signal}, 0, {"dtype": "float32", "device": "cpu"})
    for query, missing in signal.missing.items():
        for image_id in set(missing) & {*ids}:
            values = measured(listed, IDS.index(image_id), query)
            writer.add("listed", [image_id], [query], values)
    writer.flush()
    return writer


def test_a_killed_job_goes_on_where_it_was(listed, tmp_path):
    measure(listed, tmp_path, IDS[:2])
    assert held(listed, tmp_path).missing == {MAP: ["i2"], PLAIN: ["i2"]}
    measure(listed, tmp_path, IDS).close()
    assert held(listed, tmp_path).missing == {}
    found = held(listed, tmp_path).answers[MAP]["errors"]
    expected = np.array([row(number) for number in range(3)], str(listed.dtype)[6:])
    assert all(cell.dtype == expected.dtype for cell in found)
    assert stacked(found[IDS]).tolist() == expected.astype(np.float64).tolist()
    assert held(listed, tmp_path).answers[PLAIN]["errors"].isna().all()


def test_query_files_give_an_attack_the_lists_of_both_measurements(listed, tmp_path, monkeypatch):
    tables = []
    for repeat in (False, True):
        measure(listed, tmp_path / "ledger", IDS, repeat).close()
        tables.append(held(listed, tmp_path / "ledger", repeat).table(IMAGES))
    rows = pd.concat([table.assign(repeat=bool(n)) for n, table in enumerate(tables)])
    storage.write(rows[~rows["repeat"] | (rows["key"] == "k1")], tmp_path / "listed/000.parquet")
    storage.write_json({"name": "m"}, tmp_path / "model.json")
    settings = {"queries": dump([MAP, PLAIN]), "shards": ["000"]}
    argv = ["gather", "--model", str(tmp_path / "model.json"), "--set", "s"]
    argv += ["--signals", str(tmp_path), "--folder", str(tmp_path / "queries/m/s")]
    monkeypatch.setattr(sys, "argv", [*argv, "--settings", json.dumps(settings)])
    gather.main()
    paths = [str(tmp_path / f"queries/m/s/{query.path}.parquet") for query in (MAP, PLAIN)]
    signals = read_signals(paths, IMAGES[["set", "key"]].rename_axis("image_id"))
    own = signals["listed"][signals["listed"]["map"] == 2]
    expected = np.array([row(number) for number in range(3)], str(listed.dtype)[6:])
    assert stacked(own["errors"]).tolist() == expected.astype(np.float64).tolist()
    again = second_measurements(paths[0]).to_pydict()
    assert again["image_id"] == ["i1"] and again["errors"] == [expected[1].tolist()]
    twice = read_signals(paths, IMAGES.loc[["i1"], ["set", "key"]], second_measurements)
    assert stacked(twice["listed"]["errors"].dropna()).tolist() == [expected[1].tolist()]


def test_an_infinite_number_in_a_list_is_refused(listed, tmp_path):
    writer = LedgerWriter({"listed": held(listed, tmp_path)}, 30, {"dtype": "float16"})
    values = {"total": torch.zeros(1), "errors": torch.tensor([[1.0, np.inf]])}
    writer.add("listed", ["i0"], [MAP], answer(listed, values))
    with pytest.raises(RuntimeError, match=r"signal listed: .*infinite under measure.dtype"):
        writer.flush()


@pytest.mark.parametrize(
    "columns",
    [
        {"errors": torch.zeros(1, 2)},
        {"total": torch.zeros(1, 2)},
        {"total": torch.zeros(1), "errors": torch.zeros(1)},
        {"total": torch.zeros(1), "others": torch.zeros(1)},
    ],
)
def test_columns_that_are_not_the_signals_are_named(listed, columns):
    with pytest.raises(ValueError, match=r"mia.signals.listed: .*: expected \(rows,\) for each"):
        answer(listed, columns)


def test_a_row_without_a_list_or_with_a_longer_one_is_no_array():
    with pytest.raises(ValueError, match="errors: a row holds no list"):
        stacked(pd.Series([np.zeros(2), None], name="errors"))
    with pytest.raises(ValueError, match="errors: lists of 2 and 3 numbers"):
        stacked(pd.Series([np.zeros(2), np.zeros(3)], name="errors"))


def test_columns_are_numbers_then_lists(listed):
    assert columns_of(listed) == ("total", "errors")
    assert traits_of(listed).lists == ("errors",)
