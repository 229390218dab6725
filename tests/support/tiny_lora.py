"""LoRA adapters of the tiny Stable Diffusion, in the formats in which people save them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model_edits import WEIGHTS

UNET = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
UNETS_OUT = "mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0"
TEXT = "encoder.layers.0.self_attn.out_proj"
USUAL = "pytorch_lora_weights.safetensors"


def weight(model: Path, part: str, module: str) -> Tensor:
    """Return a module's weight as a model's files have it, in float32."""
    held = load_file(model / WEIGHTS[part])
    name = f"{module}.weight"
    return held[name if name in held else f"text_model.{name}"].float()


def layers(model: Path, rank: int = 2, seed: int = 0) -> dict[tuple[str, str], tuple[Tensor, ...]]:
    """Return (component, module) to random A `(rank, in)` and B `(out, rank)`, in both parts."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for place in (("unet", UNET), ("unet", UNETS_OUT), ("text_encoder", TEXT)):
        out, into = weight(model, *place).shape
        down = torch.randn(rank, into, generator=generator)
        found[place] = down, torch.randn(out, rank, generator=generator)
    return found


def diffusers_form(made: dict) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors as diffusers saves them, the text encoder's as older versions name them."""
    held = {}
    for (part, module), (down, up) in made.items():
        prefix, word = (
            (part, "lora") if part == "unet" else (f"{part}.text_model", "lora_linear_layer")
        )
        held |= {f"{prefix}.{module}.{word}.down.weight": down}
        held |= {f"{prefix}.{module}.{word}.up.weight": up}
    return held, {"format": "pt"}


def peft_form(made: dict, alpha: float | None = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors as PEFT names them; `alpha` stands in the metadata, as diffusers writes it."""
    held, said = {}, {}
    for (part, module), (down, up) in made.items():
        held |= {f"{part}.{module}.lora_A.weight": down, f"{part}.{module}.lora_B.weight": up}
        modules = [name for other, name in made if other == part]
        said |= {f"{part}.r": len(down), f"{part}.lora_alpha": alpha or len(down)}
        said[f"{part}.target_modules"] = modules
    return held, {"lora_adapter_metadata": json.dumps(said)}


def kohya_form(made: dict, alpha: float) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors as kohya's scripts name them, each layer with its alpha."""
    held = {}
    for (part, module), (down, up) in made.items():
        prefix = "lora_unet" if part == "unet" else "lora_te_text_model"
        name = f"{prefix}_{module.replace('.', '_')}"
        held |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
        held[f"{name}.alpha"] = torch.tensor(float(alpha))
    return held, {}


def save(path: Path, form: tuple[dict[str, Tensor], dict[str, str]]) -> Path:
    """Write an adapter's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held, metadata = form
    save_file({name: tensor.contiguous() for name, tensor in held.items()}, path, metadata)
    return path
