"""Who may import whom, and which jobs start without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from mia.fingerprint import PACKAGE, imports

MODULES = sorted(
    ".".join(["mia", *path.relative_to(PACKAGE).with_suffix("").parts])
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
)
LIBRARY = (
    "query",
    "evidence",
    "blind",
    "parameters",
    "gram",
    "metrics",
    "areas",
    "resampling",
    "intervals",
    "learning",
    "features",
    "denoising_settings",
    "checks",
    "noise",
    "fingerprint",
)
# What reads tables and folders that people give.
GIVEN = ("excerpt", "files_of_folder", "given_tables")
TORCH_STAGES = {"model", "vae", "train", "encode", "measure"}


def closure(module: str) -> set[str]:
    seen, todo = set(), {module}
    while todo:
        seen.add(name := todo.pop())
        todo |= set(imports(name)) - seen
    return seen - {module}


def layer(name: str) -> str:
    return name.split(".")[1]


@pytest.mark.parametrize("module", [m for m in MODULES if layer(m) == "attacks"])
def test_attacks_import_the_library_only(module):
    assert {layer(name) for name in closure(module)} <= set(LIBRARY)


@pytest.mark.parametrize(
    "module", [m for m in MODULES if layer(m) in {*LIBRARY, *GIVEN, "images", "matching"}]
)
def test_the_library_imports_no_stage_and_no_attack(module):
    allowed = {*LIBRARY, *GIVEN, "images", "seal", layer(module)}
    assert {layer(name) for name in closure(module)} <= allowed


@pytest.mark.parametrize("module", [m for m in MODULES if layer(m) in {"signals", "denoisers"}])
def test_signals_and_denoisers_do_no_files(module):
    allowed = {
        "query",
        "query_rows",
        "noise",
        "batch",
        "denoisers",
        "signals",
        "ddim",
        "low_pass",
        "ssim",
    }
    assert {layer(name) for name in closure(module)} <= allowed


@pytest.mark.parametrize("module", [m for m in MODULES if layer(m) not in {"stages"}])
def test_only_stages_import_stages(module):
    assert "stages" not in {layer(name) for name in closure(module)}


LIGHT = [m for m in MODULES if layer(m) == "stages" and m.split(".")[2] not in TORCH_STAGES]


def test_light_stages_and_the_snakefile_start_without_torch():
    names = [*LIGHT, *(m for m in MODULES if layer(m) in {"attacks", "signals", "experiment"})]
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


def test_files_stay_short():
    """One idea per file: 200 lines, or a reason."""
    sources = [*PACKAGE.rglob("*.py"), *Path(PACKAGE.parent, "rules").glob("*.smk")]
    long = {path.name: n for path in sources if (n := len(path.read_text().splitlines())) > 200}
    assert long == {}
