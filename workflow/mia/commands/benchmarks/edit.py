"""From a saved attack file to the table and the page, in a copy of a finished run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[4]
FINISHED = re.compile(r"^Finished jobid:", re.MULTILINE)


def after_edit(
    config: str, results: str, attack: str, folder: Path, checkout: Path = ROOT
) -> dict[str, float]:
    """Change the code of an attack and make the two calls of `make run`.

    Args:
        config: The config file, relative to the checkout.
        results: Its results folder, relative to the checkout; a finished run lies there.
        attack: A module in `mia.attacks`.
        folder: An empty folder, for a copy of what is edited and written; the rest is linked.
        checkout: Where both lie.

    Returns:
        Wall seconds from the saved file to the report, those of each call, and the jobs that ran.

    Raises:
        ValueError: No finished run lies there.
    """
    first = f"run `make run CONFIG={config}` first"
    if not (checkout / results / "report.html").is_file():
        raise ValueError(f"{results}/report.html: no such file; {first}")
    written = ("workflow", ".snakemake", results)
    for name in written:
        shutil.copytree(checkout / name, folder / name)
    for place in checkout.iterdir():
        if place.name not in {Path(name).parts[0] for name in written}:
            (folder / place.name).symlink_to(place.resolve())
    _, left = _run(folder, config)  # it also warms what every later call finds warm
    if left:
        raise ValueError(f"{results}: {left} jobs were not done; {first}")
    path = folder / "workflow/mia/attacks" / f"{attack}.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n\nEDITED = 1\n", encoding="utf-8")
    measured, _ = _run(folder, config, "measured")
    rest, jobs = _run(folder, config)
    seconds = {"seconds": measured + rest, "seconds_measured": measured, "seconds_all": rest}
    return {**{name: round(value, 2) for name, value in seconds.items()}, "jobs": jobs}


def _run(folder: Path, config: str, *targets: str) -> tuple[float, int]:
    """Wall seconds and finished jobs of one call of Snakemake."""
    options = ["--cores", "2", "--configfile", config]
    command = [sys.executable, "-m", "snakemake", *targets, *options]
    start = time.monotonic()
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        raise ValueError(f"{config}: Snakemake failed: {ran.stderr[-2000:]}")
    return time.monotonic() - start, len(FINISHED.findall(ran.stderr + ran.stdout))
