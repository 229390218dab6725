"""Write the report: one page with every verdict, number and figure, that needs nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mia import command, storage
from mia import result_paths as paths
from mia.claimed import markup_as_claimed
from mia.path_names import by_name, names
from mia.report.checkout import ROOT, commit
from mia.report.pages import (
    before_after,
    controls,
    details,
    duplicate_limits,
    flag_notes,
    formats,
    image_sets,
    inline_figures,
    markdown,
    pictures,
    provenance,
    targets,
)
from mia.report.pages.gallery import gallery, keys
from mia.report.pages.known_index import index_counts
from mia.report.pages.texts import glossary
from mia.stats.metrics import FPR_LIMITS

MANIFEST = ["key", "image_id", "part", "caption", "status", "kept", "reason"]
TEXTS = [ROOT / "docs" / f"{page}.md" for page in ("flags", "ethics")]
TEMPLATE = ROOT / "workflow" / "report" / "page.html.j2"
PAIRS = ["key_a", "key_b", "part_a", "part_b", "distance", "rmse", "mirrored", "cosine", "kind"]


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--summary", type=Path, required=True)
    parser.add_argument("--metrics", type=Path, required=True)
    for many in (
        "audits",
        "memberships",
        "target-pairs",
        "figures",
    ):
        parser.add_argument(f"--{many}", type=Path, nargs="+", required=True)
    for perhaps in ("manifests", "pairs", "models"):
        parser.add_argument(f"--{perhaps}", type=Path, nargs="*", default=[])
    parser.add_argument("--scores", type=Path, nargs="*", default=[])
    parser.add_argument("--pairwise", type=Path, required=True)
    parser.add_argument("--set-test", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--detections", type=Path, required=True)
    parser.add_argument("--compare", type=Path, required=True)
    parser.add_argument("--generated", type=Path, required=True)
    parser.add_argument("--samples", type=Path, nargs="*", default=[])
    parser.add_argument("--texts", type=Path, nargs=2, default=TEXTS, help="flags, ethics")
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    parser.add_argument("--output", type=Path, required=True)
    command.run(parser, write_page)


def write_page(options: argparse.Namespace) -> None:
    storage.write_text(render(options.template, context(options)), options.output)


def render(template: Path, values: dict[str, Any]) -> str:
    """Return the filled-in template; whatever is not markup of our own is escaped."""
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    for name in ("number", "signed", "percent", "points", "whole", "breakable", "chance", "sha256"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["claimed"] = lambda markup: Markup(markup_as_claimed(str(markup)))
    return environment.get_template(template.name).render(values)


def context(options: argparse.Namespace) -> dict[str, Any]:
    """Return all that the template names, read from the inputs.

    Raises:
        ValueError: An input is not the table or figure expected; the message names it.
    """
    spec = options.settings
    summary = targets.tidy(details.read_cells(options.summary))
    long = details.read_cells(options.metrics)
    tables = options.pairwise, options.set_test, options.answers, options.detections
    found = details.read_all(*tables, options.generated)
    confidence = spec["evaluation"]["confidence"]
    rows = targets.attack_rows(summary, axis := targets.scale(summary))
    audits = {audit["target"]: audit for audit in map(storage.read_json, options.audits)}
    manifests = by_name(paths.MANIFEST, "set", options.manifests)
    counted = {name: storage.read(path, MANIFEST) for name, path in manifests.items()}
    within = by_name(paths.PAIRS, "set", options.pairs)
    pairs = {name: storage.read(path, PAIRS) for name, path in within.items()}
    memberships = by_name(paths.MEMBERSHIP, "target", options.memberships)
    between = by_name(paths.TARGET_PAIRS, "target", options.target_pairs)
    models = {model["name"]: model for model in map(storage.read_json, options.models)}
    shown, of_images = [], (options.scores, manifests)
    for name in (order := list(dict.fromkeys(summary["target"]))):
        mine = [row for row in rows if row["target"] == name]
        target = targets.target_context(name, spec, mine, audits[name], long)
        shown.append(
            target
            | details.of_target(
                *(target, long, found, spec["evaluation"], spec.get("caption_controls", ())),
                keys=keys(name, spec, memberships[name]),
            )
            | {"control_models": controls.of_target(target, spec, models, long, found["answers"])}
            | {"known": index_counts(storage.read(memberships[name]))}
            | {"figures": inline_figures.of_target(name, options.figures)}
            | {"gallery": gallery(name, spec, *of_images, memberships[name], found["detections"])}
            | {"limits": duplicate_limits.between(name, spec, between[name], manifests)}
        )
    sets = [
        image_sets.image_set_context(
            name,
            spec["image_sets"][name],
            counted[name],
            pairs[name],
            storage.metadata(manifests[name]),
        )
        | {"hash": provenance.pictures_hash(counted[name])}
        | {"limits": duplicate_limits.within(name, spec, pairs[name], manifests[name])}
        for name in sorted(counted)
    ]
    flags, ethics = (path.read_text(encoding="utf-8") for path in options.texts)
    return {
        "spec": spec,
        "targets": shown,
        "rows": sorted(rows, key=lambda row: (order.index(row["target"]), row["blind"])),
        "axis": axis,
        "fpr_limits": FPR_LIMITS,
        "changes": before_after.changes(
            details.read(options.compare, before_after.WORDS, before_after.COLUMNS), confidence
        ),
        "sets": sets,
        "samples": samples(spec, options.samples),
        "models": provenance.model_rows([*models.values()]),
        "versions": provenance.versions(),
        "commit": commit(),
        "flags": flag_notes.explained(flags, rows),
        "ethics": markdown.sections(ethics),
        "glossary": glossary(confidence, spec["audit"]["margin"]),
    }


def samples(spec: dict[str, Any], files: list[Path]) -> list[dict[str, Any]]:
    """Return the images of each training whose image sets may be shown."""
    found = []
    for path in files:
        name = names(paths.SAMPLES, path)["training"]
        training = spec["training"][name]
        entry = {"training": name, "set": training["set"], "epochs": training["keep"]}
        entry |= {"uri": None, "credit": False}
        if {*training["sets"]} <= {*spec["pictured"]}:
            entry["uri"] = pictures.png_uri(path)
            learnt = [spec["image_sets"][image_set] for image_set in training["sets"]]
            entry["credit"] = any(map(image_sets.is_openmoji, learnt))
        found.append(entry)
    return found


if __name__ == "__main__":
    main()
