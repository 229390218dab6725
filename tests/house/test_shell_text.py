"""What ends in a shell is quoted: the rules' commands by Snakemake's `:q`, Python's by shlex."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
RULES = sorted((PROJECT / "workflow" / "rules").glob("*.smk"))
COMMAND = re.compile(r'^( *)shell:\n((?:\1 +["\'].*\n)+)', re.MULTILINE)
FIELD = re.compile(r"(?<!\{)\{([^{}]*)\}")
NUMBERS = {"threads"}  # Snakemake's own integers; text can never be in them


def commands(text: str) -> list[str]:
    return [lines for _, lines in COMMAND.findall(text)]


def unquoted(text: str) -> list[str]:
    """Fields of the rules' commands that reach the shell as they are."""
    return [
        field
        for command in commands(text)
        for field in FIELD.findall(command)
        if not field.endswith(":q") and field not in NUMBERS
    ]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_field_of_a_command_is_quoted(path):
    text = path.read_text(encoding="utf-8")
    assert len(commands(text)) == len(re.findall(r"(?m)^ *shell:", text))
    assert unquoted(text) == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rules_run_shell_commands_alone(path):
    """`run:`, `script:` and Python's own shell would need a lint of their own."""
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?m)^ *(?:run|script|wrapper|notebook):|os\.system|shell\(", text)


FIELDS = (
    *("input", "output", "log", "input.plan", "output[0]", "params.spec", "wildcards.set"),
    *("resources.tmpdir", "params.spec!s", "output.table:>9"),
)


@pytest.mark.parametrize("field", FIELDS)
def test_the_lint_sees(field):
    rule = 'rule a:\n    shell:\n        "do {threads} {input:q} {{braces}}"\n        " %s"\n'
    assert unquoted(rule % "{log:q}") == []
    assert unquoted(rule % f"{{{field}}}") == [field]
    assert unquoted(rule % f"&> {{{field}}}") == [field]


@pytest.mark.parametrize("path", sorted((PROJECT / "workflow/mia").rglob("*.py")), ids=str)
def test_python_hands_no_text_to_a_shell(path):
    """Programs are called by lists of words; a command that is said quotes what it holds."""
    text = path.read_text(encoding="utf-8")
    assert not re.findall(
        r"shell=True|os\.(?:system|popen)|getoutput|create_subprocess_shell", text
    )
    assert "python -c" not in text or "shlex.quote" in text
