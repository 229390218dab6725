"""What the JSON files of a Stable Diffusion XL say together, and of whom it must not be."""

from __future__ import annotations

from mia.denoisers.shared.sizes import (
    MORE_INPUTS,
    latents,
    require_no_more_inputs,
    require_out_channels,
    require_width,
)
from mia.models.description import Facts
from mia.models.model_configs import INDEX, Configs
from mia.models.model_json import Config

# What the pipeline takes where model_index.json has no such key.
DEFAULTS = {"force_zeros_for_empty_prompt": True, "requires_aesthetics_score": False}
SECOND = "text_encoder_2"
TOLD = "addition_embed_type"
REFINER = "SDXL's refiner, which was trained on the least noisy timesteps alone"


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together.

    Raises:
        ModelError: They contradict each other, or describe a refiner or a model for another use.
    """
    index = Config(configs.folder / INDEX, configs.index, DEFAULTS)
    _require_no_refiner(configs, index)
    zeros = index.get("force_zeros_for_empty_prompt")
    if not isinstance(zeros, bool):
        raise index.wrong("force_zeros_for_empty_prompt", "true or false")
    channels, side, factor = latents(configs)
    require_out_channels(configs.denoiser, channels)
    others = {key: wish for key, wish in MORE_INPUTS.items() if key != TOLD}
    require_no_more_inputs(configs.denoiser, others)
    _require_caption(configs)
    return {
        "resolution": side * factor,
        "latent_shape": [channels, side, side],
        "zero_null": zeros,
    }


def _require_no_refiner(configs: Configs, index: Config) -> None:
    if index.get("requires_aesthetics_score"):
        raise index.wrong(
            "requires_aesthetics_score", f"false: this is {REFINER} and is told a score of beauty"
        )
    for name in ("text_encoder", "tokenizer"):
        if name not in configs.classes:
            kind = configs.family.parts[name].classes[0]
            raise index.wrong(name, f"a {kind}: without one this is {REFINER}")


def _require_caption(configs: Configs) -> None:
    """Raise ModelError unless the U-Net is told what the two text encoders answer."""
    unet, first, second = configs.denoiser, configs.parts["text_encoder"], configs.parts[SECOND]
    if unet.get(TOLD) != "text_time":
        raise unet.wrong(TOLD, '"text_time": SDXL is told sizes and a pooled caption')
    width = first.whole("hidden_size") + second.whole("hidden_size")
    both = f"hidden_size of {first.path} and of {second.path} together"
    require_width(unet, "cross_attention_dim", width, both)
    pooled, number = second.whole("projection_dim"), unet.whole("addition_time_embed_dim")
    if unet.whole("projection_class_embeddings_input_dim") != 6 * number + pooled:
        raise unet.wrong(
            "projection_class_embeddings_input_dim",
            f"{6 * number + pooled}, which is 6 × {number}, its addition_time_embed_dim, and "
            f"{pooled}, the projection_dim of {second.path}",
        )
    lengths = configs.caption_lengths()
    if len(set(lengths.values())) > 1:
        raise Config(configs.folder / INDEX, lengths, {}).wrong(
            "tokenizer_2", f"captions of {lengths['tokenizer']} tokens, as those of tokenizer"
        )
