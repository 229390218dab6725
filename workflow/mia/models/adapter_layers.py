"""The layers of an adapter against the components that they would change.

PEFT and diffusers pass over layers that match nothing with a warning; here they are an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.models.model_json import ModelError

if TYPE_CHECKING:
    from torch import Tensor

DOWN, UP, BIAS = "lora_A.weight", "lora_B.weight", "lora_B.bias"
NAMED = 3  # layers of each kind in a message


def require_fitting(
    file: Path, state: Mapping[str, Tensor], parts: Mapping[str, Any]
) -> dict[str, set[str]]:
    """Return the modules of each component that an adapter changes, if all its layers fit.

    Args:
        file: Of the adapter, for messages.
        state: Its tensors by name, as the pipeline of diffusers reads them: `component.module.…`.
        parts: Components by name that an adapter may change.

    Raises:
        ModelError: A layer matches no module, or one of another shape; or it is not whole.
    """
    strange: list[str] = []
    misshapen: list[str] = []
    found: dict[str, set[str]] = {}
    layers = _layers(state, parts, strange)
    for (name, module), layer in sorted(layers.items()):
        if not {DOWN, UP} <= layer.keys() <= {DOWN, UP, BIAS}:
            raise ModelError(
                f"{file}: {name}.{module}: {', '.join(sorted(layer))}; expected {DOWN} and {UP}"
            )
        weight = _weight(parts[name], module)
        if weight is None:
            strange.append(f"{name}.{module}")
        elif wrong := _unfit(layer, tuple(weight.shape)):
            misshapen.append(f"{name}.{module}: {wrong}")
        else:
            found.setdefault(name, set()).add(module)
    said = []
    if strange:
        said.append(f"{len(strange)} match nothing in {' and '.join(parts)} ({_listed(strange)})")
    if misshapen:
        said.append(f"{len(misshapen)} are of another shape ({_listed(misshapen)})")
    if said:
        fitting = sum(map(len, found.values()))
        raise ModelError(
            f"{file}: an adapter for another base: of its layers {', and '.join(said)}; "
            f"{fitting} fit; expected all of them to"
        )
    return found


def _layers(
    state: Mapping[str, Tensor], parts: Mapping[str, Any], strange: list[str]
) -> dict[tuple[str, str], dict[str, Tensor]]:
    """Return (component, module) to the tensors of its layer, with PEFT's names.

    Names of no component and no layer go to `strange`.
    """
    found: dict[tuple[str, str], dict[str, Tensor]] = {}
    for name, part in parts.items():
        mine = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")}
        for key, tensor in _with_peft_names(mine, part).items():
            module, dot, kind = key.rpartition(".lora_")
            if dot:
                found.setdefault((name, module), {})[f"lora_{kind}"] = tensor
            else:
                strange.append(f"{name}.{key}")
    strange += [key for key in state if key.split(".")[0] not in parts]
    return found


def _with_peft_names(state: dict[str, Tensor], part: Any) -> dict[str, Tensor]:
    """Return tensors under the names that diffusers gives them before it hands them to PEFT."""
    from diffusers.utils import state_dict_utils as names

    if not state:
        return {}
    if type(part).__module__.startswith("transformers."):
        state = names.convert_state_dict_to_diffusers(state)
        state = names.convert_state_dict_to_peft(state)
        if not hasattr(part, "text_model"):
            state = {name.removeprefix("text_model."): tensor for name, tensor in state.items()}
        return state
    if "lora_A" in next(iter(state)):
        return state
    return names.convert_unet_state_dict_to_peft(state)


def _weight(part: Any, module: str) -> Any:
    """Return the weight of a module of `part`; None where there is no such module."""
    try:
        return getattr(part.get_submodule(module), "weight", None)
    except AttributeError:
        return None


def _unfit(layer: Mapping[str, Tensor], weight: tuple[int, ...]) -> str:
    """Return how a layer does not fit a weight `(out, in, …)`; "" where it does."""
    down, up = tuple(layer[DOWN].shape), tuple(layer[UP].shape)
    rank = down[0]
    if min(len(down), len(up), len(weight)) < 2 or up[:2] != (weight[0], rank):
        return f"{list(up)} · {list(down)} for {list(weight)}"
    return "" if down[1] == weight[1] else f"{list(up)} · {list(down)} for {list(weight)}"


def _listed(names: list[str]) -> str:
    return "; ".join(names[:NAMED]) + "; …" * (len(names) > NAMED)
