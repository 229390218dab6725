"""`blind_source` stands only where images have addresses; the audit says where it was left out."""

import pytest

from mia.audit.remarks import remarks
from mia.config.read import read

SETS = {
    "folder": {"source": "folder", "path": "a"},
    "folder_of_parts": {"source": "folder", "parts": {"seen": {"path": "a"}}},
    "builtin": {"source": "builtin"},
    "urls": {"source": "urls", "path": "a.parquet"},
    "hub": {"source": "hub", "repo": "a/b", "revision": "0" * 40, "file": "a.csv"},
}


def experiment(tmp_path, monkeypatch, members, nonmembers):
    """An experiment with a target `t` on copies of two of `SETS`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model_index.json").write_text("{}")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/a.png").write_bytes(b"")
    (tmp_path / "a.parquet").write_bytes(b"")
    return read(
        {
            "results": "results",
            "image_sets": {"ours": SETS[members], "theirs": SETS[nonmembers]},
            "models": {"m": {"source": "path", "path": "model"}},
            "targets": {"t": {"model": "m", "members": "ours", "nonmembers": "theirs"}},
            "attacks": {"loss": {}, "blind_caption": {}, "hosts": {"attack": "blind_source"}},
        }
    )


@pytest.mark.parametrize(
    ("members", "nonmembers", "there"),
    [
        ("folder", "folder", False),
        ("folder_of_parts", "builtin", False),
        ("builtin", "builtin", False),
        ("urls", "urls", True),
        ("hub", "urls", True),
        ("folder", "urls", True),
        ("hub", "folder_of_parts", True),
    ],
)
def test_a_baseline_on_addresses_needs_some(tmp_path, monkeypatch, members, nonmembers, there):
    found = experiment(tmp_path, monkeypatch, members, nonmembers)
    assert ("hosts" in found.attacks_of("t")) == there
    assert found.blind_attacks("t") == ("blind_caption", *(["hosts"] if there else []))
    left_out = found.without_addresses("t")
    assert left_out == (() if there else ("hosts",))
    said = remarks("FAIR", True, "none", {}, {}, without_addresses=left_out)
    expected = "Left out: hosts, as no image of either set has an address."
    assert said == ([] if there else [expected])
