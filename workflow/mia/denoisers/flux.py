"""FLUX.1: CLIP's pooled state and T5's states, by a transformer of flow matching on packed latents.

The transformer takes tokens of 2 × 2 latents, their places, and σ in place of a timestep. Where it
was distilled from guided answers (`guidance_embeds`), it is also told the scale of the guidance:
`guidance`, 1.0 by default, which is closest to a model without guidance. It has no unconditional
branch; the null is the empty caption, encoded, as the pipeline's `true_cfg_scale` has it.

Nothing in the folder says how large the images were. `resolution` is in pixels a side, by default
the pipeline's 128 latents. No attention mask is read: padding is attended to, as in the pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.parts import CLIP_TEXT, CLIP_TOKENIZER, T5_TEXT, VAE, t5_tokenizer
from mia.denoisers.shared.sizes import require_out_channels, require_width
from mia.models.conditioning import Conditioning
from mia.models.description import Facts
from mia.models.family import TEXT, Family, Part
from mia.models.model_configs import Configs
from mia.models.model_json import ModelError
from mia.models.vae_block import check_vae, factor

if TYPE_CHECKING:
    from torch import Tensor

LENGTH = 512  # tokens of T5 in the pipeline's call
SIDE = 128  # latents a side in the pipeline's call
# Channels of a token over those of a latent, of models that are known and read more than a latent.
OTHER_USES = {8: "another image too (FLUX Control)", 24: "a mask and an image too (FLUX Fill)"}

family = Family(
    pipelines=("FluxPipeline", "FluxImg2ImgPipeline", "FluxInpaintPipeline"),
    condition=TEXT,
    parts={
        "text_encoder": CLIP_TEXT,
        "tokenizer": CLIP_TOKENIZER,
        "text_encoder_2": T5_TEXT,
        "tokenizer_2": t5_tokenizer(LENGTH),
        "transformer": Part("diffusers", ("FluxTransformer2DModel",)),
        "vae": VAE,
    },
    denoiser="transformer",
    flow=True,
    options={"guidance": 1.0, "resolution": None},
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    transformer, vae = configs.denoiser, configs.parts["vae"]
    channels, pixels = check_vae("AutoencoderKL", vae), factor("AutoencoderKL", vae)
    if (found := transformer.whole("in_channels")) != 4 * channels:
        used = OTHER_USES.get(found // channels, "other latents")
        raise transformer.wrong(
            "in_channels", f"{4 * channels}, 2 × 2 latents of {vae.path}: it reads {used}"
        )
    if transformer.get("out_channels") is not None:
        require_out_channels(transformer, found)
    if transformer.whole("patch_size") != 1:
        raise transformer.wrong("patch_size", "1: tokens are 2 × 2 latents already")
    clip, t5 = configs.parts["text_encoder"], configs.parts["text_encoder_2"]
    of_clip, of_t5 = f"hidden_size of {clip.path}", f"d_model of {t5.path}"
    require_width(transformer, "pooled_projection_dim", clip.whole("hidden_size"), of_clip)
    require_width(transformer, "joint_attention_dim", t5.whole("d_model"), of_t5)
    _require_guidance(configs)
    side = _side(configs, 2 * pixels)
    return {"resolution": side, "latent_shape": [channels, side // pixels, side // pixels]}


def _require_guidance(configs: Configs) -> None:
    """Raise ModelError for a model that is distilled to few steps, or an option it does not read.

    FLUX.1-schnell is known by having neither a guidance embedding nor a schedule that moves with
    the size of the image.
    """
    if configs.denoiser.get("guidance_embeds"):
        return
    if not configs.scheduler.get("use_dynamic_shifting"):
        raise configs.denoiser.wrong(
            "guidance_embeds",
            f"true, or use_dynamic_shifting in {configs.scheduler.path}: a model with neither is "
            "distilled to few steps, as FLUX.1-schnell is; its answers are no velocities of the "
            "training images",
        )
    if configs.options["guidance"] != family.options["guidance"]:
        raise ModelError(
            f"guidance: {configs.options['guidance']}: not read by this model; guidance_embeds is "
            f"false in {configs.denoiser.path}"
        )


def _side(configs: Configs, step: int) -> int:
    """Return the side of images in pixels, a multiple of `step`."""
    side = configs.options["resolution"] or SIDE * step // 2
    if side % step:
        raise ModelError(f"resolution: {side}; expected a multiple of {step}: 2 latents a token")
    return side


class Flux(FamilyDenoiser):
    """The denoiser of a FLUX.1."""

    family = family
    even_sigmas = True

    def told(self, caption: str) -> Conditioning:
        """Return T5's `states` `(1, 512, width)` and CLIP's `pooled` `(1, width)`."""
        clip = self.part("text_encoder")(self.tokens("tokenizer", [caption]).input_ids)
        t5 = self.part("text_encoder_2")(self.tokens("tokenizer_2", [caption]).input_ids)
        return Conditioning({"states": t5.last_hidden_state, "pooled": clip.pooler_output})

    def blank(self, rows: int) -> Conditioning:
        """Return states and pooled states of zeros."""
        import torch

        width = self.said("transformer", "joint_attention_dim")
        pooled = self.said("transformer", "pooled_projection_dim")
        with self.device:
            told = {"states": torch.zeros(rows, LENGTH, width), "pooled": torch.zeros(rows, pooled)}
        return Conditioning(told)

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the transformer's velocity, unpacked."""
        import torch

        states, (rows, channels, height, width) = conditioning["states"], x.shape
        shape = rows, height // 2, width // 2, channels, 2, 2
        grid = torch.cartesian_prod(torch.arange(height // 2), torch.arange(width // 2))
        guided = self.network.config.guidance_embeds
        output = self.network(
            hidden_states=x.reshape(rows, channels, shape[1], 2, shape[2], 2)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(rows, shape[1] * shape[2], 4 * channels),
            timestep=time / 1000,
            guidance=torch.full_like(time, self.model["options"]["guidance"]) if guided else None,
            pooled_projections=conditioning["pooled"],
            encoder_hidden_states=states,
            txt_ids=torch.zeros(states.shape[1], 3, device=x.device),
            img_ids=torch.nn.functional.pad(grid.float(), (1, 0)).to(x.device),
        ).sample
        return output.reshape(shape).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)


load = Flux
