"""img2dataset as a process of its own: the built-in set goes through it; what if it misbehaves."""

import json
import os
import subprocess
import sys
import time

import pytest

from mia import storage
from mia.images import archive
from mia.images.download import run_img2dataset
from mia.images.sources.shared import openmoji
from mia.images.sources.shared.stage_keys import download_settings
from mia.stages import download as stage
from mia.stages import plan
from mia.stages import rows as rows_stage


def test_the_builtin_set_goes_the_same_way(tmp_path):
    """Four images over loopback; of the two shards one is empty and starts nothing."""
    spec = {
        "source": "builtin",
        "builtin": "openmoji",
        "timeout": 10,
        "byte_limit": 9999,
        "limit": 4,
    }
    output = ["--output", str(tmp_path / "p.parquet")]
    plan.main(["--name", "s", "--settings", json.dumps(spec), *output])
    planned = storage.read(tmp_path / "p.parquet")
    for name, part in (("full", planned), ("none", planned.iloc[:0])):
        storage.write(part, tmp_path / name / "plan.parquet")
        files = ["--plan", str(tmp_path / name / "plan.parquet")]
        files += ["--pictures", str(tmp_path / name / "pictures.tar")]
        files += ["--downloads", str(tmp_path / name / "downloads.parquet")]
        stage.main([*files, "--settings", json.dumps(download_settings(spec))])
        told = ["--settings", '{"pixel_limit": 9999}']
        rows_stage.main([*files, *told, "--output", str(tmp_path / f"{name}.pq")])
    rows = storage.read(tmp_path / "full.pq")
    assert rows["status"].tolist() == ["success"] * 4
    assert rows["url"].str.startswith(openmoji.ADDRESS).all()
    kept = dict(archive.contents(tmp_path / "full/pictures.tar"))
    for row in rows.itertuples():
        assert kept[row.key] == openmoji.render(openmoji.code_of(row.url))
    assert len(storage.read(tmp_path / "none.pq")) == 0
    assert list(archive.contents(tmp_path / "none/pictures.tar")) == []


def test_a_row_without_a_result_stops_the_stage():
    with pytest.raises(ValueError, match="no result for 1 of 2 rows, first b"):
        run_img2dataset.require_all(["a", "b"], {"a": ("success", "")})


def test_a_success_without_a_picture_stops_the_stage(tmp_path):
    archive.pack([("0.jpg", b"x")], tmp_path / "00000.tar")
    kept = {"a": (tmp_path / "00000.tar", "0.jpg")}
    assert list(run_img2dataset.pictures(kept)) == [("a", b"x")]
    with pytest.raises(ValueError, match="reported b as a success and kept no image"):
        list(run_img2dataset.pictures({**kept, "b": (tmp_path / "00000.tar", "1.jpg")}))


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def test_a_download_that_never_ends_is_killed_with_its_children(tmp_path):
    note = tmp_path / "pid"
    with pytest.raises(ValueError, match="not done after 3 s"):
        run_img2dataset.run([sys.executable, "-c", GRANDCHILD, str(note)], 3)
    assert not alive(int(note.read_text()))


def test_a_failing_img2dataset_stops_the_stage():
    with pytest.raises(ValueError, match="exit code 7"):
        run_img2dataset.run([sys.executable, "-c", "raise SystemExit(7)"], 30)


def test_an_img2dataset_that_did_nothing_stops_the_stage(monkeypatch):
    """It exits with 0 after an interrupt, too."""
    monkeypatch.setattr(run_img2dataset, "_command", lambda *_: [sys.executable, "-c", ""])
    with (
        pytest.raises(ValueError, match="left no table of results"),
        run_img2dataset.downloaded({"a": "http://127.0.0.1:9/x"}, run_img2dataset.Rules(1, 1)),
    ):
        pass


def test_a_shard_has_time_for_every_server_to_stay_silent():
    assert run_img2dataset.time_limit(320, 10) == run_img2dataset.START_SECONDS + 3 * 10 * 11


def alive(pid):
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if state.stdout.strip().startswith("Z"):
            return False
        time.sleep(0.1)
    return True
