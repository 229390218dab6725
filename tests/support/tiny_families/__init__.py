"""A tiny model of every family: one module each, with the family's own name.

Each holds `save(folder)`, which saves an untrained pipeline as diffusers itself does; `CALL`, how
that pipeline is called for `PROMPT` (with guidance, where it has any); and `epsilon`, the noise
estimate straight from the pipeline's parts: what attacks' loops are worked out with. It may hold
`VARIANTS`, further functions like `save` by name; `OPTIONS`, keys of its block in a config; and
`unpack`, the pipeline's latent in the shape of ours. Modules whose names begin with `_` are shared.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from mia.models.families import families

PROMPT = "a red cat"


def tiny(family: str):
    """Return the module of a family's tiny model."""
    return importlib.import_module(f"tiny_families.{family}")


def variants(family: str) -> dict[str, Callable[[Path], object]]:
    """Return what saves each tiny model of a family, by name; `plain` is its first."""
    return {"plain": tiny(family).save, **getattr(tiny(family), "VARIANTS", {})}


def with_tiny_model() -> list[str]:
    """Return the families whose tiny model is here."""
    here = {path.stem for path in Path(__file__).parent.glob("[!_]*.py")}
    return [family for family in families() if family in here]
