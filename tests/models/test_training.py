"""The training rules on a handful of images: deterministic, kept by content, loadable."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from mia.models.folder import describe
from mia.models.objective import to_epsilon
from mia.models.training.base import base_pipeline
from mia.models.training.diffusion import train_diffusion
from mia.models.training.ledger import kept_training, replace_tree
from mia.models.training.noising import wanted
from mia.models.training.samples import generate, picture_rows
from mia.models.training.tokenizer import train_tokenizer
from mia.models.training.untrained import build_pipeline
from mia.models.training.vae import psnr, train_vae

SETTINGS = {
    "seed": 0, "resolution": 16, "epochs": 3, "keep": [2, 3], "batch_size": 4,
    "learning_rate": 2e-3, "caption_dropout": 0.1, "channels": [32, 32], "text_width": 32,
    "text_layers": 1, "text_length": 8, "vocabulary": 400, "vae_steps": 40, "vae_batch_size": 8,
    "vae_learning_rate": 3e-3, "vae_channels": [8, 16], "latent_channels": 4,
    "objective": "epsilon", "space": "latent", "text": True,
}  # fmt: skip
CAPTIONS = ["red square", "blue square", "green square", "black square"] * 2


@pytest.fixture(scope="module")
def pixels():
    colours = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [-1, -1, -1]] * 2, np.float32)
    pictures = np.ones((8, 3, 16, 16), np.float32)
    for i, colour in enumerate(colours):
        pictures[i, :, 4 : 9 + i // 4, 4:12] = colour[:, None, None]
    return torch.from_numpy(pictures)


@pytest.fixture(scope="module")
def vae(pixels):
    return train_vae(pixels, SETTINGS)


def test_vae_learns_and_scales_its_latents_to_one(vae, pixels):
    untrained = train_vae(pixels, {**SETTINGS, "vae_steps": 1})
    assert psnr(vae, pixels) > psnr(untrained, pixels) + 3
    z0 = vae.encode(pixels).latent_dist.mean * vae.config.scaling_factor
    assert z0.std().item() == pytest.approx(1, abs=0.01)


def test_tokenizer_knows_every_byte_and_pads_to_its_length(tmp_path):
    tokenizer = train_tokenizer(CAPTIONS, 400, 8)
    tokenizer.save_pretrained(tmp_path)
    again = type(tokenizer).from_pretrained(tmp_path)
    for caption in ("red square", "", "ÿ ✓ zebra"):
        ids = again(caption, padding="max_length", truncation=True, max_length=8).input_ids
        assert len(ids) == 8 and ids[0] == again.bos_token_id
        assert (
            ids == tokenizer(caption, padding="max_length", truncation=True, max_length=8).input_ids
        )
    assert again.decode(again("Red Square").input_ids, skip_special_tokens=True) == "red square"


def test_equal_captions_give_an_equal_vocabulary():
    """Whatever the order; ties are what the library's own trainer breaks by chance."""
    captions = [f"{a}{b} {b}{a}" for a in "abcdefgh" for b in "ijklmnop"]
    one, other = train_tokenizer(captions, 400, 8), train_tokenizer(captions[::-1], 400, 8)
    assert one.backend_tokenizer.to_str() == other.backend_tokenizer.to_str()
    assert len(one) <= 400
    assert len(one("ai ia").input_ids) < len("ai ia") + 2


def train(vae, pixels):
    kept = {}
    tokenizer = train_tokenizer(CAPTIONS, 400, 8)

    def keep(epoch, pipeline):
        kept[epoch] = {name: p.clone() for name, p in pipeline.unet.named_parameters()}
        kept["pipeline"] = pipeline

    torch.manual_seed(0)
    pipeline = build_pipeline(vae, tokenizer, SETTINGS)
    train_diffusion(pipeline, pixels, CAPTIONS, SETTINGS, keep)
    return kept


def test_training_is_repeatable_and_keeps_the_epochs_asked_for(vae, pixels, tmp_path):
    one, other = train(vae, pixels), train(vae, pixels)
    assert set(one) == {2, 3, "pipeline"}
    assert all(torch.equal(one[3][name], other[3][name]) for name in one[3])
    assert not all(torch.equal(one[2][name], one[3][name]) for name in one[3])
    one["pipeline"].save_pretrained(tmp_path)
    assert not list(tmp_path.rglob("*.bin"))
    loaded = StableDiffusionPipeline.from_pretrained(tmp_path)
    pictures = generate(loaded, ["red square", "blue square"], seed=0)
    assert pictures.shape == (2, 16, 16, 3) and np.isfinite(pictures).all()
    assert picture_rows(pixels[:2], [pictures]).size == (2 * 18 * 2, 2 * 18 * 2)


def test_a_training_is_kept_by_its_content(tmp_path):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "weights").write_text(json.dumps(len(made)))

    first = kept_training(tmp_path, {"a": 1}, make)
    assert kept_training(tmp_path, {"a": 1}, make) == first and len(made) == 1
    assert kept_training(tmp_path, {"a": 2}, make) != first and len(made) == 2

    def fail(folder):
        (folder / "half").write_text("")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        kept_training(tmp_path, {"a": 3}, fail)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from mia.models.training.ledger import kept_training

def make(folder):
    (folder / "half").write_text("")
    print("half", flush=True)
    sys.stdin.read()
    (folder / "whole").write_text("")

kept_training(Path(sys.argv[1]), 0, make)
"""


@pytest.fixture
def half_done(tmp_path):
    """A process in the middle of a training; it ends it when its standard input is closed."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "workflow")}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout.readline() == "half\n"
        yield process
        process.kill()


def test_a_killed_training_is_never_taken_for_a_whole_one(half_done, tmp_path):
    half_done.kill()
    half_done.wait()
    kept = kept_training(tmp_path, 0, lambda folder: (folder / "other").write_text(""))
    assert sorted(path.name for path in kept.iterdir()) == ["other", "sha256.json"]
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [kept]


def test_a_training_that_outlived_its_snakemake_is_waited_for(half_done, tmp_path):
    threading.Timer(0.5, half_done.stdin.close).start()
    kept = kept_training(tmp_path, 0, lambda folder: pytest.fail("trained twice"))
    assert sorted(path.name for path in kept.iterdir()) == ["half", "sha256.json", "whole"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / name).write_text(name)
    replace_tree(tmp_path / "one", tmp_path / "copy")
    replace_tree(tmp_path / "other", tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy/inner").iterdir()] == ["other"]
    (tmp_path / "one/inner/one").unlink()
    (tmp_path / "one/inner/one").symlink_to("nowhere")
    with pytest.raises(shutil.Error):
        replace_tree(tmp_path / "one", tmp_path / "copy")
    assert (tmp_path / "copy/inner/other").read_text() == "other"


# From a base model


TUNING = {
    "seed": 0, "epochs": 100, "keep": [1, 100], "batch_size": 8, "learning_rate": 4e-3,
    "caption_dropout": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def mosaics():
    """Sixteen images of sixteen random colours: eight to learn, eight like them."""
    colours = torch.rand(16, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return torch.nn.functional.interpolate(colours, 16, mode="nearest").split(8)


@pytest.fixture(scope="module")
def base(mosaics, tmp_path_factory):
    """A base model whose VAE knows all the images and whose U-Net knows nothing."""
    folder = tmp_path_factory.mktemp("base")
    vae = train_vae(torch.cat(mosaics), {**SETTINGS, "vae_steps": 100})
    torch.manual_seed(0)
    build_pipeline(vae, train_tokenizer(CAPTIONS, 400, 8), SETTINGS).save_pretrained(folder)
    return describe(folder)


def tune(base, pixels, **settings):
    """The pipeline after the last epoch, and the U-Net's weights at every kept one."""
    kept, pipeline = {}, base_pipeline(base)

    def keep(epoch, tuned):
        kept[epoch] = {name: p.clone() for name, p in tuned.unet.named_parameters()}

    train_diffusion(pipeline, pixels, CAPTIONS, {**TUNING, **settings}, keep)
    return pipeline, kept


def losses(pipeline, pixels):
    """Mean squared error of the noise at t = 300, over images with one noise for all."""
    with torch.inference_mode():
        z0 = pipeline.vae.encode(pixels).latent_dist.mean * pipeline.vae.config.scaling_factor
        noise = torch.randn(z0[:1].shape, generator=torch.Generator().manual_seed(5))
        level = pipeline.scheduler.alphas_cumprod[300]
        noised = level.sqrt() * z0 + (1 - level).sqrt() * noise
        tokens = pipeline.tokenizer(
            CAPTIONS, padding="max_length", truncation=True, max_length=8, return_tensors="pt"
        )
        states = pipeline.text_encoder(tokens.input_ids).last_hidden_state
        estimate = pipeline.unet(noised, torch.tensor(300), encoder_hidden_states=states).sample
    return (estimate - noise).square().mean()


def test_a_fine_tuned_model_fits_its_members_better_than_others(base, mosaics):
    members, others = mosaics
    before = losses(base_pipeline(base), members)
    after, _ = tune(base, members)
    assert losses(after, members) < before / 4
    assert losses(after, members) < losses(after, others) / 1.5


def test_vae_stays_the_bases_and_so_does_the_text_encoder_if_told(base, mosaics):
    before = base_pipeline(base)
    short = {"epochs": 2, "keep": [1, 2]}
    after, kept = tune(base, mosaics[0], text_encoder=False, **short)
    assert set(kept) == {1, 2}
    assert not all(torch.equal(kept[1][name], kept[2][name]) for name in kept[1])
    assert same(before.vae, after.vae) and same(before.text_encoder, after.text_encoder)
    after, _ = tune(base, mosaics[0], **short)
    assert same(before.vae, after.vae) and not same(before.text_encoder, after.text_encoder)


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_what_is_learnt_is_what_the_model_predicts(kind):
    """A perfect answer, read by the denoiser's own rule, is the noise."""
    generator = torch.Generator().manual_seed(0)
    z0, noise = (torch.randn(3, 4, 8, 8, generator=generator) for _ in range(2))
    alpha_bar = torch.tensor([0.9, 0.5, 0.1])
    level = alpha_bar.view(-1, 1, 1, 1)
    z = level.sqrt() * z0 + (1 - level).sqrt() * noise
    answer = to_epsilon(wanted(kind, z0, noise, level), z, alpha_bar, kind)
    torch.testing.assert_close(answer, noise, rtol=1e-4, atol=1e-4)
