"""Pictures that must not be used: never downloaded, never measured, and counted all the same."""

import hashlib
import io
import json

import pandas as pd
import pytest
from PIL import Image

from mia import storage
from mia.audit import survival
from mia.images import archive, download_rates
from mia.images.manifest import PAIRS
from mia.images.plan import digest, with_cleaned_urls
from mia.images.sources.shared import exclusion, replay
from mia.images.sources.shared.stage_keys import download_settings
from mia.report.pages.image_sets import image_set_context
from mia.stages import download, manifest, rows


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


COLOURS = ("red", "green", "blue", "black", "white")


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Five images in the folder `mine`, and their plan."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for colour in COLOURS:
        (tmp_path / "mine" / f"{colour}.png").write_bytes(png(colour))
    plan = pd.DataFrame({"url": [f"mine/{colour}.png" for colour in COLOURS]})
    plan = plan.assign(key=plan["url"].map(digest), part="", row=range(5), caption="a colour")
    plan = plan.assign(alternates="", place="", sha256="", family=None, status="", error="")
    storage.write(plan.sort_values("key"), tmp_path / "plan.parquet")
    return plan.set_index("url")["key"]


def fetched(folder, without) -> tuple[pd.DataFrame, set[str]]:
    """Statuses by key, and the keys of the images that were kept."""
    spec = download_settings({"source": "folder"})
    paths = folder / "plan.parquet", spec, folder / "p.tar", folder / "d.parquet"
    download.fetch(*paths, without)
    statuses = storage.read(folder / "d.parquet").set_index("key")["status"]
    return statuses, {key for key, _ in archive.contents(folder / "p.tar")}


def opened(folder, without) -> pd.DataFrame:
    plan = storage.read(folder / "plan.parquet", list(rows.PLANNED))
    downloads = storage.read(folder / "d.parquet")
    table, _ = rows.described(plan, downloads, folder / "p.tar", 10**6, without)
    return table.set_index("key")


def listing(folder, planned):
    """A list that names one image by its key, one by its path, one by its bytes."""
    path = folder / "exclude.txt"
    image_id = hashlib.sha256(png("blue")).hexdigest().upper()
    path.write_text(f"# asked for\n\n{planned['mine/red.png']}\n mine/green.png\n{image_id}\n")
    return exclusion.read(path)


def test_what_is_listed_is_never_kept_and_its_row_says_why(planned, tmp_path):
    statuses, kept = fetched(tmp_path, listing(tmp_path, planned))
    left = {planned[f"mine/{colour}.png"] for colour in ("black", "white")}
    assert kept == left == set(statuses.index[statuses == "success"])
    assert set(statuses.drop(sorted(left))) == {"excluded"}
    table = opened(tmp_path, exclusion.NOTHING)
    assert table["status"].to_dict() == statuses.to_dict()
    assert table.loc[table["status"] == "excluded", ["image_id", "thumbnail"]].isna().all(None)


def test_what_is_listed_after_the_download_is_excluded_too(planned, tmp_path):
    statuses, kept = fetched(tmp_path, exclusion.NOTHING)
    assert set(statuses) == {"success"} and len(kept) == 5
    late = opened(tmp_path, listing(tmp_path, planned))
    fetched(tmp_path, listing(tmp_path, planned))
    pd.testing.assert_frame_equal(late, opened(tmp_path, exclusion.NOTHING))
    assert (late["status"] == "excluded").sum() == 3


def test_a_csv_names_columns_as_the_manifest_does(tmp_path):
    path = tmp_path / "exclude.csv"
    path.write_text("url,why,key\nHTTP://A.org/a b.jpg,asked,\n,asked too,0123456789abcdef\n")
    found = exclusion.read(path)
    assert found.naming_row("f" * 16, "http://a.org/a%20b.jpg", "") == {"HTTP://A.org/a b.jpg"}
    assert found.naming_row("0123456789abcdef", None, None)
    assert not found.naming_row("f" * 16, None, None) and not found.naming_picture(None)
    assert len(found) == 2


def test_a_parquet_does_too(tmp_path):
    hashes = [bytes.fromhex("ab" * 32), None]
    table = pd.DataFrame({"url": [None, "mine/a.png"], "image_id": hashes, "why": [1, 2]})
    table.to_parquet(tmp_path / "exclude.parquet")
    found = exclusion.read(tmp_path / "exclude.parquet")
    assert found.naming_picture("ab" * 32) and found.naming_row("f" * 16, "./mine/a.png", "")
    assert {entry.place for entry in found.entries} == {
        *("row 1, column 'image_id'", "row 2, column 'url'")
    }


SPELLINGS = {
    "http://a.org/x/~y.jpg": [
        *("HTTP://A.ORG/x/~y.jpg", "http://a.org:80/x/~y.jpg", "https://a.org:443/x/~y.jpg"),
        *("http://a.org./x/~y.jpg", "http://a.org/x/%7Ey.jpg", "http://a.org/x/%7ey.jpg#top"),
        *("http://a.org/x/./z/../~y.jpg", "http://a.org/%78/~y.jpg?", " http://a.org/x/~y.jpg "),
    ],
    "http://bücher.org/größe (1).jpg": [
        *(
            "http://xn--bcher-kva.org/gr%C3%B6%C3%9Fe%20(1).jpg",
            "http://b%C3%BCcher.org/größe (1).jpg",
        ),
        *(
            "http://bücher.org/gro\u0308ße%20%281%29.jpg",
            "http://bücher.org/gro%cc%88%c3%9fe (1).jpg",
        ),
    ],
    "http://a.org:8080/x?q=é&r=%2F": [
        *("http://a.org:8080/x?q=%c3%a9&r=/", "http://a.org:8080/x?q=e\u0301&r=%2f"),
    ],
    "http://a.org/caf%E9.jpg": ["http://a.org/caf%e9.jpg", "http://a.org/%63af%E9.jpg"],
    "mine/größe.png": [
        *("./mine/größe.png", "mine//größe.png", "mine/gro\u0308ße.png", "{here}/mine/größe.png"),
        *(
            "mine/../mine/größe.png",
            "file://{here}/mine/gr%C3%B6%C3%9Fe.png",
            "{here}/link/größe.png",
        ),
    ],
    "{here}/mine/gro\u0308ße.png": ["mine/größe.png", "link/größe.png", "./link/gro\u0308ße.png"],
    "link/red.png": ["mine/red.png", "mine/scarlet.png", "{here}/link/scarlet.png"],
}


@pytest.mark.parametrize(
    ("locator", "entry"),
    [(locator, entry) for locator in SPELLINGS for entry in SPELLINGS[locator]],
)
def test_an_entry_fits_in_any_spelling(planned, tmp_path, locator, entry):
    """On whichever side; `link` leads to the folder `mine`, `scarlet.png` to `red.png`."""
    (tmp_path / "link").symlink_to("mine")
    (tmp_path / "mine/scarlet.png").symlink_to("red.png")
    path = tmp_path / "exclude.txt"
    for listed, other in ((locator, entry), (entry, locator)):
        listed, other = (text.format(here=tmp_path) for text in (listed, other))
        path.write_text(listed)
        url = cleaned(other) if other.strip().lower().startswith("http") else other
        assert exclusion.read(path).naming_row("0" * 16, url, "") == {listed.strip()}


MEANT = {
    "mine/café 1.png": [
        "mine/caf%C3%A9%201.png",
        "./mine/cafe%cc%81 1.png",
        "mine/caf%c3%a9 1.png",
    ],
    "mine/100%25.png": ["mine/100%25.png", "mine/100%2525.png"],
    "http://a.org/x/y.jpg": [
        *("//a.org/x/y.jpg", "//A.ORG:80/x/y.jpg", "a.org/x/y.jpg", "A.org./x/z/../%79.jpg"),
        *("a.org:80/x/y.jpg", "a.org:443/x/y.jpg"),
    ],
    "https://bücher.org/größe.jpg": [
        *("bücher.org/größe.jpg", "//xn--bcher-kva.org/gr%C3%B6%C3%9Fe.jpg"),
    ],
    "http://192.0.2.1/x.jpg": ["192.0.2.1/x.jpg"],
    "a.org/x.jpg": ["a.org/x.jpg", "./a.org/x.jpg"],
}


@pytest.mark.parametrize(
    ("locator", "entry"), [(locator, entry) for locator in MEANT for entry in MEANT[locator]]
)
def test_an_entry_fits_what_a_person_means(planned, tmp_path, locator, entry):
    """Paths as browsers write them, addresses without a scheme; also files that look so."""
    (tmp_path / "exclude.txt").write_text(entry)
    url = cleaned(locator) if "://" in locator else locator
    assert exclusion.read(tmp_path / "exclude.txt").naming_row("0" * 16, url, "") == {entry}


def cleaned(url):
    rows = pd.DataFrame({"url": [url], "status": "", "error": ""})
    return with_cleaned_urls(rows)["url"].iloc[0]


@pytest.mark.parametrize(
    ("locator", "entry"),
    [
        ("http://a.org/x.jpg", "http://a.org/X.jpg"),
        ("http://a.org/x.jpg", "http://a.org:8080/x.jpg"),
        ("http://a.org/x.jpg", "https://a.org:80/x.jpg"),
        ("http://a.org/x.jpg", "http://b.a.org/x.jpg"),
        ("http://a.org/x/y.jpg", "http://a.org/x%2Fy.jpg"),
        ("http://a.org/x%25y.jpg", "http://a.org/x%2525y.jpg"),
        ("http://a.org/x?a=1&b=2", "http://a.org/x?a=1%26b=2"),
        ("http://a.org/x?a=1", "http://a.org/x"),
        ("http://a.org/caf%E9.jpg", "http://a.org/caf%C3%A9.jpg"),
        ("mine/red.png", "red.png/mine"),
        ("mine/red.png", "/mine/red.png"),
        ("mine/red.png", "mine/Red.png"),
        ("mine/red\0.png", "mine/red.png"),
        ("http://mine/red.png", "mine/red.png"),
        ("http://a.org/x.jpg", "b.a.org/x.jpg"),
        ("http://a.org/x.jpg", "a.org:8080/x.jpg"),
        ("http://a.org/x.jpg", "./a.org/x.jpg"),
    ],
)
def test_an_entry_fits_nothing_else(planned, tmp_path, locator, entry):
    (tmp_path / "exclude.txt").write_text(entry)
    assert not exclusion.read(tmp_path / "exclude.txt").naming_row("0" * 16, locator, "")


def test_entries_that_fit_nothing_are_told(planned, tmp_path, capsys):
    """One that fitted while the image was there still counts when it is gone."""
    image_id = hashlib.sha256(png("blue")).hexdigest()
    fitting = [planned["mine/red.png"].upper(), "./mine/green.png", image_id, "mine//green.png"]
    idle = ["mine/ghost.png", "0" * 16, "a" * 64, "http://a.org/x"]
    path = tmp_path / "exclude.txt"
    path.write_text("\n".join(["# asked for", *fitting, *idle]))
    argv = ["--plan", "plan.parquet", "--pictures", "p.tar", "--downloads", "d.parquet"]
    settings = json.dumps(download_settings({"source": "folder"}))
    download.main([*argv, "--settings", settings, "--exclude", str(path)])
    for listed in (idle, [*fitting, *idle]):
        path.write_text("\n".join(["# asked for", *listed]))
        limit = ["--settings", '{"pixel_limit": 1000}', "--exclude", str(path)]
        rows.main([*argv, *limit, "--output", "rows.parquet"])
    rule = {"phash": 0, "rmse": 0, "mirror_rmse": 0, "linked_rmse": 0}
    argv = ["--name", "mine", "--rows", "rows.parquet", "--exclude", str(path)]
    argv += ["--settings", json.dumps({"duplicates": rule, "seed": 0})]
    manifest.main([*argv, "--manifest", "m.parquet", "--pairs", "pairs.parquet"])
    said = {"count": 4, "entries": 8, "first": ["line 6", "line 7", "line 8", "line 9"]}
    assert storage.metadata("m.parquet") == {"idle_entries": said}
    assert (storage.read("m.parquet")["status"] == "excluded").sum() == 3
    printed = capsys.readouterr().err
    assert f"{path}: 4 of 8 entries fit nothing" in printed
    assert f"{path}: line 6: fits nothing here: mine/ghost.png" in printed


UNUSABLE = {
    "http://me:secret@a.org/x.jpg": "an address with a user name is not fetched",
    "ftp://a.org/x.jpg": "not an http or https address",
    "0123456789abcdeg": "'0123456789abcdeg': expected a key",
    "x.jpg": "'x.jpg': expected a key",
    "012345": "'012345': expected a key",
    "http:///x.jpg": "no host in the address",
    "http://a.org:port/x.jpg": "not an address",
}


@pytest.mark.parametrize("entry", UNUSABLE)
def test_an_entry_that_cannot_be_used_is_told_and_the_others_hold(planned, tmp_path, capsys, entry):
    path = tmp_path / "exclude.txt"
    path.write_text(f"mine/ghost.png\nmine/red.png\n{entry}\n")
    statuses, _ = fetched(tmp_path, exclusion.read(path))
    assert statuses[planned["mine/red.png"]] == "excluded"
    assert (statuses == "success").sum() == 4
    argv = ["--plan", "plan.parquet", "--pictures", "p.tar", "--downloads", "d.parquet"]
    argv += ["--settings", '{"pixel_limit": 1000}', "--exclude", str(path)]
    rows.main([*argv, "--output", "rows.parquet"])
    said = manifest.said([tmp_path / "rows.parquet"], [path])
    told = {"count": 2, "entries": 3, "first": ["line 3, unusable", "line 1"]}
    assert said == {"idle_entries": told}
    assert f"{path}: line 3: {UNUSABLE[entry]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "\n0123\n", r"a\.txt: line 2: '0123': expected a key \(16 hex"),
        ("a.txt", "ftp://a.org/x\n", r"line 1: not an http or https address: 'ftp://a.org/x'"),
        ("a.txt", "http://me@a.org/\nx.jpg", r"line 1: an address with a user name is not fetch"),
        ("a.csv", "url\n\nx.jpg\n", r"a\.csv: row 1, column 'url': 'x.jpg': expected a key"),
        ("a.csv", "link\nhttp://a.org/x\n", r"expected a column key, image_id, url; found: link"),
        ("a.csv", "", r"a\.csv: line 1: no header"),
        ("a.csv", "url,why\nhttp://a.org/x,y,asked\n", r"a\.csv: line 2: 3 fields; expected"),
        ("a.csv", 'url\n"http://a.org/x\n', r"a\.csv: line.* 2.*: a quote"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        exclusion.read(tmp_path / name)
    with pytest.raises(ValueError, match=r"b\.txt: no such exclude list"):
        exclusion.read(tmp_path / "b.txt")


def test_a_picture_that_is_published_under_a_listed_hash_is_not_asked_for(planned, tmp_path):
    plan = storage.read(tmp_path / "plan.parquet")
    image_id = hashlib.sha256(png("blue")).hexdigest()
    plan.loc[plan["url"] == "mine/blue.png", ["url", "sha256"]] = ["mine/gone.png", image_id]
    storage.write(plan, tmp_path / "plan.parquet")
    (tmp_path / "exclude.txt").write_text(image_id)
    statuses, _ = fetched(tmp_path, exclusion.read(tmp_path / "exclude.txt"))
    assert statuses[planned["mine/blue.png"]] == "excluded"


def test_excluded_rows_are_no_failures():
    table = pd.DataFrame({"part": "", "status": ["success"] * 3 + ["excluded"] * 5})
    download_rates.require_success(table, 1.0)
    counted = table.assign(kept=table["status"] == "success", reason="")
    pairs = pd.DataFrame(columns=PAIRS)
    rule = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}
    told = image_set_context("mine", {"source": "folder", "duplicates": rule}, counted, pairs, {})
    assert (told["rows"], told["excluded"], told["survival"], told["failures"]) == (3, 5, 1.0, [])
    side = {"set": "mine", "parts": [""], "dealt": False}
    found = survival.survival({"mine": table}, {"members": side, "nonmembers": side}, 0.95)
    assert (found["members"]["opened"], found["members"]["rows"]) == (3, 3)
    assert replay.counts(table.assign(sha256="0" * 64))["gone"] == 0


def test_a_longer_list_downloads_nothing_anew(bench):
    """Through Snakemake: one image less, no download, no eval; a shard's signals without it."""
    manifest = bench.folder / "results/images/mine/manifest.parquet"
    signals = "results/signals/tiny/mine/denoise/000.parquet"
    before = storage.read(bench.folder / signals)["image_id"].tolist()
    gone = before[3]
    (bench.folder / "exclude.txt").write_text(f"{gone}\ndata/ghost.png\n")
    bench.configure(lambda config: config["image_sets"]["mine"].update(exclude="exclude.txt"))
    run = bench.run(signals).done()
    assert not [job for job in run.jobs if job.startswith(("plan", "download"))]
    assert {"rows/mine/000", "rows/mine/001", "manifest/mine", "measure/tiny/mine/000"} <= set(
        run.jobs
    )
    assert run.evals == 0
    table = storage.read(manifest)
    assert gone not in set(table["image_id"])
    about = storage.metadata(manifest)
    assert about["idle_entries"] == {"count": 1, "entries": 2, "first": ["line 2"]}
    assert about["folders"].keys() == {"member", "nonmember"}
    assert table.loc[table["status"] == "excluded", "reason"].tolist() == ["excluded"]
    left = storage.read(bench.folder / signals)["image_id"]
    assert set(left) == set(before) - {gone}


def test_a_list_that_is_not_there_is_found_by_a_dry_run(bench):
    bench.configure(lambda config: config["image_sets"]["mine"].update(exclude="none.txt"))
    run = bench.run("--dry-run")
    assert run.code == 1
    assert "Config: image_sets.mine.exclude: none.txt: no such file" in run.text
