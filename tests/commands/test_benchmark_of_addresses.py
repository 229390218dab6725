"""The benchmarks of long tables plan and fetch them as the rules do."""

from pathlib import Path

from mia.commands.bench import limited, of_packed


def test_a_made_up_table_of_addresses_is_planned(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "workflow"))
    found = limited(rows=300, limit=7)
    assert (found["rows"], found["limit"]) == (300, 7) and found["mib"] > 0


def test_a_made_up_table_of_images_is_planned_and_fetched(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "workflow"))
    found = of_packed(rows=40_000, limit=7)
    assert found["download"]["mib"] > 0 and found["read_mb"] < found["mb"]
