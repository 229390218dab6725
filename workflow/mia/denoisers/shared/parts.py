"""Components that several families have."""

from __future__ import annotations

from mia.models.family import Part

CLIP_TEXT = Part("transformers", ("CLIPTextModel",))
CLIP_TEXT_PROJECTED = Part("transformers", ("CLIPTextModelWithProjection",))
CLIP_TOKENIZER = Part("transformers", ("CLIPTokenizer", "CLIPTokenizerFast"))
T5_TEXT = Part("transformers", ("T5EncoderModel",))
OPTIONAL_T5_TEXT = Part("transformers", ("T5EncoderModel",), optional=True)
UNET = Part("diffusers", ("UNet2DConditionModel",))
UNET_2D = Part("diffusers", ("UNet2DModel",))
VAE = Part("diffusers", ("AutoencoderKL",))


def t5_tokenizer(length: int, optional: bool = False) -> Part:
    """Return T5's tokenizer with the pipeline's own length of captions, in tokens."""
    return Part("transformers", ("T5Tokenizer", "T5TokenizerFast"), optional, length)
