"""Who may import whom, and which jobs start without torch."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from mia.fingerprint import PACKAGE, closure, imports

MODULES = sorted(
    ".".join(["mia", *path.relative_to(PACKAGE).with_suffix("").parts])
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
)
TORCH_STAGES = {"model", "vae", "train", "generate", "encode", "measure"}


HALL = "hall"  # the words of the science; files, locks, runs: what every room may import
# Which rooms a room may import, besides the hall and itself: those above it in this table alone;
# `room.module` is that module alone. Stages and commands import every room and are never imported.
ROOMS = {
    HALL: (),
    "stats": (),
    "blind": (),
    "given": (),
    "images": ("given",),
    "models": ("given",),
    "targets": ("given", "images", "blind", "stats"),
    "denoisers": ("models",),
    "signals.shared": (),
    "measuring": ("models", "images.training_set", "signals.shared"),
    "signals.shared.gradients": ("measuring.batch", "models", "signals.shared"),
    "signals": ("measuring.batch", "models.conditioning", "signals.shared"),
    "attacks": ("blind", "stats"),
    "audit": ("blind", "images", "stats", "targets"),
    "config": ("attacks", "given", "images", "models", "signals.shared", "targets"),
    "scoring": ("attacks.shared", "measuring.query_files", "targets"),
    "cost": (
        *("attacks.shared", "audit.equivalence", "config", "images", "models"),
        *("signals.shared", "stats.set_power", "targets.blocks", "targets.folds"),
    ),
    "evaluation": ("attacks.shared.cost", "stats"),
    "report": ("evaluation", "images", "stats", "targets"),
}
ENTRIES = ("stages", "commands")
# A shelf, and what each file on it has.
SHELVES = {
    "attacks": "Attack",
    "signals": "MEASURES",
    "denoisers": "load",
    "images/sources": "Source",
    "report/figures": "drawn",
}


def room(module: str) -> str:
    """The room that a module lies in; one inside another is a room of its own."""
    around = [name for name in (*ROOMS, *ENTRIES) if module.startswith(f"mia.{name}.")]
    return max(around, key=len, default=HALL)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_its_room_may(module):
    """The one table of who may import whom; and nothing imports itself by a detour."""
    own = room(module)
    allowed = [f"mia.{name}." for name in (ROOMS if own in ENTRIES else ROOMS[own])]
    for other in imports(module):
        here = room(other) in (HALL, own)
        assert here or any(f"{other}.".startswith(name) for name in allowed), other
    assert module not in closure(imports(module))


def test_a_room_imports_rooms_above_it_alone():
    rooms = [*ROOMS]
    for number, name in enumerate(rooms):
        for other in ROOMS[name]:
            assert any(f"{other}.".startswith(f"{above}.") for above in rooms[:number]), other


@pytest.mark.parametrize("shelf", SHELVES)
def test_a_shelf_holds_plugins_only(shelf):
    """Each file is found by its name; what plugins share lies in `shared`."""
    for path in (PACKAGE / shelf).glob("[!_]*.py"):
        module = import_module(f"mia.{shelf.replace('/', '.')}.{path.stem}")
        assert hasattr(module, SHELVES[shelf]), path


def test_a_stage_is_what_a_rule_calls():
    rules = "".join(path.read_text() for path in (PACKAGE.parent / "rules").glob("*.smk"))
    called = set(re.findall(r"python -m mia\.stages\.(\w+)", rules))
    assert called == {path.stem for path in (PACKAGE / "stages").glob("[!_]*.py")}


LIGHT = [m for m in MODULES if room(m) == "stages" and m.split(".")[2] not in TORCH_STAGES]


def test_light_stages_and_the_snakefile_start_without_torch():
    names = [*LIGHT, *(m for m in MODULES if room(m) in {"attacks", "signals", "config"})]
    code = f"import importlib, sys; [importlib.import_module(n) for n in {names}]"
    code += "; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


@pytest.mark.parametrize("stage", sorted(TORCH_STAGES))
def test_torch_stages_import_it_only_when_there_is_work(stage):
    code = f"import sys, mia.stages.{stage}; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_the_job_that_there_is_most_of_starts_light():
    """One for every attack on every target: a slow import there is paid a hundred times."""
    heavy = {"scipy", "sklearn", "matplotlib"}
    code = f"import sys, mia.stages.score; sys.exit(bool({heavy} & sys.modules.keys()))"
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


@pytest.mark.parametrize(
    ("stage", "heavy"),
    [
        ("evaluate", {"scipy.optimize", "scipy.stats", "matplotlib", "sklearn"}),
        ("tables", {"scipy.optimize", "scipy.stats", "matplotlib", "sklearn"}),
        ("report", {"scipy.special", "matplotlib", "sklearn"}),
        ("figures", {"scipy.optimize", "scipy.stats", "sklearn"}),
    ],
)
def test_what_runs_after_an_edit_starts_light(stage, heavy):
    code = f"import sys, mia.stages.{stage}; sys.exit(str({heavy} & sys.modules.keys() or ''))"
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE)
    assert ran.stderr.strip() == b"", ran.stderr


def test_json_files_of_ours_are_read_in_one_place():
    """Elsewhere: files of others, and notes that may be lost, read where pandas is too slow."""
    elsewhere = {"model_json", "remembered_hashes", "fingerprint", "runs"}
    reads = re.compile(r"json\.(load\(|loads\([^\n]*\.read_)")
    found = {path.stem for path in PACKAGE.rglob("*.py") if reads.search(path.read_text("utf-8"))}
    assert found == {"storage", *elsewhere}


def test_files_stay_short():
    """One idea per file: 200 lines, or a reason."""
    sources = [*PACKAGE.rglob("*.py"), *Path(PACKAGE.parent, "rules").glob("*.smk")]
    long = {path.name: n for path in sources if (n := len(path.read_text().splitlines())) > 200}
    assert long == {}


IN_RULES = 300  # lines of Python in all rule files
DIRECTIVE = re.compile(
    r"(rule\b.*|localrules|wildcard_constraints):$|(include|report|configfile): "
)


def python_lines(text: str) -> int:
    """Lines that are neither blank nor within a rule or another directive of Snakemake."""
    count, within = 0, None
    for line in filter(str.strip, text.splitlines()):
        indent = len(line) - len(line.lstrip())
        if within is None or indent <= within:
            within = indent if DIRECTIVE.match(line.strip()) else None
            count += within is None
    return count


def test_rules_hold_little_python():
    """What the config implies is in `mia.config`, where tools can check it."""
    sample = "import re\n\nrule a:\n    log: b,\n\nfor c in d:\n    rule:\n        log: c"
    assert python_lines(sample) == 2
    assert (
        sum(python_lines(path.read_text()) for path in Path(PACKAGE.parent, "rules").glob("*.smk"))
        <= IN_RULES
    )


def test_only_a_download_imports_the_datasets_library():
    """It takes seconds to import, and no plan, config or number needs it."""
    names = [*LIGHT, *(m for m in MODULES if room(m) in {"config", "images"})]
    code = f"import importlib, sys; [importlib.import_module(n) for n in {names}]"
    code += "; sys.exit('datasets' in sys.modules)"
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
