"""Models that are told nothing: unusual folders load; contradictions are named before a weight."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler
from safetensors.torch import load_file, save_file

from hub_server import hub_of, only_this_hub
from measured import measured
from mia.config.attacks import build_attack
from mia.denoisers.ddpm import Ddpm
from mia.models.conditioning import Conditioning
from mia.models.folder import ModelError, describe, require_usable
from mia.models.hub import model_snapshot
from mia.models.weights import require_described
from mia.noise import draw_noise
from mia.query import grid
from tiny_families import ddpm

WEIGHTS = "diffusion_pytorch_model.safetensors"
REPO, REVISION = "someone/ddpm", "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "ddpm"
    ddpm.save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def without_folders(folder):
    """As google/ddpm-cifar10-32 is: everything lies beside model_index.json."""
    for part in ("unet", "scheduler"):
        for path in (folder / part).iterdir():
            path.rename(folder / path.name)
        (folder / part).rmdir()


def estimate(folder, kind=Ddpm):
    model = describe(folder)
    z = torch.from_numpy(draw_noise(0, "z", 0, (2, *model["latent_shape"])))
    denoiser = kind(model, "cpu")
    with torch.no_grad():
        return denoiser.epsilon(z, torch.tensor([3, 900]), denoiser.null.repeated(2))


def edit(path, **keys):
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, **keys}))


# Folders


def test_components_beside_model_index_json_are_read_as_diffusers_reads_them(folder, saved):
    without_folders(folder)
    model = describe(folder)
    assert sorted(model["files"]) == [
        "config.json", WEIGHTS, "model_index.json", "scheduler_config.json",
    ]  # fmt: skip
    require_described(model, "model.json")
    assert torch.equal(estimate(folder), estimate(saved))
    theirs = DDPMPipeline.from_pretrained(folder).unet.state_dict()
    for name, tensor in Ddpm(model, "cpu").part("unet").state_dict().items():
        assert torch.equal(tensor, theirs[name])


def test_an_empty_folder_of_a_component_hides_what_lies_beside_it(folder):
    without_folders(folder)
    (folder / "unet").mkdir()
    with pytest.raises(ModelError, match=r"unet/config.json: missing"):
        describe(folder)


def test_a_model_without_folders_is_downloaded_from_the_hub(folder, tmp_path, monkeypatch):
    without_folders(folder)
    for name in ("diffusion_pytorch_model.bin", "README.md", "handler.py"):
        (folder / name).write_text("not wanted")
    with hub_of(folder, REPO, REVISION) as (address, asked):
        only_this_hub(monkeypatch, address, tmp_path / "cache")
        found = describe(model_snapshot(REPO, REVISION))
    assert set(asked) == set(found["files"]) and asked[-1] == WEIGHTS


def test_a_variant_lies_beside_model_index_json_too(folder, tmp_path, monkeypatch):
    without_folders(folder)
    (folder / WEIGHTS).rename(folder / "diffusion_pytorch_model.fp16.safetensors")
    with hub_of(folder, REPO, REVISION) as (address, asked):
        only_this_hub(monkeypatch, address, tmp_path / "cache")
        found = describe(model_snapshot(REPO, REVISION, "fp16"), "fp16")
    assert found["variants"] == {"unet": "fp16"} and set(asked) == set(found["files"])
    with pytest.raises(ModelError, match=r"weights of variant fp16 only; say `variant: fp16`"):
        describe(folder)


def test_code_that_a_file_beside_model_index_json_names_is_refused(folder):
    without_folders(folder)
    edit(folder / "config.json", auto_map={"AutoModel": "code.Model"})
    with pytest.raises(ModelError, match=r"config.json: auto_map"):
        describe(folder)


def test_attention_by_its_names_of_2022_loads(folder, saved):
    """The first U-Nets of pixels name `query`, `key`, `value` and `proj_attn`."""
    path, older = folder / "unet" / WEIGHTS, {}
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    for name, tensor in load_file(path).items():
        for today, then in names.items():
            name = re.sub(rf"\.{re.escape(today)}\.", f".{then}.", name)
        older[name] = tensor
    assert any("proj_attn" in name for name in older)
    save_file(older, path, {"format": "pt"})
    assert torch.equal(estimate(folder), estimate(saved))


@pytest.mark.parametrize("kind", [DDPMPipeline, DDIMPipeline])
@pytest.mark.parametrize("scheduler", [DDPMScheduler, DDIMScheduler])
def test_both_pipelines_and_schedulers_are_of_the_family(kind, scheduler, tmp_path, saved):
    kind(ddpm.unet(), scheduler(clip_sample=False)).save_pretrained(tmp_path / "model")
    assert torch.equal(estimate(tmp_path / "model"), estimate(saved))


# What a config says is heeded


@pytest.mark.parametrize("keys", [{"freq_shift": 0}, {"flip_sin_to_cos": True}])
def test_how_time_is_told_comes_from_the_config(folder, saved, keys):
    edit(folder / "unet" / "config.json", **keys)
    expected = DDPMPipeline.from_pretrained(folder).unet
    z = torch.from_numpy(draw_noise(0, "z", 0, (2, 3, 16, 16)))
    with torch.no_grad():
        torch.testing.assert_close(estimate(folder), expected(z, torch.tensor([3, 900])).sample)
    assert not torch.equal(estimate(folder), estimate(saved))


@pytest.mark.parametrize(
    "keys",
    [
        {"clip_sample": False},
        {"clip_sample_range": 0.1},
        {"thresholding": True},
        {"timestep_spacing": "trailing", "steps_offset": 1},
        {"variance_type": "fixed_large"},
    ],
)
def test_what_only_sampling_reads_changes_no_estimate(folder, saved, keys):
    edit(folder / "scheduler" / "scheduler_config.json", **keys)
    assert torch.equal(estimate(folder), estimate(saved))


@pytest.mark.parametrize("variance", ["learned", "learned_range"])
def test_of_a_learned_variance_the_first_half_is_the_estimate(tmp_path, variance):
    scheduler = DDPMScheduler(variance_type=variance, clip_sample=False)
    unet = ddpm.unet(out_channels=6)
    DDPMPipeline(unet, scheduler).save_pretrained(tmp_path / "model")
    z = torch.from_numpy(draw_noise(0, "z", 0, (2, 3, 16, 16)))
    with torch.no_grad():
        raw = unet.eval()(z, torch.tensor([3, 900])).sample
    assert torch.equal(estimate(tmp_path / "model"), raw[:, :3])
    # What the scheduler makes of the raw output is what it makes of the first half.
    read = scheduler.step(raw[:1], 3, z[:1]).pred_original_sample
    alpha_bar = scheduler.alphas_cumprod[3]
    clean = (z[:1] - (1 - alpha_bar).sqrt() * estimate(tmp_path / "model")[:1]) / alpha_bar.sqrt()
    torch.testing.assert_close(read, clean)


@pytest.mark.parametrize(
    ("part", "keys", "said"),
    [
        ("unet", {"in_channels": 1}, r"in_channels: 1; expected 3, for red, green and blue"),
        ("unet", {"in_channels": 4}, r"in_channels: 4; expected 3, for red, green and blue"),
        ("unet", {"out_channels": 6}, r"out_channels: 6; expected 3, as in_channels, or 6 where"),
        ("unet", {"out_channels": 4}, r"out_channels: 4; expected 3, as in_channels"),
        ("unet", {"num_class_embeds": 10}, r"num_class_embeds: 10; expected null: .* a class"),
        ("unet", {"class_embed_type": "timestep"}, r"class_embed_type: .* asks for a class"),
        ("unet", {"sample_size": None}, r"sample_size: null; expected the side of square"),
        ("unet", {"sample_size": [16, 32]}, r"sample_size: \[16, 32\]; expected the side"),
        ("unet", {"_class_name": "UNet2DConditionModel"}, r"expected UNet2DModel"),
        ("scheduler", {"prediction_type": "score"}, r"prediction_type: \"score\"; expected"),
        ("scheduler", {"num_train_timesteps": 4000}, r"num_train_timesteps: 4000; expected 1,000"),
    ],
)
def test_what_cannot_be_is_named_before_a_weight_is_read(folder, part, keys, said):
    name = "config.json" if part == "unet" else "scheduler_config.json"
    edit(folder / part / name, **keys)
    (folder / "unet" / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=said) as caught:
        require_usable(folder)
    assert str(caught.value).startswith(f"{folder / part / name}: ")


@pytest.mark.parametrize("index", [{"unet": ["diffusers", "UNet1DModel"]}, {"unet": None}])
def test_another_class_of_u_net_is_refused(folder, index):
    edit(folder / "model_index.json", **index)
    with pytest.raises(ModelError, match=r"model_index.json: unet: .*UNet2DModel"):
        require_usable(folder)


def test_a_size_that_the_u_net_cannot_halve_is_named(folder):
    edit(folder / "unet" / "config.json", sample_size=15)
    with pytest.raises(ModelError, match=r"unet/config.json: its unet cannot work"):
        describe(folder)


@pytest.mark.parametrize(
    "keys",
    [{"block_out_channels": [8, 32]}, {"layers_per_block": 2}, {"freq_shift": 1, "act_fn": "?"}],
)
def test_a_config_of_other_weights_is_named(folder, keys):
    edit(folder / "unet" / "config.json", **keys)
    with pytest.raises(ModelError, match=r"not the tensors of the UNet2DModel|no unet can be"):
        describe(folder)


# A condition of nothing


def test_the_empty_conditioning_is_cut_joined_and_moved():
    nothing = Conditioning()
    for same in (
        nothing.repeated(5),
        nothing.rows(slice(2)),
        nothing.rows(torch.tensor([0, 0, 1])),
        nothing.to("cpu"),
        nothing.merged(Conditioning()),
        Conditioning.joined([nothing, nothing]),
    ):
        assert dict(same.tensors) == {}


def test_a_caption_cannot_be_told(saved):
    denoiser = Ddpm(describe(saved), "cpu")
    with pytest.raises(ValueError, match=r"DDPMPipeline is told nothing .* expected `null`"):
        denoiser.embed(["a red cat"])
    with pytest.raises(ValueError, match="no condition `caption`"):
        measured(denoiser, np.zeros((1, 3, 16, 16), np.float32), [""], grid("denoise", [10], 1))


ROWS = [
    {"attack": "loss", "timesteps": [50, 100]},
    {"attack": "pia"},
    {"attack": "pian"},
    {"attack": "secmi"},
    {"attack": "sima"},
    {"attack": "noise_aggregation"},
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["attack"])
def test_rows_under_null_depend_on_no_caption_and_no_batch(saved, row):
    denoiser = Ddpm(describe(saved), "cpu")
    z0 = np.random.default_rng(0).uniform(-1, 1, (3, 3, 16, 16)).astype(np.float32)
    attack = build_attack("row", {**row, "condition": "null"})
    with torch.no_grad():
        found = [
            measured(denoiser, z0, captions, attack.queries, size=size)
            for captions, size in ((["a", "b", "c"], 7), (["", "", ""], 2), (["c", "b", "a"], 1))
        ]
    for other in found[1:]:
        for signal, table in found[0].items():
            numbers = table.select_dtypes("number")
            np.testing.assert_allclose(
                other[signal][numbers.columns], numbers, rtol=1e-4, atol=1e-5
            )
