"""The U-Net of SecMI's checkpoints: its names and its arithmetic, in modules of torch alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS, MULTIPLES, ATTENTION, BLOCKS = 128, (1, 2, 2, 2), 1, 2
WIDTH = 4 * CHANNELS  # of what is known of the time


def waves(times: int) -> Tensor:
    """Return `(times, CHANNELS)`: sine and cosine of each frequency side by side."""
    powers = torch.arange(0, CHANNELS, 2) / CHANNELS
    angles = torch.arange(times)[:, None] * torch.exp(-powers * math.log(10000))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


class Time(nn.Module):
    def __init__(self):
        super().__init__()
        table = nn.Embedding.from_pretrained(waves(1000))
        layers = nn.Linear(CHANNELS, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH)
        self.timembedding = nn.Sequential(table, *layers)


class Resize(nn.Module):
    """To half the side, or to twice."""

    def __init__(self, channels, stride):
        super().__init__()
        self.stride = stride
        self.main = nn.Conv2d(channels, channels, 3, stride, padding=1)

    def forward(self, x, time):
        return self.main(x if self.stride == 2 else functional.interpolate(x, scale_factor=2))


class Attention(nn.Module):
    """One head, over all places."""

    def __init__(self, channels):
        super().__init__()
        self.group_norm = nn.GroupNorm(32, channels)
        for name in ("proj_q", "proj_k", "proj_v", "proj"):
            setattr(self, name, nn.Conv2d(channels, channels, 1))

    def forward(self, x):
        h = self.group_norm(x)
        q, k, v = (layer(h).flatten(2) for layer in (self.proj_q, self.proj_k, self.proj_v))
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(x.shape[1]), dim=-1)
        return x + self.proj((v @ weights.transpose(1, 2)).view_as(x))


class Block(nn.Module):
    def __init__(self, into, out, attention):
        super().__init__()
        first, second = nn.GroupNorm(32, into), nn.GroupNorm(32, out)
        self.block1 = nn.Sequential(first, nn.SiLU(), nn.Conv2d(into, out, 3, padding=1))
        self.temb_proj = nn.Sequential(nn.SiLU(), nn.Linear(WIDTH, out))
        last = nn.Dropout(0.1), nn.Conv2d(out, out, 3, padding=1)
        self.block2 = nn.Sequential(second, nn.SiLU(), *last)
        self.shortcut = nn.Conv2d(into, out, 1) if into != out else nn.Identity()
        self.attn = Attention(out) if attention else nn.Identity()

    def forward(self, x, time):
        h = self.block1(x) + self.temb_proj(time)[:, :, None, None]
        return self.attn(self.block2(h) + self.shortcut(x))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.time_embedding = Time()
        self.head = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.downblocks, self.upblocks = nn.ModuleList(), nn.ModuleList()
        held, now, last = [CHANNELS], CHANNELS, len(MULTIPLES) - 1
        for level, multiple in enumerate(MULTIPLES):
            for _ in range(BLOCKS):
                self.downblocks.append(Block(now, multiple * CHANNELS, level == ATTENTION))
                now = multiple * CHANNELS
                held.append(now)
            if level < last:
                self.downblocks.append(Resize(now, 2))
                held.append(now)
        self.middleblocks = nn.ModuleList([Block(now, now, True), Block(now, now, False)])
        for level, multiple in reversed(list(enumerate(MULTIPLES))):
            for _ in range(BLOCKS + 1):
                width = multiple * CHANNELS
                self.upblocks.append(Block(held.pop() + now, width, level == ATTENTION))
                now = width
            if level:
                self.upblocks.append(Resize(now, 1))
        end = nn.Conv2d(now, 3, 3, padding=1)
        self.tail = nn.Sequential(nn.GroupNorm(32, now), nn.SiLU(), end)

    def forward(self, x: Tensor, timesteps: Tensor) -> Tensor:
        """Return the noise estimate of `(rows, 3, 32, 32)` at one timestep for each row."""
        time = self.time_embedding.timembedding(timesteps)
        x = self.head(x)
        held = [x]
        for layer in self.downblocks:
            x = layer(x, time)
            held.append(x)
        for layer in self.middleblocks:
            x = layer(x, time)
        for layer in self.upblocks:
            x = layer(torch.cat([x, held.pop()], 1) if isinstance(layer, Block) else x, time)
        return self.tail(x)
