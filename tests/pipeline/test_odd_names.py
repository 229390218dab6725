"""Names that mean something to a shell, to Snakemake or to a command line, the whole road."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest

import tiny_clip
from mia import storage
from mia.given.folder_files import shown
from workbench import Workbench

RULES = Path(__file__).parents[2] / "workflow/rules"

NAMES = (
    *("{abc}.png", "{{x}}.png", "{shard}.png", "{abc,[0-9]+}.png", "{.png"),
    *("it's.png", '"q".png', "a b.png", " a.png ", "new\nline.png", "tab\t.png"),
    *("-rf.png", "--output.png", "*?[x].png", "$HOME.png", "`id`.png", "a;b&c|d.png"),
    *("#1.png", "%20.png", "~.png", "\\n.png", "!.png", "é.png", "猫.png", "sub/{a}/-b '.png"),
)
FOLDER, OTHERS = "data/{abc} it's", "-o/{{x}}"
CAPTIONS, LIST = "-captions {x}.csv", "-list '{shard}'.txt"
KNOWN, SCORES = "-known {set}.parquet", '-scores {attack} "q".csv'
MODEL, CLIP = "models/{model} 's", "-models/{clip}"
NO_TEXT = ("caf\udce9.png", "\udcff/-{a}\n.png")  # bytes that are not UTF-8
TARGETS = ("results/metrics/fair/theirs.json", "results/models/tiny/model.json")


def give(bench: Workbench) -> None:
    """Spread the images over odd names; give every file and folder of the config one too."""
    top, rows, ids = bench.folder, ["file,caption"], []
    for part, folder in (("member", FOLDER), ("nonmember", OTHERS)):
        pictures = sorted((top / "data" / part).glob("*.png"))
        names = NAMES[: len(pictures)] if part == "member" else NAMES[-len(pictures) :]
        for picture, name in zip(pictures, names, strict=True):
            (top / folder / name).parent.mkdir(parents=True, exist_ok=True)
            picture.rename(top / folder / name)
            ids.append(hashlib.sha256((top / folder / name).read_bytes()).hexdigest())
            quoted = name.replace('"', '""')
            rows.append(f'"{quoted}",a caption of {{it}}')
    for name in NO_TEXT:
        (top / FOLDER / name).parent.mkdir(exist_ok=True)
        (top / FOLDER / name).write_bytes(b"some bytes")
    half = len(rows) // 2 + 1
    (top / CAPTIONS).write_text("\n".join(rows[:half]) + "\n", newline="")
    (top / f"{CAPTIONS}2.csv").write_text("\n".join(["file,caption", *rows[half:]]) + "\n")
    (top / LIST).write_text("http://a.example/{x}.png\n")
    scores = [f"{image_id},0.{number:03d}" for number, image_id in enumerate(ids)]
    (top / SCORES).write_text("\n".join(["image_id,score", *scores]) + "\n")
    storage.write(pd.DataFrame({"hash": ["0" * 64] * 9}), top / KNOWN)
    (top / "models/tiny-sd").rename(top / MODEL)
    clip = {**tiny_clip.save(tiny_clip.build(), top / CLIP), "path": CLIP}

    def change(config: dict) -> None:
        mine = config["image_sets"]["mine"]
        mine["exclude"] = LIST
        mine["parts"] = {
            "member": {"path": FOLDER, "captions": CAPTIONS},
            "nonmember": {"path": OTHERS, "captions": f"{CAPTIONS}2.csv"},
        }
        config["models"]["tiny"]["path"] = MODEL
        config["targets"]["fair"]["known"] = {"path": KNOWN, "sha256": "hash"}
        config["audit"] = {"embedding": clip}
        config["attacks"]["theirs"] = {"scores": SCORES}

    bench.configure(change)


@pytest.fixture(scope="module")
def odd(tiny_sd, tmp_path_factory):
    bench = Workbench.build(tmp_path_factory.mktemp("odd") / "tree", tiny_sd)
    give(bench)
    bench.run(*TARGETS).done()
    return bench


def test_every_file_is_a_row_with_its_own_bytes_and_caption(odd):
    rows = storage.read(odd.folder / "results/images/mine/manifest.parquet").set_index("url")
    files = [path for name in (FOLDER, OTHERS) for path in (odd.folder / name).rglob("*.png*")]
    assert sorted(rows.index) == sorted(shown(str(path.relative_to(odd.folder))) for path in files)
    no_text = [shown(f"{FOLDER}/{name}") for name in NO_TEXT]
    assert rows.loc[no_text, "status"].tolist() == ["bad_name"] * len(NO_TEXT)
    for url, row in rows.drop(no_text).iterrows():
        assert row["status"] == "success", row
        assert row["image_id"] == hashlib.sha256((odd.folder / url).read_bytes()).hexdigest()
        assert row["caption"] == "a caption of {it}"


def test_no_name_is_an_input_or_asks_for_a_run(odd):
    """Of the whole experiment: what is left to do reads none of these files."""
    text = odd.run("--dry-run", *TARGETS).done().text
    assert "Nothing to be done" in text
    text = odd.run("--dry-run").done().text
    assert "rule report:" in text and "rule score:" in text
    assert not {"rule download:", "rule rows:", "rule model:", "rule membership:"} & {
        *text.splitlines()
    }


def test_another_file_of_an_odd_name_is_noticed(odd):
    (odd.folder / FOLDER / "{{x}}.png").write_bytes((odd.folder / OTHERS / "猫.png").read_bytes())
    text = odd.run("--dry-run", *TARGETS).done().text
    assert text.count("rule download:") == 1 and "rule plan_mine:" not in text


@pytest.mark.parametrize("path", sorted(RULES.glob("*.smk")), ids=lambda path: path.stem)
def test_no_text_of_a_config_is_a_pattern(path):
    """Snakemake looks for wildcards in a parameter that is text, not in what a function returns."""
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?m)^ +\w+=(?:\w+\.)?(?:dump|selected|report_spec)\(.*", text)
