"""Read a config file as YAML; what is wrong with its form is named with line and column."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mia.config.errors import ConfigError, nearest

TEXT, MERGE, FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge", "float"))


def read(path: str | Path) -> dict[str, Any]:
    """Return a config as it is written: no default is filled in, no name is checked.

    Raises:
        ConfigError: There is no such file; it is not UTF-8, not YAML, empty, or no mapping; a key
            stands twice or is no text, a number is not finite, or a block contains itself. Each
            line names file and place.
    """
    path = Path(path)
    text = _text(path)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(f"{path}: empty; expected keys such as `results` and `image_sets`")
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(
                f"{path}: line {_line(node)}: expected keys at the top level, such as "
                "`results: results/mine`"
            )
        if mistakes := list(_mistakes(node)):
            raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {_place(error, text)}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path}: a value that YAML cannot read: {error}") from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        names = [file.name for file in path.parent.glob("*.yaml")]
        hint = f"; {nearest(path.name, names)}" if names else ""
        raise ConfigError(f"{path}: no such config file{hint}") from None
    except OSError as error:
        raise ConfigError(f"{path}: expected a config file: {error.strerror}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}: line {line}: the byte 0x{data[error.start]:02x} is not UTF-8; save the file "
            "as UTF-8"
        ) from error


def _mistakes(node: yaml.Node, key: str = "", above: tuple = ()) -> Iterator[str]:
    """Yield what YAML itself lets pass, as `key: what is wrong, where`."""
    if any(node is other for other in above):
        yield f"{key}: line {_line(node)}: the block contains itself"
        return
    above = (*above, node)
    if (
        isinstance(node, yaml.ScalarNode)
        and node.tag == FLOAT
        and not math.isfinite(yaml.SafeLoader("").construct_yaml_float(node))
    ):
        yield f"{key}: line {_line(node)}: expected a finite number, found {node.value}"
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _mistakes(item, f"{key}[{number}]", above)
    if isinstance(node, yaml.MappingNode):
        yield from _mistaken_keys(node, key)
        for name, value in node.value:
            yield from _mistakes(value, f"{key}.{name.value}".lstrip("."), above)


def _mistaken_keys(node: yaml.MappingNode, key: str) -> Iterator[str]:
    first: dict[str, int] = {}
    for name, _ in node.value:
        where = key or "the config"
        if name.tag not in (TEXT, MERGE):
            found = name.value if isinstance(name, yaml.ScalarNode) else "a block"
            yield f"{where}: line {_line(name)}: expected text as a key, found {found}; quote it"
        elif name.value in first:
            hint = "; write `<<: [*a, *b]`" if name.tag == MERGE else ""
            lines = f"lines {first[name.value]} and {_line(name)}"
            yield f"{where}: the key {name.value!r} stands twice, in {lines}{hint}"
        else:
            first[name.value] = _line(name)


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _place(error: yaml.YAMLError, text: str) -> str:
    """Say in one line where YAML broke off, and why."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"line {line}: the character {chr(error.character)!r} may not stand in YAML"
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"not YAML: {error}"
    mark, said = error.problem_mark or error.context_mark, error.problem
    if mark is None:
        return f"not YAML: {said}"
    written = (text.splitlines()[mark.line :] or [""])[0]
    indent = written[: len(written) - len(written.lstrip())]
    if "\t" in indent:
        column = indent.index("\t") + 1
        return f"line {mark.line + 1}, column {column}: a tab; YAML is indented with blanks"
    if error.context and error.context_mark:
        said = f"{error.context} from line {error.context_mark.line + 1}: {said}"
    return f"line {mark.line + 1}, column {mark.column + 1}: not YAML: {said}"
