"""The same images in another format: every table is the same, and nothing is measured again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from result_contents import contents
from written_formats import FORMATS, Written


def images(folder: Path, part: str) -> list[Written]:
    """The images of a part; their addresses are what a folder finds them by."""
    with (folder / f"data/{part}.csv").open(encoding="utf-8") as file:
        return [
            Written(
                row["file"],
                (folder / f"data/{part}" / row["file"]).read_bytes(),
                row["caption"],
                f"data/{part}/{row['file']}",
            )
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_changes_no_table(bench, finished_run, name):
    for part in ("member", "nonmember"):
        FORMATS[name](bench.folder / "data" / name / part, images(bench.folder, part))

    def change(config: dict) -> None:
        parts = {part: {"path": f"data/{name}/{part}"} for part in ("member", "nonmember")}
        own = {"source": name, "shards": 2, "columns": {"url": "url"}, "parts": parts}
        config["image_sets"]["mine"] = own

    bench.configure(change)
    measured, _ = bench.make_run()
    assert "plan_mine" in measured.jobs and measured.evals == 0
    assert contents(bench) == contents(finished_run.kept)
