"""The given files that each stage reads, each with a fingerprint of its bytes.

No such file is an input of a rule: Snakemake compares inputs by date first, and reads their names
as patterns. There is one function a stage, as in `stage_settings`. Each names what it compares, so
that `make why` does too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from mia.config.contents import Contents
from mia.config.experiment import Experiment
from mia.config.image_contents import CHECKOUT, download_contents, plan_contents
from mia.config.output_encoder import output_encoder

PAGE_TEXTS = ("docs/flags.md", "docs/ethics.md")
PAGE_PARTS = (
    *("page.html.j2", "page_parts.html.j2", "target_answer.html.j2", "target_further.html.j2"),
    "before_after.html.j2",
    *("page.css", "page.js"),
)

Files = dict[str, str]


class StageFiles:
    """Fingerprints of the files that stages read besides what the pipeline makes.

    Args:
        experiment: The experiment.
        store: Where hashes of files are remembered.
    """

    def __init__(self, experiment: Experiment, store: Path) -> None:
        self._experiment = experiment
        self._sets = experiment.config["image_sets"]
        self._contents = Contents(store)
        self._shards = cache(self._by_shard)

    def plan(self, set: str) -> Files:
        """Return all that a plan is made from; images in a folder count by name alone."""
        return plan_contents(self._contents, self._sets[set])

    def download(self, set: str, shard: str) -> Files:
        """Return the given images of a shard; images of the web are no files."""
        return self._shards(set)[int(shard)]

    def rows(self, set: str) -> Files:
        """Return the list of excluded images, if the set has one."""
        return self._files(self.exclude(set))

    def manifest(self, set: str) -> Files:
        """Return the list of excluded images, if the set has one."""
        return self.rows(set)

    def encoder(self, encoder: str) -> Files:
        """Return the folder of an embedding model."""
        folder = self._experiment.encoders[encoder]["path"]
        return {folder: self._contents.folder(folder)}

    def embed(self, encoder: str) -> Files:
        """Return the folder of an embedding model."""
        return self.encoder(encoder)

    def measure(self, model: str, set: str) -> Files:
        """Return the folder of the image encoder, if outputs of the model are compared by it."""
        asked = output_encoder(self._experiment, self._experiment.wanted(model, set)).values()
        return {spec["path"]: self._contents.folder(spec["path"]) for spec in asked}

    def membership(self, target: str) -> Files:
        """Return the table of known training images, if the target names one."""
        return self._files(self.known(target))

    def references(self, target: str) -> Files:
        """Return the tables that say what references were trained on."""
        models = self._experiment.config["models"]
        named = self._experiment.references(target)
        return self._files([path for name in named for path in _given(models[name], "trained_on")])

    def model(self, model: str) -> Files:
        """Return the folder of a model of `source: path`, and its adapter, if it has one here.

        Others are pinned or made here.
        """
        spec = self._experiment.config["models"][model]
        found = {}
        if spec["source"] == "path":
            found[spec["path"]] = self._contents.folder(spec["path"])
        return found | self._adapter(spec.get("lora", {}))

    def score(self, attack: str) -> Files:
        """Return the table of scores, if the entry has one."""
        return self._files(self.external(attack))

    def given_scores(self, target: str) -> Files:
        """Return the table of a target of scores alone."""
        return self._files(self.table(target))

    def report(self) -> Files:
        """Return the page's template and the texts that it shows."""
        return self._package([*PAGE_TEXTS, *(f"workflow/report/{part}" for part in PAGE_PARTS)])

    def _adapter(self, lora: dict[str, Any]) -> Files:
        """Return the adapter's file; all files of its folder where no name is given."""
        if "path" not in lora:
            return {}
        path = str(Path(lora["path"], lora.get("weight_name", "")))
        return {path: self._contents.folder(path)} if Path(path).is_dir() else self._files([path])

    # Paths as the config has them

    def exclude(self, set: str) -> list[str]:
        """Return the list of excluded images, if the set has one."""
        return _given(self._sets[set], "exclude")

    def known(self, target: str) -> list[str]:
        """Return the table of known training images, if the target names one."""
        return _given(self._experiment.config["targets"][target].get("known", {}), "path")

    def table(self, target: str) -> list[str]:
        """Return the table of a target of scores alone."""
        return _given(self._experiment.config["targets"][target], "scores")

    def external(self, attack: str) -> list[str]:
        """Return the table of scores, if the entry has one."""
        return _given(self._experiment.config["attacks"][attack], "scores")

    def _by_shard(self, set: str) -> list[Files]:
        return download_contents(self._contents, self._sets[set])

    def _files(self, paths: list[str]) -> Files:
        return {path: self._contents.file(path) for path in sorted({*paths})}

    def _package(self, names: list[str]) -> Files:
        """Return files of this checkout besides code, named from its top, wherever it lies."""
        return {name: self._contents.file(str(CHECKOUT / name)) for name in names}


def _given(spec: dict[str, Any], key: str) -> list[str]:
    return [spec[key]] if key in spec else []
