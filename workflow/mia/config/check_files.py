"""Whether what a config names is there: folders, tables, lists, models. No row is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.config.attacks import is_external
from mia.config.check_embeddings import AUDIT, channel_mistakes, embedding_mistakes
from mia.config.check_known import check_index
from mia.config.errors import ConfigError
from mia.given.cells import Column
from mia.given.folder_files import FolderError, list_files
from mia.given.table import ENDINGS, GivenTable
from mia.images.sources.listings import specs
from mia.images.sources.shared.keys import captions_table
from mia.images.sources.shared.url_table import UrlTable
from mia.models.single_file import single_file
from mia.targets.external_scores import columns

if TYPE_CHECKING:
    from mia.config.experiment import Experiment


def check_files(experiment: Experiment) -> None:
    """Look at every file and folder that the config names.

    Only the process that plans does it: a job finds its inputs, or Snakemake says what it lacks.

    Raises:
        ConfigError: A line for each that is not there, with its key and what was expected.
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
    for name, target in config["targets"].items():
        if "known" in target:
            yield from _of_index(experiment, target, f"targets.{name}.known")
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
        given = spec.get("parts", {}).get(name, {})
        where = {field: f"{key}.parts.{name}" if field in given else key for field in part}
        if spec["source"] == "folder":
            yield from _folder(part["path"], f"{where['path']}.path")
            if table := captions_table(part):
                key_of = f"{where['captions']}.captions"
                yield from _table(table, key_of, "a captions table", _captions(part))
            elif part.get("alternates"):
                yield (
                    f"{where['alternates']}.alternates: columns of a captions table; expected "
                    f"{where.get('captions', where['path'])}.captions to name one"
                )
        elif spec["source"] == "urls":
            key_of = f"{where['path']}.path"
            yield from _table(part["path"], key_of, "a table of addresses", _addresses(part))
        elif spec["source"] == "hub" and not part["file"].lower().endswith(ENDINGS):
            expected = f"expected a table ending in {' or '.join(ENDINGS)}"
            yield f"{where['file']}.file: {part['file']}: {expected}"
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


def _folder(path: str, key: str) -> Iterator[str]:
    try:
        if not list_files(path).files:
            yield f"{key}: {path}: an empty folder; expected pictures"
    except FolderError as error:
        yield f"{key}: {error}; expected a folder of pictures, {_seen_from(path)}"


def _captions(part: Mapping[str, Any]) -> Callable[[GivenTable], object]:
    names = ["file", "caption", *(f"alt_{name}" for name in part.get("alternates", ()))]
    return lambda table: table.require(map(Column, names))


def _addresses(part: Mapping[str, Any]) -> Callable[[GivenTable], object]:
    alternates, sha256 = tuple(part.get("alternates", ())), part.get("picture_sha256")
    return lambda table: UrlTable("", table, part["url"], part["caption"], alternates, sha256)


def _table(
    path: str, key: str, expected: str, check: Callable[[GivenTable], object]
) -> Iterator[str]:
    """A table is there and has its columns; no row is read."""
    lacks = list(_file(path, key, expected))
    yield from lacks
    try:
        if not lacks:
            check(GivenTable(Path(path)))
    except ValueError as error:
        yield f"{key}: {error}"


def _file(path: str, key: str, expected: str) -> Iterator[str]:
    if not Path(path).is_file():
        found = "a folder" if Path(path).is_dir() else "no such file"
        yield f"{key}: {path}: {found}; expected {expected}, {_seen_from(path)}"


def _seen_from(path: str) -> str:
    return "an absolute path" if Path(path).is_absolute() else f"seen from {Path.cwd()}"
