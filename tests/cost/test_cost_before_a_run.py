"""`make cost` before anything was planned: what is there is counted, the rest is not known."""

import json
import os
import re
import shutil
import sys

import pandas as pd
import pytest
import yaml

from hub_cache import cache_dataset, cache_model, only_the_cache
from mia.commands.cost import main
from mia.config.read import read_file_or_exit
from mia.cost.disk import STABLE_DIFFUSION, disk
from mia.cost.latents import latent_shape
from mia.cost.pictures import file_sizes, most_of, rows_of
from mia.cost.sharing import sharing
from mia.images.source_counts import source_counts
from mia.images.sources.shared import openmoji
from mia.images.sources.shared.shelf import source

REVISION = "0" * 40
HUB = {"source": "hub", "repo": "a/b", "revision": REVISION}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    only_the_cache(monkeypatch, tmp_path / "hf")
    return tmp_path


def folder(path, pictures, others=()):
    path.mkdir(parents=True)
    for name in (*(f"{number}.png" for number in range(pictures)), *others):
        (path / name).write_bytes(bytes(1_000))


def table(path, rows):
    frame = pd.DataFrame({"url": [f"http://a.org/{n}" for n in range(rows)], "caption": "a\nb"})
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


def test_sources_are_counted_each_in_its_way(here):
    folder(here / "a", 3, ["captions.csv", ".hidden.png"])
    folder(here / "a/below", 2)
    table(here / "u.csv", 7)
    table(here / "u.parquet", 8)
    cache_dataset(here / "hf", "a/b", REVISION, {"x.parquet": table(here / "x.parquet", 9)})
    emoji = len(list(openmoji.codes()))
    extra = sum(openmoji.collection(code) == "private-use" for code in openmoji.codes())
    part = {"extra": {"collection": "private-use"}}
    for spec, counts in [
        ({"source": "folder", "path": "a"}, {"": 5}),
        ({"source": "folder", "path": "a", "limit": 4}, {"": 4}),
        (
            {"source": "folder", "parts": {"x": {"path": "a"}, "y": {"path": "no"}}},
            {"x": 5, "y": None},
        ),
        ({"source": "urls", "path": "u.csv"}, {"": 7}),
        ({"source": "urls", "path": "u.csv", "limit": 3}, {"": 3}),
        ({"source": "urls", "path": "u.parquet", "limit": 100}, {"": 8}),
        ({"source": "urls", "path": "no.parquet"}, {"": None}),
        ({**HUB, "file": "x.parquet"}, {"": 9}),
        ({**HUB, "file": "y.parquet"}, {"": None}),
        ({**HUB, "file": "y.parquet", "limit": 10}, {"": 10}),
        ({"source": "builtin", "parts": part}, {"": emoji - extra, "extra": extra}),
        ({"source": "builtin", "collection": "private-use", "limit": 5}, {"": 5}),
    ]:
        assert source_counts(spec) == counts, spec
        assert rows_of(spec, here / "nowhere") == (
            None if None in counts.values() else sum(counts.values())
        )


def test_pictures_of_a_folder_are_counted_and_weighed_as_the_plan_takes_them(here):
    """Side files and remarks are none; what a table names is one, and a link to nothing."""
    others = ["0.txt", "1.txt", "notes.md"]
    folder(here / "plain", 2)
    folder(here / "beside", 2, others)
    folder(here / "captioned", 2, ["scan.0001", *others])
    (here / "captioned/gone.png").symlink_to("nowhere.png")
    rows = ["0.png,a", "1.png,b", "scan.0001,c", "gone.png,d"]
    (here / "c.csv").write_text("\n".join(["file,caption", *rows]) + "\n")
    with open(os.path.join(os.fsencode(here / "plain"), b"caf\xe9.png"), "wb"):
        pass
    for name, part, sizes in [
        ("plain", {}, [1000, 1000, 0]),
        ("beside", {}, [1000, 1000]),
        ("captioned", {"captions": "c.csv"}, [1000, 1000, 10, 0]),
        ("captioned", {"captions": "none"}, [1000, 1000, 0]),
    ]:
        for path in (here / name).iterdir():
            if not path.is_symlink():
                weight = {".0001": 10, ".png": 1000}.get(path.suffix, 1)
                path.write_bytes(b"x" * (0 if "caf" in path.name else weight))
        spec = {"source": "folder", "path": name, **part}
        assert sorted(file_sizes(spec)) == sorted(sizes)
        planned = source("folder").listed({"": spec})
        assert source_counts(spec) == {"": len(planned[""].table)} == {"": len(sizes)}


def test_parts_of_a_split_have_their_share(here):
    folder(here / "a", 10)
    folder(here / "b", 4)
    spec = {
        "source": "folder",
        "path": "a",
        "parts": {"b": {"path": "b"}},
        "split": {"x": 3, "y": 4},
    }
    most = {part: most_of(spec, [part]) for part in ("x", "y", "rest", "b")}
    assert most == {"x": 3, "y": 4, "rest": 3, "b": 4}
    assert most_of(spec, ["x", "b"]) == 7 and most_of({**spec, "path": "no"}, ["x"]) == 3
    assert most_of({**spec, "path": "no"}, ["x", "rest"]) is None
    assert most_of({"source": "folder", "path": "b"}, ["all"]) == 4


def config(here, others, model=None, **more):
    """A config of the folder `mine` (five images) and `others`, written to a file."""
    folder(here / "mine", 5)
    whole = {
        "results": "results",
        "image_sets": {"mine": {"source": "folder", "path": "mine"}, "others": others},
        "models": {"one": model or {"source": "path", "path": "model"}},
        "targets": {"t": {"model": "one", "members": "mine", "nonmembers": "others"}},
        "attacks": {"loss": {}, "secmi": {}},
        "measure": {"repeats": 2},
        **more,
    }
    (here / "c.yaml").write_text(yaml.safe_dump(whole))
    return "c.yaml"


def printed(path, monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["cost", "--config", path, *arguments])
    main()
    return capsys.readouterr().out


@pytest.fixture
def model(tiny_sd, here):
    return shutil.copytree(tiny_sd, here / "model")


def edit(folder, part, **changes):
    """Change a component's config; None takes a key out."""
    path = folder / part / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def test_two_unsplit_folders_are_counted(here, model, monkeypatch, capsys):
    folder(here / "b", 3)
    path = config(here, {"source": "folder", "path": "b"})
    said = printed(path, monkeypatch, capsys)
    assert "at least" not in said and "not known of" not in said
    evals = int(re.search(r"To do: at most ([\d,]+) U-Net evaluations", said)[1])
    of_one = int(re.search(r"One image costs (\d+) U-Net", said)[1])
    assert evals == (5 + 2 + 3 + 2) * of_one  # the first two of each are measured twice
    assert "latents one/mine" in said and "5 images, 4 × 8 × 8 numbers each in float32" in said


def test_what_nobody_knows_yet_is_said(here, model, monkeypatch, capsys):
    path = config(here, {**HUB, "file": "x.parquet"})
    said = printed(path, monkeypatch, capsys)
    assert "Not counted in it: nobody knows yet how many images others will have" in said
    assert f"{'others':<22}number of images not known before they are listed" in said
    assert "at least" in said.partition("together  ")[2]


def test_a_config_that_would_be_refused_has_a_plan_that_says_so(here, monkeypatch, capsys):
    path = config(here, {**HUB, "file": "x.parquet"})
    (here / "mine").rename(here / "elsewhere")
    said = printed(path, monkeypatch, capsys)
    assert "To do: not known, as nobody knows yet how many images mine, others will have" in said
    assert "A run would be refused as it is:\n  image_sets.mine.path: mine: no such folder" in said
    assert "models.one.path: model: expected a folder with model_index.json" in said
    for inside, line in [
        (None, "results: results is a file, expected a folder"),
        ("other.yaml", "results: results holds the results of other.yaml, not of c.yaml"),
    ]:
        results = here / "results"
        results.mkdir() if inside else results.touch()
        if inside:
            (results / ".experiment").write_text(inside)
        assert f"as it is:\n  {line}" in printed(path, monkeypatch, capsys)
        if not inside:
            results.unlink()


def to_double_size(folder):
    edit(folder, "unet", sample_size=16)


def to_more_channels(folder):
    edit(folder, "unet", in_channels=16, out_channels=16)
    edit(folder, "vae", latent_channels=16)


def to_the_class_default(folder):
    edit(folder, "unet", in_channels=None, out_channels=None)


def to_two_minds(folder):
    edit(folder, "vae", latent_channels=8)


def to_no_json(folder):
    (folder / "unet/config.json").write_text("{")


def to_nothing(folder):
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        (lambda folder: None, (4, 8, 8)),
        (to_double_size, (4, 16, 16)),
        (to_more_channels, (16, 8, 8)),
        (to_the_class_default, (4, 8, 8)),
        (to_two_minds, None),
        (to_no_json, None),
        (to_nothing, None),
    ],
)
def test_latents_are_as_large_as_the_models_folder_says(here, model, change, shape):
    change(model)
    experiment = read_file_or_exit(config(here, {"source": "urls", "path": "u.csv"}))
    found, said = latent_shape(experiment, here / "results", "one")
    assert found == shape and said.startswith("their size not known: model/") == (shape is None)
    line = {line.what: line for line in disk(experiment, here / "results")}["latents one/mine"]
    assert line.missing == (shape and 5 * 4 * shape[0] * shape[1] * shape[2])


def test_a_model_of_the_hub_is_looked_at_in_the_cache(here, model):
    hub = {"source": "hub", "repo": "a/b", "revision": REVISION}
    experiment = read_file_or_exit(config(here, {"source": "urls", "path": "u.csv"}, hub))
    found, said = latent_shape(experiment, here / "results", "one")
    assert found == (4, 64, 64) and said.endswith("as one is not in the hub's cache")
    lines = {line.what: line.missing for line in disk(experiment, here / "results")}
    assert lines["model one"] == STABLE_DIFFUSION
    cache_model(here / "hf", "a/b", REVISION, here / "model")
    found, said = latent_shape(experiment, here / "results", "one")
    assert found == (4, 8, 8) and said == "4 × 8 × 8 numbers each in float32"
    lines = {line.what: line.missing for line in disk(experiment, here / "results")}
    assert lines["model one"] == 0


def test_each_ratio_is_a_sentence(here, model, monkeypatch, capsys):
    attacks = {"loss": {}, "again": {"attack": "loss"}, "coin": {}}
    path = config(here, {"source": "urls", "path": "u.csv"}, attacks=attacks)
    first = "One image costs 2 U-Net evaluations for all attacks together. Each attack for itself, "
    assert f"{first}they would cost 4: sharing saves 50 %." in printed(path, monkeypatch, capsys)
    said = printed(path, monkeypatch, capsys, "--against", path)
    end = "each for itself, cost 4 for one image: this config costs 50 % of that."
    assert f"\nThe attacks of c.yaml, {end}\n" in said


def test_models_that_are_told_other_things_are_counted_apart(here, monkeypatch, capsys):
    """A contrast of two captions costs nothing where there is none."""
    models = {"one": HUB, "bare": {**HUB, "condition": "none"}}
    sides = {"members": "mine", "nonmembers": "others"}
    targets = {name: {"model": name, **sides} for name in models}
    attacks = {"loss": {}, "clid_null": {}}
    others = {"source": "urls", "path": "u.csv"}
    path = config(here, others, models=models, targets=targets, attacks=attacks)
    said = printed(path, monkeypatch, capsys)
    one = "One image costs {} U-Net evaluations for all attacks together."
    assert f"On models that are told a text:\n{one.format(8)}" in said
    assert f"On models that are told nothing:\n{one.format(2)}" in said


def test_a_dearer_config_costs_so_many_times_as_much(here):
    experiment = read_file_or_exit(config(here, {"source": "urls", "path": "u.csv"}))
    attacks = experiment.attacks
    cheap = {"loss": attacks["loss"]}
    assert sharing(attacks, cheap, "cheap.yaml")[1].endswith("costs 7.0 times that.")
    assert sharing(cheap, cheap, "cheap.yaml")[0].endswith("cost 2: sharing saves 0 %.")


def test_attacks_that_ask_nothing_cost_nothing(here, monkeypatch, capsys):
    folder(here / "b", 3)
    attacks = {"coin": {}, "blind_caption": {}}
    said = printed(
        config(here, {"source": "folder", "path": "b"}, attacks=attacks), monkeypatch, capsys
    )
    assert "No attack asks the model anything." in said
    assert "To do: at most 0 U-Net evaluations" in said
