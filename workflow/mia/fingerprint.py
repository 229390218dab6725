"""Fingerprints of code: what a module and everything it imports from this package computes."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


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


@cache
def _closure_hash(module: str) -> str:
    seen, todo = set(), {module}
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= imports(name) - seen
    text = "\n".join(f"{name}\n{_normalised(name)}" for name in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def imports(module: str) -> frozenset[str]:
    """Return the modules of this package that `module` imports directly, packages left out."""
    found = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ImportError(f"{module}: relative imports are not followed; write mia.…")
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in found if name.startswith("mia.") and _path(name).is_file())


@cache
def _normalised(module: str) -> str:
    """Source without comments, layout and docstrings."""
    tree = _tree(module)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0] = ast.Pass()
    return ast.unparse(tree)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
