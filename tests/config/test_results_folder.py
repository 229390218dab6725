"""The folder of results: which names may be, whose it is, and how it is deleted."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mia import result_paths
from mia.commands import delete_results
from mia.config import results_folder
from mia.config.errors import ConfigError
from mia.config.results_folder import IDENTITY, MADE, made_here
from mia.config.schema import complete
from mia.runs import RUNS, announce
from micro_experiment import CONFIG, PROJECT, lay_out
from workbench import Workbench, finished_jobs

# Which names

WORK = (
    *("results", "results/mine", "/scratch/me/mine", "results/mine/", ".hidden/a", "a.b/c..d"),
    *("my results's", 'a "b" c', "$5 & co; rm -rf x", "x\\y [z] (1) *?", "a,b=c:d%e#f", "é/猫/🙂"),
    *("e\u0301", "a -b", "x" * 255, "s3:/bucket"),
)
FAIL = {
    "": "the name of a folder",
    "  ": "the name of a folder",
    "/": "the name of a folder",
    "results/{set}": "a path without braces",
    "a}b": "a path without braces",
    "a\nb": "a path without line breaks",
    "a\tb": "a path without line breaks",
    "a\0b": "a path without line breaks",
    "a\x85b": "a path without line breaks",
    "a\u2028b": "a path without line breaks",
    "a\ud800b": "a path without line breaks",
    "results\n": "a path without line breaks",
    " results": "a path without a blank at its end",
    "results ": "a path without a blank at its end",
    "~": "the folder itself",
    "~/results": "the folder itself",
    "~me/results": "the folder itself",
    "$HOME/results": "the folder itself",
    "/scratch/$(id)": "the folder itself",
    "-rf": "a path without a dash at its start",
    ".": "a path without empty steps",
    "./": "a path without empty steps",
    ".//results": "a path without empty steps",
    "./../results": "a path without empty steps",
    "results/./mine": "a path without empty steps",
    "./-rf": "a path without a dash at its start",
    "./~/results": "the folder itself",
    "./ results": "a path without a blank at its end",
    "./.git": "a folder that no other program owns",
    "..": "a path without empty steps",
    "../results": "a path without empty steps",
    "results/../..": "a path without empty steps",
    "results//mine": "a path without empty steps",
    "s3://bucket": "a path without empty steps",
    ".snakemake/results": "a folder that no other program owns",
    ".git": "a folder that no other program owns",
    "x" * 256: "names of at most 255 characters",
}


def named(value):
    return complete({**CONFIG, "results": value})


@pytest.mark.parametrize("name", WORK)
def test_a_name_that_works_is_accepted(name):
    assert named(name)["results"] == name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("./results", "results"),
        ("./results/mine/", "results/mine/"),
        ("././.hidden", ".hidden"),
        ("./my results", "my results"),
    ],
)
def test_a_folder_has_one_spelling(given, name):
    assert named(given) == named(name)


@pytest.mark.parametrize("name", FAIL)
def test_a_name_that_cannot_work_is_refused_and_the_reason_given(name):
    with pytest.raises(ConfigError) as refused:
        named(name)
    line = str(refused.value).splitlines()[0]
    assert line.startswith(f"results: found {name!r}, expected {FAIL[name]}")


@pytest.mark.parametrize("value", [None, 5, True, ["results"], {"a": "b"}])
def test_a_folder_is_a_text(value):
    with pytest.raises(ConfigError, match=r"^results: .* is not of type 'string'$"):
        named(value)


@pytest.mark.parametrize("block", ["image_sets", "models", "targets", "attacks"])
@pytest.mark.parametrize("name", ["fair\n", "a/b", "a b", "{a}", "A", "", "-a", "a" * 42])
def test_a_name_that_becomes_a_folder_holds_letters_digits_and_dashes(block, name):
    """The end of a line at its end too, which `$` in a pattern lets pass."""
    value = next(iter(CONFIG[block].values()))
    complete({**CONFIG, block: {"fine_2-a": value}})
    with pytest.raises(ConfigError):
        complete({**CONFIG, block: {name: value}})


@pytest.mark.parametrize("side", ["members", "nonmembers"])
@pytest.mark.parametrize("name", ["mine:member\n", "mine\n", "mine:member:x", "mine:a b"])
def test_a_part_is_named_likewise(side, name):
    with pytest.raises(ConfigError):
        complete({**CONFIG, "targets": {"fair": {**CONFIG["targets"]["fair"], side: name}}})


# Shell commands

ODD = 'a "b" c\'s [x] (1) $5 & ;*?#%,=\\ é猫 -z|<>!'


@pytest.fixture
def odd(tiny_sd, tmp_path):
    """The micro experiment with odd names for results, images, captions, lists and model."""
    bench = Workbench.build(tmp_path / "tree", tiny_sd)
    for name in ("data", "models"):
        (bench.folder / name).rename(bench.folder / f"{ODD} {name}")
    (bench.folder / f"{ODD} list").write_text("0123456789abcdef\n")

    def rename(config):
        config["results"] = ODD
        mine = config["image_sets"]["mine"]
        mine.update(shards=1, exclude=f"{ODD} list")
        for part in mine["parts"].values():
            part.update({key: f"{ODD} {path}" for key, path in part.items()})
        config["models"]["tiny"]["path"] = f"{ODD} models/tiny-sd"
        config["attacks"] = {name: CONFIG["attacks"][name] for name in ("loss", "blind_caption")}

    bench.configure(rename)
    return bench


def test_no_odd_name_falls_apart_in_a_shell_command(odd):
    plan = odd.run("--dry-run", "--printshellcmds").done()
    commands = re.findall(r"(?m)^Shell command: ((?:python|printf) .*)$", plan.text)
    assert len(commands) > 15
    for command in commands:
        words = shlex.split(command)
        assert ODD not in words and not {"[x]", "(1)", "$5", "&"} & {*words}
        assert any(word.startswith(f"{ODD}/") for word in words)
        assert words[-2] == "&>" and words[-1].startswith(f"{ODD}/logs/")


@pytest.mark.slow
def test_odd_names_work_from_end_to_end(odd):
    ended(odd)
    assert (odd.folder / ODD / "report.html").is_file()
    assert {path.name for path in (odd.folder / ODD).iterdir()} <= set(MADE)
    assert not (odd.folder / "a").exists()
    assert ended(odd) == []
    ended(odd, "--report", f"{ODD}/snakemake-report.html")


def ended(bench: Workbench, *arguments: str) -> list[str]:
    """The jobs of a run that must end well."""
    process = bench.start(*arguments, warm=True)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    return finished_jobs(text)


def test_what_is_in_the_way_is_said_before_anything_runs(tiny_sd, tmp_path):
    """A file, a file further up, a link to nothing."""
    bench = Workbench.build(tmp_path / "tree", tiny_sd)
    (bench.folder / "file").write_text("mine\n")
    (bench.folder / "link").symlink_to("nowhere")
    for name, step, what in (
        ("file", "file", "a file"),
        ("file/results", "file", "a file"),
        ("link/a/b", "link", "a link to nothing"),
    ):
        bench.configure(lambda config, name=name: config.update(results=name))
        run = bench.run("--dry-run")
        assert run.code == 1 and "Traceback" not in run.text
        assert f"Config: results: {step} is {what}, expected a folder or a name not" in run.text
    assert (bench.folder / "file").read_text() == "mine\n"


@pytest.mark.parametrize(
    "name", ["models/my-finetune/w", "images/holiday.jpg", "logs", "report.html"]
)
def test_a_folder_with_things_of_somebody_else_is_not_taken(name, tmp_path):
    """Where results would go; what lies beside them is in nobody's way."""
    folder = tmp_path / "proj"
    for free in ("thesis/a.tex", "notes.txt", f"{RUNS}/host-1"):
        holding(free)(folder)
    (folder / "tables").mkdir()
    results_folder.check(folder, "config.yaml")
    holding(name)(folder)
    with pytest.raises(ConfigError, match=rf"proj holds {name.split('/')[0]}, where results would"):
        results_folder.check(folder, "config.yaml")
    holding(IDENTITY)(folder)
    results_folder.check(folder, "mine")


def test_a_run_takes_no_folder_with_things_of_somebody_else(tiny_sd, tmp_path):
    bench = Workbench.build(tmp_path / "tree", tiny_sd)
    holding("models/my-finetune/w.safetensors")(bench.folder / "proj")
    bench.configure(lambda config: config.update(results="proj"))
    run = bench.run("--dry-run")
    assert run.code == 1 and "Traceback" not in run.text
    assert "Config: results: proj holds models, where results would go" in run.text


# Deleting

MAKEFILE = (PROJECT / "Makefile").read_text()
MEASURED = "ledger/measure/tiny/mine/speed.json"


def test_everything_that_rules_make_is_known():
    rules = "".join(path.read_text() for path in (PROJECT / "workflow/rules").glob("*.smk"))
    found = re.findall(r'results\("([^"]+\.\w+)"\)|\{R\}/([\w./{}-]+\.log)\b', rules)
    makefile = re.findall(r"\$\$results/([\w.-]+)\"|results/\w+/([\w.-]+)\n", MAKEFILE)
    templates = [path for name, path in vars(result_paths).items() if name.isupper()]
    files = [path for path in templates if "." in path]
    assert len(files) > 20
    names = {re.sub(r"\{+[^}]*\}+", "x", one or other) for one, other in [*found, *makefile]}
    names |= {re.sub(r"\{[^}]*\}", "x", path) for path in files}
    assert len(names) > 50 and {"comparison.csv", "snakemake-report.html"} < names
    assert [name for name in names if not made_here(name)] == []
    top = {name.split("/")[0] for name in names} | {"ledger", RUNS, IDENTITY}
    assert top == set(MADE)


def test_everything_that_a_run_makes_is_known(bench):
    folder = bench.folder / "results"
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 50
    assert [name for name in files if not made_here(name)] == []


@pytest.fixture
def deletable(tmp_path, monkeypatch):
    """What a run leaves, in a folder of its own, with things beside it."""
    lay_out(tmp_path / "tree", PROJECT / "docs")
    monkeypatch.chdir(tmp_path / "tree")
    folder = tmp_path / "tree" / "results"
    for name in (MEASURED, "tables/summary.md", "images/mine/manifest.parquet"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("x" * 1_500_000)
    (folder / "report.html").touch()
    (folder / "tables/summary.csv").symlink_to(tmp_path / "tree/data")
    (folder / IDENTITY).write_text("config.yaml\n")
    return folder


def asked(answer: str, config: str = "config/config.yaml") -> subprocess.CompletedProcess:
    """Run the program as the Makefile does, with this answer."""
    return subprocess.run(
        [sys.executable, "-m", "mia.commands.delete_results", "--config", config],
        env={"PYTHONPATH": str(PROJECT / "workflow")},
        input=answer,
        capture_output=True,
        text=True,
    )


def test_results_are_shown_and_deleted_after_yes(deletable):
    done = asked("yes\n")
    assert done.returncode == 0, done.stderr
    assert f"{deletable}: 6 files, 4.5 MB\n" in done.stdout
    assert re.search(r"(?m)^  ledger +1\.5 MB$", done.stdout)
    assert "`ledger` is everything that was measured and trained, up to 20" in done.stdout
    assert "Delete results for good? Type yes: " in done.stdout
    assert not deletable.exists()
    assert len(list((deletable.parent / "data/member").iterdir())) == 14


@pytest.mark.parametrize("answer", ["", "\n", "y\n", "no\n", "YES\n", "results\n"])
def test_any_other_answer_deletes_nothing(answer, deletable):
    done = asked(answer)
    assert done.returncode == 1 and done.stderr.endswith("nothing was deleted\n")
    assert (deletable / MEASURED).is_file()


def linked(folder):
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to("elsewhere")


def holding(name):
    def hold(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine\n")

    return hold


def configured(change):
    def edit(folder):
        path = folder.parent / "config/config.yaml"
        config = yaml.safe_load(path.read_text())
        change(config)
        path.write_text(yaml.safe_dump(config))

    return edit


def in_repository(folder):
    for path in list(folder.iterdir()):
        path.rename(folder.parent / path.name) if not (folder.parent / path.name).exists() else None
    configured(lambda config: config.update(results=str(folder.parent)))(folder)


def data_inside(folder):
    (folder / "images/photos").mkdir()
    mine = {"path": "results/images/photos", "captions": "data/member.csv"}
    configured(lambda config: config["image_sets"]["mine"]["parts"].update(member=mine))(folder)


DEEPER = (
    *("models/my-finetune/w.safetensors", "images/holiday.jpg", "images/mine/raw/000/holiday.jpg"),
    *("logs/notes.txt", "tables/thesis.csv", "latents/mine.safetensors", "training/notes.txt"),
    *("images/.hidden.jpg", ".models.bak"),
)
REFUSED = {
    **{name: (holding(name), f"what the pipeline did not make ({name})") for name in DEEPER},
    "a link": (linked, "is a link to elsewhere; delete that, and the link, by hand"),
    "not there": (lambda folder: folder.rename(folder.parent / "x"), "there is no such folder"),
    "the working folder": (in_repository, "it is or holds the working folder"),
    "no note": (lambda folder: (folder / IDENTITY).unlink(), "was not made here"),
    "another's": (holding(IDENTITY), "does not say config.yaml: it holds the results of mine"),
    "strange file": (holding("notes.txt"), "what the pipeline did not make (notes.txt)"),
    "hidden file": (holding(".notes.tmp"), "what the pipeline did not make (.notes.tmp)"),
    "strange folder": (lambda folder: (folder / "data").mkdir(), "did not make (data)"),
    "input of the config": (
        data_inside,
        "`image_sets.mine.parts.member.path` of the config reads results/images/photos",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_surely_the_pipelines_stays(case, deletable):
    change, said = REFUSED[case]
    change(deletable)
    before = sorted(deletable.parent.rglob("*"))
    done = asked("yes\n")
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert done.stderr.startswith("error: ") and done.stderr.endswith("; nothing was deleted\n")
    assert sorted(deletable.parent.rglob("*")) == before


@pytest.mark.parametrize("place", ["checkout", "home"])
def test_the_checkout_and_home_stay(place, deletable, monkeypatch):
    """The check sees the folder itself and one that holds it."""
    monkeypatch.setattr(delete_results, "ROOT", deletable / "tables")
    if place == "home":
        monkeypatch.setattr(delete_results, "ROOT", PROJECT)
        monkeypatch.setenv("HOME", str(deletable))
    config = complete(yaml.safe_load((deletable.parent / "config/config.yaml").read_text()))
    said = delete_results.refusal(deletable, config, "config.yaml")
    assert said == f"it is or holds the {place} folder"


def test_half_written_files_of_a_killed_run_are_the_pipelines(deletable):
    (deletable / ".report.html.0123.tmp").touch()
    assert asked("yes\n").returncode == 0
    assert not deletable.exists()


def test_what_came_while_the_question_stood_stays(deletable, monkeypatch):
    def answer(question):
        holding("images/holiday.jpg")(deletable)
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(sys, "argv", ["delete_results", "--config", "config/config.yaml"])
    with pytest.raises(SystemExit, match=r"did not make \(images/holiday\.jpg\)"):
        delete_results.main()
    assert (deletable / "images/holiday.jpg").is_file() and (deletable / MEASURED).is_file()


@pytest.mark.parametrize("notes", [delete_results.NOTES, Path("results") / RUNS], ids=str)
def test_nothing_is_deleted_while_a_run_is_at_work(notes, deletable):
    announce(notes)
    done = asked("yes\n")
    assert done.returncode == 1 and "a run is or may be at work here" in done.stderr
    assert (deletable / "ledger").exists()
