"""Sana: states of Gemma 2, by a transformer of flow matching on latents of AutoencoderDC.

As the pipeline does by default, a caption is told in small letters, after an instruction to enhance
it; of all tokens the first and the last 299 count. The null is the empty caption without the
instruction. Attention masks are read. The time is 1000 σ, rounded down where the scheduler's times
are whole numbers, times the transformer's `timestep_scale`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.sizes import latents, require_out_channels, require_width
from mia.models.conditioning import Conditioning
from mia.models.description import Facts
from mia.models.family import TEXT, Family, Part
from mia.models.model_configs import Configs

if TYPE_CHECKING:
    from torch import Tensor

LENGTH = 300  # tokens in the pipeline's call

family = Family(
    pipelines=("SanaPipeline",),
    condition=TEXT,
    parts={
        "text_encoder": Part("transformers", ("Gemma2Model",)),
        "tokenizer": Part("transformers", ("GemmaTokenizer", "GemmaTokenizerFast"), length=LENGTH),
        "transformer": Part("diffusers", ("SanaTransformer2DModel",)),
        "vae": Part("diffusers", ("AutoencoderDC",)),
    },
    denoiser="transformer",
    flow=True,
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    channels, side, factor = latents(configs)
    transformer, text = configs.denoiser, configs.parts["text_encoder"]
    if transformer.get("guidance_embeds"):
        raise transformer.wrong(
            "guidance_embeds", "false: a Sana with guidance embedded is distilled to few steps"
        )
    if transformer.get("out_channels") not in (None, 2 * channels):  # twice: a variance is learnt
        require_out_channels(transformer, channels)
    transformer.number("timestep_scale")
    width = text.whole("hidden_size")
    require_width(transformer, "caption_channels", width, f"hidden_size of {text.path}")
    return {
        "resolution": side * factor,
        "latent_shape": [channels, side, side],
        "whole_times": not str(configs.scheduler.get("_class_name")).startswith("FlowMatch"),
    }


class Sana(FamilyDenoiser):
    """The denoiser of a Sana."""

    family = family

    def told(self, caption: str) -> Conditioning:
        """Return `states` `(1, 300, width)` and `mask` `(1, 300)`."""
        instruction = _instruction()
        length = len(self.tokenizer("tokenizer").encode(instruction)) + LENGTH - 2
        return self._encoded(instruction + caption.lower().strip(), length)

    @property
    def null(self) -> Conditioning:
        """One row: the empty caption, encoded without the instruction."""
        return self._encoded("", LENGTH)

    def _encoded(self, text: str, length: int) -> Conditioning:
        """Return states and mask of the first and the last 299 of `length` tokens."""
        self.tokenizer("tokenizer").padding_side = "right"
        tokens = self.tokens("tokenizer", [text], length)
        states = self.part("text_encoder")(
            tokens.input_ids, attention_mask=tokens.attention_mask
        ).last_hidden_state
        kept = [0, *range(1 - LENGTH, 0)]
        return Conditioning({"states": states[:, kept], "mask": tokens.attention_mask[:, kept]})

    def blank(self, rows: int) -> Conditioning:
        """Return states of zeros under a mask that hides none."""
        import torch

        states = torch.zeros(
            rows, LENGTH, self.said("transformer", "caption_channels"), device=self.device
        )
        mask = torch.ones(rows, LENGTH, dtype=torch.int64, device=self.device)
        return Conditioning({"states": states, "mask": mask})

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the transformer's velocity, without a variance if it learnt one."""
        if self.model["whole_times"]:
            time = time.floor()
        output = self.network(
            x,
            encoder_hidden_states=conditioning["states"],
            encoder_attention_mask=conditioning["mask"],
            timestep=time * self.network.config.timestep_scale,
        ).sample
        return output[:, : x.shape[1]]


def _instruction() -> str:
    """Return what the pipeline puts before a caption by default."""
    import inspect

    from diffusers import SanaPipeline

    said = inspect.signature(SanaPipeline.__call__).parameters["complex_human_instruction"]
    return "\n".join(said.default)


load = Sana
