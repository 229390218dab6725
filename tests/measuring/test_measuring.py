"""The measuring loop at its edges: memory, GPUs, infinite values, full disks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mia.measuring.answer import answer
from mia.measuring.batch import Batch
from mia.measuring.ledger import Ledger
from mia.measuring.ledger_writer import LedgerWriter
from mia.query import Query
from mia.signals import denoise
from toy import SHAPE, ToyDenoiser

WORKFLOW = Path(__file__).parents[2] / "workflow"
Z0 = np.random.default_rng(1).standard_normal((9, *SHAPE)).astype(np.float32)
QUERIES = [Query("denoise", t, 0, "both") for t in (100, 500)]


class Cramped(ToyDenoiser):
    """Room for four evaluations at a time."""

    def epsilon(self, z, timestep, conditioning):
        if len(z) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().epsilon(z, timestep, conditioning)


def values(denoiser, size):
    ids = [f"i{number}" for number in range(9)]
    batch = Batch(denoiser, ids, torch.from_numpy(Z0), ["cat"] * 9, 0, size)
    return torch.cat([denoise.measure(batch, rows) for rows in batch.slices(QUERIES)]), batch


def test_a_batch_that_does_not_fit_is_halved_until_it_does():
    expected, _ = values(ToyDenoiser(), 18)
    found, batch = values(Cramped(), 18)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert batch.size <= 4
    assert batch.evals == 9 * 2 * 2


def test_a_single_evaluation_that_does_not_fit_is_an_error():
    class Tiny(ToyDenoiser):
        def epsilon(self, z, timestep, conditioning):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        values(Tiny(), 4)


HOLD = """
import sys
from pathlib import Path
from mia.models.device import free_card
print(free_card(Path(sys.argv[1]), ["a", "b"]), flush=True)
sys.stdin.read()
"""


def holder(folder: Path) -> tuple[subprocess.Popen, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(WORKFLOW)},
    )
    return process, int(process.stdout.readline())


def test_each_job_gets_a_card_of_its_own(tmp_path):
    (one, first), (two, second) = holder(tmp_path), holder(tmp_path)
    assert (first, second) == (0, 1)
    three, shared = holder(tmp_path)
    assert shared == 0
    one.kill()
    one.wait()
    four, again = holder(tmp_path)
    assert again == 0
    for process in (two, three, four):
        process.kill()
        process.wait()


class Named:
    module, fingerprint = denoise, "f"

    def __init__(self, ledger):
        self.ledger = ledger

    def input_hashes(self, image_ids, queries):
        return ["h"] * len(image_ids)


def add(writer, image_id, value=1.0):
    row = torch.full((1, len(denoise.MEASURES)), float(value), dtype=torch.float64)
    writer.add("denoise", [image_id], QUERIES[:1], answer(denoise, row))


def test_an_infinite_value_names_the_signal_and_the_dtype(tmp_path):
    writer = LedgerWriter({"denoise": Named(Ledger(tmp_path))}, 30, {"dtype": "float16"})
    add(writer, "i0", np.inf)
    with pytest.raises(
        RuntimeError, match=r"signal denoise: .*infinite under measure.dtype float16"
    ):
        writer.flush()
    assert Ledger(tmp_path).read("denoise", "f").empty


@pytest.mark.slow
def test_a_full_disk_leaves_a_usable_ledger(tmp_path):
    """A real file system of 256 kB: the write fails as it would, and what was there stays."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system of a given size needs root")
    try:
        writer = LedgerWriter({"denoise": Named(Ledger(tmp_path))}, 1e9, {"dtype": "float32"})
        written = 0
        with pytest.raises(OSError, match="No space left on device"):
            for number in range(100):
                for i in range(50):
                    add(writer, f"i{number}-{i}", np.random.default_rng(number * 50 + i).random())
                writer.flush()
                written += 50
        rows = Ledger(tmp_path).read("denoise", "f")
        assert written > 0 and len(rows) == written
        assert not list(tmp_path.glob(".*.tmp"))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_chunk_is_never_larger_than_the_batch_and_tails_are_even():
    from mia.measuring.meter import _next_chunk

    todo, sizes = [str(n) for n in range(260)], []
    while todo:
        chunk, todo = _next_chunk(todo, 128)
        sizes.append(len(chunk))
    assert sizes == [87, 87, 86]


def test_rows_keep_their_order_in_a_segment(tmp_path):
    writer = LedgerWriter({"denoise": Named(Ledger(tmp_path))}, 30, {"dtype": "float32"})
    for number in range(5):
        add(writer, f"i{number}", float(number))
    writer.close()
    rows = Ledger(tmp_path).read("denoise", "f")
    pd.testing.assert_series_equal(
        rows.set_index("image_id")["loss_caption"],
        pd.Series([0.0, 1, 2, 3, 4], [f"i{n}" for n in range(5)], name="loss_caption"),
        check_names=False,
    )
