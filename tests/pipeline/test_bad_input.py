"""Bad input, through the real command: one clear line, before anything costly; no traceback.

One of each kind; every mistake in a config is in tests/config, every reason to stop at a target in
tests/targets.
"""

from __future__ import annotations

import re
import shutil

import pandas as pd
import pytest
import yaml

from bad_input import refused
from mia import storage
from mia.images.download import loopback
from micro_experiment import IMAGES
from workbench import Workbench


@pytest.fixture
def fresh(tiny_sd, tmp_path):
    """The micro experiment before its first run."""
    return Workbench.build(tmp_path / "tree", tiny_sd)


def from_training(name):
    return {"source": "training", "training": name}


def trained(config, part):
    """Add a reference that is trained on `part`."""
    config["training"] = {"other": {"set": part, "representation_set": "mine"}}
    config["models"]["other"] = from_training("other")
    config["targets"]["fair"]["reference"] = "other"


MISTAKES = {
    "misspelt parameter": (
        lambda config: config["attacks"].update(pia={"norms": 4}),
        "attacks.pia: attack 'pia' has no parameter 'norms'; did you mean 'norm'? known: ",
    ),
    "reference trained on the members": (
        lambda config: trained(config, "mine:member"),
        "targets.fair.control: 'other' was trained on mine:member, which the target scores; ",
    ),
}


FOLDER, CAPTIONS = "image_sets.mine.parts.member.path", "image_sets.mine.parts.member.captions"
NOT_THERE = {
    "data/member": f"{FOLDER}: data/member: no such folder; expected a ",
    "data/member.csv": f"{CAPTIONS}: data/member.csv: no such file; expected ",
    "models/tiny-sd": "models.tiny.path: models/tiny-sd: expected a folder with model",
}


def test_files_that_are_not_there_are_found_by_a_dry_run(fresh):
    for path in NOT_THERE:
        (fresh.folder / path).rename(fresh.folder / f"{path} elsewhere")
    run = fresh.run("--dry-run")
    assert run.code == 1 and run.jobs == [] and "Traceback" not in run.text
    told = re.findall(r"(?m)^Config: (.*)$", run.text)
    assert len(told) == len(NOT_THERE)
    for said in NOT_THERE.values():
        assert sum(line.startswith(said) for line in told) == 1, told


def test_every_mistake_is_a_line(fresh):
    fresh.configure(lambda config: config["image_sets"]["mine"].update(exclude="none.txt"))
    captions = fresh.folder / "data/member.csv"
    captions.write_text(captions.read_text().replace("file,caption", "file,text"))
    text = fresh.run("--dry-run").text
    assert "Traceback" not in text
    assert [line.split(": ")[1] for line in text.splitlines() if line.startswith("Config: ")] == [
        "image_sets.mine.exclude",
        CAPTIONS,
    ]


def test_a_gpu_that_is_not_there_is_missed_before_anything_runs(fresh, monkeypatch):
    """Where jobs run here, and something is left to be measured; a cluster's head needs none."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    fresh.configure(lambda config: config["measure"].update(device="cuda"))
    said = refused(fresh, "--dry-run")
    assert (
        said.startswith("Config: measure.device: cuda, but ") and "; expected cpu or auto" in said
    )
    assert refused(fresh, "measured") == said
    fresh.run("--dry-run", "--until", "download").done()
    fresh.run("--dry-run", "results/models/tiny/model.json").done()
    fresh.run("--dry-run", "--executor", "slurm", "--jobs", "2").done()


@pytest.mark.parametrize("devices", [("cpu", "cuda"), ("cuda", "cuda"), ("cpu", "cpu")])
def test_a_gpu_for_a_training_is_missed_too(fresh, monkeypatch, devices):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    own = {"set": "mine:member", "representation_set": "mine", "device": devices[1]}
    more = {"model": "own", "members": "mine:member", "nonmembers": "mine:nonmember"}
    fresh.configure(lambda config: config.update(training={"own": own}))
    fresh.configure(lambda config: config["measure"].update(device=devices[0]))
    fresh.configure(lambda config: config["models"].update(own=from_training("own")))
    fresh.configure(lambda config: config["targets"].update(more=more))
    text = fresh.run("--dry-run").text
    told = [line.split(": ")[1] for line in text.splitlines() if line.startswith("Config: ")]
    keys = "measure.device", "training.own.device"
    expected = [key for key, device in zip(keys, devices, strict=True) if device == "cuda"]
    assert sorted(told) == expected and "Traceback" not in text


def test_a_finished_run_needs_no_gpu(bench, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    bench.configure(lambda config: config["measure"].update(device="cuda"))
    bench.run("--dry-run").done()


AFTERWARDS = {
    "another draw": (lambda config: config["attacks"].update(loss={"draws": 2}), ()),
    "a lower limit": (lambda config: config["image_sets"]["mine"].update(limit=13), ("measured",)),
    "the device alone": (lambda config: None, ("results/queries/tiny/mine/estimates.json",)),
}


@pytest.mark.parametrize(("change", "target"), AFTERWARDS.values(), ids=AFTERWARDS)
def test_what_runs_again_needs_its_gpu(bench, monkeypatch, change, target):
    """All files are there, and some will be made anew: said before the first job."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    bench.configure(lambda config: config["measure"].update(device="cuda"))
    bench.configure(change)
    run = bench.run(*target)
    assert run.code == 1 and run.jobs == [] and "Traceback" not in run.text, run.text
    assert len(re.findall(r"(?m)^Config: measure\.device: cuda, but ", run.text)) == 1


@pytest.mark.parametrize(("change", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_config_is_found_by_a_dry_run(fresh, change, said):
    fresh.configure(change)
    assert refused(fresh, "--dry-run").startswith(f"Config: {said}")


def test_a_mistake_on_the_command_line_is_one_in_the_config(fresh):
    said = refused(fresh, "--dry-run", "--config", "seeed=3")
    assert said.startswith("Config: the config: unknown key 'seeed'; did you mean 'seed'?")


def test_a_results_folder_refuses_another_config(bench):
    shutil.copy(bench.folder / "config/config.yaml", bench.folder / "config/other.yaml")
    run = bench.run("--configfile", "config/other.yaml", "--dry-run")
    assert run.code == 1 and "Traceback" not in run.text
    said = "Config: results: results holds the results of config.yaml, not of other.yaml: give "
    assert said in run.text
    bench.configure(lambda config: config["attacks"].update(pia={"norm": 2}))
    assert bench.run("--configfile", "config/config.yaml", "--dry-run").code == 0


def emptied_folder(folder):
    for path in (folder / "data/member").iterdir():
        path.unlink()
    (folder / "data/member/notes.txt").write_text("no image")


def with_an_unknown_picture(folder):
    with open(folder / "data/member.csv", "a") as file:
        file.write("ghost.png,a ghost\n")


def with_a_comma_that_nobody_quoted(folder):
    with open(folder / "data/member.csv", "a") as file:
        file.write("00.png,a cat, a dog\n")


def with_a_pickle(folder):
    unet = folder / "models/tiny-sd/unet"
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    (unet / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04.")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (emptied_folder, "image_sets.mine: data/member: no image in this folder; expected files"),
        (
            with_an_unknown_picture,
            "image_sets.mine: data/member.csv: row 15: no image 'ghost.png' in data/member",
        ),
        (
            with_a_comma_that_nobody_quoted,
            "image_sets.mine: data/member.csv: line 16: 3 fields; expected the header's 2 (file, ",
        ),
        (
            with_a_pickle,
            "models.tiny: models/tiny-sd/unet/diffusion_pytorch_model.bin: a pickle can run code "
            "when it is opened and is refused; expected models/tiny-sd/unet/diffusion_pytorch_",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mistake_in_the_files_stops_the_run_at_once(begun, spoil, said):
    spoil(begun.folder)
    assert refused(begun).startswith(f"error: {said}")


def whose_pictures_all_fail(folder):
    for picture in (folder / "data/member").glob("*.png"):
        picture.write_text("<html>sorry</html>")


def with_the_same_pictures_on_both_sides(folder):
    for picture in (folder / "data/member").glob("*.png"):
        shutil.copy(picture, folder / "data/nonmember")


def with_a_reference_of_which_one_image_is_not_known(folder):
    images = sorted(folder.glob("data/*/*.png"))
    rows = {"file": [f"{image.parent.name}/{image.name}" for image in images[1:]], "member": 0}
    pd.DataFrame(rows).to_csv(folder / "data/known.csv", index=False)
    path = folder / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["models"]["theirs"] = {**config["models"]["tiny"], "trained_on": "data/known.csv"}
    config["targets"]["fair"]["references"] = ["theirs"]
    config["attacks"]["lira"] = {"mode": "offline"}
    path.write_text(yaml.safe_dump(config, sort_keys=False))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (whose_pictures_all_fail, "targets.fair: members: no image is left"),
        (with_the_same_pictures_on_both_sides, "targets.fair: nonmembers: no image is left"),
        (
            with_a_reference_of_which_one_image_is_not_known,
            "targets.fair.references: image mine ",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_target_without_an_answer_stops_before_it_is_measured(begun, spoil, said):
    begun.configure(lambda config: config["image_sets"]["mine"].update(shards=1))
    spoil(begun.folder)
    assert refused(begun, "measured").startswith(f"error: {said}")
    for name in ("signals", "latents"):
        assert not (begun.folder / "results" / name).exists()


def test_a_failed_picture_is_a_row_with_a_status_and_the_rest_goes_on(begun):
    """A 404, a web page for an image, half an image: fetched by address, the rest is kept."""
    pictures = begun.folder / "data"
    whole = (pictures / "member/00.png").read_bytes()
    (pictures / "member/half.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "member/page.png").write_text("<html>sorry</html>")
    with loopback.served(pictures) as address:
        for part, broken in (("member", ["half", "page", "gone"]), ("nonmember", [])):
            rows = pd.read_csv(pictures / f"{part}.csv")
            rows = pd.concat([rows, pd.DataFrame({"file": [f"{name}.png" for name in broken]})])
            rows["url"] = f"{address}{part}/" + rows["file"]
            rows.to_csv(pictures / f"{part}.csv", index=False)
        parts = {part: {"path": f"data/{part}.csv"} for part in ("member", "nonmember")}
        mine = {"source": "urls", "parts": parts, "shards": 1, "timeout": 5}
        mine |= {"allow_hosts": [loopback.HOST]}
        begun.configure(lambda config: config["image_sets"].update(mine=mine))
        begun.run("results/targets/fair/membership.parquet").done()
    manifest = storage.read(begun.folder / "results/images/mine/manifest.parquet")
    failed = manifest[manifest["status"] != "success"]
    status = {row.url.rpartition("/")[2]: row.status for row in failed.itertuples()}
    assert status == {
        "half.png": "truncated",
        "page.png": "not_an_image",
        "gone.png": "not_found",
    }
    assert not failed["kept"].any() and (failed["error"] != "").all()
    assert "404" in failed.loc[failed["status"] == "not_found", "error"].iloc[0]
    rows = storage.read(begun.folder / "results/targets/fair/membership.parquet")
    assert rows["kept"].sum() == IMAGES


FORMS = {
    "empty": ("", "empty; expected keys such as `results` and `image_sets`"),
    "not UTF-8": (b"results: \xff\n", "line 1: the byte 0xff is not UTF-8; save the file as UTF-8"),
}


@pytest.mark.parametrize(("text", "said"), FORMS.values(), ids=FORMS)
def test_a_config_of_another_form_is_named_with_the_line(fresh, text, said):
    path = fresh.folder / "config/config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refused(fresh, "--dry-run").startswith(f"Config: {path}: {said}")


def test_a_key_that_stands_twice_in_a_file_of_ones_own(fresh):
    path = fresh.folder / "mine.yaml"
    path.write_text((fresh.folder / "config/config.yaml").read_text() + "attacks: {coin: {}}\n")
    said = refused(fresh, "--dry-run", "--configfile", "mine.yaml")
    assert "mine.yaml: the config: the key 'attacks' stands twice, in lines " in said
