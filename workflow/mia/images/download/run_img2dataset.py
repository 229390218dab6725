"""Download images with img2dataset, in a process of its own, and check that it did its work.

img2dataset exits with 0 when every download failed, when it was interrupted and when rows were
lost; so every planned key has to come back with a result. Its own retries come at once and repeat
a 404 too; here what may pass is asked for again once all the others have been tried.

Memory is bounded: img2dataset holds at most `2 * THREADS` images, each of at most `size` bytes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mia.excerpt import cut
from mia.images.download import process
from mia.images.download.errors import TRANSIENT, classify
from mia.images.download.robots import NAME

THREADS = 32
ROWS_PER_FILE = 1_000_000  # more than a shard ever has: one tar, one table
START_SECONDS = 120
GRACE_SECONDS = 180  # after which an img2dataset that did not end by itself is killed
PATIENCE = 6
PACKAGES = Path(__file__).parents[3]


@dataclass(frozen=True)
class Rules:
    """How to fetch.

    Args:
        timeout: Seconds that a server may stay silent; an image gets `PATIENCE` times as long.
        size: Most bytes of an image.
        allowed: Hosts that may be asked although they are not public, in lower case.
        agent: Who asks, as servers are told.
    """

    timeout: int
    size: int
    allowed: tuple[str, ...] = ()
    agent: str = NAME


@contextmanager
def downloaded(urls: dict[str, str], rules: Rules) -> Iterator[tuple[dict, dict]]:
    """Download `urls` (key to address) into a folder that is removed after the block.

    Yields:
        The (status, error) of every key; and of each key that succeeded, the tar and the member in
        it that hold its raw bytes.

    Raises:
        ValueError: img2dataset failed, did not end in time, or lost a row.
    """
    with TemporaryDirectory(prefix="mia-download-") as folder:
        results, places = _passed(urls, rules, Path(folder, "first"))
        again = {key: urls[key] for key, (status, _) in results.items() if status in TRANSIENT}
        second = _passed(again, rules, Path(folder, "second"))
        yield {**results, **second[0]}, {**places, **second[1]}


def pictures(places: dict[str, tuple[Path, str]]) -> Iterator[tuple[str, bytes]]:
    """Yield (key, raw bytes) sorted by key, one image in memory at a time.

    Raises:
        ValueError: An image that was reported as a success is not in the tar.
    """
    with ExitStack() as opened:
        tars = {
            path: opened.enter_context(tarfile.open(path, "r:"))
            for path in {path for path, _ in places.values()}
        }
        known = {path: {member.name: member for member in tar} for path, tar in tars.items()}
        for key in sorted(places):
            path, member = places[key]
            held = known[path].get(member)
            file = tars[path].extractfile(held) if held else None
            if file is None:
                raise ValueError(f"img2dataset reported {key} as a success and kept no image")
            yield key, file.read()


def time_limit(rows: int, timeout: int) -> float:
    """Return the seconds after which no further image of a shard is fetched.

    Three times what it takes when every server stays silent.
    """
    return START_SECONDS + 3 * timeout * (1 + rows / THREADS)


def _passed(urls: dict[str, str], rules: Rules, folder: Path) -> tuple[dict, dict]:
    """Try every address once; return results and places as `downloaded` does."""
    if not urls:
        return {}, {}
    folder.mkdir()
    source, out, keys = folder / "urls.parquet", folder / "out", sorted(urls)
    pd.DataFrame({"url": [urls[key] for key in keys], "planned": keys}).to_parquet(source)
    seconds = time_limit(len(urls), rules.timeout)
    run(_command(source, out, rules, time.time() + seconds), seconds + GRACE_SECONDS)
    if not (out / "00000.parquet").is_file():
        raise ValueError("img2dataset left no table of results; its messages are above")
    table = pd.read_parquet(out / "00000.parquet")
    results = {row.planned: _result(row.status, row.error_message) for row in table.itertuples()}
    require_all(keys, results)
    places = {
        row.planned: (out / "00000.tar", f"{row.key}.jpg")
        for row in table.itertuples()
        if row.status == "success"
    }
    return results, places


def _result(status: str, message: str | None) -> tuple[str, str]:
    if status == "success":
        return "success", ""
    message = message or status
    return classify(message), cut(message)


def require_all(planned: list[str], results: dict) -> None:
    """Raise a ValueError if a planned key has no result."""
    missing = [key for key in planned if key not in results]
    if missing:
        raise ValueError(
            f"img2dataset gave no result for {len(missing)} of {len(planned)} rows, "
            f"first {missing[0]}; expected one for every planned key"
        )


def _command(source: Path, out: Path, rules: Rules, until: float) -> list[str]:
    options = {
        "url_list": str(source),
        "output_folder": str(out),
        "input_format": "parquet",
        "output_format": "webdataset",
        "save_additional_columns": ["planned"],
        "disable_all_reencoding": True,
        "processes_count": 1,
        "thread_count": THREADS,
        "number_sample_per_shard": ROWS_PER_FILE,
        "timeout": rules.timeout,
        "retries": 0,
        "enable_wandb": False,
    }
    limits = {
        "allowed": rules.allowed,
        "seconds": PATIENCE * rules.timeout,
        "size": rules.size,
        "until": until,
        "agent": rules.agent,
    }
    given = json.dumps({"options": options, "limits": limits})
    return [sys.executable, "-m", process.__name__, given]


def run(command: list[str], seconds: float) -> None:
    """Run `command` in a session of its own; whatever goes wrong, none of its processes stay.

    Its stdin is a pipe that ends with this process, by which `process` knows.

    Raises:
        ValueError: It takes longer than `seconds`, or its exit code is not 0.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH")])),
        "WANDB_MODE": "disabled",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), "127.0.0.1"])),
    }
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=2, start_new_session=True
    ) as child:
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise ValueError(f"img2dataset was not done after {seconds:.0f} s") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    if code:
        raise ValueError(f"img2dataset ended with exit code {code}; its messages are above")
