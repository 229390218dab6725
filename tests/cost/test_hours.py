"""Hours before a run: by speeds measured here, else by arithmetic and the peak of a GPU."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from hub_cache import only_the_cache
from mia import result_paths, storage
from mia.commands.cost import main
from mia.config import stage_settings
from mia.config.read import read_file_or_exit
from mia.config.schema import SCHEMA
from mia.cost.arithmetic import STABLE_DIFFUSION
from mia.cost.cards import CARDS, SHARE, peak
from mia.cost.hours import Hours, in_hours
from mia.fingerprint import PACKAGE
from mia.models.flops import flops
from mia.models.folder import describe

HUB = {"source": "hub", "repo": "a/b", "revision": "0" * 40}
PAIR = r"^(one|other) +(mine) +([\d,]+) +([\d.e-]+|\?) +([\d.,<]+|\?)  (.*)$"
TRAINING = {
    "set": "mine:member",
    "representation_set": "mine",
    "epochs": 2,
    "resolution": 16,
    "channels": [32, 64],
    "text_width": 32,
    "vae_channels": [8, 16],
    "latent_channels": 4,
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    only_the_cache(monkeypatch, tmp_path / "hf")
    (tmp_path / "mine").mkdir()
    for number in range(6):
        (tmp_path / "mine" / f"{number}.png").write_bytes(bytes(100))
    return tmp_path


@pytest.fixture
def model(tiny_sd, here):
    return shutil.copytree(tiny_sd, here / "model")


def experiment(here, models=None, **more):
    """A config of two models and the folder `mine`, and its file."""
    models = models or {name: {"source": "path", "path": "model"} for name in ("one", "other")}
    side = {"members": "mine:member", "nonmembers": "mine:nonmember"}
    whole = {
        "results": "results",
        "image_sets": {
            "mine": {"source": "folder", "path": "mine", "split": {"member": 3, "nonmember": 3}}
        },
        "models": models,
        "targets": {name: {"model": name, **side} for name in models},
        "attacks": {"loss": {}, "pia": {}},
        **more,
    }
    (here / "c.yaml").write_text(yaml.safe_dump(whole))
    return read_file_or_exit("c.yaml")


def measured(here, model, evals, age=0, **job):
    """Write the speed of a job of ten seconds, `age` seconds ago."""
    place = here / "results" / result_paths.LEDGER.format(model=model, set="mine") / "speed.json"
    storage.write_json({"device": "cpu", "evals": evals, "seconds": 10.0, **job}, place)
    os.utime(place, (2e9 - age, 2e9 - age))


def printed(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["cost", "--config", "c.yaml", *arguments])
    main()
    return capsys.readouterr().out


def test_the_own_speed_counts_before_a_later_one_of_another_model(here, model):
    measured(here, "one", 500, age=100)
    measured(here, "other", 9_000)
    pace = Hours(experiment(here), here / "results").pace("one")
    assert pace.seconds == 1 / 50
    assert pace.basis == "measured here: 50 evals/s on cpu"


def test_another_models_speed_is_scaled_by_arithmetic(here, model):
    other = shutil.copytree(model, here / "larger")
    config = json.loads((other / "unet/config.json").read_text())
    config["sample_size"] = 16
    (other / "unet/config.json").write_text(json.dumps(config))
    models = {
        "one": {"source": "path", "path": "larger"},
        "other": {"source": "path", "path": "model"},
    }
    ratio = flops(other).per_eval / flops(model).per_eval
    measured(here, "other", 2_000)
    pace = Hours(experiment(here, models), here / "results").pace("one")
    assert pace.seconds == pytest.approx(ratio / 200) and ratio > 3
    assert pace.basis == "other, measured here: 200 evals/s on cpu; scaled by FLOP"


@pytest.mark.parametrize(
    "job", [{"device": "cuda:0"}, {"dtype": "bfloat16"}, {"seconds": 0.5}, {"evals": 0}]
)
def test_a_speed_of_other_conditions_does_not_count(job, here, model):
    measured(here, "one", **{"evals": 500, **job})
    found = Hours(experiment(here, measure={"device": "cpu"}), here / "results").pace("one")
    assert found.seconds is None


def test_the_gpu_of_the_config_counts_where_nothing_was_measured(here, model):
    measure = {"dtype": "bfloat16", "card": "a100"}
    pace = Hours(experiment(here, measure=measure), here / "results").pace("one")
    assert pace.seconds == pytest.approx(flops(model).per_eval / (SHARE * 312e12))
    assert pace.basis == "30% of the 312 TFLOP/s of one A100 in bfloat16"
    measured(here, "one", 500, dtype="bfloat16")
    assert Hours(experiment(here, measure=measure), here / "results").pace("one").seconds == 1 / 50
    asked = Hours(experiment(here, measure=measure), here / "results", "h100").pace("one")
    assert asked.basis == "30% of the 990 TFLOP/s of one H100 in bfloat16"


def test_a_gpu_without_that_arithmetic_is_told(here, model):
    measure = {"dtype": "bfloat16", "card": "t4"}
    pace = Hours(experiment(here, measure=measure), here / "results").pace("one")
    assert pace.seconds is None
    assert pace.basis == "not known: the T4 has no bfloat16 arithmetic of its own"


def test_hours_are_printed_with_what_they_rest_on(here, model, monkeypatch, capsys):
    experiment(here)
    measured(here, "one", 40)
    said = printed(monkeypatch, capsys)
    rows = re.findall(PAIR, said, re.MULTILINE)
    assert [row[0] for row in rows] == ["one", "other"]
    evals = int(rows[0][2].replace(",", ""))
    todo = int(re.search(r"To do: at most ([\d,]+) U-Net", said)[1].replace(",", ""))
    assert 2 * evals == todo
    assert {row[3] for row in rows} == {f"{flops(model).per_eval / 1e12:.3g}"}
    assert {row[4] for row in rows} == {in_hours(evals / 4)}
    assert re.search(rf"^together +{todo:,} +{in_hours(todo / 4)}", said, re.MULTILINE)
    assert "Preparing and encoding images is not counted; to encode one takes about" in said
    assert "Hours on one GPU" not in said


def test_without_a_gpu_or_a_speed_every_gpu_is_told(here, model, monkeypatch, capsys):
    experiment(here, measure={"dtype": "bfloat16"})
    said = printed(monkeypatch, capsys)
    told = re.search(r"^Hours on one GPU at 30% of its peak in bfloat16: (.*)\.$", said, re.M)[1]
    assert [each.split()[0] for each in told.split(", ")] == [
        card.upper() for card in CARDS if "bfloat16" in CARDS[card]
    ]
    said = printed(monkeypatch, capsys, "--card", "h100")
    assert "Hours on one GPU" not in said and "TFLOP/s of one H100 in bfloat16" in said


def test_a_model_of_the_hub_is_taken_for_stable_diffusion_until_it_is_there(here):
    hours = Hours(experiment(here, {"one": HUB}), here / "results", "a100")
    pace = hours.pace("one")
    assert pace.seconds == pytest.approx(STABLE_DIFFUSION.per_eval / (SHARE * 19.5e12))
    assert pace.basis.endswith("taken for Stable Diffusion 1, as one is not in the hub's cache")


def test_after_the_model_is_described_its_own_folder_counts(here, model):
    found = experiment(here, {"one": HUB})
    described = {"name": "one", **HUB, **describe(model)}
    storage.write_json(described, here / "results" / result_paths.MODEL.format(model="one"))
    counted = Hours(found, here / "results").arithmetic.of("one")
    assert counted.flops == flops(model) and counted.basis == ""


def test_a_training_is_counted_before_it_runs(here):
    models = {"one": {"source": "training", "training": "t"}}
    found = experiment(here, models, training={"t": TRAINING})
    counted = Hours(found, here / "results").arithmetic.of("one")
    assert counted.flops.per_eval > 1e6 and counted.basis == ""


def test_a_fine_tuning_is_counted_as_its_base(here, model):
    models = {
        "one": {"source": "training", "training": "t"},
        "base": {"source": "path", "path": "model"},
    }
    training = {"t": {"set": "mine:member", "epochs": 2, "base": "base", "learning_rate": 1e-5}}
    found = experiment(here, models, training=training)
    assert Hours(found, here / "results").arithmetic.of("one").flops == flops(model)


def test_a_model_that_cannot_be_read_has_no_hours_and_says_why(here, model, monkeypatch, capsys):
    (model / "unet/config.json").write_text("{")
    experiment(here)
    said = printed(monkeypatch, capsys, "--card", "h100")
    assert re.search(r"\? +\?  not known: model/unet/config\.json: not JSON", said)


def test_torch_is_imported_only_to_count(here):
    experiment(here, {"one": HUB})
    code = (
        "import sys; from mia.commands.cost import main; "
        "sys.argv = ['cost', '--config', 'c.yaml', '--card', 'h100']; main(); "
        "sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert b"0.803" in ran.stdout


def test_the_named_gpu_changes_no_job(here, model):
    one, other = (
        stage_settings.measure(experiment(here, measure=measure), "one", "mine")
        for measure in ({}, {"card": "h100"})
    )
    assert one == other


def test_the_schema_has_the_gpus_of_the_table():
    keys = yaml.safe_load(SCHEMA.read_text())["properties"]["measure"]["properties"]
    assert keys["card"]["enum"] == sorted(CARDS)
    for card, peaks in CARDS.items():
        assert peaks.keys() <= set(keys["dtype"]["enum"]) and {"float32", "float16"} <= set(peaks)
        assert peak(card, "float16") >= 2 * peak(card, "float32") * 0.99
