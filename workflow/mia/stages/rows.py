"""Rule `rows`: open every image of a shard; one row each, with a status."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mia import command, storage
from mia.images import archive
from mia.images.pictures import naming
from mia.images.rows import COLUMNS, PLANNED, captioned, describe, typed
from mia.images.sources.shared import exclusion, replay
from mia.images.sources.shared.exclusion import NOTHING, Exclusion


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--plan", required=True, type=Path, help="the shard's plan")
    parser.add_argument("--pictures", required=True, type=Path, help="the shard's raw images")
    parser.add_argument("--downloads", required=True, type=Path, help="how each download went")
    parser.add_argument("--exclude", nargs="*", type=Path, default=[], help="list, if there is one")
    parser.add_argument("--output", required=True, type=Path, help="table to write")
    command.run(parser, write_rows, arguments=arguments)


def write_rows(options: argparse.Namespace) -> None:
    plan = storage.read(options.plan, list(PLANNED))
    downloads = storage.read(options.downloads)
    without = exclusion.read(options.exclude[0]) if options.exclude else NOTHING
    limit = options.settings["pixel_limit"]
    captions_of = options.settings.get("captions_of")
    rows, fitted = described(plan, downloads, options.pictures, limit, without, captions_of)
    fitted |= set(storage.metadata(options.downloads).get("fitted", []))
    about = {"fitted": sorted(fitted)} if fitted else {}
    storage.write(rows, options.output, storage.metadata(options.plan) | about)


def described(
    plan: pd.DataFrame,
    downloads: pd.DataFrame,
    tar: Path,
    limit: int,
    without: Exclusion = NOTHING,
    captions_of: str | None = None,
) -> tuple[pd.DataFrame, set[str]]:
    """Return the planned rows with what became of them, and the entries that excluded some.

    A row without an image has nulls. An image that `without` names is excluded here too: it may
    have been listed after it was downloaded. `captions_of` is the name of a set that has captions
    alone: its rows have no image.
    """
    unlike = set(plan["key"]) ^ set(downloads["key"])
    if unlike:
        raise ValueError(
            f"{tar}: {len(unlike)} keys differ between plan and downloads: {min(unlike)}"
        )
    found = {
        row.key: {"status": row.status, "error": row.error}
        for row in downloads.itertuples()
        if row.status != "success"
    }
    arrived = downloads[downloads["status"] == "success"].set_index("key")
    # An older run did not record the hashes of the downloaded bytes.
    hashes = arrived["sha256"] if "sha256" in arrived else pd.Series("", arrived.index)
    expected = plan.set_index("key")["sha256"]
    if captions_of is not None:
        addresses = plan.set_index("key")["url"]
        found |= {key: captioned(addresses[key], key, captions_of) for key in arrived.index}
        hashes = hashes.iloc[:0]
    for key, data in archive.unpack(tar, hashes.to_dict()):
        with naming(f"{key} of {tar}"):
            found[key] = replay.unlike(expected[key], describe(data, limit))
    entries = {
        row.key: without.naming_row(row.key, row.url, row.sha256, row.place)
        | without.naming_picture(found[row.key].get("image_id"))
        for row in plan.itertuples()
    }
    said = {"status": exclusion.EXCLUDED, "error": exclusion.ERROR}
    found |= {key: said for key, texts in entries.items() if texts}
    results = pd.DataFrame(
        [found[key] for key in plan["key"]], columns=["status", "error", *COLUMNS], index=plan.index
    )
    table = typed(pd.concat([plan, results], axis=1).sort_values("key", ignore_index=True))
    return table, set().union(*entries.values())


if __name__ == "__main__":
    main()
