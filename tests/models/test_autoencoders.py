"""Every kind of autoencoder against the arithmetic of diffusers' own pipelines."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderKL,
    KandinskyV22Img2ImgPipeline,
    LDMPipeline,
    SanaSprintImg2ImgPipeline,
    StableDiffusion3Img2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionXLImg2ImgPipeline,
    VQModel,
)

from mia.evaluation import estimates
from mia.models.autoencoder import Autoencoder
from mia.models.component_configs import of_diffusers
from mia.models.encoding import encode
from mia.models.folder import ModelError, describe
from mia.models.sound_latents import LatentsError, require_sound
from mia.models.vae_block import check_vae, pixels_block, vae_block
from mia.models.weight_files import find
from mia.noise import draw_noise
from tiny_families import kandinsky_v22_combined, ldm

SIDE = 16
PIXELS = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (3, 3, SIDE, SIDE))).float()
MEAN, STD = [-1.6, 0.4, 0.1, -0.2], [8.0, 5.5, 5.9, 4.7]


def kl(**other):
    """An AutoencoderKL whose posterior has hardly any variance: a draw is its mean."""
    torch.manual_seed(0)
    config = {
        "block_out_channels": (8, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
        "norm_num_groups": 4,
        "latent_channels": 4,
    }
    model = AutoencoderKL(**{**config, **other})
    last, half = model.quant_conv or model.encoder.conv_out, model.config.latent_channels
    with torch.no_grad():
        last.weight[half:], last.bias[half:] = 0, -40
    return model


def dc(**other):
    torch.manual_seed(0)
    config = {
        "latent_channels": 8,
        "encoder_block_types": "ResBlock",
        "decoder_block_types": "ResBlock",
        "encoder_block_out_channels": (8, 16, 16),
        "decoder_block_out_channels": (8, 16, 16),
        "encoder_layers_per_block": (1, 1, 1),
        "decoder_layers_per_block": (1, 1, 1),
        "encoder_qkv_multiscales": ((), (), ()),
        "decoder_qkv_multiscales": ((), (), ()),
        "scaling_factor": 0.41407,
    }
    return AutoencoderDC(**{**config, **other})


def asked(model, name="vae"):
    """What a pipeline's `prepare_latents` reads of itself; no noise is added."""
    scheduler = SimpleNamespace(
        add_noise=lambda latents, noise, t: latents,
        scale_noise=lambda latents, t, noise: latents,
        config=SimpleNamespace(sigma_data=1.0),
    )
    return SimpleNamespace(**{name: model}, scheduler=scheduler, vae_scale_factor=4)


FORM = {"batch_size": 3, "num_images_per_prompt": 1, "dtype": torch.float32, "device": "cpu"}


def by_sd(model):
    return StableDiffusionImg2ImgPipeline.prepare_latents(asked(model), PIXELS, None, **FORM)


def by_sdxl(model):
    prepare = StableDiffusionXLImg2ImgPipeline.prepare_latents
    return prepare(asked(model), PIXELS, None, **FORM, add_noise=False)


def by_sd3(model):
    return StableDiffusion3Img2ImgPipeline.prepare_latents(asked(model), PIXELS, None, **FORM)


def by_sana(model):
    prepare = SanaSprintImg2ImgPipeline.prepare_latents
    form = (3, 8, SIDE, SIDE, torch.float32, "cpu", None)
    return prepare(asked(model), PIXELS, torch.zeros(()), *form)


def by_kandinsky(model):
    prepare = KandinskyV22Img2ImgPipeline.prepare_latents
    return prepare(asked(model, "movq"), model.encode(PIXELS)["latents"], None, **FORM)


MEMBERS = {
    "Stable Diffusion": (kl, {}, by_sd),
    "KL of another scale": (kl, {"scaling_factor": 0.9}, by_sd),
    "SDXL": (kl, {"scaling_factor": 0.13025, "force_upcast": True}, by_sdxl),
    "Playground": (kl, {"scaling_factor": 0.5, "latents_mean": MEAN, "latents_std": STD}, by_sdxl),
    "SD3": (
        kl,
        {"scaling_factor": 1.5305, "shift_factor": 0.0609, "latent_channels": 16}
        | {"use_quant_conv": False, "use_post_quant_conv": False},
        by_sd3,
    ),
    "FLUX": (kl, {"scaling_factor": 0.3611, "shift_factor": 0.1159}, by_sd3),
    "Sana": (dc, {}, by_sana),
    "DC of another scale": (dc, {"scaling_factor": 0.3189}, by_sana),
    "MoVQ": (lambda **_: kandinsky_v22_combined.movq(), {}, by_kandinsky),
}


def saved(model, folder):
    """The block of an autoencoder that diffusers has saved."""
    model.eval().save_pretrained(folder)
    kind = type(model).__name__
    config = of_diffusers(folder, kind)
    check_vae(kind, config)
    return {**vae_block(kind, config, find(folder)), "resolution": SIDE}


def edited(folder, **keys):
    path = folder / "config.json"
    found = {**json.loads(path.read_text()), **keys}
    path.write_text(json.dumps({key: value for key, value in found.items() if value != "none"}))


@pytest.mark.parametrize("name", MEMBERS)
def test_latents_are_those_of_the_pipeline(name, tmp_path):
    make, keys, theirs = MEMBERS[name]
    model = make(**keys)
    block = saved(model, tmp_path)
    autoencoder = Autoencoder(block, "cpu")
    found = autoencoder.encode(PIXELS)
    with torch.no_grad():
        torch.testing.assert_close(found, theirs(model), rtol=1e-4, atol=1e-5)
    require_sound(found.numpy(), ["a", "b", "c"], block)
    assert autoencoder.factor == SIDE // found.shape[-1]


@pytest.mark.parametrize("name", MEMBERS)
def test_decode_is_the_inverse_of_encode(name, tmp_path):
    """The autoencoder's own reconstruction, as if nothing had been scaled and shifted."""
    make, keys, _ = MEMBERS[name]
    model = make(**keys)
    autoencoder = Autoencoder(saved(model, tmp_path), "cpu")
    with torch.no_grad():
        found, as_movq = model.encode(PIXELS), {"force_not_quantize": True}
        if isinstance(model, AutoencoderKL):
            raw = found.latent_dist.mode()
        else:
            raw = found.latents if isinstance(model, VQModel) else found.latent
        named = as_movq if isinstance(model, VQModel) else {}
        expected = model.decode(raw, **named).sample
    decoded = autoencoder.decode(autoencoder.encode(PIXELS))
    torch.testing.assert_close(decoded, expected, rtol=1e-3, atol=1e-4)


# VQModels


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_vq_model_is_read_as_ldm_pipeline_reads_it_where_its_file_names_a_factor(
    factor, tmp_path
):
    """Not quantised in, quantised out."""
    model = ldm.vqvae(scaling_factor=factor)
    autoencoder = Autoencoder(saved(model, tmp_path), "cpu")
    z0 = autoencoder.encode(PIXELS)
    with torch.no_grad():
        latents = model.encode(PIXELS).latents
        quantised, *_ = model.quantize(latents)
        expected = model.decoder(model.post_quant_conv(quantised))
        not_quantised = model.decoder(model.post_quant_conv(latents))
    torch.testing.assert_close(z0, latents * factor)
    assert not torch.allclose(latents, quantised, atol=1e-2)
    torch.testing.assert_close(autoencoder.decode(z0), expected)
    assert not torch.allclose(autoencoder.decode(z0), not_quantised, atol=1e-3)


def test_without_a_factor_in_its_file_a_vq_model_has_none_whatever_diffusers_defaults_to(tmp_path):
    model = ldm.vqvae()
    saved(model, tmp_path)
    edited(tmp_path, scaling_factor="none")
    assert VQModel.from_pretrained(tmp_path).config.scaling_factor == 0.18215
    config = of_diffusers(tmp_path, "VQModel")
    block = vae_block("VQModel", config, find(tmp_path))
    assert block["scaling_factor"] == 1.0
    with torch.no_grad():
        expected = model.encode(PIXELS).latents
    torch.testing.assert_close(Autoencoder(block, "cpu").encode(PIXELS), expected)


@pytest.mark.parametrize("factor", [0.18215, 0.5, "none"])
def test_the_factor_in_a_movqs_file_is_passed_over_as_its_pipeline_does(factor, tmp_path):
    saved(kandinsky_v22_combined.movq(), tmp_path)
    edited(tmp_path, scaling_factor=factor)
    config = of_diffusers(tmp_path, "VQModel")
    assert vae_block("VQModel", config, find(tmp_path))["scaling_factor"] == 1.0


@pytest.mark.parametrize("width", [2, 3, 5])
def test_latents_of_a_vq_model_are_as_wide_as_its_codebook(width, tmp_path):
    block = saved(ldm.vqvae(vq_embed_dim=width), tmp_path)
    assert block["channels"] == width
    autoencoder = Autoencoder(block, "cpu")
    z0 = autoencoder.encode(PIXELS)
    require_sound(z0.numpy(), ["a", "b", "c"], block)
    assert autoencoder.decode(z0).shape == PIXELS.shape


# The scale, proved by the loss


# Images that differ in the large, as images do.
PATCHES = np.random.default_rng(1).uniform(-1, 1, (4, 3, 4, 4)).astype(np.float32)
LARGE = torch.from_numpy(PATCHES).repeat_interleave(16, -1).repeat_interleave(16, -2)


def unit_vqvae():
    """A VQModel whose latents of `LARGE` have mean 0 and variance 1, as those of a trained one."""
    model = ldm.vqvae()
    with torch.no_grad():
        latents = model.encode(LARGE).latents.transpose(0, 1).flatten(1)
        size = latents.std(1)
        model.quant_conv.weight /= size.view(-1, 1, 1, 1)
        model.quant_conv.bias.copy_((model.quant_conv.bias - latents.mean(1)) / size)
    return model


def exact(clean, alpha_bar):
    """The best noise estimate of all for a model whose training images have latents `clean`."""

    def epsilon(z):
        gaps = (z[:, None] - alpha_bar**0.5 * clean[None]).flatten(2).double()
        weight = torch.softmax(-(gaps**2).sum(2) / (2 * (1 - alpha_bar)), 1)
        mean = torch.einsum("ij,j...->i...", weight, clean.double())
        return (z - alpha_bar**0.5 * mean) / (1 - alpha_bar) ** 0.5

    return epsilon


@pytest.mark.parametrize("timestep", [500, 700, 800])
def test_a_wrong_scale_has_a_far_larger_loss_where_noise_prevails(timestep, tmp_path):
    """The training latents were never scaled; the model is known, and exact for them."""
    model = unit_vqvae()
    LDMPipeline(model, ldm.unet(), _scheduler()).save_pretrained(tmp_path)
    edited(tmp_path / "vqvae", scaling_factor="none")
    described = describe(tmp_path)
    alpha_bar = described["alpha_bar"][timestep]
    with torch.no_grad():
        denoiser = exact(model.encode(LARGE).latents, alpha_bar)
    noise = [torch.from_numpy(draw_noise(0, "x", draw, (4, 3, 32, 32))) for draw in range(4)]

    def loss(scale):
        block = {**described["vae"], "scaling_factor": scale}
        z0 = Autoencoder(block, "cpu").encode(LARGE)
        pairs = [(alpha_bar**0.5 * z0 + (1 - alpha_bar) ** 0.5 * one, one) for one in noise]
        return np.mean([((denoiser(z) - one) ** 2).mean().item() for z, one in pairs])

    right = loss(described["vae"]["scaling_factor"])
    assert right == loss(1.0)
    for wrong in (0.18215, 0.5, 2.0, 1 / 0.18215):
        assert loss(wrong) > 10 * right


def _scheduler():
    from diffusers import DDIMScheduler

    return DDIMScheduler(beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear")


def test_the_default_factor_that_a_newer_diffusers_wrote_into_the_file_is_remarked_on(tmp_path):
    """Saved anew, the models of CompVis name 0.18215, which nothing was trained with."""
    block = saved(unit_vqvae(), tmp_path)
    edited(tmp_path, scaling_factor=0.18215)
    block = {**block, **vae_block("VQModel", of_diffusers(tmp_path, "VQModel"), find(tmp_path))}
    size = float((Autoencoder(block, "cpu").encode(LARGE) ** 2).mean())
    found = {"judged": True, "worse": [], "other": [], "latents": size}
    (said,) = estimates.sentences("mine", [found])
    assert re.search(r"mean square of 0\.0\d+, usual is about 1\. .* scaling_factor", said)


# Pixels


def test_pixels_are_their_own_latents_to_the_bit(tmp_path):
    block = {**pixels_block(tmp_path, 3), "resolution": SIDE}
    autoencoder = Autoencoder(block, "cpu")
    assert autoencoder.factor == 1
    assert torch.equal(autoencoder.encode(PIXELS), PIXELS)
    assert torch.equal(autoencoder.decode(PIXELS), PIXELS)
    found = encode(list(PIXELS.numpy()), block, "cpu", 1)
    assert found.dtype == np.float32 and np.array_equal(found, PIXELS.numpy())
    require_sound(found, ["a", "b", "c"], block)


# Float32, whatever the file and whatever surrounds


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("make", [kl, dc, ldm.vqvae])
def test_arithmetic_is_float32_whatever_the_weights_are(make, dtype, tmp_path):
    block = saved(make().to(dtype), tmp_path)
    autoencoder = Autoencoder(block, "cpu")
    kind = type(autoencoder.model)
    reference = kind.from_pretrained(tmp_path, torch_dtype=torch.float32)
    z0 = autoencoder.encode(PIXELS)
    assert z0.dtype == autoencoder.decode(z0).dtype == torch.float32
    assert {p.dtype for p in autoencoder.model.parameters()} == {torch.float32}
    assert torch.equal(Autoencoder(block, "cpu", reference).encode(PIXELS), z0)


@pytest.mark.parametrize("make", [kl, dc, ldm.vqvae, kandinsky_v22_combined.movq])
def test_an_image_depends_on_no_other_of_its_batch(make, tmp_path):
    block = saved(make(), tmp_path)
    autoencoder = Autoencoder(block, "cpu")
    alone = torch.cat([autoencoder.encode(one[None]) for one in PIXELS])
    together = autoencoder.encode(PIXELS)
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        torch.cat([autoencoder.decode(one[None]) for one in together]),
        autoencoder.decode(together),
        rtol=1e-4,
        atol=1e-5,
    )
    found = encode(list(PIXELS.numpy()), block, "cpu", 1)
    np.testing.assert_allclose(found, together, rtol=1e-4, atol=1e-5)


# What cannot be


@pytest.mark.parametrize(
    ("make", "keys", "said"),
    [
        (kl, {"scaling_factor": 0}, "scaling_factor: 0; expected a number that is not 0"),
        (kl, {"scaling_factor": None}, "scaling_factor: null; expected a number that is not 0"),
        (kl, {"shift_factor": "a"}, 'shift_factor: "a"; expected a finite number'),
        (kl, {"latents_mean": MEAN[:3]}, "latents_mean: .*; expected 4 numbers, as latent_ch"),
        (kl, {"latents_std": 2.0}, "latents_std: 2.0; expected 4 numbers, as latent_channels"),
        (kl, {"in_channels": 1}, "in_channels: 1; expected 3, for red, green and blue"),
        (kl, {"block_out_channels": []}, "block_out_channels: .*; expected a list of 1 to 10"),
        (kl, {"_class_name": "AutoencoderTiny"}, '_class_name: "AutoencoderTiny"; expected Auto'),
        (ldm.vqvae, {"out_channels": 1}, "out_channels: 1; expected 3, for red"),
        (ldm.vqvae, {"vq_embed_dim": 0}, "vq_embed_dim: 0; expected a whole number of at least 1"),
        (ldm.vqvae, {"vq_embed_dim": 2.5}, "vq_embed_dim: 2.5; expected a whole number"),
        (ldm.vqvae, {"latent_channels": None}, "latent_channels: null; expected a whole number"),
        (ldm.vqvae, {"scaling_factor": True}, "scaling_factor: true; expected a finite number"),
        (dc, {"in_channels": 4}, "in_channels: 4; expected 3"),
        (dc, {"encoder_block_out_channels": 8}, "encoder_block_out_channels: 8; expected a list"),
        (dc, {"scaling_factor": "x"}, 'scaling_factor: "x"; expected a finite number'),
    ],
)
def test_a_config_that_cannot_be_is_named(make, keys, said, tmp_path):
    model = make()
    model.save_pretrained(tmp_path)
    edited(tmp_path, **keys)
    kind = type(model).__name__
    with pytest.raises(ModelError, match=said) as caught:
        check_vae(kind, of_diffusers(tmp_path, kind))
    assert str(caught.value).startswith(f"{tmp_path / 'config.json'}: ")


BLOCKS = {
    "AutoencoderKL": {"channels": 4, "factor": 2},
    "VQModel": {"channels": 3, "factor": 4},
    "AutoencoderDC": {"channels": 8, "factor": 8},
    "pixels": {"channels": 3, "factor": 1},
}


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_latents_that_are_no_numbers_are_named_by_image(kind, wrong):
    block = {**BLOCKS[kind], "kind": kind, "folder": "models/mine", "resolution": SIDE}
    side = SIDE // block["factor"]
    latents = np.zeros((3, block["channels"], side, side), np.float32)
    require_sound(latents, ["a", "b", "c"], block)
    latents[1, -1, -1, -1] = wrong
    with pytest.raises(LatentsError, match=r"models/mine: image b: .* NaN or infinity, .* 0 more"):
        require_sound(latents, ["a", "b", "c"], block)
    latents[2, 0, 0, 0] = wrong
    with pytest.raises(LatentsError, match=r"image b: .* 1 more of 3"):
        require_sound(latents, ["a", "b", "c"], block)


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("change", [(1, 0, 0), (0, 1, 0), (0, 0, -1)])
def test_latents_of_another_shape_are_named_with_the_one_expected(kind, change):
    block = {**BLOCKS[kind], "kind": kind, "folder": "models/mine", "resolution": SIDE}
    side = SIDE // block["factor"]
    expected = (block["channels"], side, side)
    found = tuple(np.add(expected, change).tolist())
    with pytest.raises(LatentsError, match="image a: latents of shape") as caught:
        require_sound(np.zeros((2, *found), np.float32), ["a", "b"], block)
    assert str(found) in str(caught.value) and f"expected {expected}" in str(caught.value)
