"""The page on models: every family, what it is told and answers, and on what it is tested."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from pathlib import Path

from mia.commands.documentation.family_texts import AFTER, HEAD
from mia.models.families import FamilyModule
from mia.models.family import CLASS, NONE, Family

COLUMNS = ("family", "pipelines", "told", "answers", "latents", "keys of its own", "tested on")
OWN = {CLASS: "a class", NONE: "nothing"}


def page(modules: Mapping[str, FamilyModule], tiny: Path) -> str:
    """Return the page as Markdown.

    Args:
        modules: Family name to module of `mia.denoisers`.
        tiny: Folder of the tiny models that tests save.

    Raises:
        ValueError: A family has no tiny model.
    """
    rows = [
        row(name, module.family, variants(tiny / f"{name}.py")) for name, module in modules.items()
    ]
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    table = [f"| {' | '.join(cells)} |" for cells in lines]
    sections = [line for name, module in modules.items() for line in section(name, module)]
    return "\n".join([HEAD, *table, "", AFTER, *sections])


def row(name: str, family: Family, tested: list[str]) -> tuple[str, ...]:
    """Return the cells of one family.

    Args:
        name: Of the family.
        family: What its module says.
        tested: Names of its tiny models.
    """
    keys = [key if value is None else f"{key}: {value}" for key, value in family.options.items()]
    return (
        f"[`{name}`](#{name})",
        ", ".join(f"`{pipeline}`" for pipeline in family.pipelines),
        told(family),
        "the velocity of flow matching" if family.flow else "what its scheduler says",
        latents(family),
        ", ".join(f"`{key}`" for key in keys) or "–",
        ", ".join(tested),
    )


def told(family: Family) -> str:
    """Return what a model is told of an image, with the encoders of a text.

    >>> told(Family(("DDPMPipeline",), NONE, {}))
    'nothing'
    """
    if family.condition in OWN:
        return OWN[family.condition]
    found: dict[str, int] = {}
    for part in family.parts.values():
        if part.library == "transformers" and part.has_weights:
            kind = f"`{part.classes[0]}`"
            found[kind] = found.get(kind, 0) + 1
    counted = [kind if count == 1 else f"{count} {kind}" for kind, count in found.items()]
    return f"a text, by {', '.join(counted)}"


def latents(family: Family) -> str:
    """Return what makes the latents.

    >>> latents(Family(("DDPMPipeline",), NONE, {}, autoencoder=None))
    'the pixels'
    """
    if family.autoencoder is None:
        return "the pixels"
    return " or ".join(f"`{kind}`" for kind in family.parts[family.autoencoder].classes)


def variants(path: Path) -> list[str]:
    """Return the names of a family's tiny models: `plain`, and the keys of `VARIANTS` in its file.

    The file is read, not run: it needs torch.

    Raises:
        ValueError: There is no such file.
    """
    if not path.is_file():
        raise ValueError(f"{path}: missing; a family needs its tiny model")
    names = ["plain"]
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VARIANTS":
            if not isinstance(node.value, ast.Dict):
                raise ValueError(f"{path}: VARIANTS: expected names and functions in braces")
            names += [ast.literal_eval(key) for key in node.value.keys if key]
    return names


def section(name: str, module: FamilyModule) -> list[str]:
    """Return a family's section: what its module says of it."""
    return [f"### {name}", "", inspect.getdoc(module) or "", ""]
