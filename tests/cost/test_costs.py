"""What the planner promises: counts, not times."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from mia import storage
from mia.attacks.shared import generated
from mia.attacks.shared.cost import costs
from mia.commands.cost import costs_of_pair, main
from mia.config.attacks import build_attack
from mia.config.read import read_file_or_exit
from mia.cost.arithmetic import Arithmetic
from mia.cost.disk import DESCRIPTION, STABLE_DIFFUSION, WEB_PICTURE, disk
from mia.cost.signals import evals_alone, evals_together, pair_costs
from mia.images.sources.shared import openmoji
from mia.query import Query, grid
from mia.signals import clean
from mia.signals.shared.evals import generations, keeping, predictions
from mia.told_captions import under

CONFIG = Path(__file__).parents[2] / "config"


def evals(name, count) -> int:
    return count(read_file_or_exit(str(CONFIG / f"{name}.yaml")).attacks.values())


def test_the_shared_grid_costs_at_most_065_of_each_attack_alone_as_published():
    assert evals("all-attacks", evals_together) <= 0.65 * evals("papers", evals_alone)


def test_lean_costs_at_most_a_quarter():
    assert evals("lean", evals_together) <= 0.25 * evals("papers", evals_alone)


def test_at_the_papers_own_settings_little_is_shared():
    ratio = evals("papers", evals_together) / evals("papers", evals_alone)
    assert 0.8 < ratio < 1


def test_missing_queries_are_counted_with_what_they_share():
    wanted = [Query("denoise", 100, 0, "both"), Query("denoise", 100), Query("clean", 0)]
    wanted += [Query("proximal", 200)]
    costs = {
        c.signal: c
        for c in pair_costs(wanted, dict.fromkeys(wanted, 10), dict.fromkeys(wanted, 10))
    }
    assert (costs["denoise"].wanted, costs["denoise"].held, costs["denoise"].evals) == (20, 0, 20)
    assert (costs["clean"].evals, costs["proximal"].evals) == (10, 10)
    held = {c.signal: c for c in pair_costs(wanted, {wanted[3]: 4}, dict.fromkeys(wanted, 10))}
    assert (held["denoise"].held, held["denoise"].evals) == (20, 0)
    assert (held["proximal"].held, held["proximal"].evals) == (6, 8)


def test_what_one_image_costs_stays_when_all_is_held():
    wanted = [Query("clean", 0), Query("denoise", 100, 0, "both"), Query("proximal", 200)]
    costs = pair_costs(wanted, {}, dict.fromkeys(wanted, 10))
    assert [cost.image_evals for cost in costs] == [1, 2, 1]  # the proximal one starts at clean 0
    assert [(cost.missing, cost.evals, cost.numbers) for cost in costs] == [(0, 0, 0)] * 3


def test_backward_passes_are_those_that_a_signal_declares(monkeypatch):
    monkeypatch.setattr(clean, "backwards", lambda query: 3, raising=False)
    cost, other = pair_costs(
        wanted := [Query("clean", 0), Query("proximal", 5)],
        {Query("clean", 0): 4},
        dict.fromkeys(wanted, 10),
    )
    assert (cost.image_backwards, cost.backwards) == (3, 12)
    assert (other.image_backwards, other.backwards) == (0, 0)


def test_lists_of_numbers_take_disk_by_the_tensors_of_a_model():
    wanted = [*grid("gradient", (99, 199), 1), Query("input_gradient", 99)]
    gradient, other = pair_costs(wanted, dict.fromkeys(wanted, 5), dict.fromkeys(wanted, 5), 686)
    assert (gradient.numbers, gradient.listed) == (2 * 5 * 3, 2 * 5 * 686)
    assert (other.numbers, other.listed) == (5 * 2, 0)
    assert (gradient.image_evals, gradient.image_backwards) == (2, 2)


def test_generations_are_counted_apart_from_their_evals():
    wanted = generated.queries(30, 7.5, 3, "caption")
    (cost,) = pair_costs(wanted, {wanted[2]: 4}, dict.fromkeys(wanted, 10))
    assert (cost.image_generations, cost.image_evals) == (3, 3 * 30 * 2)
    assert (cost.generations, cost.evals) == (4, 4 * 3 * 30 * 2), "earlier draws are made again"
    embedded = generated.queries(30, 7.5, 3, "caption", embedded=True)
    (both,) = pair_costs([*wanted, *embedded], {}, dict.fromkeys([*wanted, *embedded], 10))
    assert (both.image_generations, both.image_evals) == (3, 3 * 30 * 2), "made once for both"
    kept = [*map(keeping, wanted)]
    every = dict.fromkeys([*wanted, *kept], 10)
    (cost,) = pair_costs([*every], dict.fromkeys(wanted, 4), every)
    assert (cost.image_generations, cost.kept) == (3, 0)
    (cost,) = pair_costs([*every], dict.fromkeys(kept, 4), every)
    assert (cost.kept, cost.evals) == (3 * 4, 4 * 3 * 30 * 2)
    attacks = {
        "similar": build_attack("generation_similarity", {}),
        "loss": build_attack("loss", {}),
    }
    found = costs(attacks, predictions, generations=generations)
    assert [found[name].generations for name in attacks] == [3, 0]


def test_embedded_images_are_outputs_and_once_the_image_itself():
    made = generated.queries(30, 7.5, 3, "caption", embedded=True)
    varied = generated.variations([120], 2, "caption", 50, 1.0, embedded=True)
    wanted = [*made, *varied, *generated.queries(30, 7.5, 3, "caption"), Query("denoise", 9)]
    lacking = {**dict.fromkeys(made[1:], 4), **dict.fromkeys(varied, 6)}
    found = {c.signal: c for c in pair_costs(wanted, lacking, dict.fromkeys(wanted, 10))}
    numbers = {name: (cost.image_embeddings, cost.embeddings) for name, cost in found.items()}
    assert numbers["generation"] == (3 + 1, 2 * 4 + 4)
    assert numbers["variation"] == (2, 2 * 6), "the image itself was embedded for generations"
    assert numbers["denoise"] == (0, 0)
    shuffled = [under(query, "shuffled:fair") for query in made]
    (both,) = pair_costs([*made, *shuffled], {}, dict.fromkeys([*made, *shuffled], 10))
    assert both.image_embeddings == 2 * (3 + 1), "under a control it is embedded again"


def missing_by_line(config: str, results: Path) -> dict[str, float | None]:
    return {line.what: line.missing for line in disk(read_file_or_exit(config), results)}


def test_disk_before_anything_is_there():
    assert missing_by_line(str(CONFIG / "laion-mi.yaml"), Path("nowhere")) == {
        "pictures laion_mi": 10_000 * WEB_PICTURE,
        "manifest laion_mi": 10_000 * DESCRIPTION,
        "latents sd14/laion_mi": 10_000 * 4 * 64 * 64 * 4,
        "model sd14": STABLE_DIFFUSION,
    }
    tuned = missing_by_line(str(CONFIG / "fine-tuned.yaml"), Path("nowhere"))
    assert tuned["training tuned"] == 2 * 3 * STABLE_DIFFUSION
    assert tuned["pictures mine"] is None  # no folder, no limit
    assert tuned["latents sd14/mine"] == 800 * 4 * 64 * 64 * 4


def test_disk_goes_by_what_is_there(tmp_path):
    """Of 100 planned images 10 were tried: 4 live ones of 5 kB; their files take 25 kB."""
    folder = tmp_path / "images/laion_mi"
    plan = pd.DataFrame({"key": [f"{n:016x}" for n in range(100)]})
    storage.write(plan, folder / "plan/000.parquet")
    storage.write(pd.DataFrame({"bytes": [5000] * 4 + [0] * 6}), folder / "rows/000.parquet")
    (folder / "raw/000").mkdir(parents=True)
    (folder / "raw/000/pictures.tar").write_bytes(bytes(25_000))
    model = tmp_path / "models/sd14/model.json"
    storage.write_json({"latent_shape": [4, 2, 2]}, model)
    latents = tmp_path / "latents/sd14/laion_mi/000.safetensors"
    latents.parent.mkdir(parents=True)
    latents.write_bytes(bytes(3_000))
    missing = missing_by_line(str(CONFIG / "laion-mi.yaml"), tmp_path)
    assert missing["pictures laion_mi"] == 100 * 2000 - 25_000
    assert missing["latents sd14/laion_mi"] == 10_000 * 16 * 4 - 3_000


def test_disk_of_trainings_goes_by_the_first_checkpoint(tmp_path):
    config = str(CONFIG / "config.yaml")
    assert missing_by_line(config, tmp_path)["training emoji"] is None
    weights = tmp_path / "training/emoji/checkpoints/epoch-0070/unet/model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(1_000))
    missing = missing_by_line(config, tmp_path)
    assert missing["training emoji"] == 2 * 2 * 1_000 - 2 * 1_000
    assert missing["training emoji_shadow"] == 2 * 1_000  # one epoch of the same model
    extra = sum(openmoji.collection(code) == "private-use" for code in openmoji.codes())
    assert missing["latents emoji/openmoji"] == (600 + 774 + 600 + extra) * 16 * 8 * 8 * 4


def test_a_folder_set_is_as_large_as_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/fine-tuned"
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / f"{number}.png").write_bytes(bytes(1_000 * number))
    folder.with_suffix(".csv").write_text("file,caption\n")
    missing = missing_by_line(str(CONFIG / "fine-tuned.yaml"), tmp_path)
    assert missing["pictures mine"] == 6_000


def test_the_lines_of_disk_add_up(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["cost", "--config", str(CONFIG / "laion-mi.yaml")])
    main()
    lines = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("Disk"))
    end = next(place for place, line in enumerate(lines) if line.startswith("  together"))
    sizes = [megabytes_in(line) for line in lines[start + 1 : end + 1]]
    assert len(sizes) == 6 and sum(sizes[:-1]) == pytest.approx(sizes[-1], abs=0.3)
    assert "at least" not in lines[end]


def megabytes_in(line: str) -> float:
    return float(re.search(r"([\d,.]+) MB", line)[1].replace(",", ""))


def test_a_config_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"nowhere\.yaml"):
        read_file_or_exit(str(tmp_path / "nowhere.yaml"))


def test_before_the_manifest_a_pair_has_what_split_and_limits_allow():
    experiment = read_file_or_exit(str(CONFIG / "laion-mi.yaml"))
    images, costs = costs_of_pair(
        experiment, nowhere := Path("nowhere"), "sd14", "laion_mi", Arithmetic(experiment, nowhere)
    )
    assert images == 10_000 and sum(cost.evals for cost in costs) == (10_000 + 2 * 8) * 2_903
