"""The form of a config file: what is wrong is named with file, line, column and key."""

import re

import pytest

from mia.config.errors import ConfigError
from mia.config.read import read_file_or_exit
from mia.config.yaml_file import read


def refused(tmp_path, text) -> str:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return "\n".join(line.removeprefix(f"{path}: ") for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image_sets:\n\tmine: {}\n", "line 2, column 1: a tab; YAML is indented with blanks"),
        ("a:\n  b: 1\n  \tc: 2\n", "line 3, column 3: a tab; YAML is indented with blanks"),
        ("results: a\n\tseed: 1\n", "line 2, column 1: a tab; YAML is indented with blanks"),
        ("a: b: c\n", "line 1, column 5: not YAML: mapping values are not allowed here"),
        (
            "a:\n  b: 1\n c: 2\n",
            "line 3, column 2: not YAML: while parsing a block mapping from line 1: expected",
        ),
        ("a: [1, 2\n", "line 2, column 1: not YAML: while parsing a flow sequence from line 1: "),
        ("a: 'b\nc: 1\n", "line 3, column 1: not YAML: while scanning a quoted scalar from line 1"),
        ("a: *mine\n", "line 1, column 4: not YAML: found undefined alias 'mine'"),
        ("a: !include b.yaml\n", "line 1, column 4: not YAML: could not determine a constructor"),
        ("a: 1\n---\nb: 1\n", "line 2, column 1: not YAML: expected a single document"),
        ("a: 1\nb: \x07\n", "line 2: the character '\\x07' may not stand in YAML"),
        ("a: 2020-99-99\n", "a value that YAML cannot read: month must be in 1..12"),
        ("a: " + "[" * 3000, "a value that YAML cannot read: maximum recursion depth"),
        (b"a: 1\nb: caf\xe9\n", "line 2: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), "line 1: the byte 0xff is not UTF-8; save the file as UTF-8"),
        ("", "empty; expected keys such as `results` and `image_sets`"),
        ("# nothing\n", "empty; expected keys such as `results` and `image_sets`"),
        ("# mine\n- results: a\n", "line 2: expected keys at the top level, such as `results: "),
        ("results\n", "line 1: expected keys at the top level, such as `results: results/mine`"),
        ("1: a\n", "the config: line 1: expected text as a key, found 1; quote it"),
        ("attacks:\n  null: {}\n", "attacks: line 2: expected text as a key, found null; quote it"),
        ("models: {on: {}}\n", "models: line 1: expected text as a key, found on; quote it"),
        ("audit: {margin: .nan}\n", "audit.margin: line 1: expected a finite number, found .nan"),
        ("a:\n- -.inf\n", "a[0]: line 2: expected a finite number, found -.inf"),
        ("a: &mine\n  b: *mine\n", "a.b: line 1: the block contains itself"),
    ],
)
def test_what_is_no_config_is_named_with_its_place(tmp_path, text, said):
    message = refused(tmp_path, text)
    assert message.startswith(said) and len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", ["the config: the key 'a' stands twice, in lines 1 and 3"]),
        (
            "image_sets:\n  mine:\n    path: a\n    limit: 1\n    path: b\n",
            ["image_sets.mine: the key 'path' stands twice, in lines 3 and 5"],
        ),
        (
            "attacks:\n  loss: {draws: 1, draws: 2}\n  loss: {}\n",
            [
                "attacks: the key 'loss' stands twice, in lines 2 and 3",
                "attacks.loss: the key 'draws' stands twice, in lines 2 and 2",
            ],
        ),
        ("a: [{b: 1, 'b': 2}]\n", ["a[0]: the key 'b' stands twice, in lines 1 and 1"]),
        (
            "a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  <<: *b\n",
            ["c: the key '<<' stands twice, in lines 4 and 5; write `<<: [*a, *b]`"],
        ),
    ],
)
def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path, text, said):
    assert refused(tmp_path, text).splitlines() == said


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}\n", {"x": 1, "y": 2}),
        ("a: &a {x: 1}\nc: &c {y: 2}\nb: {<<: [*a, *c]}\n", {"x": 1, "y": 2}),
        ("a: &a [1]\nb: {x: *a, y: *a}\n", {"x": [1], "y": [1]}),
        ("\ufeffb: {ü: 'a\tb'} # a\tremark\r\n", {"ü": "a\tb"}),
    ],
)
def test_anchors_merges_and_marks_of_editors_stay_allowed(tmp_path, text, read_as):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    assert read(path)["b"] == read_as


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tiny.yml", r"tiny\.yml: no such config file; did you mean 'tiny\.yaml'\? known: tiny"),
        ("nowhere/tiny.yaml", r"nowhere/tiny\.yaml: no such config file$"),
        ("tiny.yaml/tiny.yaml", r"tiny\.yaml: expected a config file: Not a directory"),
        ("", ": expected a config file: Is a directory"),
    ],
)
def test_a_file_that_is_not_there_is_named(tmp_path, name, said):
    (tmp_path / "tiny.yaml").write_text("results: a\n")
    with pytest.raises(ConfigError, match=said):
        read(tmp_path / name)
    with pytest.raises(SystemExit, match=f"^error: {re.escape(str(tmp_path / name))}: "):
        read_file_or_exit(str(tmp_path / name))
