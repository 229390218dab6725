"""What the JSON files of a model folder say, before a weight is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mia.models.family import Family
from mia.models.model_json import Config
from mia.models.tokenizer_folder import caption_length

INDEX = "model_index.json"


@dataclass(frozen=True)
class Configs:
    """Configs of the components of one model.

    Args:
        folder: Of the model.
        index: Contents of model_index.json.
        name: Of the family.
        family: What it says of itself.
        parts: Config of each component with weights that the model has.
        classes: Class of each component that the model has, tokenizers too.
        scheduler: Its config.
        options: Keys of the model's block that its family reads, over their defaults.
    """

    folder: Path
    index: Mapping[str, Any]
    name: str
    family: Family
    parts: Mapping[str, Config]
    classes: Mapping[str, str]
    scheduler: Config
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def denoiser(self) -> Config:
        """The config of the component that is queried."""
        return self.parts[self.family.denoiser]

    @property
    def autoencoder(self) -> Config | None:
        """The config of the component that makes latents, if there is one."""
        return self.parts[self.family.autoencoder] if self.family.autoencoder else None

    def caption_lengths(self) -> dict[str, int]:
        """Return the tokens that captions are padded or cut to, by tokenizer.

        Raises:
            ModelError: A tokenizer and its text encoder do not belong together.
        """
        found = {}
        for name in self.classes:
            part = self.family.parts[name]
            encoder = self.parts.get(name.replace("tokenizer", "text_encoder"))
            if part.is_tokenizer and encoder:
                found[name] = caption_length(self.folder / name, part, encoder)
        return found
