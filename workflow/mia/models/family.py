"""What a module of `mia.denoisers` says of its family of models."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TEXT, CLASS, NONE = "text", "class", "none"  # what a model may be told of an image
TOLD = {TEXT: "a text", CLASS: "a class", NONE: "nothing"}  # in words


@dataclass(frozen=True)
class Part:
    """A component of a pipeline.

    Args:
        library: `diffusers` or `transformers`.
        classes: That model_index.json may name; the first is expected. No other is ever loaded.
        optional: Whether the model may do without, as `[null, null]` in model_index.json says.
        length: Of a tokenizer whose length of captions is the pipeline's, not its own: in tokens.
        older: Names by which older folders call the first class.
    """

    library: str
    classes: tuple[str, ...]
    optional: bool = False
    length: int | None = None
    older: tuple[str, ...] = ()

    def kind(self, name: str) -> Any:
        """Return the class called `name` of its library."""
        return getattr(importlib.import_module(self.library), name)

    @property
    def is_tokenizer(self) -> bool:
        """Whether the component turns captions into tokens; it has no weights then."""
        return "Tokenizer" in self.classes[0]

    @property
    def is_scheduler(self) -> bool:
        """Whether the component is a scheduler besides the denoiser's own; it has no weights."""
        return self.classes[0].endswith("Scheduler")

    @property
    def has_weights(self) -> bool:
        """Whether the component is loaded from config.json and weights."""
        return not (self.is_tokenizer or self.is_scheduler)


@dataclass(frozen=True)
class Family:
    """One kind of model, by the pipeline that runs it in diffusers.

    Args:
        pipelines: Classes that model_index.json may name; the module is named after the first. The
            others have the same components and are of this family too.
        condition: What the model is told of an image: `text`, `class` or `none`.
        parts: Components by name, in the order in which they are looked at.
        denoiser: The component that is queried.
        autoencoder: The component that makes latents; None where pixels are the latents.
        flow: Whether it is trained by flow matching alone. Other families are what their scheduler
            says.
        options: Keys of a model's block that only some families read, with their defaults.
        sized: Of those, the keys and values with which the model is told each image's own size.
    """

    pipelines: tuple[str, ...]
    condition: str
    parts: Mapping[str, Part]
    denoiser: str = "unet"
    autoencoder: str | None = "vae"
    flow: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    sized: Mapping[str, Any] = field(default_factory=dict)

    def reads_sizes(self, options: Mapping[str, Any]) -> bool:
        """Return whether a model with these options is told the size of each image's file."""
        return any(options.get(key) == value for key, value in self.sized.items())
