"""What a finished run says, by its bytes."""

from __future__ import annotations

TABLES = ("tables/summary.csv", "tables/metrics.csv", "tables/summary.html")


def contents(bench):
    return {name: (bench.folder / "results" / name).read_bytes() for name in TABLES}
