"""Whether what a config names is there: folders, tables, lists, models. No row is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.config.attacks import is_external
from mia.config.check_conditions import condition_mistakes
from mia.config.check_embeddings import AUDIT, channel_mistakes, embedding_mistakes
from mia.config.check_known import check_index
from mia.config.errors import ConfigError
from mia.given.folder_files import FolderError, list_files
from mia.given.table import GivenTable
from mia.images.sources.shared.contract import GivenFile, GivenFolder
from mia.images.sources.shared.parts import place, specs
from mia.images.sources.shared.shelf import source
from mia.models.adapter_file import adapter_file
from mia.models.model_json import ModelError
from mia.models.single_file import single_file
from mia.targets import given_scores, trained_on
from mia.targets.external_scores import columns

if TYPE_CHECKING:
    from mia.config.experiment import Experiment


def check_files(experiment: Experiment) -> None:
    """Check that every file and folder that the config names is there.

    Only the process that plans calls this: a job finds its inputs, or Snakemake says what it lacks.

    Raises:
        ConfigError: Has a line for each missing one, with its key and what was expected.
    """
    if lines := list(dict.fromkeys(file_mistakes(experiment))):
        raise ConfigError("\n".join(lines))


def file_mistakes(experiment: Experiment) -> Iterator[str]:
    """Yield a line for each file or folder that is not as the config says."""
    config = experiment.config
    for name, spec in config["image_sets"].items():
        yield from _of_image_set(spec, f"image_sets.{name}")
    for name, spec in config["models"].items():
        if spec["source"] == "path" and not Path(spec["path"], "model_index.json").is_file():
            plain = f"{spec['path']}: expected a folder with model_index.json"
            yield f"models.{name}.path: {single_file(Path(spec['path'])) or plain}"
        elif spec["source"] == "path":
            yield from condition_mistakes(spec, f"models.{name}.condition")
        if "trained_on" in spec:
            key = f"models.{name}.trained_on"
            yield from _table(spec["trained_on"], key, "a table of images", trained_on.columns)
        if "path" in spec.get("lora", {}):
            yield from _adapter(spec["lora"], f"models.{name}.lora.path")
    for name, target in config["targets"].items():
        if "known" in target:
            yield from _of_index(experiment, target, f"targets.{name}.known")
        if "scores" in target:
            key, check = f"targets.{name}.scores", given_scores.columns
            yield from _table(target["scores"], key, "a table of scores", check)
    for name, row in config["attacks"].items():
        if is_external(row):
            yield from _table(row["scores"], f"attacks.{name}.scores", "a table of scores", columns)
    if "embedding" in config["audit"]:
        lacks = list(embedding_mistakes(config["audit"]["embedding"], AUDIT))
        yield from lacks or channel_mistakes(experiment)


def _of_image_set(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    if "exclude" in spec:
        yield from _file(spec["exclude"], f"{key}.exclude", "a text file or a table")
    for name, part in specs(spec).items():
        for given in source(spec["source"]).given(part):
            yield from _given(given, f"{key}.{place(spec, name, given.key)}")
    if "embedding" in spec["duplicates"]:
        yield from embedding_mistakes(
            spec["duplicates"]["embedding"], f"{key}.duplicates.embedding"
        )


def _of_index(experiment: Experiment, target: Mapping[str, Any], key: str) -> Iterator[str]:
    image_set = experiment.parts(target["members"])[0]
    embedding = experiment.config["image_sets"][image_set]["duplicates"].get("embedding")
    try:
        check_index(target["known"], key, image_set, embedding)
    except ConfigError as error:
        yield str(error)


def _adapter(lora: Mapping[str, Any], key: str) -> Iterator[str]:
    try:
        adapter_file(Path(lora["path"]), lora.get("weight_name"))
    except ModelError as error:
        yield f"{key}: {error}"


def _given(given: GivenFolder | GivenFile, key: str) -> Iterator[str]:
    if isinstance(given, GivenFolder):
        yield from _folder(given.path, key)
    else:
        yield from _table(given.path, key, given.called, given.check)


def _folder(path: str, key: str) -> Iterator[str]:
    try:
        if not list_files(path).files:
            yield f"{key}: {path}: an empty folder; expected images"
    except FolderError as error:
        yield f"{key}: {error}; expected a folder of images, {_seen_from(path)}"


def _table(
    path: str, key: str, expected: str, check: Callable[[GivenTable], object] | None
) -> Iterator[str]:
    """Yield a line if a table is missing or lacks its columns; no row is read."""
    lacks = list(_file(path, key, expected))
    yield from lacks
    try:
        if check and not lacks:
            check(GivenTable(Path(path)))
    except ValueError as error:
        yield f"{key}: {error}"


def _file(path: str, key: str, expected: str) -> Iterator[str]:
    if not Path(path).is_file():
        found = "a folder" if Path(path).is_dir() else "no such file"
        yield f"{key}: {path}: {found}; expected {expected}, {_seen_from(path)}"


def _seen_from(path: str) -> str:
    return "an absolute path" if Path(path).is_absolute() else f"seen from {Path.cwd()}"
