"""Stable Diffusion XL: what it is told of an image, its two nulls, and who is refused."""

import json
import re
import shutil

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from mia.denoisers.stable_diffusion_xl import StableDiffusionXL, family, time_ids
from mia.images.pictures import prepare
from mia.images.squares import adm_square
from mia.measuring.batch import Batch
from mia.models.autoencoder import Autoencoder
from mia.models.folder import describe, require_usable
from mia.models.model_json import ModelError
from mia.stages import model
from model_edits import GONE, keys, tensors
from tiny_families import stable_diffusion_xl as tiny

INDEX, UNET, SECOND = "model_index.json", "unet/config.json", "text_encoder_2/config.json"
SCORE, NULL = "requires_aesthetics_score", "force_zeros_for_empty_prompt"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    return tiny.save(tmp_path_factory.mktemp("sdxl") / "model")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def loaded(folder, **options):
    return StableDiffusionXL(describe(folder, options=options), "cpu")


def pipeline_of(folder, kind="StableDiffusionXLPipeline", **changes):
    return getattr(diffusers, kind).from_pretrained(folder, local_files_only=True, **changes)


# What it is told where no caption is given, and where the caption is empty.


@pytest.mark.parametrize("said", [True, False, GONE])
def test_the_null_is_what_the_pipeline_takes_without_a_negative_prompt(said, folder):
    keys(INDEX, **{NULL: said})(folder)
    null = loaded(folder).null
    with torch.no_grad():
        _, states, _, pooled = pipeline_of(folder).encode_prompt("a red cat")
    torch.testing.assert_close(null["states"], states)
    torch.testing.assert_close(null["pooled"], pooled)
    assert bool(null["states"].any()) == bool(null["pooled"].any()) == (said is False)


@pytest.mark.parametrize("said", [True, False])
def test_an_empty_caption_of_an_image_is_encoded(said, folder):
    keys(INDEX, **{NULL: said})(folder)
    denoiser = loaded(folder)
    with torch.no_grad():
        states, none, pooled, _ = pipeline_of(folder).encode_prompt("", negative_prompt="")
    own = denoiser.embed([""])
    torch.testing.assert_close(own["states"], states)
    torch.testing.assert_close(own["states"], none)
    torch.testing.assert_close(own["pooled"], pooled)
    assert torch.equal(own["states"], denoiser.null["states"]) != said


def test_tokenizers_pad_each_in_its_own_way(saved):
    denoiser = loaded(saved)
    first, second = (
        denoiser.tokens(name, ["a red cat"]).input_ids[0, -1].item()
        for name in ("tokenizer", "tokenizer_2")
    )
    assert first == denoiser.tokenizer("tokenizer").eos_token_id
    assert second == denoiser.tokenizer("tokenizer_2").convert_tokens_to_ids("!")


# Pipelines of the same components.


@pytest.mark.parametrize("kind", family.pipelines)
def test_pipelines_of_the_same_components_are_the_same_model(kind, saved, folder):
    with_class = pipeline_of(saved, kind)
    shutil.rmtree(folder)
    with_class.save_pretrained(folder)
    assert json.loads((folder / INDEX).read_text())["_class_name"] == kind
    one, other = describe(saved), describe(folder)
    assert one["family"] == other["family"] == "stable_diffusion_xl"
    del one["files"], other["files"]
    same = {key for key in one if one[key] == other[key]}
    assert same >= {"alpha_bar", "latent_shape", "caption_lengths", "zero_null", "resolution"}
    captions = ["a red cat", ""]
    one, other = loaded(saved).embed(captions), loaded(folder).embed(captions)
    assert torch.equal(one["states"], other["states"])


REFUSED = {
    "refiner by its score": (keys(INDEX, **{SCORE: True}), INDEX, f"{SCORE}: true; .*refiner"),
    "refiner as published": (
        keys(
            INDEX,
            _class_name="StableDiffusionXLImg2ImgPipeline",
            text_encoder=[None, None],
            tokenizer=[None, None],
            **{SCORE: True},
        ),
        INDEX,
        f"{SCORE}: true; expected false: .*refiner",
    ),
    "no first text encoder": (
        keys(INDEX, text_encoder=[None, None]),
        INDEX,
        "text_encoder: .*expected a CLIPTextModel: .*refiner",
    ),
    "no first tokenizer": (
        keys(INDEX, tokenizer=GONE),
        INDEX,
        "tokenizer: missing; expected a CLIPTokenizer: .*refiner",
    ),
    "no second text encoder": (
        keys(INDEX, text_encoder_2=[None, None]),
        INDEX,
        "text_encoder_2: .*expected .*CLIPTextModelWithProjection",
    ),
    "null of text": (keys(INDEX, **{NULL: "yes"}), INDEX, f'{NULL}: "yes"; expected true or f'),
    "inpainting": (keys(UNET, in_channels=9), UNET, "in_channels: 9; expected 4.*inpainting"),
    "editing": (keys(UNET, in_channels=8), UNET, "in_channels: 8; expected 4.*edits"),
    "editing pipeline": (
        keys(INDEX, _class_name="StableDiffusionXLInstructPix2PixPipeline"),
        INDEX,
        "it edits an image",
    ),
    "numbers of a refiner": (
        keys(UNET, projection_class_embeddings_input_dim=60),
        UNET,
        "projection_class_embeddings_input_dim: 60; expected 68, which is 6 × 8.* and 20, ",
    ),
    "another pooled width": (
        keys(SECOND, projection_dim=32),
        UNET,
        "projection_class_embeddings_input_dim: 68; expected 80, .*text_encoder_2/config.json",
    ),
    "width of one encoder": (
        keys(UNET, cross_attention_dim=40),
        UNET,
        "cross_attention_dim: 40; expected 64, .*text_encoder/config.json and of .*together",
    ),
    "told nothing more": (
        keys(UNET, addition_embed_type=None),
        UNET,
        'addition_embed_type: null; expected "text_time"',
    ),
    "told an image": (
        keys(UNET, addition_embed_type="text_image"),
        UNET,
        'addition_embed_type: "text_image"; expected "text_time"',
    ),
    "no number of sizes": (
        keys(UNET, addition_time_embed_dim=None),
        UNET,
        "addition_time_embed_dim: null; expected a whole number",
    ),
    "LCM": (keys(UNET, time_cond_proj_dim=256), UNET, "time_cond_proj_dim: 256; .*distilled"),
    "IP-Adapter": (
        keys(UNET, encoder_hid_dim_type="ip_image_proj"),
        UNET,
        "encoder_hid_dim_type: .*another encoder",
    ),
    "learnt variance": (keys(UNET, out_channels=8), UNET, "out_channels: 8; expected 4"),
    "captions of two lengths": (
        keys("tokenizer_2/tokenizer_config.json", model_max_length=6),
        INDEX,
        "tokenizer_2: 6; expected captions of 8 tokens",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_by_name(case, folder):
    edit, file, said = REFUSED[case]
    edit(folder)
    with pytest.raises(ModelError) as caught:
        require_usable(folder)
    line = str(caught.value)
    assert line.startswith(f"{folder / file}: ") and "\n" not in line
    assert re.search(said, line), line


# The six numbers.

SIZES = [(64, 64), (48, 96), (96, 48), (50, 33), (33, 50), (7, 9), (16, 16), (3, 200), (171, 16)]


@pytest.mark.parametrize("size", [*SIZES, (65, 131), (131, 65), (67, 415), (32, 39)])
def test_own_numbers_tell_the_crop_of_images_that_are_halved_first(size):
    """`preparation: adm` halves and rounds down; the last resize and the crop follow from that."""
    height, width = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image, side = Image.fromarray(pixels), 16
    told = time_ids(size, side, adm=True)
    assert told[:2] == (height, width) and told[4:] == (side, side)
    top, left = told[2:4]
    while min(image.size) >= 2 * side:
        image = image.resize([one // 2 for one in image.size], Image.Resampling.BOX)
    scale = side / min(image.size)
    resized = image.resize([max(side, round(one * scale)) for one in image.size], 3)
    cut = np.asarray(resized.crop((left, top, left + side, top + side)))
    np.testing.assert_array_equal(adm_square(Image.fromarray(pixels), side), cut)


def test_halving_first_moves_the_crop():
    """So the two rules must be told apart."""
    assert time_ids((67, 415), 16) != time_ids((67, 415), 16, adm=True)


@pytest.mark.parametrize("way", ["centre", "adm"])
def test_a_model_is_told_the_crop_of_its_own_preparation(way, saved):
    denoiser, size = loaded(saved, time_ids="own", preparation=way), (67, 415)
    told = denoiser.of_images(denoiser.embed(["a"]), [size])["time_ids"]
    assert told.tolist() == [list(time_ids(size, 16, way == "adm"))]


@pytest.mark.parametrize("size", SIZES)
def test_own_numbers_tell_the_crop_that_our_preparation_makes(size):
    """The whole image brought to the model's size, cut where the numbers say, is what it sees."""
    height, width = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image, side = Image.fromarray(pixels), 16
    told = time_ids(size, side)
    assert told[:2] == (height, width) and told[4:] == (side, side)
    top, left = told[2:4]
    scale = side / min(size)
    resized = image.resize((max(side, round(width * scale)), max(side, round(height * scale))), 3)
    cut = np.asarray(resized.crop((left, top, left + side, top + side)), np.float32)
    np.testing.assert_array_equal(prepare(image, side).transpose(1, 2, 0), cut / 127.5 - 1)


def handed(denoiser, batch, condition):
    """The numbers that the U-Net gets, one row for each image."""
    seen = []

    def keep(module, positional, named):
        seen.append(named["added_cond_kwargs"]["time_ids"])

    hook = denoiser.part("unet").register_forward_pre_hook(keep, with_kwargs=True)
    batch.clean(100, condition)
    hook.remove()
    return torch.cat(seen)


@pytest.mark.parametrize("condition", ["caption", "null", "alt-blip"])
@pytest.mark.parametrize("kind", ["constant", "own"])
def test_each_image_is_told_its_numbers_under_every_condition(kind, condition, saved):
    denoiser = loaded(saved, time_ids=kind)
    sizes = [(48, 96), (96, 48), (16, 16)]
    z0, captions = torch.randn(3, *denoiser.latent_shape), ["a red cat", "", "a blue dog"]
    batch = Batch(denoiser, ["a", "b", "c"], z0, captions, 0, 2, sizes=sizes)
    batch.alternates = {"blip": ["one", "two", "three"]}
    with torch.no_grad():
        found = handed(denoiser, batch, condition)
    constant = [[16, 16, 0, 0, 16, 16]] * 3
    own = [[48, 96, 0, 8, 16, 16], [96, 48, 8, 0, 16, 16], [16, 16, 0, 0, 16, 16]]
    assert found.tolist() == (own if kind == "own" else constant)


def test_own_numbers_change_the_estimate_and_constant_ones_do_not_read_sizes(saved):
    z, t = torch.randn(1, 4, 8, 8), torch.tensor([300])

    def estimate(kind, size):
        denoiser = loaded(saved, time_ids=kind)
        told = denoiser.of_images(denoiser.embed(["a red cat"]), [size])
        with torch.no_grad():
            return denoiser.epsilon(z, t, told)

    assert torch.equal(estimate("constant", (16, 16)), estimate("constant", (300, 40)))
    assert torch.equal(estimate("constant", (16, 16)), estimate("own", (16, 16)))
    assert not torch.allclose(estimate("own", (300, 40)), estimate("own", (16, 16)))


@pytest.mark.parametrize("sizes", [[], [(16, 16)]])
def test_own_numbers_need_a_size_for_each_image(sizes, saved):
    denoiser = loaded(saved, time_ids="own")
    with pytest.raises(ValueError, match=rf"time_ids: own: {len(sizes)} sizes .*; expected 2"):
        denoiser.of_images(denoiser.embed(["a", "b"]), sizes)


def test_the_option_stands_in_the_description_and_says_whether_sizes_are_read(saved):
    assert describe(saved)["options"] == {"time_ids": "constant"}
    own = describe(saved, options={"time_ids": "own"})["options"]
    assert own == {"time_ids": "own"}
    assert family.reads_sizes(own) and not family.reads_sizes({"time_ids": "constant"})


# Latents.


@pytest.mark.parametrize("statistics", [None, {**tiny.STATISTICS, "scaling_factor": 0.5}])
def test_latents_are_scaled_as_the_pipeline_scales_them(statistics, folder):
    """What its VAE is handed to decode is what ours is handed; encoding is the inverse."""
    keys("vae/config.json", **(statistics or {}))(folder)
    pipeline, ours = pipeline_of(folder), Autoencoder(describe(folder)["vae"], "cpu")
    latents, seen = torch.randn(1, 4, 8, 8), []
    for vae in (pipeline.vae, ours.model):
        vae.post_quant_conv.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    pipeline.scheduler.step = lambda output, timestep, sample, **_: (latents,)
    pipeline("a red cat", num_inference_steps=1, height=16, width=16, output_type="pt")
    ours.decode(latents)
    torch.testing.assert_close(*seen)
    pixels = torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        raw = ours.model.encode(pixels).latent_dist.mean
    z0 = ours.encode(pixels)
    seen.clear()
    ours.decode(z0)
    torch.testing.assert_close(seen[0], raw)


def test_a_vae_of_half_precision_is_encoded_in_float32(folder):
    """Its own arithmetic overflows, as that of SDXL's VAE does in float16."""

    def halved(held):
        held["encoder.conv_in.weight"] *= 3e5
        return {name: tensor.half() for name, tensor in held.items()}

    tensors("vae", halved)(folder)
    pixels = torch.rand(2, 3, 16, 16) * 2 - 1
    half = diffusers.AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float16)
    with torch.no_grad():
        assert not half.encode(pixels.half()).latent_dist.mean.isfinite().all()
    found = Autoencoder(describe(folder)["vae"], "cpu").encode(pixels)
    assert found.dtype == torch.float32 and found.isfinite().all()
    exact = diffusers.AutoencoderKL.from_pretrained(folder / "vae").double()
    with torch.no_grad():
        expected = exact.encode(pixels.double()).latent_dist.mean * 0.13025
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


@pytest.fixture
def modelled(monkeypatch, tmp_path):
    """A call of the stage: what it writes of a folder with a key of the config."""

    def call(folder, value):
        spec = {"source": "path", "path": str(folder), "time_ids": value}
        output = tmp_path / "model.json"
        words = ["--name", "mine", "--output", str(output), "--settings", json.dumps(spec)]
        monkeypatch.setattr("sys.argv", ["model", *words])
        model.main()
        return json.loads(output.read_text())

    return call


@pytest.mark.parametrize("value", ["own", "constant"])
def test_a_model_of_another_family_is_not_told_sizes(value, tiny_sd, modelled):
    """The stage's line names the model, the key and the keys that its family reads."""
    with pytest.raises(SystemExit) as caught:
        modelled(tiny_sd, value)
    said = str(caught.value)
    assert said.startswith("error: models.mine: time_ids: not read for StableDiffusionPipeline; ")


@pytest.mark.parametrize("value", ["own", "constant"])
def test_the_stage_writes_what_the_model_is_told(value, saved, modelled):
    found = modelled(saved, value)
    assert found["options"] == {"time_ids": value} and found["zero_null"] is True
