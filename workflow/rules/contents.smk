"""What people give, by its bytes: parameters that change when a file does, whatever its date.

No file that people give is an `input` of a rule: Snakemake compares those by date first, and reads
their names as patterns. Each parameter names what it compares, so that `make why` does too.
"""

from functools import cache

from mia.config.contents import Contents
from mia.config.image_contents import download_contents, plan_contents
from mia.images.sources.shared.shelf import source, source_code
from mia.images.sources.shared.stage_keys import download_settings, plan_settings

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


def planned_contents(image_set):
    """Parameter function: all that a plan is made from; of pictures their names alone."""

    def contents(wildcards):
        return plan_contents(CONTENTS, SETS[image_set])

    return contents


def picture_contents(wildcards):
    """The files of people that a shard's download reads; those of the web are no files."""
    return contents_by_shard(wildcards.set)[int(wildcards.shard)]


@cache
def contents_by_shard(image_set):
    return download_contents(CONTENTS, SETS[image_set])


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
