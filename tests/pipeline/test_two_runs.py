"""Two calls of Snakemake in one folder: who is told what, and who may go on. Real processes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket

import pytest

from killing import at_work, kill, wait_for
from workbench import Workbench

MAIN = "def main(arguments: list[str] | None = None) -> None:\n"
GATE = '    open("gate").read()\n'
PLAN = "results/images/mine/plan/000.parquet"
ANSWERS = r"(?m)^ *((?:/.*/)?results: .*)$"


@pytest.fixture
def gated(tiny_sd, tmp_path):
    """An experiment before its first run, whose first job waits until the gate is shut."""
    bench = Workbench.build(tmp_path / "tree", tiny_sd)
    bench.edit("workflow/mia/stages/plan.py", MAIN, MAIN + GATE)
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


def test_a_second_run_is_told_of_the_first_and_the_first_goes_on(gated, tmp_path):
    first = gated.start(PLAN)
    gate = until_at_the_gate(gated)
    said = rf"results: a run is at work here: process {first.pid} on {socket.gethostname()}, "
    said += r"since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\. Wait for it \(`make why`.*do not unlock.*"
    assert re.fullmatch(said, refused(gated, PLAN))
    assert re.fullmatch(said, refused(gated, PLAN, "--unlock"))
    assert gated.resume().returncode == 1
    (line,) = re.findall(ANSWERS, gated.run(PLAN, "--dry-run").done().text)
    assert re.fullmatch(said, line)
    # Another experiment in this folder may run; when it ends, Snakemake removes all locks here.
    other = gated.folder / "config/other.yaml"
    text = (gated.folder / "config/config.yaml").read_text()
    other.write_text(text.replace("results: results", "results: other"))
    model = ("other/models/tiny/model.json", "--configfile", "config/other.yaml")
    assert gated.run(*model).done().jobs == ["model/tiny"]
    assert not list((gated.folder / ".snakemake").glob("locks/*"))
    assert re.fullmatch(said, refused(gated, PLAN))
    # The same results from another folder, of which Snakemake's lock knows nothing.
    elsewhere = Workbench(tmp_path / "elsewhere", home=gated.folder)
    elsewhere.folder.mkdir()
    for name in ("config", "data", "models"):
        (elsewhere.folder / name).symlink_to(gated.folder / name)
    results = ("--config", f"results={gated.folder / 'results'}")
    told = refused(elsewhere, str(gated.folder / PLAN), *results)
    assert re.fullmatch(said, told.replace(str(gated.folder / "results"), "results", 1))
    os.close(gate)
    text, _ = first.communicate()
    assert first.returncode == 0, text
    assert "Nothing to be done" in gated.run(PLAN).done().text


def killed(bench: Workbench) -> int:
    """Let a run be killed with its jobs; return its process."""
    run = bench.start(PLAN)
    gate = until_at_the_gate(bench)
    kill(at_work(bench.folder))
    os.close(gate)
    run.communicate()
    return run.pid


def test_after_a_run_that_was_killed_resume_is_advised_and_works(gated):
    process = killed(gated)
    said = r"results: no run is at work here, but one that was killed left its lock \(process "
    said += rf"{process} on .*, since 20.*\): call `make resume` with the same variables, .*"
    assert re.fullmatch(said, refused(gated, PLAN))
    shutil.rmtree(gated.folder / ".snakemake/runs")
    assert "left its lock (without a note): call `make resume`" in refused(gated, PLAN)
    assert gated.resume().returncode == 0
    (gated.folder / "gate").unlink()
    (gated.folder / "gate").touch()
    assert gated.run(PLAN).done().jobs == ["plan_mine"]


def renamed(folder, process, name):
    """Let the note of a process look as if another machine had written it."""
    (note,) = folder.glob(f"*-{process}")
    return note.rename(folder / name)


def test_a_run_of_another_machine_is_named_with_its_notes(gated):
    """Both notes are there, or one was deleted before."""
    process = killed(gated)
    places = (".snakemake/runs", "results/.runs")
    notes = [renamed(gated.folder / place, process, "node17-4242") for place in places]
    texts = {note: note.read_bytes() for note in notes}
    shutil.rmtree(gated.folder / ".snakemake/locks")
    for kept in (places, places[:1], places[1:]):
        for note, text in texts.items():
            note.unlink(missing_ok=True)
            if str(note.parent.relative_to(gated.folder)) in kept:
                note.write_bytes(text)
        files = [f"{place}/node17-4242" for place in kept]
        said = refused(gated, PLAN)
        assert "a run may be at work here: process 4242 on node17, since 20" in said
        assert f"delete {' and '.join(files)} and call `make resume`" in said
        answer = gated.resume()
        assert answer.returncode == 1
        named = f"error: {' and '.join(files)}: a run was started on node17"
        assert answer.stderr.startswith(named)
        for file in files:
            (gated.folder / file).unlink()
        assert gated.resume().returncode == 0
    (gated.folder / "gate").unlink()
    (gated.folder / "gate").touch()
    gated.run(PLAN).done()
    for place in places:
        assert not list((gated.folder / place).iterdir())


def test_a_lock_that_is_left_with_notes_of_another_machine(gated):
    process = killed(gated)
    for place in (".snakemake/runs", "results/.runs"):
        renamed(gated.folder / place, process, "node17-4242")
    files = ".snakemake/runs/node17-4242 and results/.runs/node17-4242"
    assert f"delete {files} and call `make resume`" in refused(gated, PLAN)
