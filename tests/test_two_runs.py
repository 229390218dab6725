"""Two calls of Snakemake in one folder: who is told what, and who may go on. Real processes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import subprocess
import sys

import pytest

from killing import at_work, kill, wait_for
from workbench import Workbench

GATE = 'def main() -> None:\n    open("gate").read()\n'
ANSWERS = r"(?m)^ *(results: .*)$"


@pytest.fixture
def gated(bench):
    """A finished run in which `tables` has to run again, and waits until the gate is shut."""
    bench.edit("workflow/mia/stages/tables.py", "def main() -> None:\n", GATE)
    os.mkfifo(bench.folder / "gate")
    yield bench
    kill(at_work(bench.folder))


def until_at_the_gate(bench: Workbench) -> int:
    """Wait until a job waits at the gate; return what shuts it."""

    def opened():
        try:
            return os.open(bench.folder / "gate", os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO  # nobody reads yet
            return None

    return wait_for(opened)


def refused(bench: Workbench, *arguments: str) -> str:
    """What a second run is told, in one line."""
    run = bench.run(*arguments)
    assert run.code == 1 and run.jobs == [] and "Traceback" not in run.text, run.text
    assert "--unlock" not in run.text and "cannot be locked" not in run.text
    (line,) = re.findall(ANSWERS, run.text)
    return line


def resumed(bench: Workbench) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mia.stages.resume"],
        cwd=bench.folder,
        env={**os.environ, "PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
    )


def test_a_second_run_is_told_of_the_first_and_the_first_goes_on(gated):
    first = gated.start()
    gate = until_at_the_gate(gated)
    said = rf"results: a run is at work here: process {first.pid} on {socket.gethostname()}, "
    said += r"since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\. Wait for it \(`make why`.*do not unlock.*"
    assert re.fullmatch(said, refused(gated))
    assert re.fullmatch(said, refused(gated, "--unlock"))
    assert resumed(gated).returncode == 1
    (line,) = re.findall(ANSWERS, gated.run("--dry-run").done().text)
    assert re.fullmatch(said, line)
    # Another experiment in this folder may run; when it ends, Snakemake removes all locks here.
    other = gated.folder / "config/other.yaml"
    text = (gated.folder / "config/config.yaml").read_text()
    other.write_text(text.replace("results: results", "results: other"))
    plan = ("other/images/mine/plan/000.parquet", "--configfile", "config/other.yaml")
    assert gated.run(*plan).done().jobs == ["plan_mine"]
    assert not list((gated.folder / ".snakemake").glob("locks/*"))
    assert re.fullmatch(said, refused(gated))
    os.close(gate)
    text, _ = first.communicate()
    assert first.returncode == 0, text
    assert gated.run("--dry-run").done().text.count("Nothing to be done") == 1


def killed(bench: Workbench) -> int:
    """Let a run be killed with its jobs; return its process."""
    run = bench.start()
    gate = until_at_the_gate(bench)
    kill(at_work(bench.folder))
    os.close(gate)
    run.communicate()
    return run.pid


def test_after_a_run_that_was_killed_resume_is_advised_and_works(gated):
    process = killed(gated)
    said = r"results: no run is at work here, but one that was killed left its lock \(process "
    said += rf"{process} on .*, since 20.*\): call `make resume` with the same variables, .*"
    assert re.fullmatch(said, refused(gated))
    shutil.rmtree(gated.folder / ".snakemake/runs")
    assert "left its lock (without a note): call `make resume`" in refused(gated)
    assert resumed(gated).returncode == 0
    (gated.folder / "gate").unlink()
    (gated.folder / "gate").touch()
    assert "tables" in gated.run().done().jobs


def test_a_run_of_another_machine_is_named_with_its_note(gated):
    process = killed(gated)
    runs = gated.folder / ".snakemake/runs"
    (note,) = runs.glob(f"*-{process}")
    note.rename(runs / "node17-4242")
    said = refused(gated)
    assert "a run may be at work here: process 4242 on node17, since 20" in said
    assert "delete .snakemake/runs/node17-4242 and call `make resume`" in said
    shutil.rmtree(gated.folder / ".snakemake/locks")
    assert refused(gated) == said
    (runs / "node17-4242").unlink()
    (gated.folder / "gate").unlink()
    (gated.folder / "gate").touch()
    gated.run().done()
    assert not list(runs.iterdir())
