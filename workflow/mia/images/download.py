"""Download pictures with img2dataset, in a process of its own, and check that it did its work.

img2dataset exits with 0 when every download failed, when it was interrupted and when rows were
lost; so every planned key has to come back with a result.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mia.images.download_errors import classify

THREADS, RETRIES = 32, 1
ROWS_PER_FILE = 1_000_000  # more than a shard ever has: one tar, one table
START_SECONDS = 300
PROGRAM = "import fire, img2dataset; fire.Fire(img2dataset.download)"


@contextmanager
def downloaded(urls: dict[str, str], timeout: int) -> Iterator[tuple[dict, Path, dict]]:
    """Download `urls` (key to address) into a folder that is removed after the block.

    Args:
        urls: Key to address, cleaned.
        timeout: Seconds that one read from a server may take.

    Yields:
        The (status, error) of every key; the tar with the raw bytes; and the tar's member of each
        key that succeeded.

    Raises:
        ValueError: img2dataset failed, took longer than `time_limit`, or lost a row.
    """
    with TemporaryDirectory(prefix="mia-download-") as folder:
        if not urls:
            yield {}, Path(folder), {}
            return
        source, out = Path(folder, "urls.parquet"), Path(folder, "out")
        keys = sorted(urls)
        pd.DataFrame({"url": [urls[key] for key in keys], "planned": keys}).to_parquet(source)
        run(_command(source, out, timeout), time_limit(len(urls), timeout))
        if not (out / "00000.parquet").is_file():
            raise ValueError("img2dataset left no table of results; its messages are above")
        table = pd.read_parquet(out / "00000.parquet")
        members = dict(zip(table["planned"], table["key"] + ".jpg", strict=True))
        results = {
            row.planned: _result(row.status, row.error_message) for row in table.itertuples()
        }
        require_all(keys, results)
        yield (
            results,
            out / "00000.tar",
            {key: members[key] for key in keys if results[key][0] == "success"},
        )


def pictures(tar_path: Path, members: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield (key, raw bytes) sorted by key, one picture in memory at a time.

    Raises:
        ValueError: A picture that was reported as a success is not in the tar.
    """
    if not members:
        return
    with tarfile.open(tar_path, "r:") as tar:
        known = {member.name: member for member in tar}
        for key in sorted(members):
            if members[key] not in known:
                raise ValueError(f"img2dataset reported {key} as a success and kept no picture")
            yield key, tar.extractfile(known[members[key]]).read()


def time_limit(rows: int, timeout: int) -> float:
    """Return the seconds after which a shard's download is given up.

    Three times what it takes when every row times out in every try. Needed because `timeout` is
    per read: a server that sends a byte now and then is never cut by it.
    """
    return START_SECONDS + 3 * (RETRIES + 1) * timeout * (1 + rows / THREADS)


def _result(status: str, message: str | None) -> tuple[str, str]:
    if status == "success":
        return "success", ""
    message = message or status
    return classify(message), message


def require_all(planned: list[str], results: dict) -> None:
    """Raise a ValueError if a planned key has no result."""
    missing = [key for key in planned if key not in results]
    if missing:
        raise ValueError(
            f"img2dataset gave no result for {len(missing)} of {len(planned)} rows, "
            f"first {missing[0]}; expected one for every planned key"
        )


def _command(source: Path, out: Path, timeout: int) -> list[str]:
    options = {
        "url_list": source,
        "output_folder": out,
        "input_format": "parquet",
        "output_format": "webdataset",
        "save_additional_columns": '["planned"]',
        "disable_all_reencoding": True,
        "processes_count": 1,
        "thread_count": THREADS,
        "number_sample_per_shard": ROWS_PER_FILE,
        "timeout": timeout,
        "retries": RETRIES,
        "enable_wandb": False,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-c", PROGRAM, *arguments]


def run(command: list[str], seconds: float) -> None:
    """Run `command` in a session of its own; whatever goes wrong, none of its processes stay."""
    environment = {
        **os.environ,
        "WANDB_MODE": "disabled",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), "127.0.0.1"])),
    }
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
    )
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"img2dataset was not done after {seconds:.0f} s") from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code:
        raise ValueError(f"img2dataset ended with exit code {code}; its messages are above")
