"""A published manifest run again: the same bytes, other bytes, none."""

import hashlib
import json

import pandas as pd
from PIL import Image

from mia import tables
from mia.images import loopback, replay
from mia.stages import download, manifest, plan, rows

SPEC = {"duplicates": {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}, "seed": 0}


def test_only_the_published_bytes_are_kept(tmp_path, capsys):
    web, hashes = tmp_path / "web", {}
    web.mkdir()
    for n, name in enumerate(["same", "changed", "page", "gone", "unknown"]):
        Image.new("RGB", (20 + n, 20), "red").save(web / f"{name}.png")
        hashes[name] = hashlib.sha256((web / f"{name}.png").read_bytes()).hexdigest()
    Image.new("RGB", (20, 20), "blue").save(web / "changed.png")
    (web / "page.png").write_text("<html>sold</html>")
    (web / "gone.png").unlink()
    hashes["unknown"] = ""
    with loopback.served(web) as address:
        table = pd.DataFrame({"url": [f"{address}{name}.png" for name in hashes], "caption": "x"})
        table["image_id"] = [text.upper() for text in hashes.values()]
        table.to_csv(tmp_path / "published.csv", index=False)
        spec = {"source": "urls", "path": str(tmp_path / "published.csv"), "sha256": "image_id"}
        spec |= {"allow_hosts": [loopback.HOST], "timeout": 5, "byte_limit": 99999}
        at = {
            name: str(tmp_path / name) for name in ("plan", "tar", "downloads", "rows", "out", "pq")
        }
        plan.main(["--name", "s", "--spec", json.dumps(spec), "--output", at["plan"]])
        files = ["--plan", at["plan"], "--pictures", at["tar"], "--downloads", at["downloads"]]
        download.main([*files, "--spec", json.dumps(spec)])
    rows.main([*files, "--pixel-limit", "9999", "--output", at["rows"]])
    written = ["--manifest", at["out"], "--pairs", at["pq"]]
    manifest.main(["--name", "s", "--rows", at["rows"], "--spec", json.dumps(SPEC), *written])
    found = tables.read(at["out"])
    name = found["url"].str.extract(r"(\w+)\.png$")[0]
    assert dict(zip(name, found["status"], strict=True)) == {
        "same": "success",
        "changed": "changed",
        "page": "not_an_image",
        "gone": "not_found",
        "unknown": "no_sha256",
    }
    assert found.loc[found["kept"], "image_id"].tolist() == [hashes["same"]]
    assert hashes["changed"] in found.set_index("status").loc["changed", "error"]
    said = "of 4 published pictures 1 came with the same bytes, 1 changed, 2 are gone"
    assert said in capsys.readouterr().err


def test_without_hashes_there_is_no_replay():
    assert replay.counts(pd.DataFrame({"sha256": ["", None], "status": "success"})) is None
