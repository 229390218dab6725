"""Every command in a page, an example, a config's or a profile's head can be given as it stands."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.cli import parse_args

from micro_experiment import PROJECT

PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(PROJECT.glob("examples/*.md")),
    *sorted(PROJECT.glob("config/*.md")),
    *sorted(PROJECT.glob("docs/**/*.md")),
    *sorted(PROJECT.glob("config/*.yaml")),
    *sorted(PROJECT.glob("profiles/*/*.yaml")),
]
OTHERS = ("hf", "git", "generate-slurm-partition-config")  # programs of others
PROGRAM = (
    r"(?:(?:\w+=\S+ +)*(?:\.venv/bin/)?(?:make|snakemake|python\d?|pytest|sbatch|pip|hf|git) +\S"
    r"|generate-slurm-partition-config\b)"
)
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
SETTABLE = {*re.findall(r"(?m)^(\w+) \?=", MAKEFILE)}
RULES = "\n".join(path.read_text() for path in (PROJECT / "workflow/rules").glob("*.smk"))


def commands(text: str, yaml: bool = False) -> list[str]:
    """Commands of a page: lines of its shell blocks, and code within its sentences.

    >>> commands("Say `make why`.\\n```sh\\nmake \\\\\\n  run  # all\\n```\\n")
    ['make    run', 'make why']
    """
    if yaml:
        text = re.sub(r"\n# {4,}(?=-)", " ", text)  # a command's second line
        lines = re.findall(r"(?m)^# {2,}(\S.*?)(?: {2,}\(.*)?$", text)
        spoken = re.findall(r"`([^`\n]+)`", "\n".join(re.findall(r"(?m)^#.*$", text)))
    else:
        blocks = re.findall(r"(?ms)^ *```(?:sh|bash)\n(.*?)^ *```", text)
        lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
        plain = re.sub(r"(?ms)^ *```.*?^ *```", "", text)
        spoken = [code.replace("\n", " ") for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", plain)]
    pieces = [
        piece for line in [*lines, *spoken] for piece in re.split(r"&&|(?<!\|)\|(?!\|)", line)
    ]
    stripped = [re.sub(r"(?<!\S)#.*", "", piece).strip() for piece in pieces]
    return [piece for piece in stripped if re.match(PROGRAM, piece)]


OF_PAGE = {
    path: commands(path.read_text(encoding="utf-8"), path.suffix == ".yaml") for path in PAGES
}
COMMANDS = {command: path for path, found in OF_PAGE.items() for command in found}


def words_of(command: str) -> list[str]:
    """Its words without what is set before it; `…` stands for a value."""
    words = shlex.split(command)
    while re.match(r"\w+=", words[0]):
        words.pop(0)
    return [words[0].removeprefix(".venv/bin/"), *words[1:]]


def of(*programs: str) -> list:
    """Test parameters: commands that start with one of `programs`."""
    return [
        pytest.param(command, id=f"{path.relative_to(PROJECT)}: {command}")
        for command, path in COMMANDS.items()
        if words_of(command)[0] in programs
    ]


WHOLE = ("all", "measured", "audited")  # of the Snakefile


def parsed_by_snakemake(words: list[str]) -> argparse.Namespace:
    """Let Snakemake read the words; what it takes for a file must be one, and a target a target."""
    _, args = parse_args(words)
    for path in args.configfile or []:
        assert re.search(r"\.ya?ml$", str(path)), f"taken for a config file: {path}"
    for target in args.targets:
        rule = re.search(
            rf"(?m)^ *rule {target}:", RULES + "\nrule all:\nrule measured:\nrule audited:"
        )
        assert rule or target.startswith("results/"), f"taken for a target: {target}"
    for rule in (*(args.until or ()), *(args.omit_from or ())):
        assert re.search(rf"(?m)^ *rule {rule}:", RULES), f"no rule {rule}"
    for rule in args.set_resources or ():
        assert re.search(rf"(?m)^ *rule {rule}:", RULES), f"no rule {rule}"
    if args.workflow_profile:
        assert (PROJECT / args.workflow_profile / "config.yaml").is_file()
    return args


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    monkeypatch.chdir(PROJECT)


def test_commands_are_found_in_each_kind_of_page():
    names = {path.relative_to(PROJECT).parts[0] for path, found in OF_PAGE.items() if found}
    assert names == {path.relative_to(PROJECT).parts[0] for path in PAGES}
    programs = {words_of(command)[0] for command in COMMANDS}
    assert {"make", "snakemake", "python", "sbatch", "hf", OTHERS[-1]} <= programs
    assert any("--wrap" in command for command in COMMANDS)


@pytest.mark.parametrize("command", of("make"))
def test_make_knows_target_and_variables_and_programs_what_they_get(command, monkeypatch):
    words = words_of(command)[1:]
    variables = [word for word in words if re.match(r"\w+=", word)]
    assert {word.partition("=")[0] for word in variables} <= SETTABLE
    for word in variables:
        name, _, value = word.partition("=")
        if name in {"CONFIG", "AGAINST", "PAGE"} and value not in {"mine.yaml", "…"}:
            assert (PROJECT / value).is_file()
    targets = [word for word in words if word not in variables]
    assert targets != []
    printed = subprocess.run(
        ["make", "--dry-run", *words], capture_output=True, text=True, check=True
    )
    for line in printed.stdout.replace("\\\n", " ").splitlines():
        if line.startswith("'.venv/bin'/snakemake"):
            parsed_by_snakemake(shlex.split(line)[1:])
        for stage in re.findall(r"'\.venv/bin'/python (-m mia\.stages\.[^>&|;)]*)", line):
            test_python_has_module_and_options(f"python {stage}", monkeypatch)


@pytest.mark.parametrize("command", of("snakemake"))
def test_snakemake_reads_a_command_as_it_is_meant(command):
    args = parsed_by_snakemake(words_of(command.replace("--cores N", "--cores 2"))[1:])
    named = [word for word in words_of(command) if word.startswith("results/")]
    assert sorted(args.targets) == named


@pytest.mark.parametrize("options", ["--configfile mine.yaml {}", "--config a=b {}", "--quiet {}"])
def test_a_swallowed_target_is_seen(options):
    """Options of several words: a target has to stand before them."""
    with pytest.raises((AssertionError, SystemExit)):
        words = options.format("results/mine/report.html").split()
        assert list(parsed_by_snakemake(["--cores", "1", *words]).targets) != []
    args = parsed_by_snakemake(["results/mine/report.html", *options.format("").split()])
    assert list(args.targets) == ["results/mine/report.html"]


RUN = [param for param in of("snakemake") if re.search(r"--cores \d|--rulegraph", param.id)]


@pytest.mark.parametrize("command", RUN)
def test_a_snakemake_command_plans(command, tmp_path):
    """On the little config, and a model of its."""
    named = {
        "mine.yaml": "config/tiny.yaml",
        "results/mine/": "results/tiny/",
        "NAME": "emoji_early",
    }
    for old, new in named.items():
        command = command.replace(old, new)
    place = ["-s", str(PROJECT / "Snakefile"), "--directory", str(tmp_path)]
    words = [sys.executable, "-m", *words_of(command), *place, "--dry-run"]
    run = subprocess.run(words, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


class Parsed(Exception):
    """The options of a program were read."""


@pytest.mark.parametrize("command", of("python", "pytest"))
def test_python_has_module_and_options(command, monkeypatch):
    program, *words = words_of(command)
    if program == "python":
        if words[0].startswith(("examples/", "tests/")):
            assert (PROJECT / words[0]).is_file()
            return
        assert words.pop(0) == "-m"
        program = words.pop(0)
    if program == "pytest":
        assert [word for word in words if "/" in word and not (PROJECT / word).exists()] == []
        return
    real = argparse.ArgumentParser.parse_args

    def parse(self, *_):
        real(self, words)
        raise Parsed

    with monkeypatch.context() as patched, pytest.raises(Parsed):
        patched.setattr(argparse.ArgumentParser, "parse_args", parse)
        importlib.import_module(program).main()


@pytest.mark.parametrize("command", [param for param in of("sbatch") if "--wrap" in param.id])
def test_sbatch_wraps_a_command_that_is_checked_too(command, monkeypatch):
    (wrapped,) = (word.removeprefix("--wrap=") for word in words_of(command) if "--wrap" in word)
    test_make_knows_target_and_variables_and_programs_what_they_get(wrapped, monkeypatch)


@pytest.mark.parametrize("command", of(*OTHERS))
def test_programs_of_others_have_verb_and_options(command):
    """As far as their help says, of the version that is installed here."""
    program, *words = words_of(command)
    verb = [word for word in words[:1] if not word.startswith("-")]
    beside = Path(sys.executable).parent / program
    call = [str(beside) if beside.exists() else program, *verb, "--help"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
    run = subprocess.run(call, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert option in run.stdout
