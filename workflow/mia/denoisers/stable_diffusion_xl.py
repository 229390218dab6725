"""Stable Diffusion XL: two CLIP text encoders and the sizes of images, by a U-Net.

The U-Net attends to the second-last states of both encoders, side by side. It is told the second
encoder's projected state of the whole caption too, and six numbers in pixels: height and width of
the image's file, top and left of the crop in the resized image, height and width of the crop
(Podell et al. 2023, arXiv 2307.01952, section 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mia.central_square import corner, halvings, scaled
from mia.denoisers.shared import sdxl_configs
from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.parts import CLIP_TEXT, CLIP_TEXT_PROJECTED, CLIP_TOKENIZER, UNET, VAE
from mia.models.component_configs import flat
from mia.models.conditioning import Conditioning
from mia.models.family import TEXT, Family
from mia.models.options import ADM, preparation

if TYPE_CHECKING:
    from torch import Tensor

family = Family(
    pipelines=(
        "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionXLInpaintPipeline",
    ),
    condition=TEXT,
    parts={
        "text_encoder": replace(CLIP_TEXT, optional=True),  # a refiner, which `facts` refuses
        "tokenizer": replace(CLIP_TOKENIZER, optional=True),
        "text_encoder_2": CLIP_TEXT_PROJECTED,
        "tokenizer_2": CLIP_TOKENIZER,
        "unet": UNET,
        "vae": VAE,
    },
    options={"time_ids": "constant"},
    sized={"time_ids": "own"},
)
ENCODERS = {"text_encoder": "tokenizer", "text_encoder_2": "tokenizer_2"}


class StableDiffusionXL(FamilyDenoiser):
    """The denoiser of a Stable Diffusion XL."""

    family = family

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return `states` `(captions, tokens, width)` and `pooled` `(captions, width)`."""
        import torch

        answers = []
        for encoder, tokenizer in ENCODERS.items():
            tokens = self.tokens(tokenizer, captions).input_ids
            answers.append(self.part(encoder)(tokens, output_hidden_states=True))
        states = torch.cat([answer.hidden_states[-2] for answer in answers], -1)
        return Conditioning({"states": states, "pooled": answers[-1].text_embeds})

    @property
    def null(self) -> Conditioning:
        """One row: zeros, or the empty caption, encoded, as model_index.json says."""
        return self._zeros(1) if self.model["zero_null"] else self.embed([""])

    def blank(self, rows: int) -> Conditioning:
        """Return zeros for everything that the U-Net is told."""
        import torch

        sizes = {"time_ids": torch.zeros(rows, 6, device=self.device)}
        return self._zeros(rows).merged(Conditioning(sizes))

    def of_images(
        self, conditioning: Conditioning, sizes: Sequence[tuple[int, int]]
    ) -> Conditioning:
        """Return the conditioning with `time_ids` `(rows, 6)`.

        By default they are those of an image that is the model's own square. With `time_ids: own`
        they are those of each image, prepared as ours are.

        Raises:
            ValueError: `time_ids: own`, and there is not one size for each row.
        """
        import torch

        rows, side = len(conditioning["states"]), self.model["resolution"]
        if self.model["options"]["time_ids"] == "constant":
            sizes = [(side, side)] * rows
        if len(sizes) != rows:
            raise ValueError(f"time_ids: own: {len(sizes)} sizes of images; expected {rows}")
        adm = preparation(self.model["vae"]) == ADM
        numbers = [time_ids(size, side, adm) for size in sizes]
        found = torch.tensor(numbers, dtype=torch.float32, device=self.device)
        return conditioning.merged(Conditioning({"time_ids": found}))

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the U-Net's output."""
        states, pooled = conditioning["states"], conditioning["pooled"]
        added = {"text_embeds": pooled, "time_ids": conditioning["time_ids"]}
        return self.network(x, time, encoder_hidden_states=states, added_cond_kwargs=added).sample

    def _zeros(self, rows: int) -> Conditioning:
        import torch

        unet, tokens = self.config("unet"), self.model["caption_lengths"]["tokenizer"]
        states = rows, tokens, next(flat(unet.cross_attention_dim))
        sizes = 6 * unet.addition_time_embed_dim
        pooled = rows, unet.projection_class_embeddings_input_dim - sizes
        shapes = {"states": states, "pooled": pooled}
        return Conditioning(
            {name: torch.zeros(shape, device=self.device) for name, shape in shapes.items()}
        )


def time_ids(size: tuple[int, int], resolution: int, adm: bool = False) -> tuple[int, ...]:
    """Return the six numbers of an image, prepared as ours are.

    Args:
        size: Height and width of its file, in pixels.
        resolution: Side of the square that the model sees, in pixels.
        adm: Whether images are prepared by ADM's rule, which halves them first.

    >>> time_ids((200, 300), 100)
    (200, 300, 0, 25, 100, 100)
    """
    height, width = size
    whole = (width, height)
    sizes = [whole, *halvings(whole, resolution)] if adm else [whole]
    left, top = corner(scaled(sizes[-1], resolution), resolution)
    return height, width, top, left, resolution, resolution


facts, load = sdxl_configs.facts, StableDiffusionXL
