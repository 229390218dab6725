"""Every command of the Makefile that reads a config names what is wrong with it in one line."""

import pytest

from make_command import VENV, laid_out, make

READERS = ("run", "resume", "why", "cost", "report", "readme", "clean-results")
CONFIGS = {
    "misspelt": (None, "mine.yml: no such config file; did you mean 'mine.yaml'? known: "),
    "a tab": ("results: a\n\tseed: 1\n", "mine.yml: line 2, column 1: a tab; YAML is indented"),
    "a key twice": ("seed: 1\nseed: 1\n", "mine.yml: the config: the key 'seed' stands twice, in "),
    "not UTF-8": (
        b"results: \xff\n",
        "mine.yml: line 1: the byte 0xff is not UTF-8; save the file",
    ),
    "no YAML": ("results: [\n", "mine.yml: line 2, column 1: not YAML: while parsing a flow node"),
    "a list": ("- results\n", "mine.yml: line 1: expected keys at the top level, such as "),
    "an unknown key": ("sed: 1\n", "the config: unknown key 'sed'; did you mean 'seed'? known: "),
}


WAYS = [("run", kind) for kind in CONFIGS] + [(target, "misspelt") for target in READERS[1:]]


@pytest.mark.parametrize(("target", "kind"), WAYS)
def test_a_config_that_cannot_be_read_is_named_by_make(tmp_path, target, kind):
    text, said = CONFIGS[kind]
    tree = laid_out(tmp_path / "tree")
    (tree / "mine.yaml").write_text("results: a\n")
    if text is not None:
        (tree / "mine.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = make(tree, target, CONFIG="mine.yml", VENV=VENV)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode and "Traceback" not in done.stderr
    assert lines and any(line.startswith(f"error: {said}") for line in lines), done.stderr
    assert not (tree / ".snakemake").exists()
