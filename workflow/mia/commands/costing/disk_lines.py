"""What `make cost` prints of the disk that a run will take."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mia.config.experiment import Experiment
from mia.cost.arithmetic import STABLE_DIFFUSION, Arithmetic
from mia.cost.disk import (
    BYTES_PER_LISTED,
    BYTES_PER_NUMBER,
    BYTES_PER_PIXEL,
    BYTES_PER_ROW,
    Disk,
    disk,
)


def print_disk(
    experiment: Experiment,
    results: Path,
    total: Counter[str],
    kept: Counter[str],
    arithmetic: Arithmetic,
    unknown: bool,
) -> None:
    """Print what is still to be written, line by line and together.

    Args:
        experiment: The config.
        results: Its folder of results.
        total: Rows to be measured, their numbers, and numbers in lists.
        kept: Model to the outputs of it that are to be kept.
        arithmetic: Knows how large they are.
        unknown: Whether nobody knows yet how many images some set has.
    """
    lines = disk(experiment, results)
    numbers = total["rows"] * BYTES_PER_ROW + total["numbers"] * BYTES_PER_NUMBER
    numbers += total["listed"] * BYTES_PER_LISTED
    count = total["numbers"] + total["listed"]
    basis = f"{total['rows']:,} rows with {count:,} numbers; ledger, shards, queries"
    lines.append(Disk("measured numbers", numbers, 0, basis))
    for model, outputs in kept.items():
        pixels = (arithmetic.of(model).flops or STABLE_DIFFUSION).pixels
        basis = f"{outputs:,} of {pixels:,} pixels, at most; ledger, shards, queries"
        lines.append(Disk(f"outputs {model}", outputs * pixels * BYTES_PER_PIXEL, 0, basis))
    least = "at least " if unknown or any(line.whole is None for line in lines) else ""
    print("\nDisk still to be written (scores, tables and the report are small beside it):")
    for line in lines:
        print(f"  {line.what:<28}{megabytes(line.missing):>14}  {line.basis}")
    known = [line.missing for line in lines if line.missing is not None]
    print(f"  {'together':<28}{least + megabytes(sum(known)):>14}\n")


def megabytes(count: float | None) -> str:
    return "not known" if count is None else f"{count / 1e6:,.1f} MB"
