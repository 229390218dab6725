"""Real Snakemake runs in a copy of the pipeline: which jobs ran, how many evals they cost."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import yaml

import warm_python
from mia import storage
from mia.config.results_folder import IDENTITY
from micro_experiment import lay_out

# Snakemake announces a job as `rule score:` with indented fields, and reports its end by number.
ANNOUNCED = re.compile(r"^(?:local)?rule ([\w-]+):\n((?:    .*\n?)+)", re.MULTILINE)
FIELD = re.compile(r"^    (jobid|wildcards): (.*)$", re.MULTILINE)
FINISHED = re.compile(r"^Finished jobid: (\d+)", re.MULTILINE)
MEASURED = re.compile(r"measured (\d+) evals")
TARGETS = {"all", "audited", "measured"}


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

    def done(self) -> Run:
        """Return itself; a failed run fails the test."""
        assert self.code == 0, self.text
        return self


@dataclass(frozen=True)
class Workbench:
    """A working directory with images, a model, a config and the pipeline.

    Args:
        folder: The working directory.
        home: Where the Snakefile lies, if elsewhere.
    """

    folder: Path
    home: Path | None = None

    @classmethod
    def build(cls, folder: Path, model: Path) -> Workbench:
        """Lay out the micro experiment in a new folder."""
        lay_out(folder, model)
        return cls(folder)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old`, which must be there once, in a file of the copy."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {old!r} is there {text.count(old)} times"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def configure(self, change: Callable[[dict], object]) -> None:
        """Let `change` alter the config."""
        path = self.folder / "config/config.yaml"
        config = yaml.safe_load(path.read_text())
        change(config)
        path.write_text(yaml.safe_dump(config, sort_keys=False))

    def start(
        self, *arguments: str, cores: int = 2, output=subprocess.PIPE, warm: bool = False
    ) -> subprocess.Popen:
        """Start Snakemake as a user would; what it prints goes to `output`.

        Where it is to be `warm`, libraries are imported already (tests/support/warm_python.py).
        """
        place, python = [], (sys.executable,)
        if self.home:
            place = ["-s", str(self.home / "Snakefile"), "--directory", str(self.folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        if warm:
            python = warm_python.command(environment)
            environment |= warm_python.as_python(python)
        return subprocess.Popen(
            [*python, "-m", "snakemake", *place, *arguments, "--cores", str(cores)],
            cwd=self.folder.parent if self.home else self.folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, cores: int = 2, warm: bool = True) -> Run:
        """Run Snakemake to its end."""
        process = self.start(*arguments, cores=cores, warm=warm)
        text, _ = process.communicate()
        jobs = finished_jobs(text)
        evals = sum(self.evals_of(job) for job in jobs if job.startswith("measure/"))
        return Run(process.returncode, text, jobs, evals)

    def make_run(self, cores: int = 2) -> tuple[Run, Run]:
        """Make the two calls of `make run`, `measured`, then everything; both must succeed."""
        return self.run("measured", cores=cores).done(), self.run(cores=cores).done()

    def resume(self) -> subprocess.CompletedProcess:
        """Do the first half of `make resume`."""
        return subprocess.run(
            [sys.executable, "-m", "mia.commands.resume"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": "workflow"},
            capture_output=True,
            text=True,
        )

    def evals_of(self, job: str) -> int:
        """Return the evals that a measure job reports in its log."""
        log = self.folder / "results/logs" / f"{job}.log"
        return sum(map(int, MEASURED.findall(log.read_text())))

    def scores(self, target: str = "fair") -> dict[str, pd.Series]:
        """Return every score file of a target, index image_id."""
        return {
            path.stem: storage.read(path).set_index("image_id")["score"]
            for path in sorted((self.folder / "results/scores" / target).glob("*.parquet"))
        }

    def summary(self) -> pd.DataFrame:
        """Return the summary table, index attack."""
        return pd.read_csv(self.folder / "results/tables/summary.csv", index_col="attack")

    def forget_measurements(self) -> None:
        """Delete the ledger and everything that was made from it, but for scores and tables."""
        for name in ("ledger", "signals", "queries"):
            shutil.rmtree(self.folder / "results" / name, ignore_errors=True)


@dataclass(frozen=True)
class Finished:
    """A finished run, kept aside.

    Args:
        shared: Holds `kept`, as the first run left it, for all processes that test.
        folder: Of this process; holds `tree`, the copy that tests work on.
        first: What the first run did.
    """

    shared: Path
    folder: Path
    first: Run

    @classmethod
    def make(cls, shared: Path, folder: Path, model: Path) -> Finished:
        """Run the micro experiment once as a user would, or wait until another process has."""
        shared.mkdir(exist_ok=True)
        with open(shared / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / "kept").exists():
                shutil.rmtree(shared / "tree", ignore_errors=True)
                first = Workbench.build(shared / "tree", model).run(warm=False).done()
                (shared / "first.json").write_text(json.dumps(asdict(first)))
                (shared / "tree").rename(shared / "kept")
        return cls(shared, folder, Run(**json.loads((shared / "first.json").read_text())))

    def copy(self) -> Workbench:
        """Return a fresh copy, dates and Snakemake's records included."""
        shutil.rmtree(self.folder / "tree", ignore_errors=True)
        subprocess.run(["cp", "-a", self.kept.folder, self.folder / "tree"], check=True)
        return Workbench(self.folder / "tree")

    def begun(self) -> Workbench:
        """Return a copy in which the model is described, and nothing else is done."""
        bench = self.copy()
        for path in (bench.folder / "results").iterdir():
            if path.name not in ("models", IDENTITY):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return bench

    @property
    def kept(self) -> Workbench:
        """The first run itself, to compare with; never to be changed or run."""
        return Workbench(self.shared / "kept")


def announced(text: str) -> dict[str, str]:
    """Jobs that Snakemake announces, by their number."""
    names = {}
    for rule, block in ANNOUNCED.findall(text):
        fields = dict(FIELD.findall(block))
        values = re.findall(r"\w+=([^,]*)", fields.get("wildcards", ""))
        names[fields["jobid"]] = "/".join([rule, *values])
    return names


def announced_jobs(text: str) -> list[str]:
    """Return the jobs of a dry run; targets of the Snakefile left out."""
    return sorted(job for job in announced(text).values() if job not in TARGETS)


def finished_jobs(text: str) -> list[str]:
    """Return the jobs that ended well, from Snakemake's messages; no targets of the Snakefile."""
    names = announced(text)
    jobs = [names[number] for number in FINISHED.findall(text)]
    return sorted(job for job in jobs if job not in TARGETS)


def assert_same_numbers(one: Workbench, other: Workbench) -> None:
    """Same weights, other batches, shards, cores or restarts: what may differ, and how little."""
    summary, others_summary = one.summary(), other.summary()
    assert summary.index.equals(others_summary.index)
    assert summary["target"].equals(others_summary["target"])
    assert (summary["auc"] - others_summary["auc"]).abs().max() <= 1e-3
    for target, rows in summary.groupby("target"):
        assert_same_scores(one, other, target, rows.index)


def assert_same_scores(
    one: Workbench, other: Workbench, target: str, attacks: Iterable[str]
) -> None:
    """The same of the scores alone that `attacks` gave."""
    scores, others = one.scores(target), other.scores(target)
    for attack in attacks:
        assert scores[attack].index.equals(others[attack].index)
        furthest, spread = (scores[attack] - others[attack]).abs().max(), scores[attack].std()
        assert furthest <= 1e-3 * spread, f"{attack}: {furthest}, sd {spread}"


def losses(bench: Workbench) -> pd.Series:
    """Return every loss under the caption that was measured, by image and query."""
    files = sorted((bench.folder / "results/queries").glob("*/*/denoise/*.parquet"))
    rows = pd.concat([storage.read(file) for file in files])
    return rows.set_index(["image_id", "timestep", "draw", "condition"])[
        "loss_caption"
    ].sort_index()
