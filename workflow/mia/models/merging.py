"""A model folder with a LoRA adapter merged into its weights: W + scale · alpha / rank · B A."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.models.adapter_layers import require_fitting
from mia.models.description import Description
from mia.models.expected_tensors import plain
from mia.models.families import module_of
from mia.models.loading import load_whole
from mia.models.model_configs import INDEX
from mia.models.model_json import ModelError, read_json
from mia.models.tokenizer_folder import first_line
from mia.models.weight_files import Weights, find, plain_file

if TYPE_CHECKING:
    from torch import Tensor

DTYPES = ("dtype", "torch_dtype")  # keys of a config by which transformers chooses


def merge(base: Description, adapter: Path, scale: float, target: Path) -> str | None:
    """Write a model with an adapter merged into it to the empty folder `target`.

    Diffusers loads the adapter into the model's own pipeline, and PEFT merges it, in float32. Each
    component that it changes is written whole, as one file in float32, with the names that its
    tensors had; a tensor that it does not change keeps its numbers. All other files are copied.

    Args:
        base: Of the model without the adapter.
        adapter: A file that `adapter_file` has returned.
        scale: Factor of the change; 1 is the adapter as it was trained.
        target: An empty folder.

    Returns:
        The variant of the weights that are left as they were, None where all are plain.

    Raises:
        ModelError: No adapter can be loaded into models of this family, or not this one; or it
            changes no weight.
    """
    folder = Path(base["folder"])
    pipeline, parts = _pipeline(folder, base)
    layers = _fuse(pipeline, parts, adapter, scale)
    changed = 0
    for name in layers:
        held = find(folder / name, base["variants"][name])
        written, differing = _tensors(parts[name], held, layers[name], adapter)
        _write(written, folder / name, held, target / name)
        changed += differing
    if not changed:
        raise ModelError(f"{adapter}: at scale {scale} it changes no weight; expected some change")
    for file in base["files"]:
        if Path(file).parts[0] not in layers:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, target / file)
    left = [variant for name, variant in base["variants"].items() if name not in layers]
    return next(filter(None, left), None)


def _pipeline(folder: Path, base: Description) -> tuple[Any, dict[str, Any]]:
    """Return the model's pipeline with only the components that an adapter may change."""
    import diffusers

    index = read_json(folder / INDEX)
    kind = getattr(diffusers, index["_class_name"])
    if not hasattr(kind, "load_lora_weights"):
        raise ModelError(
            f"{folder / INDEX}: {kind.__name__}: diffusers loads no LoRA adapter into it; "
            "leave `lora` out, or name a folder into which it is merged"
        )
    known, parts = module_of(base["family"]).family.parts, {}
    for name in kind._lora_loadable_modules:
        if name in base["variants"]:
            of = known[name].kind(base["classes"][name])
            parts[name] = load_whole(of, folder / name, base["variants"][name]).float()
    named = [name for name, entry in index.items() if isinstance(entry, list)]
    nothing = {name: None for name in named if name not in (*parts, "scheduler")}
    options = {"local_files_only": True, "trust_remote_code": False}
    return kind.from_pretrained(folder, **nothing, **parts, **options), parts


def _fuse(
    pipeline: Any, parts: Mapping[str, Any], adapter: Path, scale: float
) -> dict[str, set[str]]:
    """Merge an adapter into `parts`, in place; return the modules of each that it changes."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers: dict[str, set[str]] = {}
    read = pipeline.lora_state_dict

    def checked(*given: Any, **options: Any) -> tuple:
        state, *others = read(*given, **options)
        state = {name: tensor.float() for name, tensor in state.items()}
        layers.update(require_fitting(adapter, state, parts))
        return (state, *others)

    pipeline.lora_state_dict = checked
    try:
        pipeline.load_lora_weights(
            str(adapter.parent),
            weight_name=adapter.name,
            adapter_name="given",
            use_safetensors=True,
            local_files_only=True,
        )
        for name, part in parts.items():
            there = {m for m, module in part.named_modules() if isinstance(module, BaseTunerLayer)}
            if there != layers.get(name, set()):
                first = min(there ^ layers.get(name, set()))
                raise ModelError(f"{adapter}: {name}.{first}: not loaded as a layer of a LoRA")
        pipeline.fuse_lora(components=sorted(layers), lora_scale=scale, safe_fusing=True)
        pipeline.unload_lora_weights()
    except ModelError:
        raise
    except Exception as error:  # of whatever kind: diffusers and PEFT cannot load it
        kind = type(pipeline).__name__
        raise ModelError(f"{adapter}: not loaded into {kind}: {first_line(error)}") from error
    return layers


def _tensors(
    part: Any, held: Weights, modules: Collection[str], adapter: Path
) -> tuple[dict[str, Tensor], int]:
    """Return a component's tensors as its files name them, and how many differ from these."""
    from safetensors import safe_open

    merged = {plain(name): tensor for name, tensor in part.state_dict().items()}
    found, changed, lacking = {}, 0, {plain(f"{module}.weight") for module in modules}
    for path in held.tensor_files:
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118
                stored = file.get_tensor(name)
                new = merged.get(plain(name)) if stored.is_floating_point() else None
                found[name] = (
                    stored.float() if stored.is_floating_point() else stored
                ).contiguous()
                if new is not None and not bool((found[name] == new).all()):
                    found[name], changed = new.detach().contiguous(), changed + 1
                lacking.discard(plain(name))
    if lacking:
        raise ModelError(f"{adapter}: {min(lacking)}: {held.tensor_files[0]} has no such tensor")
    return found, changed


def _write(tensors: dict[str, Tensor], folder: Path, held: Weights, target: Path) -> None:
    """Write a component: its config, and its tensors in one file."""
    from safetensors.torch import save_file

    target.mkdir(parents=True)
    config = read_json(folder / "config.json")
    if wrong := [key for key in DTYPES if config.get(key, "float32") != "float32"]:
        text = json.dumps({**config, **dict.fromkeys(wrong, "float32")}, indent=2)
        (target / "config.json").write_text(f"{text}\n", encoding="utf-8")
    else:
        shutil.copyfile(folder / "config.json", target / "config.json")
    save_file(tensors, target / plain_file(folder), {"format": "pt"})
