"""Rule `membership`: pair the members and nonmembers of a target, in two folds."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from mia import tables
from mia.images.membership import build

# With matching, all columns are read: any of them may tell the sides apart.
READ = ["key", "image_id", "part", "status", "phash", "phash_mirror", "thumbnail", "family"]
READ += ["group", "kept"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="name of the target")
    parser.add_argument(
        "--manifests", required=True, nargs="+", type=Path, help="of its sets, the members' first"
    )
    parser.add_argument("--spec", required=True, type=json.loads, help="both sides, seed, …")
    parser.add_argument("--output", required=True, type=Path, help="table to write")
    options = parser.parse_args(arguments)
    try:
        sets = list(dict.fromkeys(options.spec[side][0] for side in ("members", "nonmembers")))
        if len(sets) != len(options.manifests):
            raise ValueError(f"{len(options.manifests)} manifests for the sets {', '.join(sets)}")
        method = options.spec["match"]
        manifests = {
            name: tables.read(path, READ if method == "none" else None)
            for name, path in zip(sets, options.manifests, strict=True)
        }
        matching = importlib.import_module(f"mia.matching.{method}") if method != "none" else None
        rows = build(manifests, options.spec, matching)
    except ValueError as error:
        raise SystemExit(f"error: targets.{options.name}: {error}") from error
    kept = rows[rows["kept"]]
    counts = kept.groupby(["member", "fold"]).size().unstack()
    print(counts.rename({True: "members", False: "nonmembers"}).to_string(), file=sys.stderr)
    print(f"dropped: {len(rows) - len(kept)}", file=sys.stderr)
    tables.write(rows, options.output)


if __name__ == "__main__":
    main()
