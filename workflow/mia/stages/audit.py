"""Audit the sets of one target: what its blind baselines see, the verdict, the rows left out."""

from __future__ import annotations

import argparse
from dataclasses import asdict

import pandas as pd

from mia import command, storage
from mia.attacks.shared.contract import Learns
from mia.audit.appendix import appendix
from mia.audit.channels import channels_of
from mia.audit.equivalence import equivalence_level, not_fair_level
from mia.audit.failed_hosts import failed_hosts
from mia.audit.left_out import counts, kept_share
from mia.audit.reach import reach
from mia.audit.remarks import remarks
from mia.audit.survival import survival
from mia.audit.verdict import verdict
from mia.config.attacks import build_attack
from mia.evaluation.empty_captions import empty_captions
from mia.evaluation.metrics_file import Metrics
from mia.evaluation.scored import reported, scored
from mia.models.family import NONE
from mia.path_names import by_name
from mia.result_paths import MANIFEST, SCORES
from mia.stats.metrics import headline_limit
from mia.targets.pictures import read_images, with_embeddings

COLUMNS = ["set", "key", "image_id", "member", "group", "fold", "block", "kept", "reason"]


def audit(
    target: str,
    metrics: list[Metrics],
    scores: dict[str, str],
    membership: pd.DataFrame,
    settings: dict,
    source: str,
) -> dict:
    """Return the verdict on a target and what it rests on.

    Args:
        target: Its name.
        metrics: Metrics of its blind baselines, as `evaluate` wrote them.
        scores: Attack name to score file, of the same attacks.
        membership: Its membership table, from the file `source`.
        settings: margin, confidence; `by_design`, whether both sides
            are random parts of one collection.

    Raises:
        ValueError: An attack is no blind baseline, or its scores do not fit the membership.
    """
    strangers = [found["attack"] for found in metrics if not found["blind"]]
    if strangers:
        raise ValueError(f"audit of {target}: {strangers} are no blind baselines")
    parts = {
        found["attack"]: reported(
            scored(storage.read(path := scores[found["attack"]]), membership, path), path
        )
        for found in metrics
    }
    margin, confidence = settings["margin"], settings["confidence"]
    channels = channels_of(parts, confidence)
    kept = membership[membership["kept"].astype(bool)]
    members = kept.loc[kept["block"] >= 0, "member"]
    n_member, n_nonmember = int(members.sum()), int((~members.astype(bool)).sum())
    word, sentence = verdict(
        channels, margin, settings["by_design"], n_member, n_nonmember, confidence
    )
    decides = reach(channels, margin, n_member, n_nonmember, confidence)
    rates = {found["attack"]: found["tpr"] for found in metrics}
    return {
        "target": target,
        "verdict": word,
        "sentence": sentence,
        "margin": margin,
        "levels": {
            "fair": equivalence_level(confidence),
            "not_fair": not_fair_level(confidence, len(channels)),
        },
        "reach": asdict(decides) if decides else None,
        "channels": [
            {**asdict(channel), "tpr": _tpr(rates[channel.attack], headline_limit(n_nonmember))}
            for channel in channels
        ],
        "n_member": n_member,
        "n_nonmember": n_nonmember,
        "by_design": settings["by_design"],
        "counts": {
            side: counts(membership[membership["member"].astype(bool) == is_member])
            for side, is_member in (("members", True), ("nonmembers", False))
        },
    }


def blind_views(
    manifests: list[str],
    embeddings: list[str],
    membership: pd.DataFrame,
    settings: dict,
) -> dict:
    """Return `appendix` of the kept rows of calibration and evaluation.

    Args:
        manifests: Manifests of the target's sets.
        embeddings: Embeddings of their images and captions, if a model is given.
        membership: Its membership table.
        settings: splits, random_splits, confidence, seed; `attacks`, name to config
            entry of its blind baselines, of which those that learn are tried on other splits.
    """
    rows = membership[membership["kept"].astype(bool) & (membership["fold"] != "fit")]
    rows = rows.set_index("image_id").sort_index().astype({"member": bool})
    images = with_embeddings(read_images(manifests, rows), rows, embeddings)
    blind = {name: build_attack(name, row) for name, row in settings["attacks"].items()}
    learning = {name: attack for name, attack in blind.items() if isinstance(attack, Learns)}
    return appendix(images, rows, learning, settings)


def _tpr(rates: list[dict], limit: float) -> dict:
    """Return the TPR at a limit and its interval; nulls if too few nonmembers resolve it."""
    (entry,) = [entry for entry in rates if entry["limit"] == limit]
    return {key: entry[key] for key in ("limit", "value", "low", "high")}


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--metrics", required=True, nargs="*", help="of the blind baselines")
    parser.add_argument("--scores", required=True, nargs="*", help="of the same, in any order")
    parser.add_argument("--membership", required=True)
    parser.add_argument("--manifests", required=True, nargs="+", help="of the target's sets")
    parser.add_argument("--embeddings", nargs="*", default=[], help="of images and captions")
    parser.add_argument("--output", required=True)
    command.run(parser, write_audit)


def write_audit(args: argparse.Namespace) -> None:
    storage.write_json(found(args), args.output)


def found(args: argparse.Namespace) -> dict:
    """Return all that audit/sets/{target}.json says, from the files that the options name."""
    settings, membership = args.settings, storage.read(args.membership, COLUMNS)
    of_target = audit(
        args.target,
        [storage.read_json(path) for path in args.metrics],
        by_name(SCORES, "attack", args.scores),
        membership,
        settings,
        args.membership,
    )
    more = blind_views(args.manifests, args.embeddings, membership, settings)
    match, share = settings["match"], kept_share(membership)
    said = remarks(
        of_target["verdict"],
        settings["trained_here"],
        match,
        share,
        more["self_test"],
        more["same_captions"],
        settings["without_addresses"],
    )
    columns, sides = ["part", "status", "caption", "url"], settings["sides"]
    paths = by_name(MANIFEST, "set", args.manifests)
    manifests = {name: storage.read(path, columns) for name, path in paths.items()}
    return {
        **of_target,
        **more,
        "match": match,
        "kept_share": share,
        "survival": survival(manifests, sides, settings["confidence"]),
        "failed_hosts": failed_hosts(manifests, sides, settings["confidence"]),
        "remarks": [*said, *empty_captions(manifests, sides, settings.get("condition") != NONE)],
    }


if __name__ == "__main__":
    main()
