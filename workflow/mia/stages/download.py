"""Rule `download`: fetch the pictures of one shard and keep their raw bytes in a tar.

Addresses go through img2dataset; so do the pictures of a built-in set, served over loopback by
this very process. Pictures of a folder are packed into the same tar.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mia import storage
from mia.images import archive
from mia.images.download import loopback, run_img2dataset
from mia.images.sources.shared import exclusion, openmoji
from mia.images.sources.shared.exclusion import NOTHING, Exclusion


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", required=True, type=Path, help="the shard's plan")
    parser.add_argument(
        "--spec", required=True, type=json.loads, help="source, timeout, byte_limit, …"
    )
    parser.add_argument("--exclude", nargs="*", type=Path, default=[], help="list, if there is one")
    parser.add_argument("--pictures", required=True, type=Path, help="tar to write")
    parser.add_argument("--downloads", required=True, type=Path, help="table of results to write")
    options = parser.parse_args(arguments)
    try:
        without = exclusion.read(options.exclude[0]) if options.exclude else NOTHING
        fetch(options.plan, options.spec, options.pictures, options.downloads, without)
    except ValueError as error:
        raise SystemExit(f"error: {options.plan}: {error}") from error


def fetch(
    plan: Path, spec: dict, pictures: Path, downloads: Path, without: Exclusion = NOTHING
) -> None:
    planned = storage.read(plan, ["key", "url", "sha256", "status", "error"])
    bad = planned[planned["status"] != ""]
    excluded = {
        row.key: entries
        for row in planned.itertuples()
        if (entries := without.naming_row(row.key, row.url, row.sha256))
    }
    urls = planned.drop(bad.index).set_index("key")["url"]
    urls = urls.drop(list(excluded), errors="ignore").to_dict()
    source = {"folder": from_folder, "builtin": from_builtin}.get(spec["source"], from_addresses)
    with (
        source(urls, spec) as (results, contents),
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


def unlisted(
    contents: Iterator, without: Exclusion, excluded: dict[str, Collection[str]]
) -> Iterator:
    """Yield the pictures that are not listed; the others' keys and entries go to `excluded`."""
    for key, data in contents:
        if entries := without.naming_picture(hashlib.sha256(data).hexdigest()):
            excluded[key] = entries
        else:
            yield key, data


@contextmanager
def from_addresses(urls: dict[str, str], spec: dict) -> Iterator:
    allowed = tuple(spec.get("allow_hosts", ()))
    rules = run_img2dataset.Rules(spec["timeout"], spec["byte_limit"], allowed)
    with run_img2dataset.downloaded(urls, rules) as (results, places):
        yield results, run_img2dataset.pictures(places)


@contextmanager
def from_builtin(urls: dict[str, str], spec: dict) -> Iterator:
    """Render the shard's pictures, serve them, download them like any others."""
    if spec["builtin"] != "openmoji":
        raise ValueError(f"no built-in set {spec['builtin']!r}; known: openmoji")
    with TemporaryDirectory(prefix="mia-openmoji-") as folder, loopback.served(folder) as address:
        for url in urls.values():
            code = openmoji.code_of(url)
            Path(folder, f"{code}.png").write_bytes(openmoji.render(code))
        local = {key: url.replace(openmoji.ADDRESS, address) for key, url in urls.items()}
        with from_addresses(local, {**spec, "allow_hosts": [loopback.HOST]}) as (results, contents):
            yield results, contents


@contextmanager
def from_folder(urls: dict[str, str], spec: dict) -> Iterator:
    """Take the files as they are; one that cannot be read by now is a row that says so."""
    results = dict.fromkeys(urls, ("success", ""))
    yield results, read_files(urls, results)


def read_files(paths: dict[str, str], results: dict[str, tuple[str, str]]) -> Iterator:
    """Yield (key, bytes) of the files that can be read; `results` tells of the others."""
    for key, path in sorted(paths.items()):
        try:
            if not Path(path).is_file():
                results[key] = ("missing_file", f"{path}: no such file")
                continue
            data = Path(path).read_bytes()
        except OSError as error:
            results[key] = ("unreadable_file", f"{path}: {error.strerror}")
        else:
            yield key, data


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that img2dataset ends with us
    main()
