"""A copy of the pipeline with a micro experiment: real Snakemake runs, their jobs, their evals."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from mia import tables

PROJECT = Path(__file__).parents[1]
PIPELINE = ("Snakefile", "workflow", "profiles", "envs")
PICTURES = 14  # in each part
EVALS = 7  # of all attacks of the micro experiment, for one picture
CONFIG = {
    "results": "results",
    "image_sets": {
        "mine": {
            "source": "folder",
            "shards": 2,
            "parts": {
                part: {"path": f"data/{part}", "captions": f"data/{part}.csv"}
                for part in ("member", "nonmember")
            },
        }
    },
    "models": {"tiny": {"source": "path", "path": "models/tiny-sd"}},
    "targets": {
        "fair": {"model": "tiny", "members": "mine:member", "nonmembers": "mine:nonmember"}
    },
    "attacks": {
        "loss": {},
        "pia": {},
        "sima": {},
        "clid_null": {"timesteps": [450]},
        "blind_caption": {},
        "coin": {},
    },
    "measure": {"device": "cpu", "batch_size": 64},
    "evaluation": {"resamples": 100},
}
ROOTS = '''"""A helper that one attack alone imports."""


def root(values, p):
    """Return the p-th root of `values`."""
    return values ** (1 / p)
'''

# Snakemake announces a job as `rule score:`, indented fields, and reports its end by its number.
ANNOUNCED = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n?)+)", re.MULTILINE)
FIELD = re.compile(r"^    (jobid|wildcards): (.*)$", re.MULTILINE)
FINISHED = re.compile(r"^Finished jobid: (\d+)", re.MULTILINE)
MEASURED = re.compile(r"measured (\d+) evals")
TARGETS = {"all", "measured"}


@dataclass(frozen=True)
class Run:
    """What one call of Snakemake did.

    Args:
        code: Its exit status.
        text: Everything that it printed, logs of failed jobs included.
        jobs: The jobs that ran to their end, as `rule/wildcard/wildcard`, sorted.
        evals: U-Net evaluations that its measure jobs report in their logs.
    """

    code: int
    text: str
    jobs: list[str]
    evals: int

    def all_done(self) -> Run:
        """Return itself, unless it failed."""
        assert self.code == 0, self.text
        return self


class Workbench:
    """A folder with the pipeline, pictures, a model and the micro experiment's config."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        self.folder = folder  # working directory of the runs
        self.home = home or folder  # where the Snakefile lies

    @classmethod
    def build(cls, folder: Path, model: Path) -> Workbench:
        """Copy the pipeline and `model`, draw pictures, write captions and config."""
        skip = shutil.ignore_patterns("__pycache__", ".pytest_cache")
        for name in PIPELINE:
            source, copy = PROJECT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, copy, ignore=skip)
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)
        bench = cls(folder)
        bench.write("workflow/mia/roots.py", ROOTS)
        bench.edit(
            "workflow/mia/attacks/sima.py", "size ** (1 / self.norm)", "root(size, self.norm)"
        )
        bench.edit(
            "workflow/mia/attacks/sima.py",
            "from mia.query import Query",
            "from mia.query import Query\nfrom mia.roots import root",
        )
        shutil.copytree(model, folder / "models/tiny-sd")
        draw_part(folder / "data/member", seed=0)
        draw_part(folder / "data/nonmember", seed=1)
        bench.configure(lambda config: config.update(CONFIG))
        return bench

    def write(self, path: str, text: str) -> None:
        """Write a file of the copy."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old`, which must be there once, in a file of the copy."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {old!r} is there {text.count(old)} times"
        self.write(path, text.replace(old, new))

    def configure(self, change: Callable[[dict], object]) -> None:
        """Let `change` alter the config."""
        path = self.folder / "config/config.yaml"
        config = yaml.safe_load(path.read_text()) if path.exists() else {}
        change(config)
        self.write("config/config.yaml", yaml.safe_dump(config, sort_keys=False))

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """Return the command line of a Snakemake call."""
        place = ["-s", str(self.home / "Snakefile")] if self.home != self.folder else []
        python = [sys.executable, "-m", "snakemake"]
        return [*python, *place, *arguments, "--cores", str(cores)]

    def start(self, command: list[str], **options) -> subprocess.Popen:
        """Start a command in the working directory, as a user's shell would."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
        environment.pop("PYTHONPATH", None)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *arguments: str, cores: int = 2) -> Run:
        """Run Snakemake to its end."""
        process = self.start(self.command(*arguments, cores=cores))
        text, _ = process.communicate()
        jobs = finished_jobs(text)
        evals = sum(self.evals_of(job) for job in jobs if job.startswith("measure/"))
        return Run(process.returncode, text, jobs, evals)

    def make_run(self) -> tuple[Run, Run]:
        """Run both calls of `make run`: `measured`, then everything; both must succeed."""
        return self.run("measured").all_done(), self.run().all_done()

    def evals_of(self, job: str) -> int:
        """Return the evals that a measure job reports in its log."""
        log = self.folder / "results/logs" / f"{job}.log"
        return int(MEASURED.search(log.read_text()).group(1))

    def read(self, path: str) -> str:
        """Return a result as text."""
        return (self.folder / "results" / path).read_text(encoding="utf-8")

    def scores(self) -> dict[str, pd.Series]:
        """Return every score file of the target `fair`, index image_id."""
        return {
            path.stem: tables.read(path).set_index("image_id")["score"]
            for path in sorted((self.folder / "results/scores/fair").glob("*.parquet"))
        }


@dataclass(frozen=True)
class Finished:
    """A finished run, kept aside.

    Args:
        folder: Holds `kept`, as the first run left it, and `tree`, the copy that tests work on.
        first: What the first run did.
    """

    folder: Path
    first: Run

    @classmethod
    def make(cls, folder: Path, model: Path) -> Finished:
        """Run the micro experiment once."""
        first = Workbench.build(folder / "tree", model).run().all_done()
        (folder / "tree").rename(folder / "kept")
        return cls(folder, first)

    def copy(self) -> Workbench:
        """Return a fresh copy, dates and Snakemake's records included.

        It always lies where the first run did: Snakemake remembers the report's template by its
        whole path.
        """
        shutil.rmtree(self.folder / "tree", ignore_errors=True)
        copy_exactly(self.folder / "kept", self.folder / "tree")
        return Workbench(self.folder / "tree")


def finished_jobs(text: str) -> list[str]:
    """Return the jobs that ended well, from Snakemake's messages; `all` and `measured` left out."""
    names = {}
    for rule, block in ANNOUNCED.findall(text):
        fields = dict(FIELD.findall(block))
        values = re.findall(r"\w+=([^,]*)", fields.get("wildcards", ""))
        names[fields["jobid"]] = "/".join([rule, *values])
    jobs = [names[number] for number in FINISHED.findall(text)]
    return sorted(job for job in jobs if job not in TARGETS)


def copy_exactly(source: Path, copy: Path) -> None:
    """Copy a folder with its dates, to the nanosecond."""
    subprocess.run(["cp", "-a", str(source), str(copy)], check=True)


def draw_part(folder: Path, seed: int, pictures: int = PICTURES) -> None:
    """Draw pictures that no duplicate search takes for kin, and `{folder}.csv` with captions."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = ["file,caption"]
    for number in range(pictures):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((24, 24), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:02d}.png")
        colour, thing = rng.choice(["red", "blue", "old"]), rng.choice(["cat", "dog", "birds"])
        lines.append(f"{number:02d}.png,a {colour} {thing} no {number}")
    folder.with_suffix(".csv").write_text("\n".join(lines) + "\n")
