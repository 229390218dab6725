"""What the denoiser of every family has: parts on a device, a schedule, an arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mia.models.component_configs import component_folder, of_diffusers
from mia.models.conditioning import Conditioning
from mia.models.family import Family
from mia.models.loading import load_whole
from mia.models.objective import objective
from mia.models.sampler import Sampler, sampler

if TYPE_CHECKING:
    from torch import Tensor


class FamilyDenoiser:
    """A `mia.models.denoiser.Denoiser`; a family says how it is told a caption and how it answers.

    A part is loaded when it is first used.

    Args:
        model: Contents of model.json.
        device: `cpu`, `cuda:n` or `meta`.
        dtype: Arithmetic of the queried part: `float32`, or `bfloat16` / `float16` by autocast.
        compiled: Whether that part goes through `torch.compile`.
        modules: Parts by name, in place of those in the model's folder.
    """

    family: ClassVar[Family]
    # What the pipeline tells its scheduler: keys of its config that it overrides, and equal σ.
    scheduler_changes: ClassVar[Mapping[str, Any]] = {}
    even_sigmas: ClassVar[bool] = False

    def __init__(
        self,
        model: Mapping[str, Any],
        device: str,
        dtype: str = "float32",
        compiled: bool = False,
        modules: Mapping[str, Any] | None = None,
    ) -> None:
        import torch

        self.model, self.compiled = model, compiled
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        self.alpha_bar = torch.tensor(model["alpha_bar"], dtype=torch.float64, device=device)
        self.latent_shape = tuple(model["latent_shape"])
        self.objective = objective(model, self.alpha_bar)
        self._parts: dict[str, Any] = dict(modules or {})
        self._forward: Any = None
        self.queried = (self.family.denoiser,)
        self.text_encoders = tuple(
            name for name in model["classes"] if name.startswith("text_encoder")
        )

    # What a family may say otherwise

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return what the model is told of each caption, one row each.

        Each caption is embedded by itself, so that a row depends on no other.
        """
        return Conditioning.joined([self.told(caption) for caption in captions])

    def told(self, caption: str) -> Conditioning:
        """Return what the model is told of one caption, one row."""
        raise NotImplementedError

    def blank(self, rows: int) -> Conditioning:
        """Return a conditioning of zeros in the shapes that the model expects."""
        raise NotImplementedError

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the model's own output for its own latent and time, in the shape of `x`."""
        raise NotImplementedError

    def whole_answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the same with the variance behind it, if the pipeline's scheduler reads one."""
        return self.answer(x, time, conditioning)

    @property
    def null(self) -> Conditioning:
        """One row: the empty caption, encoded."""
        return self.embed([""])

    def of_images(
        self, conditioning: Conditioning, sizes: Sequence[tuple[int, int]]
    ) -> Conditioning:
        """Return the conditioning as it is: most models are told nothing of an image's size."""
        return conditioning

    # What all share

    def epsilon(self, z: Tensor, timestep: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the noise estimate ε̂(z, t, c), float32, the shape of `z`."""
        x, time = self.objective.asked(z, timestep)
        output = self._asked(self.answer, x, time, conditioning)
        return self.objective.epsilon(output, z, timestep)

    def sampler(self, steps: int) -> Sampler:
        """Return a new chain of the scheduler of the model's own pipeline, of that many steps."""
        changes, even = self.scheduler_changes, self.even_sigmas
        return sampler(self.model, steps, self.device, changes, even)

    def output(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the model's own output, float32, as the scheduler of its pipeline reads it."""
        return self._asked(self.whole_answer, x, time, conditioning)

    def _asked(
        self, answer: Callable[..., Tensor], x: Tensor, time: Tensor, conditioning: Conditioning
    ) -> Tensor:
        """Return an answer in the arithmetic asked for, as float32."""
        import torch

        if self.device.type == "cuda" and not torch.is_grad_enabled():  # vmap knows no such layout
            x = x.contiguous(memory_format=torch.channels_last)
        if self.dtype == torch.float32:
            return answer(x, time, conditioning).float()
        with torch.autocast(self.device.type, self.dtype):
            return answer(x, time, conditioning).float()

    @property
    def network(self) -> Any:
        """The part that is queried, to be called; not compiled where gradients are taken."""
        import torch

        if torch.is_grad_enabled():
            return self.weights
        if self._forward is None:
            part = self.part(self.family.denoiser)
            if self.device.type == "cuda" and self.family.denoiser == "unet":
                part.to(memory_format=torch.channels_last)
            self._forward = torch.compile(part) if self.compiled else part
        return self._forward

    @property
    def weights(self) -> Any:
        """The part that is queried, itself: a torch module in float32, frozen."""
        return self.part(self.family.denoiser)

    def drop(self, parts: Sequence[str]) -> bool:
        """Forget parts until they are used again; return whether one of them was loaded."""
        if self.family.denoiser in parts:
            self._forward = None
        loaded = [name for name in parts if name in self._parts]
        for name in loaded:
            del self._parts[name]
        return bool(loaded)

    def part(self, name: str) -> Any:
        """Return a part with weights, frozen, in float32 on the device."""
        import torch

        if name not in self._parts:
            kind = self.family.parts[name].kind(self.model["classes"][name])
            folder = component_folder(Path(self.model["folder"]), name)
            part = load_whole(kind, folder, self.model["variants"][name])
            part.to(device=self.device, dtype=torch.float32).eval().requires_grad_(False)
            self._parts[name] = part
        return self._parts[name]

    def tokenizer(self, name: str) -> Any:
        """Return a tokenizer."""
        from mia.models.tokenizer import load_tokenizer

        if name not in self._parts:
            folder = Path(self.model["folder"], name)
            self._parts[name] = load_tokenizer(folder, self.family.parts[name].classes[0])
        return self._parts[name]

    def tokens(self, name: str, captions: Sequence[str], length: int | None = None) -> Any:
        """Return `input_ids` and `attention_mask`, `(captions, tokens)` each, padded and cut.

        `length` is in tokens: by default the tokenizer's own.
        """
        found = self.tokenizer(name)(
            list(captions),
            padding="max_length",
            truncation=True,
            max_length=length or self.model["caption_lengths"][name],
            return_attention_mask=True,
            return_tensors="pt",
        )
        return found.to(self.device)

    def config(self, name: str) -> Any:
        """Return the config of a part with weights."""
        return self.part(name).config

    def said(self, name: str, key: str) -> Any:
        """Return a value of the config of a part of diffusers, without loading its weights."""
        if name in self._parts:
            return self._parts[name].config[key]
        folder = component_folder(Path(self.model["folder"]), name)
        return of_diffusers(folder, self.model["classes"][name]).get(key)
