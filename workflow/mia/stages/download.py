"""Rule `download`: fetch the images of one shard and keep their raw bytes in a tar.

The spec names the module that fetches them, from the web or from files on this machine.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mia import command, storage
from mia.images import archive
from mia.images.download.robots import NAME
from mia.images.sources.shared import exclusion
from mia.images.sources.shared.exclusion import NOTHING, Exclusion


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--plan", required=True, type=Path, help="the shard's plan")
    parser.add_argument("--user-agent", default=NAME, help="who asks, as servers are told")
    parser.add_argument("--exclude", nargs="*", type=Path, default=[], help="list, if there is one")
    parser.add_argument("--pictures", required=True, type=Path, help="tar to write")
    parser.add_argument("--downloads", required=True, type=Path, help="table of results to write")
    command.run(parser, download, "{plan}: ", arguments)


def download(options: argparse.Namespace) -> None:
    without = exclusion.read(options.exclude[0]) if options.exclude else NOTHING
    spec = {**options.settings, "user_agent": options.user_agent}
    fetch(options.plan, spec, options.pictures, options.downloads, without)


def fetch(
    plan: Path, spec: dict, pictures: Path, downloads: Path, without: Exclusion = NOTHING
) -> None:
    planned = storage.read(plan, ["key", "url", "place", "sha256", "status", "error"])
    bad = planned[planned["status"] != ""]
    excluded = {
        row.key: entries
        for row in planned.itertuples()
        if (entries := without.naming_row(row.key, row.url, row.sha256, row.place))
    }
    urls = planned["place"].where(planned["place"] != "", planned["url"])
    urls = urls.set_axis(planned["key"]).drop(bad["key"])
    urls = urls.drop(list(excluded), errors="ignore").to_dict()
    fetched = importlib.import_module(spec["fetched_by"]).fetched  # mia.images.download.fetcher
    with (
        fetched(urls, spec) as (results, contents),
        storage.replacing(pictures) as temporary,
    ):
        hashes = archive.pack(unlisted(contents, without, excluded), temporary)
    results = {**results, **{row.key: (row.status, row.error) for row in bad.itertuples()}}
    results |= dict.fromkeys(excluded, (exclusion.EXCLUDED, exclusion.ERROR))
    if len(without):
        print(f"excluded {len(excluded)} rows, by a list of {len(without)}", file=sys.stderr)
    rows = [(key, *results[key], hashes.get(key, "")) for key in sorted(results)]
    table = pd.DataFrame(rows, columns=["key", "status", "error", "sha256"], dtype="string")
    fitted = sorted(set().union(*excluded.values()))
    storage.write(table, downloads, {"fitted": fitted} if fitted else {})


def unlisted(contents: Iterator, without: Exclusion, excluded: dict[str, set[str]]) -> Iterator:
    """Yield the images that are not listed; the others' keys and entries go to `excluded`."""
    for key, data in contents:
        if entries := without.naming_picture(hashlib.sha256(data).hexdigest()):
            excluded[key] = entries
        else:
            yield key, data


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that img2dataset ends with us
    main()
