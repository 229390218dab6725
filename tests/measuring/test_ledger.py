"""The ledger keeps what was measured, and nothing else: damage, other code, other inputs."""

import importlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mia.config.attacks import build_attack
from mia.locks import LockError, shard_lock
from mia.measuring.ledger import KEY, Ledger
from mia.measuring.missing import answered, by_need, input_hashes, to_measure
from mia.query import Query
from mia.signals import chain

DENOISE = importlib.import_module("mia.signals.denoise")
IMAGES = pd.DataFrame({"caption": ["a cat", "a dog", ""]}, index=["i0", "i1", "i2"])
INPUTS = {"seed": 0, "dtype": "float32"}


def rows(queries, image_ids, hashes, value=1.0):
    table = [
        {
            "image_id": image_id,
            "input_hash": hashes["null" if query.condition == "null" else "caption"][image_id],
            "query": query.name,
            **dict.fromkeys(DENOISE.MEASURES, value),
        }
        for query in queries
        for image_id in image_ids
    ]
    return pd.DataFrame(table)


def test_rows_come_back_exactly(tmp_path):
    ledger = Ledger(tmp_path)
    table = rows([Query("denoise", 1)], IMAGES.index, input_hashes(IMAGES, INPUTS), np.pi)
    ledger.append("denoise", table, {"fingerprint": "f", "device": "cpu"})
    assert Ledger(tmp_path).read("denoise", "f").equals(table.assign(device="cpu"))
    assert list(Ledger(tmp_path).read("clean", "f").columns) == KEY


def test_every_row_names_the_device_that_measured_it(tmp_path):
    hashes = input_hashes(IMAGES, INPUTS)
    for timestep, device in ((1, "cpu"), (2, "NVIDIA A100")):
        table = rows([Query("denoise", timestep)], IMAGES.index, hashes)
        Ledger(tmp_path).append("denoise", table, {"fingerprint": "f", "device": device})
    found = Ledger(tmp_path).read("denoise", "f").groupby("query")["device"].unique()
    assert [list(devices) for devices in found] == [["cpu"], ["NVIDIA A100"]]


def test_other_code_is_another_ledger(tmp_path):
    table = rows([Query("denoise", 1)], IMAGES.index, input_hashes(IMAGES, INPUTS))
    Ledger(tmp_path).append("denoise", table, {"fingerprint": "old"})
    assert Ledger(tmp_path).read("denoise", "new").empty


def test_a_flipped_byte_loses_one_segment_with_a_warning(tmp_path, capsys):
    ledger, hashes = Ledger(tmp_path), input_hashes(IMAGES, INPUTS)
    for timestep in (1, 2):
        ledger.append(
            "denoise",
            rows([Query("denoise", timestep)], IMAGES.index, hashes),
            {"fingerprint": "f"},
        )
    damaged = sorted(tmp_path.glob("*.parquet"))[0]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(bytes(content))
    left = Ledger(tmp_path).read("denoise", "f")
    assert len(left) == 3 and left["query"].nunique() == 1
    assert damaged.name in capsys.readouterr().err


def test_compacting_merges_only_its_own_segments(tmp_path):
    hashes = input_hashes(IMAGES, INPUTS)
    other, own = Ledger(tmp_path), Ledger(tmp_path)
    other.append("denoise", rows([Query("denoise", 9)], ["i0"], hashes), {"fingerprint": "f"})
    for timestep in (1, 2, 3):
        own.append(
            "denoise", rows([Query("denoise", timestep)], ["i0"], hashes), {"fingerprint": "f"}
        )
    own.compact("denoise", {"fingerprint": "f"})
    assert len(list(tmp_path.glob("denoise-*.parquet"))) == 2
    assert len(Ledger(tmp_path).read("denoise", "f")) == 4


def test_input_hash_depends_on_the_caption_only_where_it_is_used():
    changed = IMAGES.assign(caption=["another", "a dog", ""])
    one, other = input_hashes(IMAGES, INPUTS), input_hashes(changed, INPUTS)
    assert (one["null"] == other["null"]).all()
    assert (one["caption"] == other["caption"]).tolist() == [False, True, True]
    reseeded = input_hashes(IMAGES, {**INPUTS, "seed": 1})
    assert (one != reseeded).all().all()


def test_another_captions_hash_is_its_own():
    both = IMAGES.assign(**{"alt-blip": ["x", "a dog", "y"]})
    hashes = input_hashes(both, INPUTS)
    assert (hashes["alt-blip"] == hashes["caption"]).tolist() == [False, True, False]
    edited = input_hashes(both.assign(**{"alt-blip": ["z", "a dog", "y"]}), INPUTS)
    assert (edited["caption"] == hashes["caption"]).all()
    assert (edited["alt-blip"] == hashes["alt-blip"]).tolist() == [False, True, True]


def plan(held: list[Query], wanted: list[Query], images=IMAGES):
    hashes = input_hashes(images, INPUTS)
    table = (
        rows(held, IMAGES.index, input_hashes(IMAGES, INPUTS))
        if held
        else pd.DataFrame(columns=KEY)
    )
    answers = answered(table.assign(device="cpu"), hashes, wanted, DENOISE)
    return answers, to_measure(answers, list(images.index), DENOISE)


def test_only_the_missing_is_measured():
    old, new = Query("denoise", 100), Query("denoise", 200)
    _, missing = plan([old], [old, new])
    assert missing == {new: ["i0", "i1", "i2"]}
    assert plan([old, new], [old, new])[1] == {}


def test_an_edited_caption_is_measured_again_for_its_image_alone():
    queries = [Query("denoise", 100), Query("denoise", 100, 0, "null")]
    edited = IMAGES.assign(caption=["a cat", "a wolf", ""])
    assert plan(queries, queries, edited)[1] == {queries[0]: ["i1"]}


def test_both_answers_each_of_its_conditions():
    both, caption, null = (Query("denoise", 5, 0, c) for c in ("both", "caption", "null"))
    answers, missing = plan([both], [caption, null])
    assert missing == {}
    assert answers[caption]["loss_caption"].notna().all()
    assert answers[caption].filter(like="null").isna().all().all()
    assert answers[null].filter(like="caption").isna().all().all()
    # Wanted together, only `both` is measured; held alone, one condition does not answer both.
    assert set(plan([], [both, caption, null])[1]) == {both}
    assert set(plan([caption, null], [both])[1]) == {both}


def test_a_decoded_chain_is_walked_for_the_one_that_is_not_decoded_too():
    plain, decoded = (
        query
        for loss in ("latent", "pixel")
        for query in build_attack(
            "row", {"attack": "dubinski", "setting": 11, "loss": loss, "timestep": 1, "draws": 1}
        ).queries
    )
    hashes = input_hashes(IMAGES, INPUTS)
    both = {query: pd.DataFrame() for query in (plain, decoded)}
    assert to_measure(both, list(IMAGES.index), chain) == {decoded: ["i0", "i1", "i2"]}
    values = {"model_loss": 0.1, "latent_error": 0.2, "pixel_error": 0.3}
    held = pd.DataFrame({"image_id": IMAGES.index, "query": decoded.name, **values})
    held = held.assign(input_hash=hashes["caption"].to_numpy(), device="cpu")
    found = answered(held, hashes, [plain, decoded], chain)
    assert found[plain]["latent_error"].tolist() == found[decoded]["latent_error"].tolist()
    assert found[plain]["pixel_error"].isna().all() and len(found[plain]) == 3
    assert found[decoded]["pixel_error"].tolist() == [0.3] * 3


def test_images_that_lack_the_same_are_measured_together():
    a, b = Query("denoise", 1), Query("denoise", 2)
    assert by_need({a: ["x", "y"], b: ["y", "z"]}) == [
        ((a,), ["x"]),
        ((a, b), ["y"]),
        ((b,), ["z"]),
    ]


HOLD = """
import sys, time
from pathlib import Path
from mia.locks import shard_lock
with shard_lock(Path(sys.argv[1]), "000", 2):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder: Path, seconds: float) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "held"
    return process


@pytest.fixture
def on_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "workflow"))


def test_a_shard_waits_for_an_orphan(tmp_path, on_path):
    orphan = holder(tmp_path, 1.0)
    with shard_lock(tmp_path, "000", 2):
        assert orphan.wait(timeout=5) == 0


def test_another_shard_count_is_refused_while_a_job_lives(tmp_path, on_path):
    orphan = holder(tmp_path, 60)
    with pytest.raises(LockError, match="another number of shards"), shard_lock(tmp_path, "000", 3):
        pass
    with shard_lock(tmp_path, "001", 2):
        pass
    orphan.kill()
    orphan.wait()
    time.sleep(0.1)
    with shard_lock(tmp_path, "000", 3):
        pass
