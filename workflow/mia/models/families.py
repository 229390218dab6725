"""The families of models there are: what a module of one holds, and which one a model is of."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from mia.models.distilled_names import REASON
from mia.models.family import TOLD, Family
from mia.models.model_configs import INDEX
from mia.models.model_json import ModelError, read_json, shown

if TYPE_CHECKING:
    from mia.models.denoiser import PartedDenoiser
    from mia.models.description import Facts
    from mia.models.model_configs import Configs

DENOISERS = Path(__file__).parents[1] / "denoisers"


class FamilyModule(Protocol):
    """A module of `mia.denoisers`."""

    family: Family

    def facts(self, configs: Configs) -> Facts:
        """Return what the JSON files say together.

        Raises:
            ModelError: They contradict each other, or describe a model that cannot be measured.
        """

    def load(
        self,
        model: Mapping[str, Any],
        device: str,
        dtype: str = "float32",
        compiled: bool = False,
        modules: Mapping[str, Any] | None = None,
    ) -> PartedDenoiser:
        """Return the denoiser that a model.json describes.

        Args:
            model: Contents of model.json.
            device: `cpu` or `cuda:n`.
            dtype: Arithmetic of the denoiser: `float32`, or `bfloat16` / `float16` by autocast.
            compiled: Whether it goes through `torch.compile`.
            modules: Components by name that are used in place of those in the model's folder.
        """

    # A module may have this too; without it every caption is right.

    def caption_mistake(self, model: Mapping[str, Any], caption: str) -> str | None:
        """Return what is wrong with a caption of an image and what is expected; None if nothing.

        Args:
            model: Contents of model.json.
            caption: As the manifest has it.
        """


def families() -> list[str]:
    """Return the names of all families: modules in `mia.denoisers`, sorted."""
    return sorted({path.stem for path in DENOISERS.glob("*.py")} - {"__init__"})


def module_of(family: str) -> FamilyModule:
    """Return the module of a family."""
    return cast(FamilyModule, importlib.import_module(f"mia.denoisers.{family}"))


def caption_mistake(model: Mapping[str, Any], caption: str) -> str | None:
    """Return what the family of a model finds wrong with a caption; None if nothing."""
    mistake = getattr(module_of(model["family"]), "caption_mistake", None)
    return mistake(model, caption) if mistake else None


def family_of(path: Path, index: Mapping[str, Any]) -> str:
    """Return the name of the family whose pipeline a model_index.json names.

    Raises:
        ModelError: It names none, or one that no family has.
    """
    pipeline = index.get("_class_name")
    known = {name: module_of(name).family for name in families()}
    listed = f"known: {', '.join(family.pipelines[0] for family in known.values())}"
    if not isinstance(pipeline, str):
        found = "missing" if pipeline is None else shown(pipeline)
        raise ModelError(f"{path}: _class_name: {found}; expected the name of a pipeline; {listed}")
    for name, family in known.items():
        if pipeline in family.pipelines:
            return name
    raise ModelError(f"{path}: {pipeline}: {REFUSED.get(pipeline, 'no denoiser')}; {listed}")


def condition_of(folder: Path) -> str:
    """Return what the model in `folder` is told of an image: `text`, `class` or `none`.

    Raises:
        ModelError: Its model_index.json cannot be read, or names a pipeline of no family.
    """
    path = folder / INDEX
    return module_of(family_of(path, read_json(path))).family.condition


def wrong_condition(said: str, found: str) -> str:
    """Return how a config that says another condition than the model's pipeline is mended."""
    return f"{said}, but the model is told {TOLD[found]} of an image; write `condition: {found}`"


COMBINED = "save prior and decoder together, as one KandinskyV22CombinedPipeline"
# Pipelines that are known and cannot be measured, with the reason.
REFUSED = {
    "LatentConsistencyModelPipeline": REASON,
    "LatentConsistencyModelImg2ImgPipeline": REASON,
    "StableDiffusionUpscalePipeline": "it enlarges an image",
    "StableDiffusionLatentUpscalePipeline": "it enlarges an image",
    "StableDiffusionInstructPix2PixPipeline": "it edits an image",
    "StableDiffusionXLInstructPix2PixPipeline": "it edits an image",
    "StableDiffusionDepth2ImgPipeline": "it reads a depth map too",
    "LDMSuperResolutionPipeline": "it enlarges an image",
    "KandinskyV22Pipeline": f"its prior lies elsewhere; {COMBINED}",
    "KandinskyV22Img2ImgPipeline": f"its prior lies elsewhere; {COMBINED}",
    "KandinskyV22InpaintPipeline": "it reads a mask and an image too",
    "KandinskyV22PriorPipeline": f"it makes embeddings, not images; {COMBINED}",
    "KandinskyV22ControlnetPipeline": "it reads a depth map too",
    "FluxFillPipeline": "it reads a mask and an image too",
    "FluxKontextPipeline": "it edits an image",
    "FluxKontextInpaintPipeline": "it edits an image",
    "FluxControlPipeline": "it reads another image too",
    "FluxControlImg2ImgPipeline": "it reads another image too",
    "FluxControlInpaintPipeline": "it reads another image too",
    "SanaSprintPipeline": REASON,
    "SanaSprintImg2ImgPipeline": REASON,
}
