"""Fingerprints of code: a hash of a module and of all that it imports from this package."""

from __future__ import annotations

import ast
import atexit
import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
# They decide no byte of a result: how a program is called and how it fails, what it tells of its
# progress, and where results lie. Snakemake sees by itself when a result lies elsewhere.
LEFT_OUT = frozenset({"mia.command", "mia.progress", "mia.result_paths"})

_remembered: dict[str, list] = {}
"""Hash of a source file's bytes to what `_read_source` finds in it."""


def fingerprint(*modules: str) -> str:
    """Return `module@hash` for each module, the hash covering its whole closure of imports.

    Comments, docstrings and layout do not count; imports inside functions do. Modules found by
    name at run time are not followed: the caller names them.

    Args:
        modules: Dotted names in this package, such as `mia.attacks.pia`.

    Raises:
        FileNotFoundError: A module does not exist.
    """
    return " ".join(f"{module}@{_closure_hash(module)}" for module in modules)


def imports(module: str) -> frozenset[str]:
    """Return the modules of this package that `module` imports directly, without packages."""
    return frozenset(name for name in _source(module)[1] if _path(name).is_file())


def closure(modules: Iterable[str], without: Collection[str] = ()) -> set[str]:
    """Return `modules` and all that they import from this package, but for those `without`."""
    seen: set[str] = set()
    todo = {*modules}
    while todo:
        seen.add(name := todo.pop())
        todo |= imports(name) - seen - {*without}
    return seen


def remember(path: Path) -> None:
    """Load the parse results kept at `path`, and add those of this process when it ends.

    Parsing every file takes more than a second. A result is found by its file's content, so it can
    be lost but is never wrong.
    """
    with suppress(OSError, TypeError, ValueError):  # there is no file yet, or it is damaged
        _remembered.update(json.loads(path.read_text(encoding="utf-8")))
    atexit.register(_keep, path, len(_remembered))


def _keep(path: Path, known: int) -> None:
    if len(_remembered) > known:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(_remembered), encoding="utf-8")
        os.replace(temporary, path)


@cache
def _closure_hash(module: str) -> str:
    counted = closure([module], LEFT_OUT)
    text = "\n".join(f"{name} {_source(name)[0]}" for name in sorted(counted))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _source(module: str) -> tuple[str, list[str]]:
    """Return the hash of a module's code, and the names it imports that may be our modules."""
    data = _path(module).read_bytes()
    key = hashlib.sha256(f"{sys.version} ".encode() + data).hexdigest()
    if key not in _remembered:
        _remembered[key] = _read_source(module, data)
    meaning, found = _remembered[key]
    return meaning, found


def _read_source(module: str, data: bytes) -> list:
    """Parse a source without comments, layout and docstrings."""
    tree = ast.parse(data)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ImportError(f"{module}: relative imports are not followed; write mia.…")
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0] = ast.Pass()
    meaning = hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
    return [meaning, sorted(name for name in found if name.startswith("mia."))]


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _path(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
