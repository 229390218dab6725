"""Lines of progress: what a stage writes into its log, and what the terminal shows of it."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from types import SimpleNamespace

import pytest

from mia import progress, window
from mia.fingerprint import PACKAGE
from mia.progress import MARK, Progress, latest
from mia.shown_progress import MOST, Look, single

# Real Snakemake, whose jobs run for a second and say how far they are.
SNAKEFILE = f"""
import sys
sys.path.insert(0, {str(PACKAGE.parent)!r})
from mia import shown_progress, window
onstart:
    window.narrow(logger.handlers)
    shown_progress.show(lambda: workflow.scheduler.running, every=0.4)
rule all:
    input: expand("{{name}}.txt", name=["one", "two"])
rule long:
    output: "{{name}}.txt"
    log: "logs/a-folder-with-a-long-name/and-another-below/{{name}}.log"
    shell: "(echo 'progress: 1 of 2 rows, 3 min left, 812 evals/s, and a long remark that is cut'"
           "; sleep 2; touch {{output}}) &> {{log}}"
"""


class Job(SimpleNamespace):
    """A job as Snakemake has it: each is a key of its own."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def running(log, rule="measure"):
    wildcards = ("tiny", "mine", "000")
    return Job(
        rule=SimpleNamespace(name=rule),
        wildcards=wildcards,
        log=[str(log)] if log else [],
        is_group=lambda: False,
    )


# In the log


def test_a_line_tells_where_the_work_is_and_what_time_is_left(capsys, monkeypatch):
    clock = iter([100.0, 114.9, 115.0, 115.0, 129.9])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    work = Progress(40)
    assert not work.is_due and work.is_due
    work.done = 10
    work.tell("10 of 40 rows", "7 evals/s")
    assert capsys.readouterr().err == f"{MARK}10 of 40 rows, 45 s left, 7 evals/s\n"
    assert not work.is_due


def test_a_log_of_days_has_some_hundred_lines(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    work, lines = Progress(10**6), 0
    while now[0] < 5 * 86_400:
        now[0] += 1
        if work.is_due:
            work.tell("on")
            lines += 1
    assert 100 < lines < 500
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_the_last_whole_line_counts():
    assert latest(f"{MARK}1 of 9\nwarning: {MARK}3\n{MARK}2 of 9, 7 s left\nmore") == (
        "2 of 9, 7 s left"
    )
    assert latest("measured 0 evals") is None


# In the terminal


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("label", ["vae emoji", "measure " + "m" * 41 + " " + "s" * 41 + " 000"])
def test_no_line_is_wider_than_the_window(width, label):
    facts = "1,200 of 5,400 rows, 3 min left, 812 evals/s"
    line = window.labelled(label, facts, width)
    assert len(line) <= width
    assert "1,2" in line and line[:5] == label[:5]


def test_each_running_job_has_a_line(tmp_path):
    now, old = tmp_path / "now.log", tmp_path / "old.log"
    now.write_text(f"{MARK}1 of 9 rows, 7 s left\n")
    old.write_text(f"{MARK}8 of 9 rows, 1 s left\n")
    os.utime(old, (1, 1))  # of an earlier run
    silent = tmp_path / "silent.log"
    silent.write_text("reading\n")
    jobs = [running(path) for path in (now, old, silent, tmp_path / "none.log")]
    look = Look(young=0)
    look.see(single([*jobs, running(None, "all")]))
    assert look.lines(80) == [
        "measure tiny mine 000: 1 of 9 rows, 7 s left",
        "measure tiny mine 000: waiting, 0 s so far",
        "measure tiny mine 000: 0 s so far",
        "measure tiny mine 000: waiting, 0 s so far",
    ]
    look.see(single(jobs[:1]))
    assert len(look.lines(80)) == 1


def test_a_young_job_without_progress_has_no_line(tmp_path):
    look = Look(young=60)
    look.see([running(tmp_path / "none.log")])
    assert look.lines(80) == []


def test_many_jobs_take_few_lines(tmp_path):
    look = Look(young=0)
    group = SimpleNamespace(is_group=lambda: True, jobs=[running(tmp_path / "a")])
    look.see(single([group, *(running(tmp_path / "b") for _ in range(99))]))
    lines = look.lines(80)
    assert len(lines) == MOST + 1 and lines[-1] == f"and {100 - MOST} more jobs"


@pytest.mark.parametrize("said", [None, "60", "7"])
def test_the_width_is_that_of_the_window_or_eighty(said, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    if said:
        monkeypatch.setenv("COLUMNS", said)
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    assert window.columns(io.StringIO()) == {None: 80, "60": 60, "7": window.LEAST}[said]


def snakemake(folder, **how):
    (folder / "Snakefile").write_text(SNAKEFILE)
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    words = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "host", "reason"]
    return subprocess.Popen(words, cwd=folder, env=environment, **how)


SHOWN = r"long (one|two): 1 of 2 rows, 3 min left"


def test_snakemake_shows_its_jobs_in_a_pipe(tmp_path):
    ran = snakemake(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text, _ = ran.communicate(timeout=120)
    assert ran.returncode == 0, text
    shown = [line for line in text.splitlines() if re.match(SHOWN, line)]
    assert {re.match(SHOWN, line)[1] for line in shown} == {"one", "two"}
    assert max(map(len, shown)) <= 80 and "    log: logs/a-folder-with-a-long-name/and" in text


def test_snakemake_keeps_within_a_narrow_terminal(tmp_path):
    """Job announcements too: 60 columns, the log files' names are longer."""
    ours, theirs = pty.openpty()
    set_columns(theirs, 60)
    ran = snakemake(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    chunks: list[bytes] = []
    reader = threading.Thread(target=drain, args=(ours, chunks))
    reader.start()
    assert ran.wait(timeout=120) == 0
    reader.join(timeout=10)
    text = re.sub(r"\x1b\[[0-9;]*m", "", b"".join(chunks).decode())
    lines = [line.rstrip("\r") for line in text.splitlines()]
    assert [line for line in lines if re.match(SHOWN, line)]
    assert [line for line in lines if line.startswith("    log: ") and line.endswith("…")]
    assert [line for line in lines if len(line) > 60 and "Complete log" not in line] == []


def set_columns(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def drain(terminal, chunks):
    while True:
        try:
            if not (data := os.read(terminal, 65536)):
                return
        except OSError:  # how a terminal of Linux ends
            return
        chunks.append(data)
