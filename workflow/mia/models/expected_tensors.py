"""The tensors that a component's class has, against those that its weights hold.

The class is built without memory from its config, so nothing is loaded and nothing is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mia.models.component_configs import flat
from mia.models.model_json import Config, ModelError
from mia.models.safetensors_file import FLOATS, not_finite
from mia.models.tokenizer_folder import first_line
from mia.models.weight_files import Weights

# Whole numbers of configs: how many layers there are, and how wide something is.
COUNTS = (
    *("layers_per_block", "transformer_layers_per_block", "num_hidden_layers", "num_layers"),
    *("num_single_layers", "encoder_layers_per_block", "decoder_layers_per_block"),
)
WIDTHS = (
    *("block_out_channels", "cross_attention_dim", "latent_channels", "norm_num_groups"),
    *("attention_head_dim", "num_attention_heads", "hidden_size", "intermediate_size"),
    *("vocab_size", "max_position_embeddings", "d_model", "d_ff", "d_kv", "num_heads"),
    *("joint_attention_dim", "pooled_projection_dim", "caption_projection_dim", "caption_channels"),
    *("num_embeds_ada_norm", "num_vq_embeddings", "encoder_block_out_channels"),
    *("decoder_block_out_channels", "num_cross_attention_heads", "cross_attention_head_dim"),
)
ADAPTER = re.compile(r"\.base_layer\.|lora|\.adapter")
SIDE = 2**31  # most numbers along one side of a tensor
NAMED = 3  # tensors of each kind in a message


def require_weights(part: str, kind: Any, config: Config, weights: Weights) -> Any:
    """Return the component, built without memory, if `weights` are just the tensors it has.

    Args:
        part: Name of the component.
        kind: Its class.
        config: Of the component.
        weights: Its files, known to be whole.

    Raises:
        ModelError: A tensor is missing, unexpected, of another shape, no number or not finite.
    """
    held = weights.held()
    where = weights.index or weights.tensor_files[0]
    model = built(part, kind, config, len(held), where)
    if wrong := difference(model, held, sharded=weights.index is not None):
        raise ModelError(f"{where}: {wrong}")
    if other := [name for name, (kind, _) in held.items() if _is_no_weight(name, kind)]:
        name = min(other)
        raise ModelError(
            f"{where}: {name} is {held[name][0]}, as are {len(other) - 1} more; "
            f"expected {', '.join(FLOATS)}"
        )
    for path in weights.tensor_files:
        if name := not_finite(path):
            raise ModelError(f"{path}: {name} holds NaN or infinity; expected finite weights")
    return model


def built(part: str, kind: Any, config: Config, tensors: int, where: Path) -> Any:
    """Return the component, built without memory.

    Args:
        part: Name of the component.
        kind: Its class.
        config: Of the component.
        tensors: Most tensors that it can have: more layers are refused, not built.
        where: The file that says how many they are.

    Raises:
        ModelError: No class can be built from the config.
    """
    import torch

    _require_sizes(config, tensors, where)
    try:
        with torch.device("meta"):
            if kind.__module__.startswith("transformers."):
                return kind(kind.config_class.from_dict(dict(config.given)))
            return kind.from_config(dict(config.given))
    except Exception as error:  # of whatever kind: no class can be built from it
        raise ModelError(f"{config.path}: no {part} can be built: {first_line(error)}") from error


def difference(
    model: Any, held: dict[str, tuple[str, tuple[int, ...]]], sharded: bool = False
) -> str:
    """Return what is missing, unexpected or of another shape, in one line; "" if nothing is.

    Names that the library itself changes or passes over when it loads are equal here too.

    Args:
        model: A class of diffusers or transformers, built on any device.
        held: Name to dtype and shape of the tensors in the files.
        sharded: Whether the weights are in several files: older names are not changed then.
    """
    expected = {plain(name): tuple(t.shape) for name, t in model.state_dict().items()}
    shapes = {name: shape for name, (_, shape) in held.items()}
    if hasattr(model, "_fix_state_dict_keys_on_load") and not sharded:
        model._fix_state_dict_keys_on_load(shapes)
    shapes = {plain(name): shape for name, shape in shapes.items()}
    missing = _left(model, "missing", expected.keys() - shapes.keys())
    unexpected = _left(model, "unexpected", shapes.keys() - expected.keys())
    misshapen = [
        f"{name}: {list(shapes[name])} in place of {list(shape)}"
        for name, shape in sorted(expected.items())
        if shapes.get(name, shape) != shape
    ]
    return report(type(model).__name__, missing, unexpected, misshapen)


def report(
    kind: str, missing: Iterable[str], unexpected: Iterable[str], misshapen: Iterable[str]
) -> str:
    """Return one line about tensors that a class lacks, does not know or has in another shape."""
    given = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
    found = {word: sorted(names) for word, names in given.items()}
    if not any(found.values()):
        return ""
    listed = [
        f"{len(names)} {word} ({'; '.join(names[:NAMED])}{'; …' * (len(names) > NAMED)})"
        for word, names in found.items()
        if names
    ]
    line = f"not the tensors of the {kind} that its config describes: {', '.join(listed)}"
    if any(map(ADAPTER.search, found["unexpected"])):
        line += (
            "; adapter layers are still in it: merge them into the weights "
            "(peft's merge_and_unload, or diffusers' fuse_lora and unload_lora_weights) "
            "and save the model again"
        )
    return line


def plain(name: str) -> str:
    """Return a name without the `text_model.` that transformers once put before every name."""
    return name.removeprefix("text_model.")


def _left(model: Any, kind: str, names: Iterable[str]) -> list[str]:
    """Return the names, without those that the library lets be missing or unexpected."""
    patterns = list(getattr(model, f"_keys_to_ignore_on_load_{kind}", None) or [])
    patterns.append(r"(^|\.)position_ids$")  # a buffer in older files, made anew since
    # A tensor that is another one too, such as T5's embedding, may be there once.
    tied = getattr(model, "all_tied_weights_keys", None) or {}
    once = {*tied, *tied.values()} if kind == "missing" and tied else set()
    return [
        name for name in names if name not in once and not any(re.search(p, name) for p in patterns)
    ]


def _is_no_weight(name: str, kind: str) -> bool:
    return kind not in FLOATS and not name.endswith("position_ids")


def _require_sizes(config: Config, tensors: int, where: Path) -> None:
    """Raise ModelError unless sizes are whole numbers and layers few enough to build fast."""
    for key in (*COUNTS, *WIDTHS):
        sizes = [] if config.get(key) is None else list(flat(config.get(key)))
        most = tensors if key in COUNTS else SIDE
        if not all(type(size) is int and 1 <= size <= most for size in sizes):
            of = f", the number of tensors in {where}" if key in COUNTS else ""
            raise config.wrong(key, f"whole numbers from 1 to {most:,}{of}")
        if len(sizes) > tensors:
            raise config.wrong(key, f"no more numbers than {where} has tensors")
