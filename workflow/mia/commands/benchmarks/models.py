"""U-Nets of a given shape with random weights: speed does not depend on what they have learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from mia.models.conditioning import Conditioning
from mia.models.sampler import Sampler


def default() -> UNet2DConditionModel:
    """The U-Net of the embedded default: 1.7 M parameters, 8 × 8 × 16 latents."""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=16,
        out_channels=16,
        block_out_channels=(32, 64, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=64,
        norm_num_groups=16,
    )


def sd14() -> UNet2DConditionModel:
    """The shape of Stable Diffusion 1.4's: 860 M parameters, 64 × 64 × 4 latents."""
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=4,
        out_channels=4,
        block_out_channels=(320, 640, 1280, 1280),
        layers_per_block=2,
        cross_attention_dim=768,
        attention_head_dim=8,
    )


MODELS: dict[str, Callable[[], UNet2DConditionModel]] = {"default": default, "sd14": sd14}
TOKENS = {"default": 24, "sd14": 77}


class RandomDenoiser:
    """A denoiser (`mia.models.denoiser.Denoiser`) around a U-Net with random weights."""

    def __init__(self, name: str, device: str, dtype: str) -> None:
        torch.manual_seed(0)
        self.unet = MODELS[name]().to(device).eval().requires_grad_(False)
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        if self.device.type == "cuda":
            self.unet.to(memory_format=torch.channels_last)
        config = self.unet.config
        self.latent_shape = (config.in_channels, config.sample_size, config.sample_size)
        self.states = (TOKENS[name], config.cross_attention_dim)
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        self.alpha_bar = (1 - betas).cumprod(0).to(device)

    @property
    def weights(self) -> UNet2DConditionModel:
        """The U-Net."""
        return self.unet

    @property
    def null(self) -> Conditioning:
        """Random states."""
        generator = torch.Generator().manual_seed(0)
        states = torch.randn(1, *self.states, generator=generator).to(self.device)
        return Conditioning({"states": states})

    def blank(self, rows: int) -> Conditioning:
        """The same states in every row."""
        return self.null.repeated(rows)

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """The same states for every caption."""
        return self.blank(len(captions))

    def of_images(
        self, conditioning: Conditioning, sizes: Sequence[tuple[int, int]]
    ) -> Conditioning:
        """The conditioning as it is."""
        return conditioning

    @torch.inference_mode()
    def epsilon(
        self, z: torch.Tensor, timestep: torch.Tensor, conditioning: Conditioning
    ) -> torch.Tensor:
        """As `mia.denoisers.stable_diffusion` does."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            states = conditioning["states"]
            return self.unet(z, timestep, encoder_hidden_states=states).sample.float()

    def output(
        self, x: torch.Tensor, time: torch.Tensor, conditioning: Conditioning
    ) -> torch.Tensor:
        """The same: the U-Net answers the noise."""
        return self.epsilon(x, time, conditioning)

    def sampler(self, steps: int) -> Sampler:
        """A chain of DDIM on the same schedule."""
        scheduler = DDIMScheduler(1000, 0.00085, 0.012, "scaled_linear", clip_sample=False)
        scheduler.set_timesteps(steps, device=self.device)
        return Sampler(scheduler, self.latent_shape[0])
