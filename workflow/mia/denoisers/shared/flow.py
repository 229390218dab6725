"""What families of flow matching share: checks of the scheduler, the autoencoder and the texts."""

from __future__ import annotations

from mia.models.model_configs import Configs
from mia.models.model_json import ModelError
from mia.models.noise_schedule import noise_schedule
from mia.models.objective import FLOW


def require_flow(configs: Configs) -> None:
    """Raise ModelError unless the scheduler is one of flow matching."""
    if noise_schedule(configs.scheduler).prediction_type != FLOW:
        expected = "a scheduler of flow matching, such as FlowMatchEulerDiscreteScheduler"
        raise configs.scheduler.wrong("_class_name", expected)


def require_tokenizers(configs: Configs) -> None:
    """Raise ModelError unless every text encoder of the model has its tokenizer."""
    for name in configs.parts:
        tokenizer = name.replace("text_encoder", "tokenizer")
        if tokenizer != name and tokenizer not in configs.classes:
            raise ModelError(
                f"{configs.folder / 'model_index.json'}: {tokenizer}: null; "
                f"expected the tokenizer of {name}"
            )
