"""`make audit` prints a verdict for each target, from what the rule `audited` wrote."""

import pytest

from mia import storage
from mia.commands.verdicts import verdicts
from mia.config.read import read


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.csv").write_text("id,member,pia\n")
    targets = {name: {"scores": "scores.csv"} for name in ("one", "two")}
    return read({"results": "r", "targets": targets})


def test_every_target_has_a_line_in_the_order_of_the_config(experiment):
    for name in ("two", "one"):
        storage.write_json({"sentence": f"UNKNOWN: {name}"}, f"r/audit/sets/{name}.json")
    assert verdicts(experiment) == ["one: UNKNOWN: one", "two: UNKNOWN: two"]


def test_an_audit_that_is_not_there_is_named(experiment):
    with pytest.raises(SystemExit, match=r"r/audit/sets/one\.json"):
        verdicts(experiment)
