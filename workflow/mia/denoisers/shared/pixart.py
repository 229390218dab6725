"""What PixArt-α and PixArt-Σ share: a transformer that is told a caption by T5, with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.learned_variance import noise_of, require_noise_first
from mia.denoisers.shared.parts import T5_TEXT, VAE, t5_tokenizer
from mia.denoisers.shared.sizes import latents, require_width
from mia.models.conditioning import Conditioning
from mia.models.description import Facts
from mia.models.family import TEXT, Family, Part
from mia.models.model_configs import Configs
from mia.models.model_json import Config

if TYPE_CHECKING:
    from torch import Tensor

SIZED = 128  # latents a side of the models that are told sizes, where their config does not say


def pixart_family(pipeline: str, length: int) -> Family:
    """Return a family of PixArt, whose pipeline cuts captions after `length` tokens."""
    transformer = Part("diffusers", ("PixArtTransformer2DModel",), older=("Transformer2DModel",))
    return Family(
        pipelines=(pipeline,),
        condition=TEXT,
        parts={
            "text_encoder": T5_TEXT,
            "tokenizer": t5_tokenizer(length),
            "transformer": transformer,
            "vae": VAE,
        },
        denoiser="transformer",
    )


def pixart_facts(configs: Configs) -> Facts:
    """Return what the JSON files of a PixArt say together."""
    channels, side, factor = latents(configs)
    denoiser, text = configs.denoiser, configs.parts["text_encoder"]
    require_noise_first(denoiser, channels)
    key = "cross_attention_dim" if denoiser.get("caption_channels") is None else "caption_channels"
    require_width(denoiser, key, text.whole("d_model"), f"d_model of {text.path}")
    if denoiser.get("use_additional_conditions") not in (None, True, False):
        raise denoiser.wrong("use_additional_conditions", "true, false or null")
    return {"resolution": side * factor, "latent_shape": [channels, side, side]}


def is_told_sizes(denoiser: Config) -> bool:
    """Return whether the transformer asks for the image's resolution and aspect ratio."""
    said = denoiser.get("use_additional_conditions")
    return denoiser.get("sample_size") == SIZED if said is None else said


class PixArt(FamilyDenoiser):
    """The denoiser of a PixArt.

    Captions are put in small letters, without blanks around them. Its pipeline does so where bs4 or
    ftfy is not installed. Where both are, it also removes addresses, marks and HTML. Here captions
    are the same on every machine.
    """

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return T5's last states `(captions, tokens, width)`, and a mask of what is no padding."""
        tokens = self.tokens("tokenizer", [caption.lower().strip() for caption in captions])
        ids, mask = tokens.input_ids, tokens.attention_mask
        states = self.part("text_encoder")(ids, attention_mask=mask).last_hidden_state
        return Conditioning({"states": states, "mask": mask})

    def blank(self, rows: int) -> Conditioning:
        """Return states of zeros, of which none is padding."""
        import torch

        length, config = self.model["caption_lengths"]["tokenizer"], self.config("transformer")
        width = config.caption_channels or config.cross_attention_dim
        states = torch.zeros(rows, length, width, device=self.device)
        mask = torch.ones(rows, length, dtype=torch.int64, device=self.device)
        return Conditioning({"states": states, "mask": mask})

    def sizes(self, x: Tensor) -> dict[str, Any]:
        """Return what the transformer is told of the size of each image."""
        return {"resolution": None, "aspect_ratio": None}

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the transformer's noise estimate, without its variance."""
        output = self.network(
            x,
            encoder_hidden_states=conditioning["states"],
            encoder_attention_mask=conditioning["mask"],
            timestep=time,
            added_cond_kwargs=self.sizes(x),
        ).sample
        return noise_of(output, x.shape[1])
