"""The file of a LoRA adapter: where it lies, and what its header rules out. Nothing is loaded."""

from __future__ import annotations

import re
from pathlib import Path

from mia.models.model_json import ModelError, require_file
from mia.models.safetensors_file import damage, not_finite, tensors
from mia.models.single_file import PICKLES

USUAL = "pytorch_lora_weights.safetensors"  # the name under which diffusers saves an adapter
EXPECTED = "expected a safetensors file of a LoRA adapter"
# Tensors of adapters that are no plain LoRA. Of the last, diffusers leaves parts out in silence.
OTHERS = {
    "LoHa": re.compile(r"hada_"),
    "LoKr": re.compile(r"lokr_"),
    "OFT": re.compile(r"(^|[._])oft_"),
    "IA3": re.compile(r"ia3_"),
    "DoRA": re.compile(r"dora_scale|lora_magnitude_vector"),
}


def adapter_file(path: Path, weight_name: str | None = None) -> Path:
    """Return the file of an adapter, known to be a whole safetensors file of LoRA layers.

    Args:
        path: The file, or a folder that holds it.
        weight_name: Its name in the folder; not needed where the folder holds one such file, or
            one with the name that diffusers gives.

    Raises:
        ModelError: There is no such file, or several; it is a pickle, damaged, empty, of rank 0,
            or holds something else than LoRA layers.
    """
    file = _found(path, weight_name)
    if file.suffix in PICKLES:
        raise ModelError(_pickle(file))
    require_file(file, EXPECTED)
    if file.suffix != ".safetensors":
        raise ModelError(f"{file}: {file.suffix or 'a name without ending'}; {EXPECTED}")
    with file.open("rb") as opened:
        if wrong := damage(opened, file.stat().st_size):
            raise ModelError(f"{file}: not a whole safetensors file: {wrong}")
    _require_lora(file)
    return file


def require_finite(file: Path) -> None:
    """Raise ModelError where a number of an adapter's file is NaN or infinite."""
    if name := not_finite(file):
        raise ModelError(f"{file}: {name} holds NaN or infinity; expected finite weights")


def _found(path: Path, weight_name: str | None) -> Path:
    if not path.is_dir():
        if weight_name is not None and path.is_file():
            raise ModelError(
                f"{path}: a file; expected a folder, as `weight_name` is {weight_name}"
            )
        return path if weight_name is None else path / weight_name
    there = sorted(file.name for file in path.iterdir())
    held = [name for name in there if name.endswith(".safetensors")]
    if weight_name is None and USUAL in held:
        return path / USUAL
    if weight_name is None and len(held) == 1:
        return path / held[0]
    if weight_name is not None and (weight_name in there or weight_name.endswith(PICKLES)):
        return path / weight_name
    if weight_name is None and held:
        raise ModelError(f"{path}: {len(held)} files ({_listed(held)}); say which: `weight_name`")
    if not held and (pickles := [name for name in there if name.endswith(PICKLES)]):
        raise ModelError(_pickle(path / pickles[0]))
    missing = f"no {weight_name} in it" if weight_name else "no adapter in it"
    raise ModelError(f"{path}: {missing}; {EXPECTED}; found {_listed(there) or 'nothing'}")


def _pickle(file: Path) -> str:
    return f"{file}: a pickle can run code when it is opened and is refused; {EXPECTED}"


def _require_lora(file: Path) -> None:
    held = tensors(file)
    if not held:
        raise ModelError(f"{file}: holds no tensor; {EXPECTED}")
    for kind, pattern in OTHERS.items():
        if found := sorted(filter(pattern.search, held)):
            raise ModelError(f"{file}: {found[0]}: a {kind} adapter; {EXPECTED}")
    others = [name for name in sorted(held) if "lora" not in name and not name.endswith(".alpha")]
    if others:
        raise ModelError(
            f"{file}: {len(others)} of {len(held)} tensors belong to no LoRA layer "
            f"({_listed(others)}); {EXPECTED}"
        )
    for name, (_, shape) in sorted(held.items()):
        if 0 in shape:
            raise ModelError(f"{file}: {name}: {list(shape)}, so of rank 0; {EXPECTED}")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + ", …" * (len(names) > 3)
