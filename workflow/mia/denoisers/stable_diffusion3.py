"""Stable Diffusion 3 and 3.5: two CLIP text encoders and T5, by a transformer of flow matching.

The states are those of the two CLIPs before their last layer, side by side and padded with zeros to
T5's width, and T5's after them. A model without T5 is told zeros in their place. The pooled state
is the projected one of both CLIPs. No attention mask is read: padding is attended to, as in the
pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.parts import (
    CLIP_TEXT_PROJECTED,
    CLIP_TOKENIZER,
    OPTIONAL_T5_TEXT,
    VAE,
    t5_tokenizer,
)
from mia.denoisers.shared.sizes import latents, require_out_channels, require_width
from mia.denoisers.shared.tokenizers import require_tokenizers
from mia.models.conditioning import Conditioning
from mia.models.description import Facts
from mia.models.family import TEXT, Family, Part
from mia.models.model_configs import Configs

if TYPE_CHECKING:
    from torch import Tensor

LENGTH = 256  # tokens of T5 in the pipeline's call
CLIPS = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))

family = Family(
    pipelines=(
        "StableDiffusion3Pipeline",
        "StableDiffusion3Img2ImgPipeline",
        "StableDiffusion3InpaintPipeline",
    ),
    condition=TEXT,
    parts={
        "text_encoder": CLIP_TEXT_PROJECTED,
        "tokenizer": CLIP_TOKENIZER,
        "text_encoder_2": CLIP_TEXT_PROJECTED,
        "tokenizer_2": CLIP_TOKENIZER,
        "text_encoder_3": OPTIONAL_T5_TEXT,
        "tokenizer_3": t5_tokenizer(LENGTH, optional=True),
        "transformer": Part("diffusers", ("SD3Transformer2DModel",)),
        "vae": VAE,
    },
    denoiser="transformer",
    flow=True,
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    require_tokenizers(configs)
    channels, side, factor = latents(configs)
    transformer, t5 = configs.denoiser, configs.parts.get("text_encoder_3")
    clips = [configs.parts[encoder] for _, encoder in CLIPS]
    require_out_channels(transformer, channels)
    pooled = sum(clip.whole("projection_dim") for clip in clips)
    files = " and ".join(str(clip.path) for clip in clips)
    require_width(transformer, "pooled_projection_dim", pooled, f"the projection_dim of {files}")
    width = sum(clip.whole("hidden_size") for clip in clips)
    if t5:
        require_width(
            transformer, "joint_attention_dim", t5.whole("d_model"), f"d_model of {t5.path}"
        )
    if transformer.whole("joint_attention_dim") < width:
        raise transformer.wrong(
            "joint_attention_dim", f"at least {width}, the hidden_size of {files} together"
        )
    length = configs.caption_lengths()["tokenizer"]
    if clips[1].whole("max_position_embeddings") < length:
        raise clips[1].wrong(
            "max_position_embeddings", f"at least {length}, the tokens of the first tokenizer"
        )
    return {"resolution": side * factor, "latent_shape": [channels, side, side]}


class StableDiffusion3(FamilyDenoiser):
    """The denoiser of a Stable Diffusion 3 or 3.5."""

    family = family

    @property
    def width(self) -> int:
        """Numbers of one token's state."""
        return self.said("transformer", "joint_attention_dim")

    def told(self, caption: str) -> Conditioning:
        """Return `states` `(1, tokens, width)` and `pooled` `(1, pooled width)`."""
        import torch

        length = self.model["caption_lengths"]["tokenizer"]  # the pipeline's, for both CLIPs
        states, pooled = [], []
        for tokenizer, encoder in CLIPS:
            tokens = self.tokens(tokenizer, [caption], length).input_ids
            answer = self.part(encoder)(tokens, output_hidden_states=True)
            states.append(answer.hidden_states[-2])
            pooled.append(answer.text_embeds)
        side_by_side, further = torch.cat(states, dim=-1), self._t5(caption)
        padding = further.shape[-1] - side_by_side.shape[-1]
        side_by_side = torch.nn.functional.pad(side_by_side, (0, padding))
        return Conditioning(
            {
                "states": torch.cat([side_by_side, further], dim=1),
                "pooled": torch.cat(pooled, dim=-1),
            }
        )

    def _t5(self, caption: str) -> Tensor:
        """Return T5's states `(1, 256, width)`; zeros for a model without."""
        import torch

        if "text_encoder_3" in self.model["classes"]:
            tokens = self.tokens("tokenizer_3", [caption]).input_ids
            return self.part("text_encoder_3")(tokens).last_hidden_state
        return torch.zeros(1, LENGTH, self.width, device=self.device)

    def blank(self, rows: int) -> Conditioning:
        """Return states and pooled states of zeros."""
        import torch

        tokens = self.model["caption_lengths"]["tokenizer"] + LENGTH
        pooled = self.said("transformer", "pooled_projection_dim")
        return Conditioning(
            {
                "states": torch.zeros(rows, tokens, self.width, device=self.device),
                "pooled": torch.zeros(rows, pooled, device=self.device),
            }
        )

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the transformer's velocity."""
        return self.network(
            hidden_states=x,
            timestep=time,
            encoder_hidden_states=conditioning["states"],
            pooled_projections=conditioning["pooled"],
        ).sample


load = StableDiffusion3
