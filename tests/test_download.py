"""Real img2dataset against a hostile server on loopback: every case ends in its row."""

import io
import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mia import tables
from mia.images import archive, download, loopback, openmoji
from mia.stages import download as stage
from mia.stages import plan
from mia.stages import rows as rows_stage


def jpeg(seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


class Hostile(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def do_GET(self):
        case = self.path.strip("/").split(".")[0]
        if case.isdigit():
            return self.send_error(int(case))
        if case == "hang":
            return time.sleep(6)
        if case == "redirect":
            return self.answer(b"", 302, Location="/good.jpg")
        if case == "short":
            return self.answer(jpeg()[:500], promised=5000)
        if case == "optout":
            return self.answer(jpeg(), **{"X-Robots-Tag": "noai"})
        body = {"html": b"<html>sorry</html>", "truncated": jpeg()[:-300], "empty": b""}
        return self.answer(body.get(case, jpeg()))

    def answer(self, body, code=200, promised=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(promised or len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


EXPECTED = {
    "good.jpg": "success",
    "good.jpg?again": "success",
    "redirect.jpg": "success",
    "403.jpg": "forbidden",
    "404.jpg": "not_found",
    "410.jpg": "gone",
    "418.jpg": "failed",
    "429.jpg": "rate_limited",
    "500.jpg": "server_error",
    "503.jpg": "server_error",
    "hang.jpg": "timeout",
    "short.jpg": "truncated",
    "optout.jpg": "forbidden",
    "html.jpg": "not_an_image",
    "empty.jpg": "not_an_image",
    "truncated.jpg": "truncated",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Plan, download and open the hostile server's pictures, in one shard."""
    folder = tmp_path_factory.mktemp("hostile")
    with loopback.serving(Hostile) as address:
        urls = [address + path for path in EXPECTED]
        urls += ["http://127.0.0.1:9/refused.jpg", "file:///etc/hostname", ""]
        pd.DataFrame({"url": urls, "caption": "x"}).to_csv(folder / "urls.csv", index=False)
        spec = {"source": "urls", "path": str(folder / "urls.csv"), "timeout": 1}
        files = run(folder, spec, shards=1)
    return address, files[0]


def run(folder, spec, shards):
    """Run plan, download and rows; return the folder of each shard."""
    plans = [folder / f"{n}/plan.parquet" for n in range(shards)]
    plan.main(["--name", "s", "--spec", json.dumps(spec), "--output", *map(str, plans)])
    for path in plans:
        files = ["--plan", str(path), "--pictures", str(path.with_name("pictures.tar"))]
        files += ["--downloads", str(path.with_name("downloads.parquet"))]
        stage.main([*files, "--spec", json.dumps(spec)])
        output = ["--pixel-limit", "1000000", "--output", str(path.with_name("rows.parquet"))]
        rows_stage.main([*files, *output])
    return [path.parent for path in plans]


def test_every_case_ends_in_its_row(hostile):
    address, folder = hostile
    rows = tables.read(folder / "rows.parquet")
    found = {row.url.removeprefix(address): row.status for row in rows.itertuples() if row.url}
    assert found == {
        **EXPECTED,
        "http://127.0.0.1:9/refused.jpg": "connection",
        "file:///etc/hostname": "bad_url",
    }
    nameless = rows[rows["url"].isna() | (rows["url"] == "")]
    assert nameless["status"].tolist() == ["bad_url"]
    failed = rows["status"] != "success"
    assert rows.loc[failed, "error"].str.len().gt(0).all()
    assert rows.loc[failed, "image_id"].isna().all()
    assert "HTTP Error 404" in rows.set_index("status").loc["not_found", "error"]


def test_raw_bytes_are_kept_as_they_came(hostile):
    address, folder = hostile
    rows = tables.read(folder / "rows.parquet").set_index("url")
    kept = dict(archive.unpack(folder / "pictures.tar"))
    assert kept[rows.loc[address + "good.jpg", "key"]] == jpeg()
    assert kept[rows.loc[address + "redirect.jpg", "key"]] == jpeg()
    assert kept[rows.loc[address + "html.jpg", "key"]] == b"<html>sorry</html>"
    assert list(kept) == sorted(kept)


def test_the_builtin_set_goes_the_same_way(tmp_path):
    """Four pictures over loopback; of the two shards one is empty and starts nothing."""
    spec = {"source": "builtin", "builtin": "openmoji", "timeout": 10, "limit": 4}
    plan.main(["--name", "s", "--spec", json.dumps(spec), "--output", str(tmp_path / "p.parquet")])
    planned = tables.read(tmp_path / "p.parquet")
    for name, part in (("full", planned), ("none", planned.iloc[:0])):
        tables.write(part, tmp_path / name / "plan.parquet")
        files = ["--plan", str(tmp_path / name / "plan.parquet")]
        files += ["--pictures", str(tmp_path / name / "pictures.tar")]
        files += ["--downloads", str(tmp_path / name / "downloads.parquet")]
        stage.main([*files, "--spec", json.dumps(spec)])
        rows_stage.main([*files, "--pixel-limit", "9999", "--output", str(tmp_path / f"{name}.pq")])
    rows = tables.read(tmp_path / "full.pq")
    assert rows["status"].tolist() == ["success"] * 4
    assert rows["url"].str.startswith(openmoji.ADDRESS).all()
    kept = dict(archive.unpack(tmp_path / "full/pictures.tar"))
    for row in rows.itertuples():
        assert kept[row.key] == openmoji.render(openmoji.code_of(row.url))
    assert len(tables.read(tmp_path / "none.pq")) == 0
    assert list(archive.unpack(tmp_path / "none/pictures.tar")) == []


def test_a_row_without_a_result_stops_the_stage():
    with pytest.raises(ValueError, match="no result for 1 of 2 rows, first b"):
        download.require_all(["a", "b"], {"a": ("success", "")})


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def test_a_download_that_never_ends_is_killed_with_its_children(tmp_path):
    note = tmp_path / "pid"
    with pytest.raises(ValueError, match="not done after 3 s"):
        download.run([sys.executable, "-c", GRANDCHILD, str(note)], 3)
    assert not alive(int(note.read_text()))


def test_a_failing_img2dataset_stops_the_stage():
    with pytest.raises(ValueError, match="exit code 7"):
        download.run([sys.executable, "-c", "raise SystemExit(7)"], 30)


def test_an_img2dataset_that_did_nothing_stops_the_stage(monkeypatch):
    """It exits with 0 after an interrupt, too."""
    monkeypatch.setattr(download, "PROGRAM", "")
    with (
        pytest.raises(ValueError, match="left no table of results"),
        download.downloaded({"a": "http://127.0.0.1:9/x"}, 1),
    ):
        pass


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
