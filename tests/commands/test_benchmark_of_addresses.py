"""The benchmark of long tables plans them as the rule does."""

from pathlib import Path

from mia.commands.bench import limited


def test_a_made_up_table_of_addresses_is_planned(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "workflow"))
    found = limited(rows=300, limit=7)
    assert (found["rows"], found["limit"]) == (300, 7) and found["mib"] > 0
