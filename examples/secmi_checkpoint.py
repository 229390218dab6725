"""Turn SecMI's CIFAR-10 checkpoint into a folder of diffusers, for config/ddpm-cifar10.yaml.

It reads `data/ckpt-step800000.pt` and writes `models/secmi-cifar10`. The checkpoint is a pickle:
`weights_only` lets torch read numbers from it and run no code. Its EMA weights are taken, as the
papers do. The U-Net is that of Ho et al. 2020 in another order of names. One thing differs besides:
the checkpoint's time embedding has sine and cosine of each frequency side by side, diffusers' has
all sines before all cosines, so the columns of the layer that reads it are put in that order.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from torch import Tensor

CHECKPOINT = Path("data/ckpt-step800000.pt")
OUTPUT = Path("models/secmi-cifar10")
WIDTHS = (128, 256, 256, 256)
BLOCKS = 2  # of each level on the way down; one more on the way up
WITH_ATTENTION = 1  # the level whose blocks have it

RESNET = {
    "block1.0": "norm1",
    "block1.2": "conv1",
    "temb_proj.1": "time_emb_proj",
    "block2.0": "norm2",
    "block2.3": "conv2",
    "shortcut": "conv_shortcut",
}
ATTENTION = {
    "group_norm": "group_norm",
    "proj_q": "to_q",
    "proj_k": "to_k",
    "proj_v": "to_v",
    "proj": "to_out.0",
}
ENDS = {
    "time_embedding.timembedding.1": "time_embedding.linear_1",
    "time_embedding.timembedding.3": "time_embedding.linear_2",
    "head": "conv_in",
    "tail.0": "conv_norm_out",
    "tail.2": "conv_out",
}


def block(theirs: str, resnet: str, attention: str) -> dict[str, str]:
    """Return the names of a block's layers, theirs to diffusers'."""
    names = {f"{theirs}.{old}": f"{resnet}.{new}" for old, new in RESNET.items()}
    return names | {f"{theirs}.attn.{old}": f"{attention}.{new}" for old, new in ATTENTION.items()}


def layer_names() -> dict[str, str]:
    """Return the names of all layers, theirs to diffusers'; those that are not there as well."""
    last = len(WIDTHS) - 1
    names = dict(ENDS)
    place = 0
    for level in range(len(WIDTHS)):
        for number in range(BLOCKS):
            mine = f"down_blocks.{level}"
            names |= block(
                f"downblocks.{place}", f"{mine}.resnets.{number}", f"{mine}.attentions.{number}"
            )
            place += 1
        if level < last:
            names[f"downblocks.{place}.main"] = f"down_blocks.{level}.downsamplers.0.conv"
            place += 1
    for number in range(2):
        names |= block(
            f"middleblocks.{number}", f"mid_block.resnets.{number}", "mid_block.attentions.0"
        )
    place = 0
    for level in range(len(WIDTHS)):
        for number in range(BLOCKS + 1):
            mine = f"up_blocks.{level}"
            names |= block(
                f"upblocks.{place}", f"{mine}.resnets.{number}", f"{mine}.attentions.{number}"
            )
            place += 1
        if level < last:
            names[f"upblocks.{place}.main"] = f"up_blocks.{level}.upsamplers.0.conv"
            place += 1
    return names


def converted(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under diffusers' names."""
    names, found = layer_names(), {}
    for name, value in weights.items():
        layer, _, kind = name.removeprefix("module.").rpartition(".")
        if layer == "time_embedding.timembedding.0":
            continue  # sines and cosines, which diffusers computes
        new = f"{names[layer]}.{kind}"
        if layer == "time_embedding.timembedding.1" and kind == "weight":
            value = torch.cat([value[:, 0::2], value[:, 1::2]], dim=1)
        if ".attentions." in new and value.ndim == 4:
            value = value[:, :, 0, 0]  # a convolution of one pixel
        found[new] = value.contiguous()
    return found


def unet() -> UNet2DModel:
    """Return the U-Net, untrained."""
    kinds = [
        "AttnDownBlock2D" if n == WITH_ATTENTION else "DownBlock2D" for n in range(len(WIDTHS))
    ]
    return UNet2DModel(
        sample_size=32,
        block_out_channels=WIDTHS,
        layers_per_block=BLOCKS,
        down_block_types=kinds,
        up_block_types=[kind.replace("Down", "Up") for kind in reversed(kinds)],
        attention_head_dim=None,
        freq_shift=0,
        flip_sin_to_cos=False,
    )


def main() -> None:
    """Write the folder; a tensor that is missing or left over is an error."""
    checkpoint = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    network = unet()
    network.load_state_dict(converted(checkpoint["ema_model"]))
    scheduler = DDPMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear")
    DDPMPipeline(network, scheduler).save_pretrained(OUTPUT)


if __name__ == "__main__":
    main()
