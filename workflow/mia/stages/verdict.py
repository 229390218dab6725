"""Rule `verdict`: put what a model's estimates are worth beside the audit of a target's sets.

The audit of the sets needs no model and is there before anything is measured; this needs both.
"""

from __future__ import annotations

import argparse

from mia import command, storage
from mia.evaluation.estimates import FLAGS, sentences
from mia.path_names import names
from mia.result_paths import ESTIMATES


def with_estimates(audit: dict, judged: dict[str, list[dict]]) -> dict:
    """Return the audit of a target's sets with the models' flags and their sentences first.

    Args:
        audit: That of the sets.
        judged: Model to what `mia.evaluation.estimates.judge` found on each image set.
    """
    said = [line for model, ones in judged.items() for line in sentences(model, ones)]
    flagged = {
        flag: [model for model, ones in judged.items() if any(one[key] for one in ones)]
        for flag, key in FLAGS.items()
    }
    return {**audit, **flagged, "remarks": [*said, *audit["remarks"]]}


def estimates_by_model(paths: list[str]) -> dict[str, list[dict]]:
    """Return, by model, what `mia.evaluation.estimates.judge` found on each image set."""
    found: dict[str, list[dict]] = {}
    for path in paths:
        found.setdefault(names(ESTIMATES, path)["model"], []).append(storage.read_json(path))
    return found


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--audit", required=True, help="of the target's sets")
    parser.add_argument("--estimates", nargs="*", default=[], help="{model}/{set}/estimates.json")
    parser.add_argument("--output", required=True)
    command.run(parser, write_verdict)


def write_verdict(args: argparse.Namespace) -> None:
    judged = estimates_by_model(args.estimates)
    storage.write_json(with_estimates(storage.read_json(args.audit), judged), args.output)


if __name__ == "__main__":
    main()
