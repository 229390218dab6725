"""Every kind of file that people give, replaced by an older one: the jobs that notice it.

One experiment that is given all of them; after its run, dry runs say what would run and why.
"""

from __future__ import annotations

import hashlib
import os
import re

import pandas as pd
import pytest

import tiny_clip
from mia import storage
from mia.models.clip_folder import encoder_name
from replacing import changed, in_place, linked, moved_in, older, renamed, unpacked
from workbench import Workbench

TARGETS = (
    "results/metrics/fair/theirs.json",
    "results/models/tiny/model.json",
    *(f"results/images/listed/plan/{shard}.parquet" for shard in ("000", "001")),
    "results/images/beside/plan/000.parquet",
)
ANNOUNCED = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n?)+)", re.MULTILINE)
CLIP = {"path": "models/clip"}


def give(bench: Workbench) -> None:
    """Add a list to exclude, scores, known images, a CLIP model, addresses, captions beside."""
    data = bench.folder / "data"
    pictures = sorted([*data.glob("member/*.png"), *data.glob("nonmember/*.png")])
    ids = [hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures]
    (data / "exclude.txt").write_text("http://a.example/gone.png\n0123456789abcdef\n")
    rows = [f"{image_id},0.{number:03d}" for number, image_id in enumerate(ids)]
    (data / "theirs.csv").write_text("\n".join(["image_id,score", *rows]) + "\n")
    known = [hashlib.sha256(f"known {number}".encode()).hexdigest() for number in range(200)]
    storage.write(pd.DataFrame({"hash": known}), data / "known.parquet")
    (data / "urls.csv").write_text("url,caption\nhttp://a.example/1.png,one\n")
    (data / "beside").mkdir()
    (data / "beside/a.png").write_bytes(pictures[0].read_bytes())
    (data / "beside/a.tags").write_text("a cat no 1")
    CLIP["sha256"] = tiny_clip.save(tiny_clip.build(), bench.folder / CLIP["path"])["sha256"]

    def change(config: dict) -> None:
        mine = config["image_sets"]["mine"]
        mine |= {"exclude": "data/exclude.txt"}
        mine["duplicates"] = {"embedding": {**CLIP, "drop": 0.999999, "review": 0.99999}}
        config["image_sets"]["listed"] = {"source": "urls", "path": "data/urls.csv", "shards": 2}
        beside = {"source": "folder", "path": "data/beside", "captions": ".tags"}
        config["image_sets"]["beside"] = beside
        config["targets"]["fair"]["known"] = {"path": "data/known.parquet", "sha256": "hash"}
        config["attacks"] = {"theirs": {"scores": "data/theirs.csv"}}

    bench.configure(change)


@pytest.fixture(scope="module")
def given(tiny_sd, tmp_path_factory):
    bench = Workbench.build(tmp_path_factory.mktemp("given") / "tree", tiny_sd)
    give(bench)
    for path in bench.folder.rglob("*"):
        older(path)
    assert bench.run(*TARGETS).done().jobs
    return bench


def planned(bench: Workbench) -> dict[str, set[str]]:
    """Jobs of a dry run whose parameters changed, and what these name of what was given."""
    found = {}
    for rule, block in ANNOUNCED.findall(bench.run("--dry-run", *TARGETS).done().text):
        fields = dict(re.findall(r"^    (\w+): (.*)$", block, re.MULTILINE))
        if "Params have changed" in fields["reason"]:
            values = re.findall(r"\w+=([^,]*)", fields.get("wildcards", ""))
            found["/".join([rule, *values])] = set(re.findall(r"'([^']+)': '", fields["reason"]))
        else:
            assert "Input files updated by another job" in fields["reason"]
    return found


def shard_of(bench: Workbench, picture: str) -> str:
    for path in sorted(bench.folder.glob("results/images/mine/plan/*.parquet")):
        if picture in storage.read(path)["url"].tolist():
            return path.stem
    raise AssertionError(f"{picture} is in no plan")


PICTURE = "data/member/03.png"
SHARDS = ("000", "001")
BOTH = {f"data/{part}{end}" for part in ("member", "nonmember") for end in ("", ".csv")}
FOLDERS = {"data/member", "data/nonmember"}
WEIGHTS = "models/tiny-sd/unet/diffusion_pytorch_model.safetensors"
SCHEDULER = "models/tiny-sd/scheduler/scheduler_config.json"
MODEL = {"model/tiny": {"models/tiny-sd"}}
# Files to replace, and how; the jobs that notice, and what their reason names. A job below one that
# runs is given no reason of its own, so that only files of jobs that are apart share a dry run.
KINDS = [
    (
        {"data/member.csv": in_place, "data/urls.csv": unpacked, WEIGHTS: moved_in},
        lambda bench: {"plan_mine": BOTH, "plan_listed": {"data/urls.csv"}, **MODEL},
    ),
    (
        {"data/beside/a.tags": renamed},
        lambda bench: {"plan_beside": {"data/beside"}},
    ),
    (
        {PICTURE: renamed, SCHEDULER: in_place},
        lambda bench: {f"download/mine/{shard_of(bench, PICTURE)}": FOLDERS, **MODEL},
    ),
    (
        {"data/exclude.txt": renamed},
        lambda bench: {f"rows/mine/{shard}": {"data/exclude.txt"} for shard in SHARDS},
    ),
    (
        {"models/clip/preprocessor_config.json": unpacked, "models/clip/model.safetensors": linked},
        lambda bench: {f"encoder/{encoder_name(CLIP)}": {"models/clip"}},
    ),
    (
        {"data/known.parquet": linked},
        lambda bench: {"membership/fair": {"data/known.parquet"}},
    ),
    (
        {"data/theirs.csv": in_place},
        lambda bench: {"score/fair/theirs": {"data/theirs.csv"}},
    ),
]
GIVEN = [name for ways, _ in KINDS for name in ways]


@pytest.mark.parametrize(("ways", "expected"), KINDS, ids=[next(iter(ways)) for ways, _ in KINDS])
def test_an_older_file_of_the_same_size_is_noticed_by_the_jobs_that_read_it(given, ways, expected):
    before = {name: (given.folder / name).read_bytes() for name in ways}
    for name, way in ways.items():
        way(given.folder / name, changed(before[name]))
        assert (given.folder / name).stat().st_size == len(before[name])
    assert planned(given) == expected(given)
    for name, way in ways.items():
        way(given.folder / name, before[name])


def test_dates_and_copies_alone_run_nothing(given):
    """Every given file put there anew, then everything touched."""
    for name in GIVEN:
        renamed(given.folder / name, (given.folder / name).read_bytes())
    assert planned(given) == {}
    for path in [*given.folder.glob("data/**/*"), *given.folder.glob("models/**/*")]:
        os.utime(path)
    assert planned(given) == {}


def test_a_file_more_and_a_file_less_is_planned_anew(given):
    extra = given.folder / "data/member/extra.png"
    extra.write_bytes((given.folder / PICTURE).read_bytes())
    older(extra)
    assert planned(given).keys() >= {"plan_mine"}
    extra.unlink()
    (given.folder / PICTURE).rename(extra)
    assert planned(given).keys() >= {"plan_mine"}
    extra.rename(given.folder / PICTURE)
    assert planned(given) == {}


def test_the_new_bytes_are_what_is_measured(given):
    path = given.folder / PICTURE
    older_picture = (given.folder / "data/nonmember/05.png").read_bytes()
    before = path.read_bytes()
    renamed(path, older_picture[:-12] + b"\0\0\0\0tEXt" + older_picture[-12:])
    manifest = "results/images/mine/manifest.parquet"
    shard = shard_of(given, PICTURE)
    assert given.run(manifest).done().jobs == [
        f"download/mine/{shard}",
        f"embed/mine/{encoder_name(CLIP)}/embedding/{shard}",
        "manifest/mine",
        f"rows/mine/{shard}",
    ]
    rows = storage.read(given.folder / manifest).set_index("url")
    assert rows.loc[PICTURE, "image_id"] == hashlib.sha256(path.read_bytes()).hexdigest()
    renamed(path, before)
    assert planned(given).keys() == {f"download/mine/{shard}"}
