"""Fingerprints of files that people give: what changes them, what is read again, what is not."""

import json
import os
import time

import pytest

from mia import storage
from mia.config.contents import Contents
from mia.given.remembered_hashes import YOUNG, FileHashes
from mia.images.locators import file_locator
from mia.stages.plan import write_plan
from replacing import WAYS, older


def later() -> int:
    """A clock after which no file is young."""
    return time.time_ns() + 2 * YOUNG


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "given" / "scores.csv"
    path.parent.mkdir()
    path.write_text("old bytes")
    return path


@pytest.fixture
def store(tmp_path):
    return tmp_path / "kept" / "hashes.json"


@pytest.fixture
def reads(monkeypatch):
    """Paths that were opened to be hashed."""
    found = []
    real = open

    def opened(path, *arguments, **options):
        found.append(os.path.basename(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr("mia.given.remembered_hashes.open", opened, raising=False)
    return found


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_another_file_of_the_same_size_and_an_older_date_is_noticed(file, store, way):
    older(file)
    hashes = FileHashes(store, later)
    before = hashes.sha256(str(file))
    hashes.save()
    way(file, b"new bytes")
    for again in (hashes, FileHashes(store, later)):
        assert again.sha256(str(file)) != before
    assert file.read_text() == "new bytes"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_dates_inodes_and_links_are_no_content(file, store, way):
    before = Contents(store).file(str(file)), Contents(store).folder(str(file.parent), [".csv"])
    way(file, b"old bytes")
    now = Contents(store).file(str(file)), Contents(store).folder(str(file.parent), [".csv"])
    assert now == before


def test_a_file_is_read_once_by_all_processes_until_it_is_touched(file, store, reads):
    for _ in range(3):
        hashes = FileHashes(store, later)
        for _ in range(3):
            hashes.sha256(str(file))
        hashes.save()
    assert reads == ["scores.csv"]
    os.utime(file)
    FileHashes(store, later).sha256(str(file))
    assert reads == ["scores.csv"] * 2


def test_a_young_file_is_not_remembered(file, store, reads):
    """Its next change may leave every date as it is."""
    hashes = FileHashes(store, lambda: file.stat().st_ctime_ns + YOUNG)
    hashes.sha256(str(file))
    hashes.sha256(str(file))
    hashes.save()
    assert len(reads) == 2 and not store.exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "null", '{"scores.csv": 7}', '{"PATH": [1, 2]}', '{"PATH": [STAMP, null]}'],
)
def test_a_damaged_store_is_as_good_as_none(file, store, text):
    found = file.stat()
    stamp = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    expected = FileHashes(store, later).sha256(str(file))
    store.parent.mkdir()
    store.write_text(text.replace("STAMP", str(stamp)[1:-1]).replace("PATH", str(file)))
    hashes = FileHashes(store, later)
    assert hashes.sha256(str(file)) == expected
    hashes.save()
    assert json.loads(store.read_text())[str(file)][-1] == expected


def test_two_processes_keep_what_both_have_read(tmp_path, store):
    one, other = FileHashes(store, later), FileHashes(store, later)
    for hashes, name in ((one, "a"), (other, "b")):
        (tmp_path / name).write_text(name)
        hashes.sha256(str(tmp_path / name))
    one.save(), other.save()
    assert json.loads(store.read_text()).keys() == {str(tmp_path / name) for name in "ab"}
    assert os.listdir(store.parent) == ["hashes.json"]


def test_a_store_that_cannot_be_written_costs_nothing_else(file, tmp_path):
    (tmp_path / "kept").write_text("a file where the folder should be")
    hashes = FileHashes(tmp_path / "kept" / "hashes.json", later)
    hashes.sha256(str(file))
    hashes.save()


def test_what_cannot_be_read_is_said_in_the_fingerprint(tmp_path, store):
    contents = Contents(store)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    assert contents.file(str(tmp_path / "none")) == "not there"
    assert contents.file(str(tmp_path)) == contents.file(str(tmp_path / "pipe")) == "not a file"
    assert contents.file(str(tmp_path / "loop")).startswith("cannot be read: Too many levels")
    assert contents.folder(str(tmp_path / "none")).endswith("none: no such folder")
    assert contents.names(str(tmp_path)).startswith(f"{tmp_path}/pipe: a FIFO")
    assert contents.shards([str(tmp_path / "none")], 2) == [{}, {}]


NAMES = ("{abc}.png", "it's.png", "a b.png", "new\nline.png", "-rf.png", "{{x}}.png", "*?[x].png")
NAMES += ("sub/é.png", "sub/e\u0301e.png", '"q".JPG', "\\.webp", "#1.png", "%20.png", "$HOME.png")


@pytest.fixture
def folder(tmp_path):
    for name in (*NAMES, *(f"{number}.png" for number in range(30))):
        path = tmp_path / "given" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "given"


ASKED = {
    "folder": lambda contents, path: contents.folder(path, [".png"]),
    "names": lambda contents, path: contents.names(path, [".png"]),
    "shards": lambda contents, path: contents.shards([path], 3),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_large_folder_is_told_once_and_read_by_threads_to_the_same(
    asked, folder, store, monkeypatch, capsys
):
    expected = ASKED[asked](Contents(store), str(folder))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("mia.config.contents.LARGE", 10)
    for lines in (1, 0):
        assert ASKED[asked](Contents(store, later), str(folder)) == expected
        told = capsys.readouterr().err.splitlines()
        assert len(told) == lines
        assert all(line.startswith(f"reading {folder}: ") for line in told)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("large", [0, 10**9], ids=["threads", "one by one"])
def test_a_plan_that_is_broken_off_keeps_what_it_has_read(asked, large, folder, store, monkeypatch):
    monkeypatch.setattr("mia.given.remembered_hashes.SAVED_EVERY", 40)
    monkeypatch.setattr("mia.config.contents.LARGE", large)
    monkeypatch.setattr("mia.config.contents.THREADS", 2)
    expected = ASKED[asked](Contents(store.with_name("other.json"), later), str(folder))
    real, opened, breaks = open, [], True

    def counted(path, *arguments, **options):
        opened.append(path)
        if breaks and len(opened) > 20:
            raise KeyboardInterrupt
        return real(path, *arguments, **options)

    monkeypatch.setattr("mia.given.remembered_hashes.open", counted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        ASKED[asked](Contents(store, later), str(folder))
    kept = json.loads(store.read_text())
    assert 0 < len(kept) <= 20
    breaks, opened[:] = False, []
    assert ASKED[asked](Contents(store, later), str(folder)) == expected
    assert opened and not set(opened) & set(kept)


@pytest.mark.parametrize("written", ["given", "./given", "given/", "{here}/given"])
def test_a_file_belongs_to_the_shard_that_holds_its_picture(
    folder, store, tmp_path, monkeypatch, written
):
    """Checked against the plan itself, for every name."""
    monkeypatch.chdir(tmp_path)
    given = written.replace("{here}", str(tmp_path))
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")]
    write_plan({"source": "folder", "path": given}, shards := [tmp_path / str(n) for n in range(3)])
    planned = [storage.read(path)["url"].tolist() for path in shards]
    before = Contents(store).shards([given], 3)
    for name in names:
        (folder / name).write_text("other bytes")
        after = Contents(store).shards([given], 3)
        found = [number for number in range(3) if after[number] != before[number]]
        locator = file_locator(given, name)
        assert found == [n for n in range(3) if locator in planned[n]], name
        before = after


def test_names_are_apart_from_bytes(folder, store):
    before = Contents(store).names(str(folder))
    for name in ("it's.png", ".DS_Store", "._a.png"):
        (folder / name).write_text("other bytes")
    assert Contents(store).names(str(folder)) == before
    beside = folder / "it's.txt"
    beside.write_text("a caption")
    before, read = Contents(store).names(str(folder)), Contents(store).names(str(folder), [".txt"])
    beside.write_text("the other")
    assert Contents(store).names(str(folder)) == before
    assert Contents(store).names(str(folder), [".txt"]) != read
    (folder / "it's.png").rename(folder / "its.png")
    assert Contents(store).names(str(folder)) != before


@pytest.mark.parametrize("name", ["\udcff.png", "caf\udce9/a.png"])
def test_names_that_are_no_text_count_too(folder, store, name):
    before = Contents(store).names(str(folder))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("bytes")
    assert Contents(store).names(str(folder)).isprintable()
    assert Contents(store).names(str(folder)) != before
    Contents(store).shards([str(folder)], 2)


def test_of_a_model_only_what_is_loaded_counts(tmp_path, store):
    def made(name: str) -> str:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
        return Contents(store).folder(str(tmp_path / "model"))

    before = made("model/unet/config.json")
    for name in ("README.md", "unet/weights.bin", "a.png", ".git/config.json", ".DS_Store"):
        assert made(f"model/{name}") == before, name
    seen = {before}
    for name in ("unet/w.safetensors", "tokenizer/merges.txt", "t/spiece.model", "a.JSON", "a.py"):
        seen.add(made(f"model/{name}"))
    (tmp_path / "model/unet/more.safetensors").symlink_to("nowhere")
    seen.add(Contents(store).folder(str(tmp_path / "model")))
    assert len(seen) == 7


@pytest.mark.parametrize("linked", ["model/unet", "model"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_other_weights_behind_a_linked_folder_are_noticed(linked, way, tmp_path, store):
    """As in the hub's cache and in folders that share a part."""
    weights = tmp_path / "elsewhere" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"old bytes")
    older(weights)
    place = tmp_path / linked
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(weights.parent if linked.endswith("unet") else weights.parents[1])
    before = Contents(store, later).folder(str(tmp_path / "model"))
    assert before.startswith("1 files, ")
    way(weights, b"old bytes")
    assert Contents(store, later).folder(str(tmp_path / "model")) == before
    way(weights, b"new bytes")
    assert Contents(store, later).folder(str(tmp_path / "model")) != before


def test_a_link_that_leads_to_another_folder_is_noticed(tmp_path, store):
    for name in ("one", "other"):
        path = tmp_path / name / "diffusion_pytorch_model.safetensors"
        path.parent.mkdir()
        path.write_bytes(name.encode())
    link = tmp_path / "model" / "unet"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "one")
    before = Contents(store, later).folder(str(tmp_path / "model"))
    link.unlink()
    link.symlink_to(tmp_path / "other")
    assert Contents(store, later).folder(str(tmp_path / "model")) != before
