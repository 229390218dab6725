"""A fingerprint moves with what the code computes, not with how it is written."""

import shutil
import subprocess
import sys

import pytest

from mia.fingerprint import PACKAGE, imports

SHOW = "import sys; from mia.fingerprint import fingerprint; print(fingerprint(*sys.argv[1:]))"


@pytest.fixture
def package(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "mia", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "mia"


def fingerprint(package, *modules, show=SHOW) -> str:
    command = [sys.executable, "-c", show, *modules]
    environment = {"PYTHONPATH": str(package.parent)}
    return subprocess.check_output(command, text=True, env=environment)


def edit(path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new))


def test_comments_docstrings_and_layout_do_not_count(package):
    before = fingerprint(package, "mia.attacks.loss")
    loss = package / "attacks" / "loss.py"
    edit(loss, '"""Loss threshold', '"""A threshold on the loss')
    loss.write_text("# A comment.\n\n\n" + loss.read_text() + "\n# Another.\n")
    assert fingerprint(package, "mia.attacks.loss") == before


def test_code_counts_and_so_does_the_code_it_imports(package):
    before = fingerprint(package, "mia.attacks.latent_error")
    edit(package / "attacks" / "latent_error.py", "return -error", "return -2 * error")
    changed = fingerprint(package, "mia.attacks.latent_error")
    assert changed != before
    edit(package / "attacks/shared/guided_step.py", "return error", "return 2 * error")
    assert fingerprint(package, "mia.attacks.latent_error") != changed
    assert fingerprint(package, "mia.attacks.coin") == fingerprint(PACKAGE, "mia.attacks.coin")


def test_imports_inside_functions_are_followed():
    assert "mia.measuring.meter" in imports("mia.stages.measure")


def test_the_measuring_stage_is_not_part_of_a_number(package):
    """A reworded log line in the stage must not cost an eval."""
    numeric = [
        "mia.signals.denoise",
        "mia.denoisers.stable_diffusion",
        "mia.measuring.batch",
        "mia.noise",
    ]
    before = fingerprint(package, *numeric)
    for module in ("stages/measure.py", "measuring/meter.py", "measuring/ledger.py", "storage.py"):
        path = package / module
        path.write_text(path.read_text() + "\nEXTRA = 1\n")
    assert fingerprint(package, *numeric) == before


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"0": 1}', None])
def test_what_is_remembered_changes_no_fingerprint(package, tmp_path, damage):
    """Not where a file changes, nor where the memory is lost or damaged."""
    kept = tmp_path / "new" / "fingerprints.json"
    remember = f"from mia.fingerprint import remember; remember(pathlib.Path({str(kept)!r}))"
    remembering = f"import pathlib; {remember}; {SHOW}"
    before = fingerprint(package, "mia.attacks.loss")
    assert fingerprint(package, "mia.attacks.loss", show=remembering) == before
    assert len(kept.read_text()) > 100
    if damage is None:
        kept.unlink()
    elif damage:
        kept.write_text(damage)
    assert fingerprint(package, "mia.attacks.loss", show=remembering) == before
    edit(package / "attacks" / "loss.py", "return -losses", "return -2 * losses")
    changed = fingerprint(package, "mia.attacks.loss", show=remembering)
    assert changed == fingerprint(package, "mia.attacks.loss") != before


def test_a_missing_module_is_named():
    from mia.fingerprint import fingerprint as own

    with pytest.raises(FileNotFoundError, match=r"nowhere\.py"):
        own("mia.nowhere")


def test_how_a_program_fails_and_where_results_lie_is_no_part_of_them(package):
    """Else a reworded error would fetch every image anew, and a new kind of result plan all."""
    before = fingerprint(package, "mia.stages.download", "mia.stages.measure")
    edit(package / "command.py", '"error: ', '"wrong: ')
    edit(package / "result_paths.py", '"report.html"', '"page.html"')
    assert fingerprint(package, "mia.stages.download", "mia.stages.measure") == before
    edit(package / "path_names.py", "fullmatch", "match")
    assert fingerprint(package, "mia.stages.download", "mia.stages.measure") != before
