"""What a config says of its trainings: what each learns, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mia.config.materials import Materials, as_set


@dataclass(frozen=True)
class Trainings(Materials):
    """A completed config, as `mia.config.read` returns it, checked."""

    def kept_epochs(self, training: str) -> list[int]:
        """Return the epochs whose checkpoints are kept, sorted; the last is always kept."""
        spec = self.config["training"][training]
        return sorted({*spec.get("keep", []), spec["epochs"]})

    def trained(self, training: str) -> dict[str, Any]:
        """Return what a model of a training is: of the last epoch, its images prepared alike."""
        spec = self.config["training"][training]
        spec = self.config["models"][spec["base"]] if "base" in spec else spec
        given = {key: spec[key] for key in ("preparation",) if key in spec}
        return {"epoch": self.kept_epochs(training)[-1], **given}

    def is_shadow(self, model: str) -> bool:
        """Return whether a model was trained here on a random half (`mia.config.shadows`)."""
        name = self.training(model)
        return "half" in self.config["training"].get(name, {})

    @property
    def shown_trainings(self) -> tuple[str, ...]:
        """The trainings that the report shows samples of: all but those of shadow models."""
        return tuple(name for name, spec in self.config["training"].items() if "half" not in spec)

    def learnt_parts(self, training: str) -> tuple[str, tuple[str, ...]]:
        """Return the set and the parts that a training learns, or of which it learns a half."""
        spec = self.config["training"][training]
        image_set, parts = self.parts(spec["set"])
        return image_set, tuple(spec["half"]["parts"]) if "half" in spec else parts

    def half_of(self, training: str) -> dict[str, Any]:
        """Return `half`: seed and number of the half that a shadow model learns; else nothing."""
        half = self.config["training"][training].get("half")
        return {"half": {key: half[key] for key in ("seed", "number")}} if half else {}

    def trained_on(self, model: str) -> set[tuple[str, str]] | None:
        """Return (set, part) pairs that `model` was trained on here; None if made elsewhere.

        Those of its base count too. What an adapter was trained on is not known. A shadow model was
        trained on a half of them.
        """
        name = self.training(model)
        if name is None or name not in self.config["training"]:  # it may name one that is not there
            return None
        base = self.base(model)
        learnt = as_set(self.learnt_parts(name))
        return learnt | ((self.trained_on(base) or set()) if base else set())

    def sets_of_training(self, training: str) -> tuple[str, ...]:
        """Return the image sets that a training learns from, sorted."""
        spec = self.config["training"][training]
        keys = [key for key in ("set", "representation_set") if key in spec]
        return tuple(sorted({self.parts(spec[key])[0] for key in keys}))
