"""Folders as people have them: links, leftovers, names of every kind, things that are no files."""

import os
import socket
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path

import pytest

from mia.given.folder_files import (
    CYCLE,
    FolderError,
    FolderFiles,
    compared,
    is_utf8,
    list_files,
    shown,
)


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    return folder


def test_files_are_relative_and_sorted_at_any_depth(tmp_path):
    folder = made(tmp_path / "f", "b.png", "a/z.png", "a/b/c/d.txt", "B.png", "a b.png", "{x}.png")
    names = ("B.png", "a b.png", "a/b/c/d.txt", "a/z.png", "b.png", "{x}.png")
    assert list_files(folder) == list_files(f"{folder}/") == FolderFiles(names, (), (), {})
    assert list_files(tmp_path / "f/a").files == ("b/c/d.txt", "z.png")


def test_links_to_files_and_folders_are_followed(tmp_path):
    made(tmp_path / "elsewhere", "one.png", "deep/two.png")
    folder = made(tmp_path / "f", "own.png")
    (folder / "sub").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to("sub")
    (folder / "file.png").symlink_to("../elsewhere/one.png")
    (tmp_path / "link").symlink_to(folder)
    found = list_files(folder)
    assert found.files == ("again/deep/two.png", "again/one.png", "file.png", "own.png")
    assert found.left_out == {CYCLE: 1}
    assert list_files(tmp_path / "link") == found


def test_the_layout_of_the_hubs_cache(tmp_path):
    made(tmp_path / "models--a--b", "blobs/0f", "blobs/1f")
    snapshot = tmp_path / "models--a--b/snapshots/abc"
    (snapshot / "unet").mkdir(parents=True)
    (snapshot / "model_index.json").symlink_to("../../blobs/0f")
    (snapshot / "unet/config.json").symlink_to("../../../blobs/1f")
    assert list_files(snapshot).files == ("model_index.json", "unet/config.json")


@pytest.mark.parametrize("target", [".", "..", "../f", "sub", "../.."])
def test_a_link_to_a_folder_above_ends_there(tmp_path, target):
    folder = made(tmp_path / "f", "a.png", "sub/b.png")
    (folder / "sub/loop").symlink_to(Path("..") / target)
    found = list_files(folder)
    assert found.files == ("a.png", "sub/b.png") and found.left_out == {CYCLE: 1}


@pytest.mark.parametrize("count", [2, 3, 7])
def test_folders_that_link_to_each_other_are_listed_once(tmp_path, count):
    names = [f"{n}" for n in range(count)]
    folder = made(tmp_path / "f", *(f"{name}/x{name}.png" for name in names))
    for name in names:
        for other in set(names) - {name}:
            (folder / name / f"to{other}").symlink_to(f"../{other}")
    found = list_files(folder)
    assert found.files == tuple(f"{name}/x{name}.png" for name in names)
    assert found.left_out == {CYCLE: count * (count - 1)}


def test_folders_elsewhere_that_link_to_each_other_are_listed_once(tmp_path):
    """And a folder that two links lead to, one of them by way of the folder that it lies in."""
    made(tmp_path / "out", "a/x.png", "b/y.png", "b/sub/z.png")
    (tmp_path / "out/a/to").symlink_to("../b")
    (tmp_path / "out/b/to").symlink_to("../a")
    folder = made(tmp_path / "f", "own.png")
    (folder / "first").symlink_to(tmp_path / "out/a")
    assert list_files(folder).files == (
        *("first/to/sub/z.png", "first/to/y.png", "first/x.png", "own.png"),
    )
    (folder / "second").symlink_to(tmp_path / "out/b")
    (folder / "early").symlink_to(tmp_path / "out/b/sub")
    found = list_files(folder)
    assert found.files == ("early/z.png", "first/x.png", "own.png", "second/y.png")
    assert found.left_out == {CYCLE: 3}


def test_a_folders_own_name_goes_before_a_links(tmp_path):
    folder = made(tmp_path / "f", "z/deep/a.png")
    (folder / "a").symlink_to("z/deep")
    assert list_files(folder) == FolderFiles(("z/deep/a.png",), (), (), {CYCLE: 1})


def test_leftovers_are_left_out_and_counted(tmp_path):
    folder = made(
        *(
            tmp_path / "f",
            "a.png",
            "sub/b.png",
            "._a.png",
            "sub/._b.png",
            "Thumbs.db",
            "sub/thumbs.db",
        ),
        *(
            "desktop.ini",
            ".DS_Store",
            "__MACOSX/._a.png",
            "__MACOSX/sub/a.png",
            "@eaDir/a.png/T.jpg",
        ),
        *(".ipynb_checkpoints/a-checkpoint.png", ".git/objects/0f", ".git/HEAD", ".hidden.png"),
    )
    found = list_files(folder)
    assert found.files == ("a.png", "sub/b.png")
    assert found.left_out == {
        "._*": 2,
        ".*": 3,
        ".DS_Store": 1,
        ".ipynb_checkpoints": 1,
        "@eaDir": 1,
        "Thumbs.db": 2,
        "desktop.ini": 1,
        "__MACOSX": 2,
    }
    assert list_files(folder / ".git").files == ("HEAD", "objects/0f")


@pytest.mark.parametrize("kind", ["FIFO", "socket", "device", "link to a FIFO"])
def test_what_is_no_plain_file_is_refused_by_name(tmp_path, monkeypatch, kind):
    folder = made(tmp_path / "f", "sub/a.png")
    place = folder / "sub/odd.png"
    if kind == "socket":
        monkeypatch.chdir(place.parent)  # the address of a socket is at most 107 bytes long
        socket.socket(socket.AF_UNIX).bind(place.name)
    elif kind == "device":
        place.symlink_to("/dev/null")
    elif kind == "FIFO":
        os.mkfifo(place)
    else:
        os.mkfifo(tmp_path / "pipe")
        place.symlink_to(tmp_path / "pipe")
    with pytest.raises(FolderError, match=rf"sub/odd\.png: a {kind.split()[-1]}; expected plain"):
        list_files(folder)


def test_links_that_lead_nowhere_are_named(tmp_path):
    folder = made(tmp_path / "f", "a.png", "file.png")
    (folder / "gone.png").symlink_to("../nowhere.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "below.png").symlink_to("a.png/b.png")
    found = list_files(folder)
    assert found.files == ("a.png", "file.png")
    assert found.dangling == ("below.png", "gone.png", "self.png")


@contextmanager
def no_superuser():
    """As somebody whom permissions hold."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was == 0:
            os.seteuid(was)


@pytest.mark.parametrize(
    ("closed", "said"), [("sub", "sub: cannot be listed"), ("../shut", "b.png: cannot be opened")]
)
def test_a_folder_that_cannot_be_opened_is_named(closed, said):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        made(Path(name), "f/sub/a.png", "shut/b.png")
        Path(name, "f/b.png").symlink_to("../shut/b.png")
        Path(name, "f", closed).chmod(0)
        with no_superuser(), pytest.raises(FolderError, match=f"f/{said}: Permission denied"):
            list_files(Path(name, "f"))
        Path(name, "f", closed).chmod(0o755)


def test_names_that_are_not_utf8_are_set_apart(tmp_path):
    folder = made(tmp_path / "f", "a.png", "caf\udce9.png", "\udcff/b.png", "é.png")
    found = list_files(folder)
    assert found.files == ("a.png", "é.png")
    assert found.not_utf8 == ("caf\udce9.png", "\udcff/b.png")
    assert [shown(name) for name in found.not_utf8] == ["caf\\xe9.png", "\\xff/b.png"]
    assert [is_utf8(name) for name in ("é", "\udce9", "a\udcff")] == [True, False, False]


@pytest.mark.parametrize("name", ["ü.png", "e\u0301t\u00e9.png", "Å/a.png", "한.png"])
def test_names_are_compared_in_one_form_and_kept_as_they_are(tmp_path, name):
    nfd, nfc = (unicodedata.normalize(form, name) for form in ("NFD", "NFC"))
    folder = made(tmp_path / "f", nfd)
    assert list_files(folder).files == (nfd,)
    assert compared(f"./{nfd}") == compared(nfc) == nfc
    made(folder, nfc)
    with pytest.raises(FolderError, match="one name in two Unicode forms") as caught:
        list_files(folder)
    assert ascii(nfd) in str(caught.value) and ascii(nfc) in str(caught.value)


@pytest.mark.parametrize(
    "name", ["-rf.png", "a\"b'.png", "line\nbreak.png", " a .png", "{a}.png", "\\.png"]
)
def test_odd_names_are_names(tmp_path, name):
    assert list_files(made(tmp_path / "f", name)).files == (name,)
    assert compared(name) == name


def test_what_is_no_folder_is_refused(tmp_path):
    made(tmp_path, "file")
    for name, said in {"none": "no such folder", "file": "not a folder"}.items():
        with pytest.raises(FolderError, match=f"{name}: {said}"):
            list_files(tmp_path / name)
