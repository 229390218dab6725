"""Turn a model of any source into model.json: folder, hashes of all files, schedule, shapes.

Where an adapter is given, the folder is one beside model.json, with the adapter merged into it.
`parameters` are those of the denoiser.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mia import command, result_paths, storage
from mia.file_hash import file_hash
from mia.models.adapter_file import USUAL, adapter_file, require_finite
from mia.models.description import Description
from mia.models.families import condition_of, wrong_condition
from mia.models.family import TEXT
from mia.models.folder import describe, require_usable
from mia.models.hub import adapter_snapshot, model_snapshot
from mia.models.model_json import ModelError
from mia.models.options import options_of
from mia.models.parameters import denoiser_parameters
from mia.models.training.ledger import replacing_tree
from mia.seal import DamagedFile


def locate(spec: dict[str, Any], made_from: Sequence[str]) -> Path:
    """Return the folder of a model, downloading it from the hub where that is its source.

    Args:
        spec: The model's config block.
        made_from: index.json of its training, where that is its source.

    Raises:
        HubError: A hub model is neither cached nor reachable.
        ModelError: JSON files of a hub model rule it out, before its weights are downloaded.
    """
    if spec["source"] == "path":
        return Path(spec["path"])
    if spec["source"] == "training":
        index = Path(made_from[0])
        return index.parent / storage.read_json(index)["checkpoints"][str(spec["epoch"])]["folder"]
    look = partial(look_at, spec)
    return model_snapshot(spec["repo"], spec["revision"], spec.get("variant"), look)


def look_at(spec: dict[str, Any], folder: Path) -> None:
    """Raise ModelError where the JSON files of a hub model rule it out, as its block has it."""
    require_usable(folder, options_of(spec))
    require_told(spec, condition_of(folder))


def require_told(spec: dict[str, Any], condition: str) -> None:
    """Raise ModelError unless a model is told of an image what the config takes it to be told."""
    if (said := spec.get("condition", TEXT)) != condition:
        raise ModelError(f"condition: {wrong_condition(said, condition)}")


def require_as_trained(model: Description, index: Path, epoch: str) -> None:
    """Raise a DamagedFile unless a checkpoint has the weights that its training wrote."""
    if model["weights"] != storage.read_json(index)["checkpoints"][epoch]["weights"]:
        raise DamagedFile(index, f"the weights in {model['folder']} are not those it tells of")


def locate_adapter(lora: dict[str, Any]) -> Path:
    """Return the file of an adapter, checked, from its block of the config.

    Raises:
        HubError: An adapter of the hub is neither cached nor reachable.
        ModelError: The file is missing, damaged, a pickle or no LoRA.
    """
    if "path" in lora:
        file = adapter_file(Path(lora["path"]), lora.get("weight_name"))
    else:
        name = lora.get("weight_name", USUAL)
        file = adapter_file(adapter_snapshot(lora["repo"], lora["revision"], name))
    require_finite(file)
    return file


def merged(base: Description, spec: dict[str, Any], adapter: Path, target: Path) -> Description:
    """Write a model with its adapter merged to the folder `target`, and describe it."""
    import torch

    from mia.models.merging import merge

    torch.set_num_threads(1)  # another number could change the last bit of a weight
    with replacing_tree(target) as folder:
        variant = merge(base, adapter, spec["lora"]["scale"], folder)
    return describe(target, variant, options_of(spec))


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--made-from", nargs="*", default=[], help="index.json of its training")
    parser.add_argument("--output", required=True)
    command.run(parser, write_model, "models.{name}: ")


def write_model(args: argparse.Namespace) -> None:
    spec, target = args.settings, Path(args.output).with_name(Path(result_paths.MERGED).name)
    adapter = locate_adapter(spec["lora"]) if "lora" in spec else None
    model = describe(locate(spec, args.made_from), spec.get("variant"), options_of(spec))
    require_told(spec, model["condition"])
    if spec["source"] == "training":
        require_as_trained(model, Path(args.made_from[0]), str(spec["epoch"]))
    told = {"name": args.name, **spec}
    if adapter is None:
        shutil.rmtree(target, ignore_errors=True)  # of an adapter that is given no more
    else:
        model = merged(model, spec, adapter, target)
        told["adapter"] = {"file": adapter.name, "sha256": file_hash(adapter)}
    told["parameters"] = denoiser_parameters(model)
    storage.write_json({**told, **model}, args.output)


if __name__ == "__main__":
    main()
