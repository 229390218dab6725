"""Speed on this machine, ratios taken in one run: `make bench`.

1. `denoise` as `measure` does it (noise, reductions, ledger) against a bare U-Net forward loop at
   its best batch size, the roof, interleaved; steady state, after loading and warm-up.
2. Seconds and memory of what comes after measuring, score to report: as images grow tenfold and
   a hundredfold, and for many questions at once.
3. Seconds and memory in which Snakemake plans hundreds of shards and dozens of attacks.
4. Seconds of searching hashes for near copies, by faiss and by NumPy.
5. Seconds and memory of planning a few rows of a long table of addresses.
6. The same of planning and fetching a few images of a long Parquet table that holds them.
7. Seconds from a saved attack file to table and report, in a copy of a finished run.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from mia import storage
from mia.commands.benchmarks import addresses, packed, planning
from mia.commands.benchmarks.edit import after_edit
from mia.commands.benchmarks.scale import Scale
from mia.commands.benchmarks.search import search
from mia.config import yaml_file

FEW = 4  # questions, where the number of images grows
LIMIT = 1_000  # rows planned of a table of addresses
HASHES = ((3_000, 3_000), (7_000, 7_000), (15_000, 15_000), (1_000_000, 10_000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("default", "sd14"), default="default")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30, help="least time of each measurement")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--images", type=int, nargs="*", default=[4_000, 40_000, 400_000])
    parser.add_argument("--queries", type=int, default=200, help="asked of the second number")
    parser.add_argument("--shards", type=int, default=400, help="planned")
    parser.add_argument("--attacks", type=int, default=30, help="planned")
    parser.add_argument("--addresses", type=int, nargs="*", default=[1_000_000, 5_000_000])
    parser.add_argument("--packed", type=int, nargs="*", default=[18_000_000])
    parser.add_argument("--config", default="config/config.yaml", help="of a finished run")
    parser.add_argument("--edited", default="pia", help="the attack that is edited in it")
    parser.add_argument("--output", required=True)
    args = parser.parse_args()

    found = {
        "machine": machine(),
        "roof": roof(args),
        "scale": [scale(images, FEW) for images in args.images],
        "queries": [scale(images, args.queries) for images in args.images[1:2]],
        "planning": plan(args.shards, args.attacks),
        "search": [search(known, queries) for known, queries in HASHES],
        "addresses": [limited(rows, LIMIT) for rows in args.addresses],
        "packed": [of_packed(rows, LIMIT) for rows in args.packed],
        "edit": edit(args.config, args.edited),
    }
    storage.write_json(found, args.output)
    print(json.dumps(found, indent=1))


def machine() -> dict[str, str]:
    """Return what ran this, without the machine's name."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "processor": platform.processor() or platform.machine(),
        "card": gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def roof(args: argparse.Namespace) -> dict:
    """Return evals/s of both loops, in interleaved pairs, and the median of their ratios."""
    from mia.commands.benchmarks.roof import Roof

    with tempfile.TemporaryDirectory() as folder:
        bench = Roof(args.model, args.device, args.dtype, args.threads, Path(folder))
        bench.warm_up()
        pairs = [
            (bench.bare(args.seconds), bench.measured(args.seconds)) for _ in range(args.pairs)
        ]
    return {
        "model": args.model,
        "device": bench.device,
        "dtype": args.dtype,
        "threads": args.threads,
        "batch_size": bench.size,
        "bare_evals_per_second": [round(bare, 1) for bare, _ in pairs],
        "measured_evals_per_second": [round(measured, 1) for _, measured in pairs],
        "median_ratio": round(median(measured / bare for bare, measured in pairs), 3),
    }


def scale(images: int, queries: int) -> dict:
    """Return seconds and peak memory of every stage after measuring, on a synthetic target."""
    found: dict[str, Any] = {"images": images, "queries": queries}
    with tempfile.TemporaryDirectory() as folder:
        target = Scale(Path(folder), images, queries)
        target.write()
        for name, arguments in target.commands().items():
            stage = f"mia.stages.{name.split()[0]}"
            found[name] = timed([sys.executable, "-m", stage, *arguments])
    return found


def plan(shards: int, attacks: int) -> dict:
    """Return seconds and peak memory of planning a synthetic experiment from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        used = timed(planning.command(Path(folder), shards, attacks))
    return {"shards": shards, "attacks": attacks, **used}


def limited(rows: int, limit: int) -> dict:
    """Return seconds and peak memory of planning `limit` of a table of `rows` addresses."""
    with tempfile.TemporaryDirectory() as folder:
        used = timed(addresses.command(Path(folder), rows, limit))
    return {"rows": rows, "limit": limit, **used}


def of_packed(rows: int, limit: int) -> dict:
    """Return what `limit` images of a Parquet table of `rows` cost, and how much of it is read."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as made:
        spec = {**packed.write(Path(folder), rows), "limit": limit}
        found = {name: timed(of) for name, of in packed.commands(Path(made), spec).items()}
        return {"rows": rows, "limit": limit, **packed.sizes(spec), **found}


def edit(config: str, attack: str) -> dict:
    """Return seconds from a saved attack file to the report; if no run is finished, say so."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return after_edit(config, yaml_file.read(config)["results"], attack, Path(folder))
        except ValueError as error:
            print(f"edit: {error}", file=sys.stderr)
            return {"skipped": str(error)}


def timed(command: list[str]) -> dict[str, float]:
    """Return wall seconds, processor seconds and peak memory in MiB of a command."""
    code = (
        "import resource, subprocess, sys, time; start = time.monotonic();"
        "subprocess.run(sys.argv[1:], check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "busy = used.ru_utime + used.ru_stime;"
        "print(time.monotonic() - start, busy, used.ru_maxrss / 1024)"
    )
    output = subprocess.check_output([sys.executable, "-c", code, *command], text=True)
    seconds, busy, memory = map(float, output.split()[-3:])
    return {"seconds": round(seconds, 2), "busy": round(busy, 2), "mib": round(memory)}


if __name__ == "__main__":
    main()
