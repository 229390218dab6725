"""Models from a folder and from the hub's cache: described without loading, pickles refused."""

import io
import json
import re
import shutil

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from safetensors.torch import save_file

from mia.denoisers.stable_diffusion import StableDiffusion
from mia.models.folder import ModelError, describe
from mia.models.safetensors_file import damage
from tiny_model import as_first_published, save_tiny_sd


@pytest.fixture
def folder(tiny_sd, tmp_path):
    return shutil.copytree(tiny_sd, tmp_path / "model")


def test_description(tiny_sd):
    model = describe(tiny_sd)
    assert model["family"] == "stable_diffusion"
    assert model["resolution"] == 16 and model["latent_shape"] == [4, 8, 8]
    assert model["vae"]["scaling_factor"] == 0.5 and model["vae"]["factor"] == 2
    assert {path.split("/")[0] for path in model["files"]} == {
        "model_index.json", "scheduler", "text_encoder", "tokenizer", "unet", "vae",
    }  # fmt: skip


def test_schedule_is_diffusers_own(tiny_sd):
    expected = DDIMScheduler.from_pretrained(tiny_sd / "scheduler").alphas_cumprod.numpy()
    np.testing.assert_allclose(describe(tiny_sd)["alpha_bar"], expected, rtol=2e-5)


def test_weights_hash_changes_with_any_file(folder):
    before = describe(folder)["weights"]
    tokenizer = folder / "tokenizer" / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text() + " ")
    assert describe(folder)["weights"] != before


def test_a_pickle_is_refused_by_name(folder):
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"diffusion_pytorch_model.bin: a pickle .*safetensors"):
        describe(folder)


def cut(data: bytes) -> bytes:
    return data[:-100]


def longer(data: bytes) -> bytes:
    return data + b"x"


def without_header(data: bytes) -> bytes:
    return data[:8] + b"x" * (len(data) - 8)


def other_shape(data: bytes) -> bytes:
    """One tensor claims twice its rows; lengths of header and file stay."""
    found = re.search(rb'"shape":\[4,', data)
    return data[: found.start()] + b'"shape":[8,' + data[found.end() :]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (cut, r"not a whole safetensors file: [\d,]+ bytes; its header promises [\d,]+"),
        (longer, r"not a whole safetensors file: [\d,]+ bytes; its header promises [\d,]+"),
        (without_header, r"its header is damaged \(Expecting value"),
        (other_shape, r"its header is damaged \(tensor '\S+': F32 of shape \[8, "),
        (lambda data: data[:5], r"5 bytes are too few for its header"),
        (lambda data: b"\xff" * 9, r"9 bytes are too few for its header"),
    ],
)
def test_damaged_weights_are_named_before_anything_is_loaded(folder, change, said):
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ModelError, match=said) as caught:
        describe(folder)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "int64", "bool"])
def test_whole_files_of_every_type_pass(kind, tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {"a": torch.zeros(3, 5, dtype=getattr(torch, kind)), "b": torch.zeros(7)}
    save_file(tensors, path, metadata={"format": "pt"})
    assert damage(io.BytesIO(path.read_bytes()), path.stat().st_size) == ""


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("model_index.json", "model_index.json: missing"),
        ("unet/config.json", "unet/config.json: missing"),
        ("vae/diffusion_pytorch_model.safetensors", "vae: no weights; expected"),
    ],
)
def test_a_missing_file_is_named(folder, missing, said):
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=said):
        describe(folder)


def test_an_unknown_schedule_or_family_is_named(folder):
    scheduler = folder / "scheduler" / "scheduler_config.json"
    config = json.loads(scheduler.read_text())
    scheduler.write_text(json.dumps({**config, "beta_schedule": "mystery"}))
    with pytest.raises(ModelError, match='beta_schedule: "mystery"; expected linear'):
        describe(folder)
    index = folder / "model_index.json"
    index.write_text(
        json.dumps({**json.loads(index.read_text()), "_class_name": "WuerstchenPipeline"})
    )
    scheduler.write_text(json.dumps(config))
    with pytest.raises(
        ModelError, match=r"WuerstchenPipeline: no denoiser; known: .*StableDiffusionPipeline"
    ):
        describe(folder)


def test_a_folder_in_the_first_format_computes_the_same(tiny_sd, folder):
    """As Stable Diffusion 1.4 was published: a VAE without scaling factor, an older tokenizer."""
    old, new = describe(as_first_published(folder)), describe(tiny_sd)
    assert old["vae"]["scaling_factor"] == 0.18215
    assert old["prediction_type"] == "epsilon" and old["alpha_bar"] == new["alpha_bar"]
    one, other = StableDiffusion(old, "cpu"), StableDiffusion(new, "cpu")
    captions = ["a red cat", "", "Two  Birds ÿ and so on until it is cut"]
    assert torch.equal(one.embed(captions)["states"], other.embed(captions)["states"])


def test_half_precision_changes_little(tiny_sd):
    model = describe(tiny_sd)
    full, half = (StableDiffusion(model, "cpu", dtype) for dtype in ("float32", "bfloat16"))
    z = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    t, states = torch.tensor([0, 200, 999]), full.embed(["a", "b", ""])
    one, other = full.epsilon(z, t, states), half.epsilon(z, t, states)
    assert one.dtype == other.dtype == torch.float32
    assert 0 < (one - other).square().mean() / one.square().mean() < 1e-3


def test_zero_terminal_snr_leaves_no_signal_at_the_end(tmp_path):
    folder = save_tiny_sd(tmp_path / "model", rescale_betas_zero_snr=True)
    assert describe(folder)["alpha_bar"][-1] == 2**-24


@pytest.mark.parametrize("options", [{}, {"preparation": "centre"}, {"preparation": "adm"}])
def test_how_images_are_prepared_is_said_of_the_autoencoder(tiny_sd, options):
    model = describe(tiny_sd, options=options)
    assert model["vae"]["preparation"] == options.get("preparation", "centre")
    assert "preparation" not in model["options"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"preparation": "center"}, 'preparation: "center"; expected centre or adm'),
        ({"preparation": None}, "preparation: null; expected centre or adm"),
        ({"preparation": ["adm"]}, r'preparation: \["adm"\]; expected centre or adm'),
        ({"time_ids": "own"}, "time_ids: not read for StableDiffusionPipeline; .*: preparation"),
    ],
)
def test_options_that_are_not_read_are_refused(tiny_sd, options, said):
    with pytest.raises(ModelError, match=said):
        describe(tiny_sd, options=options)
