"""Kandinsky 2.2: a caption is one image embedding, in every run and batch; folders are checked."""

import json
import shutil

import pytest
import torch
from diffusers import KandinskyV22CombinedPipeline

from hub_server import hub_of, only_this_hub
from mia.denoisers.kandinsky_v22_combined import AT_ONCE, KandinskyV22Combined, generator_of
from mia.models.folder import ModelError, describe, require_usable
from mia.models.hub import model_snapshot
from mia.models.weights import require_described
from mia.noise import draw_noise
from tiny_families import kandinsky_v22_combined as tiny

REPO, REVISION = "someone/kandinsky", "0123456789abcdef0123456789abcdef01234567"
CAPTIONS = ["a red cat", "a blue dog", "", "two birds"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "kandinsky"
    tiny.save(folder)
    return folder


@pytest.fixture(scope="module")
def denoiser(saved):
    return KandinskyV22Combined(describe(saved), "cpu")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def edit(path, **keys):
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def test_an_embedding_is_what_the_pipelines_prior_makes_by_default(saved, denoiser):
    pipeline = KandinskyV22CombinedPipeline.from_pretrained(saved)
    pipeline.set_progress_bar_config(disable=True)
    with torch.no_grad():
        found = denoiser.embed(CAPTIONS)["states"]
        for row, caption in zip(found, CAPTIONS, strict=True):
            expected = pipeline.prior_pipe(caption, generator=generator_of(caption))
            torch.testing.assert_close(row[None], expected.image_embeds, rtol=1e-4, atol=1e-4)
        null = expected.negative_image_embeds
    torch.testing.assert_close(denoiser.null["states"], null)


def test_an_embedding_depends_on_its_caption_alone(saved, denoiser):
    """Neither on the batch and its parts, nor on what was asked before, nor on torch's own seed."""
    captions = [CAPTIONS[number % 4] for number in range(AT_ONCE + 3)]
    with torch.no_grad():
        together = denoiser.embed(captions)["states"]
        torch.manual_seed(5)
        other = KandinskyV22Combined(describe(saved), "cpu")
        alone = torch.cat([other.embed([caption])["states"] for caption in CAPTIONS])
    assert together.shape == (AT_ONCE + 3, tiny.WIDTH)
    for number, row in enumerate(together):
        torch.testing.assert_close(row, alone[number % 4], rtol=1e-4, atol=1e-4)


def test_captions_differ_and_an_empty_one_is_not_the_null(denoiser):
    with torch.no_grad():
        rows = [*denoiser.embed(CAPTIONS)["states"], *denoiser.null["states"]]
    for number, row in enumerate(rows):
        assert not any(torch.allclose(row, other, atol=1e-2) for other in rows[:number])
    seeds = {generator_of(caption).initial_seed() for caption in CAPTIONS}
    assert len(seeds) == len(CAPTIONS)


def test_the_variance_is_left_and_null_and_caption_are_told_apart(denoiser):
    z = torch.from_numpy(draw_noise(0, "z", 0, (2, 4, 8, 8)))
    with torch.no_grad():
        told = denoiser.null.joined([denoiser.null, denoiser.embed(["a red cat"])])
        found = denoiser.epsilon(z, torch.tensor([10, 800]), told)
        raw = denoiser.part("unet")(
            z, torch.tensor([10, 800]), None, added_cond_kwargs={"image_embeds": told["states"]}
        ).sample
        null = denoiser.epsilon(z, torch.tensor([10, 800]), denoiser.null.repeated(2))
    assert raw.shape[1] == 8 and torch.equal(found, raw[:, :4])
    torch.testing.assert_close(found[0], null[0])
    assert not torch.allclose(found[1], null[1], atol=1e-5)


def test_noise_of_text_is_added_to_the_embedding(denoiser):
    noise = torch.full((1, tiny.WIDTH), 0.5)
    with torch.no_grad():
        shifted = denoiser.null.shifted(noise)["states"]
        torch.testing.assert_close(shifted - denoiser.null["states"], noise)


def test_every_file_that_is_read_is_described_and_fetched(folder, tmp_path, monkeypatch):
    for name in ("unet/diffusion_pytorch_model.bin", "handler.py"):
        (folder / name).write_text("not wanted")
    with hub_of(folder, REPO, REVISION) as (address, asked):
        only_this_hub(monkeypatch, address, tmp_path / "cache")
        found = describe(model_snapshot(REPO, REVISION))
    assert set(asked) == set(found["files"])
    assert "prior_scheduler/scheduler_config.json" in found["files"]
    assert found["vae"]["scaling_factor"] == 1.0 and found["vae"]["factor"] == 2
    require_described(found, "model.json")
    assert describe(folder)["weights"] == found["weights"]


def test_another_scheduler_of_the_prior_is_another_model(folder):
    before = describe(folder)["weights"]
    edit(folder / "prior_scheduler" / "scheduler_config.json", clip_sample_range=1.0)
    assert describe(folder)["weights"] != before


@pytest.mark.parametrize(
    "pipeline", ["KandinskyV22Img2ImgCombinedPipeline", "KandinskyV22InpaintCombinedPipeline"]
)
def test_pipelines_of_the_same_components_are_the_same_model(folder, pipeline):
    before = describe(folder)
    edit(folder / "model_index.json", _class_name=pipeline)
    found = describe(folder)
    differing = {"files", "weights"}
    assert {key for key in found if found[key] != before[key]} == differing
    edit(folder / "unet" / "config.json", in_channels=9)
    with pytest.raises(ModelError, match=r"in_channels: 9; expected 4, .* an inpainting model"):
        require_usable(folder)


UNET, PRIOR = "unet/config.json", "prior_prior/config.json"
TEXT, IMAGE = "prior_text_encoder/config.json", "prior_image_encoder/config.json"
SCHEDULER = "prior_scheduler/scheduler_config.json"


@pytest.mark.parametrize(
    ("path", "keys", "said"),
    [
        (UNET, {"out_channels": 4}, "out_channels: 4; expected 8: a noise estimate and its var"),
        (UNET, {"encoder_hid_dim_type": "text_image_proj"}, '"image_proj", as of Kandinsky 2.2'),
        (UNET, {"addition_embed_type": "image_hint"}, 'expected "image", as of Kandinsky 2.2'),
        (UNET, {"addition_embed_type": None}, 'addition_embed_type: null; expected "image"'),
        (UNET, {"time_cond_proj_dim": 8}, "time_cond_proj_dim: 8; expected null: .* distilled"),
        (UNET, {"encoder_hid_dim": None}, "encoder_hid_dim: null; expected a whole number"),
        (PRIOR, {"embedding_dim": 8}, "embedding_dim: 8; expected 16, which is encoder_hid_dim"),
        (PRIOR, {"clip_embed_dim": 8}, "clip_embed_dim: 8; expected 16, which is encoder_hid"),
        (PRIOR, {"num_embeddings": 77}, "num_embeddings: 77; expected 8, the tokens of prior_tok"),
        (TEXT, {"projection_dim": 8}, "projection_dim: 8; expected 16"),
        (TEXT, {"hidden_size": 32}, "hidden_size: 32; expected 16"),
        (IMAGE, {"projection_dim": 512}, "projection_dim: 512; expected 16"),
        (IMAGE, {"model_type": "siglip"}, 'model_type: "siglip"; expected clip_vision_model'),
        (SCHEDULER, {"prediction_type": "v_prediction"}, "expected epsilon or sample"),
    ],
)
def test_what_cannot_be_is_named_before_a_weight_is_read(folder, path, keys, said):
    edit(folder / path, **keys)
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    with pytest.raises(ModelError, match=said) as caught:
        require_usable(folder)
    assert str(caught.value).startswith(f"{folder / path}: ")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({"prior_scheduler": ["diffusers", "DDPMScheduler"]}, "prior_scheduler: .* no known class"),
        ({"prior_scheduler": None}, "prior_scheduler: null; expected .*UnCLIPScheduler"),
        ({"prior_prior": ["diffusers", "UNet2DModel"]}, "prior_prior: .* no known class"),
        ({"movq": ["diffusers", "AutoencoderKL"]}, "movq: .* no known class; expected .*VQModel"),
    ],
)
def test_another_class_of_component_is_refused(folder, index, said):
    edit(folder / "model_index.json", **index)
    with pytest.raises(ModelError, match=said):
        require_usable(folder)


def test_a_lost_file_of_the_priors_scheduler_is_named(folder):
    (folder / SCHEDULER).unlink()
    with pytest.raises(ModelError, match=r"prior_scheduler/scheduler_config.json: missing"):
        require_usable(folder)


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("KandinskyV22Pipeline", "its prior lies elsewhere; save prior and decoder together"),
        ("KandinskyV22Img2ImgPipeline", "its prior lies elsewhere; save prior and decoder tog"),
        ("KandinskyV22InpaintPipeline", "it reads a mask and an image too"),
        ("KandinskyV22PriorPipeline", "it makes embeddings, not images"),
        ("KandinskyV22ControlnetPipeline", "it reads a depth map too"),
        ("LDMSuperResolutionPipeline", "it enlarges an image"),
    ],
)
def test_pipelines_that_cannot_be_measured_are_refused_with_the_reason(folder, pipeline, said):
    edit(folder / "model_index.json", _class_name=pipeline)
    with pytest.raises(ModelError, match=f"{pipeline}: {said}"):
        require_usable(folder)
