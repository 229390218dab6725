"""What an attack has to see of a model, by the name that its `access` gives it."""

from __future__ import annotations

MODEL_FREE = "model-free"
WHITE_BOX = "white-box"  # it sees gradients, so it has the weights
EXTERNAL = "external"  # not known: its scores come from a file


def reads_model(access: str) -> bool:
    """Return whether an attack sees anything of the model; of one from elsewhere it is assumed."""
    return access != MODEL_FREE
