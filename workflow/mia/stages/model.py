"""Turn a model of any source into model.json: folder, hashes of all files, schedule, shapes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mia import storage
from mia.hub_error import HubError
from mia.models.folder import ModelError, describe, require_usable
from mia.models.hub import model_snapshot
from mia.seal import DamagedFile


def locate(spec: dict[str, Any], made_from: Sequence[str]) -> Path:
    """Return the folder of a model, downloading it from the hub where that is its source.

    Args:
        spec: The model's config block.
        made_from: index.json of its training, where that is its source.

    Raises:
        HubError: A hub model that is neither cached nor reachable.
        ModelError: A hub model whose JSON files rule it out, before its weights are downloaded.
    """
    if spec["source"] == "path":
        return Path(spec["path"])
    if spec["source"] == "training":
        index = Path(made_from[0])
        return index.parent / storage.read_json(index)["checkpoints"][str(spec["epoch"])]["folder"]
    return model_snapshot(spec["repo"], spec["revision"], spec.get("variant"), require_usable)


def require_as_trained(model: dict[str, Any], index: Path, epoch: str) -> None:
    """Raise a DamagedFile unless a checkpoint has the weights that its training wrote."""
    if model["weights"] != storage.read_json(index)["checkpoints"][epoch]["weights"]:
        raise DamagedFile(index, f"the weights in {model['folder']} are not those it tells of")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--spec", type=json.loads, required=True, help="the model's config block")
    parser.add_argument("--made-from", nargs="*", default=[], help="index.json of its training")
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        model = describe(locate(args.spec, args.made_from), args.spec.get("variant"))
        if args.spec["source"] == "training":
            require_as_trained(model, Path(args.made_from[0]), str(args.spec["epoch"]))
    except (HubError, ModelError, OSError) as error:
        raise SystemExit(f"error: models.{args.name}: {error}") from error
    storage.write_json({"name": args.name, **args.spec, **model}, args.output)


if __name__ == "__main__":
    main()
