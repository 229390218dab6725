"""Experiments that cannot work, and what a run says of them."""

from __future__ import annotations

import re

COSTLY = {"vae", "train", "embed", "encode", "measure"}  # a blind score asks no model


def refused(bench, *arguments) -> str:
    """What the user reads when Snakemake refuses: the config's fault, or a stage's one line."""
    run = bench.run(*arguments)
    assert run.code == 1, run.text
    assert "Traceback" not in run.text
    assert not {job.partition("/")[0] for job in run.jobs} & COSTLY and run.evals == 0
    assert not (bench.folder / "results/ledger").exists()
    found = re.findall(r"^(?:Config: |error: ).*$", run.text, re.MULTILINE)
    assert len(found) == 1, run.text
    return found[0]


def with_three_pictures_a_side(folder):
    for part in ("member", "nonmember"):
        lines = (folder / f"data/{part}.csv").read_text().splitlines()
        (folder / f"data/{part}.csv").write_text("\n".join(lines[:4]) + "\n")
        for line in lines[4:]:
            (folder / f"data/{part}" / line.split(",")[0]).unlink()
