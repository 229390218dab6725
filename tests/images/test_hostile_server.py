"""Plan, real img2dataset, rows and manifest against a hostile web: every case ends in its row."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from hostile_server import BODIES, CASES, ELSEWHERE, Hostile, server
from mia import storage
from mia.commands.bench import timed
from mia.fingerprint import PACKAGE
from mia.images import archive, pictures
from mia.images.sources.shared import replay
from mia.images.sources.shared.stage_keys import download_settings
from mia.stages import manifest, plan, rows

LIMITS = {"timeout": 1, "byte_limit": 1_000_000, "allow_hosts": ["127.0.0.1"]}
PIXELS = 1_000_000
# A published manifest: path to sha256.
PUBLISHED = {
    "good.jpg": hashlib.sha256(BODIES["good.jpg"]).hexdigest().upper(),
    "palette.png": "0" * 64,
    "html.jpg": "1" * 64,
    "410.jpg": "2" * 64,
    "cmyk.jpg": None,
}


def stage_command(folder: Path, spec: dict) -> list[str]:
    """The command of the stage `download`, as its rule has it."""
    files = {"plan": "plan.parquet", "pictures": "pictures.tar", "downloads": "downloads.parquet"}
    named = [word for name, file in files.items() for word in (f"--{name}", str(folder / file))]
    fetching = json.dumps(download_settings(spec))
    return [sys.executable, "-m", "mia.stages.download", *named, "--settings", fetching]


def started(folder: Path, spec: dict, log: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    with open(log, "w") as output:
        return subprocess.Popen(stage_command(folder, spec), env=environment, stderr=output)


def planned(folder: Path, spec: dict) -> None:
    output = ["--output", str(folder / "plan.parquet")]
    plan.main(["--name", "s", "--settings", json.dumps(spec), *output])


def opened(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run `rows` and `manifest`; return what they write."""
    files = {"plan": "plan.parquet", "pictures": "pictures.tar", "downloads": "downloads.parquet"}
    named = [word for name, file in files.items() for word in (f"--{name}", str(folder / file))]
    output = str(folder / "rows.parquet")
    rows.main([*named, "--settings", json.dumps({"pixel_limit": PIXELS}), "--output", output])
    spec = {"seed": 0, "duplicates": {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}}
    written = ["--manifest", str(folder / "manifest.parquet"), "--pairs", str(folder / "pairs.pq")]
    manifest.main(["--name", "s", "--rows", output, "--settings", json.dumps(spec), *written])
    return storage.read(output), storage.read(folder / "manifest.parquet")


@dataclass(frozen=True)
class Ended:
    """What became of one shard of everything, in two parts.

    Args:
        web: The server, which has gone by now.
        images: The tar of raw images.
        rows: What the stage `rows` wrote.
        manifest: What the stage `manifest` wrote.
        peak: Most MiB that one process of the download took.
        said: What `rows` and `manifest` told.
    """

    web: Hostile
    pictures: Path
    rows: pd.DataFrame
    manifest: pd.DataFrame
    peak: int
    said: str


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    with server() as web:
        addresses = [*(web.address + path for path in CASES), *ELSEWHERE]
        parts = {
            "member": [*addresses[::2], None],
            "nonmember": [*addresses[1::2], None, web.address + "good.jpg"],
            "published": [f"{web.address}{path}?published" for path in PUBLISHED],
        }
        for part, urls in parts.items():
            table = pd.DataFrame({"url": urls, "caption": "x"})
            if part == "published":
                table["hash"] = list(PUBLISHED.values())
            storage.write(table, folder / f"{part}.parquet")
        named = {part: {"path": str(folder / f"{part}.parquet")} for part in parts}
        named["published"]["picture_sha256"] = "hash"
        spec = {"source": "urls", "parts": named, **LIMITS}
        planned(folder, spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(PACKAGE.parent))
            peak = timed(stage_command(folder, spec))["mib"]
        with redirect_stderr(io.StringIO()) as said:
            found = opened(folder)
    return Ended(web, folder / "pictures.tar", *found, peak, said.getvalue())


def test_every_case_ends_in_exactly_one_row(hostile):
    web, found = hostile.web, hostile.rows
    assert len(found) == len(CASES) + len(ELSEWHERE) + 3 + len(PUBLISHED)
    assert found["key"].tolist() == hostile.manifest["key"].tolist()
    asked = found[found["part"] != "published"]
    ended = {row.url: row.status for row in asked.itertuples() if row.url}
    expected = {web.address + quote(path, safe="/?"): status for path, status in CASES.items()}
    assert ended == {**expected, **ELSEWHERE}
    failed = found["status"] != "success"
    assert found.loc[failed, "error"].str.len().gt(0).all()
    assert found.loc[failed, "image_id"].isna().all()
    assert found.loc[~failed, "image_id"].str.len().eq(64).all()


def test_null_and_repeated_addresses_are_rows_of_their_own_in_both_parts(hostile):
    web, found = hostile.web, hostile.rows
    nameless = found[found["url"].isna()]
    assert set(nameless["part"]) == {"member", "nonmember"}
    assert nameless["status"].tolist() == ["bad_url", "bad_url"]
    same = found[found["url"] == web.address + "good.jpg"]
    assert set(same["part"]) == {"member", "nonmember"}
    assert same["key"].nunique() == 2 and same["image_id"].nunique() == 1


def test_only_what_may_pass_is_asked_for_again(hostile):
    twice = {"timeout", "rate_limited", "server_error"}
    for path, status in CASES.items():
        times = 2 if status in twice or path == "once.jpg" else 1
        if path in (*PUBLISHED, "good.jpg?again", "loop.jpg"):
            continue  # other rows lead there
        assert hostile.web.asked[path] == times, path


def test_bodies_without_end_do_not_fill_the_memory(hostile):
    """`drip.jpg` ends as a timeout and `endless.jpg` as too large: so the time is bounded too."""
    assert hostile.peak < 400  # MiB; twice of what was measured


def test_raw_bytes_are_kept_and_decoded_by_one_rule(hostile):
    web, key = hostile.web, hostile.rows.set_index("url")["key"]
    raw = dict(archive.contents(hostile.pictures))

    def pixels(path):
        data = raw[key[web.address + path]]
        assert data == BODIES[path]
        return np.asarray(pictures.to_rgb(pictures.open_picture(data, PIXELS))).astype(int)

    assert pixels("animated.gif")[0, 0].tolist() == [255, 0, 0]
    assert abs(pixels("cmyk.jpg")[12, 12] - (200, 30, 60)).max() <= 3
    assert pixels("grey16.png")[0, :, 0].tolist() == [0, 128, 255]
    assert pixels("rgba16.png")[0].tolist() == [[0x9C, 1, 255], [255, 255, 255]]
    assert pixels("rotated.jpg").shape == (32, 48, 3)
    assert len(np.unique(pixels("palette.png").reshape(-1, 3), axis=0)) <= 16
    assert raw[key[web.address + "html.jpg"]] == BODIES["html.jpg"]


def test_one_placeholder_is_kept_of_eight(hostile):
    kept = hostile.manifest
    eight = kept[kept["url"].fillna("").str.contains("/placeholder/")]
    for part, rows_of_part in eight.groupby("part"):
        assert len(rows_of_part) == 4 and rows_of_part["kept"].sum() == 1, part
    assert eight.loc[~eight["kept"], "reason"].str.startswith("duplicate of").all()


def test_a_replay_keeps_the_published_bytes_only(hostile):
    found = hostile.manifest[hostile.manifest["part"] == "published"]
    path = found["url"].str.extract(r"/([\w.]+)\?published$")[0]
    assert dict(zip(path, found["status"], strict=True)) == {
        "good.jpg": "success",
        "palette.png": "changed",
        "html.jpg": "not_an_image",
        "410.jpg": "gone",
        "cmyk.jpg": "no_sha256",
    }
    assert found.loc[found["kept"], "image_id"].tolist() == [PUBLISHED["good.jpg"].lower()]
    assert "0" * 64 in found.set_index("status").loc["changed", "error"]
    counts = "of 4 published images 1 came with the same bytes, 1 changed, 2 are gone"
    assert counts in hostile.said
    assert replay.counts(hostile.rows[hostile.rows["part"] == "member"]) is None


def children(process: int) -> set[int]:
    """Processes below `process`, itself left out."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = (int(words[1]), words[0])
    found, todo = set(), {process}
    while todo:
        todo = {pid for pid, (parent, _) in parents.items() if parent in todo}
        found |= todo
    return found


def wait_for(what, seconds=300):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_a_kill_in_mid_shard_leaves_nothing_behind_and_changes_nothing(tmp_path):
    manifests = []
    with server() as web:
        paths = ["good.jpg", "404.jpg", "truncated.jpg", "gate.jpg", "placeholder/1.jpg"]
        urls = [web.address + path for path in paths]
        pd.DataFrame({"url": urls, "caption": "x"}).to_csv(tmp_path / "urls.csv", index=False)
        spec = {"source": "urls", "path": str(tmp_path / "urls.csv"), **LIMITS, "timeout": 30}
        for name in ("killed", "undisturbed"):
            folder = tmp_path / name
            folder.mkdir()
            planned(folder, spec)
            if name == "killed":
                process = started(folder, spec, folder / "log")
                wait_for(lambda: web.asked["gate.jpg"] and web.asked["placeholder/1.jpg"])
                below = children(process.pid)
                assert len(below) >= 2
                process.send_signal(signal.SIGKILL)
                process.wait()
                wait_for(lambda below=below: not any(map(alive, below)), 10)
                assert not (folder / "pictures.tar").exists()
                web.gate.set()
            again = started(folder, spec, folder / "log")
            assert again.wait() == 0, (folder / "log").read_text()
            opened(folder)
            manifests.append((folder / "manifest.parquet").read_bytes())
    assert manifests[0] == manifests[1]
