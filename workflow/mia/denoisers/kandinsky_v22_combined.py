"""Kandinsky 2.2 with its prior in one folder: a U-Net that is told an image embedding of CLIP.

The prior turns a caption into that embedding by diffusion of its own: 25 steps with guidance 4, as
`KandinskyV22PriorPipeline` has them by default. Its noise comes from the sha256 of the caption, so
a caption means one embedding in every run, batch and shard. The null is the pipeline's: the
embedding of an image of zeros. It is not the embedding that the prior makes of an empty caption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.parts import CLIP_TEXT_PROJECTED, CLIP_TOKENIZER, UNET
from mia.denoisers.shared.sizes import MORE_INPUTS, latents, require_no_more_inputs
from mia.models.component_configs import of_scheduler
from mia.models.conditioning import STATES, Conditioning
from mia.models.description import Facts
from mia.models.family import TEXT, Family, Part
from mia.models.model_configs import Configs

if TYPE_CHECKING:
    import torch
    from torch import Tensor

AT_ONCE = 16  # captions that the prior is given together
# Keys by which the U-Net of Kandinsky 2.2 asks for an image embedding.
ASKED = {"encoder_hid_dim_type": "image_proj", "addition_embed_type": "image"}
WIDTHS = {
    "prior_prior": ("embedding_dim", "clip_embed_dim"),
    "prior_text_encoder": ("hidden_size", "projection_dim"),
    "prior_image_encoder": ("projection_dim",),
}

family = Family(
    pipelines=(
        "KandinskyV22CombinedPipeline",
        "KandinskyV22Img2ImgCombinedPipeline",
        "KandinskyV22InpaintCombinedPipeline",
    ),
    condition=TEXT,
    parts={
        "prior_text_encoder": CLIP_TEXT_PROJECTED,
        "prior_tokenizer": CLIP_TOKENIZER,
        "prior_image_encoder": Part("transformers", ("CLIPVisionModelWithProjection",)),
        "prior_prior": Part("diffusers", ("PriorTransformer",)),
        "prior_scheduler": Part("diffusers", ("UnCLIPScheduler",)),
        "unet": UNET,
        "movq": Part("diffusers", ("VQModel",)),
    },
    autoencoder="movq",
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    channels, side, factor = latents(configs)
    unet, prior = configs.denoiser, configs.parts["prior_prior"]
    if unet.whole("out_channels") != 2 * channels:
        raise unet.wrong("out_channels", f"{2 * channels}: a noise estimate and its variance")
    for key, expected in ASKED.items():
        if unet.get(key) != expected:
            raise unet.wrong(key, f'"{expected}", as of Kandinsky 2.2')
    rest = {
        key: wish for key, wish in MORE_INPUTS.items() if key not in (*ASKED, "encoder_hid_dim")
    }
    require_no_more_inputs(unet, rest)
    width = unet.whole("encoder_hid_dim")
    for name, keys in WIDTHS.items():
        for key in keys:
            optional = key == "clip_embed_dim" and configs.parts[name].get(key) is None
            if not optional and configs.parts[name].get(key) != width:
                raise configs.parts[name].wrong(
                    key, f"{width}, which is encoder_hid_dim of {unet.path}"
                )
    if prior.get("num_embeddings") != (tokens := configs.caption_lengths()["prior_tokenizer"]):
        raise prior.wrong("num_embeddings", f"{tokens}, the tokens of prior_tokenizer")
    scheduler = of_scheduler(configs.folder, configs.index, "prior_scheduler")
    if scheduler.get("prediction_type") not in ("epsilon", "sample"):
        raise scheduler.wrong("prediction_type", "epsilon or sample")
    return {"resolution": side * factor, "latent_shape": [channels, side, side]}


def generator_of(caption: str) -> torch.Generator:
    """Return the source of a caption's noise, on the CPU: the same on every machine."""
    import torch

    digest = hashlib.sha256(caption.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


class KandinskyV22Combined(FamilyDenoiser):
    """The denoiser of Kandinsky 2.2; `states` are image embeddings, `(rows, width)`."""

    family = family

    @cached_property
    def prior(self) -> Any:
        """The pipeline that makes image embeddings of captions."""
        import diffusers

        tokenizer = self.tokenizer("prior_tokenizer")
        tokenizer.model_max_length = self.model["caption_lengths"]["prior_tokenizer"]
        prior = diffusers.KandinskyV22PriorPipeline(
            prior=self.part("prior_prior"),
            image_encoder=self.part("prior_image_encoder"),
            text_encoder=self.part("prior_text_encoder"),
            tokenizer=tokenizer,
            scheduler=diffusers.UnCLIPScheduler.from_pretrained(
                Path(self.model["folder"], "prior_scheduler"), local_files_only=True
            ),
            image_processor=None,
        )
        prior.set_progress_bar_config(disable=True)
        return prior

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return the prior's image embedding of each caption, `(captions, width)`."""
        made = []
        for start in range(0, len(captions), AT_ONCE):
            part = list(captions[start : start + AT_ONCE])
            noise = [generator_of(caption) for caption in part]
            made.append(Conditioning({STATES: self.prior(part, generator=noise).image_embeds}))
        return Conditioning.joined(made)

    @property
    def null(self) -> Conditioning:
        """One row: the embedding of an image of zeros."""
        return Conditioning({STATES: self.prior.get_zero_embed()})

    def blank(self, rows: int) -> Conditioning:
        """Return image embeddings of zeros."""
        import torch

        width = self.config("unet").encoder_hid_dim
        return Conditioning({STATES: torch.zeros(rows, width, device=self.device)})

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the U-Net's noise estimate, without the variance behind it."""
        return self.whole_answer(x, time, conditioning)[:, : x.shape[1]]

    def whole_answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the U-Net's output: the estimate and its variance."""
        told = {"image_embeds": conditioning[STATES]}
        return self.network(x, time, encoder_hidden_states=None, added_cond_kwargs=told).sample


load = KandinskyV22Combined
