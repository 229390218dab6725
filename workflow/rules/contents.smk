"""What people give, by its bytes: parameters that change when a file does, whatever its date.

No file that people give is an `input` of a rule: Snakemake compares those by date first, and reads
their names as patterns. Each parameter names what it compares, so that `make why` does too.
"""

from functools import cache

from mia.config.contents import Contents
from mia.images.sources.shared.folder_captions import ENDINGS
from mia.images.sources.shared.keys import captions_ending, captions_table

CONTENTS = Contents(Path(".snakemake/hashes.json"))


def as_given(value):
    """Parameter function: `value` as it is. In a bare text Snakemake would look for wildcards."""

    def unchanged(wildcards):
        return value

    return unchanged


def options(name, values):
    """Options of a command, one word each, so that no value is taken for an option."""
    return [f"--{name}={value}" for value in values]


def of_files(paths):
    return {path: CONTENTS.file(path) for path in sorted(set(paths))}


def source_parts(image_set):
    """The spec of a set and of its parts, each with the set's keys."""
    spec = SETS[image_set]
    return [spec, *({**spec, **part} for part in spec.get("parts", {}).values())]


def folders_of_source(image_set):
    if SETS[image_set]["source"] != "folder":
        return []
    return sorted({part["path"] for part in source_parts(image_set) if "path" in part})


def planned_contents(image_set):
    """Parameter function: all that a plan is made from; of pictures their names alone."""

    def contents(wildcards):
        source, parts = SETS[image_set]["source"], source_parts(image_set)
        tables = [table for part in parts if (table := captions_table(part))]
        if source == "urls":
            tables += [part["path"] for part in parts if "path" in part]
        read = {*ENDINGS, *filter(None, map(captions_ending, parts))}
        folders = folders_of_source(image_set)
        names = {folder: CONTENTS.names(folder, read) for folder in folders}
        own = package_contents(CAPTION_TABLE) if source == "builtin" else {}
        return {**of_files(tables), **names, **own}

    return contents


def picture_contents(wildcards):
    """The pictures of a shard of a folder set, by folder; those of other sources are no files."""
    return pictures_by_shard(wildcards.set)[int(wildcards.shard)]


@cache
def pictures_by_shard(image_set):
    return CONTENTS.shards(folders_of_source(image_set), SETS[image_set]["shards"])


def exclude_contents(wildcards):
    return of_files(exclude_list(wildcards))


def embedding_contents(wildcards):
    folder = EXPERIMENT.encoders[wildcards.encoder]["path"]
    return {folder: CONTENTS.folder(folder)}


def known_contents(wildcards):
    return of_files(known_index(wildcards))


def model_contents(wildcards):
    """The folder of a model of `source: path`; others are pinned or made here."""
    spec = config["models"][wildcards.model]
    if spec["source"] != "path":
        return {}
    return {spec["path"]: CONTENTS.folder(spec["path"])}


def external_contents(wildcards):
    return of_files(external_scores(wildcards))


def package_contents(*names):
    """Files of this checkout besides code, named from its top, wherever it lies."""
    return {name: CONTENTS.file(str(WORKFLOW.parent / name)) for name in names}
