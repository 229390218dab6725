"""Every sentence that a module can print, read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from types import ModuleType

WORDS = 4  # with fewer it is a name, a heading or a part of a sentence
FIELD = re.compile(r"\{\w*(?::[^}]*)?\}")


def templates(module: ModuleType) -> list[str]:
    """The texts of a module with `{}` where numbers and names go; no docstring and no error."""
    with open(module.__file__, encoding="utf-8") as file:
        found = [FIELD.sub("{}", text) for text in _texts(ast.parse(file.read()))]
    return [text for text in dict.fromkeys(found) if len(re.findall(r"[a-z]{2,}", text)) >= WORDS]


def printed(template: str, text: str) -> bool:
    """Whether a text holds a sentence made from a template."""
    parts = [re.escape(part) for part in template.split("{}")]
    return re.search(".*?".join(parts), text, re.DOTALL) is not None


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        yield "".join(parts)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _texts(part.value)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not docstring:
            yield from _texts(child)
