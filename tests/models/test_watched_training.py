"""What a training tells: the true epoch and loss, and nothing of it changes a weight."""

import re

import pytest
import torch

from mia.models.training.diffusion import train_diffusion
from mia.models.training.samples import generate
from mia.models.training.tokenizer import train_tokenizer
from mia.models.training.untrained import build_pipeline
from mia.models.training.vae import train_vae
from mia.models.watched_training import epochs_told, steps_told

SETTINGS = {
    "seed": 0, "resolution": 16, "epochs": 3, "keep": [2, 3], "batch_size": 3,
    "learning_rate": 2e-3, "caption_dropout": 0.1, "channels": [32, 32], "text_width": 32,
    "text_layers": 1, "text_length": 8, "vocabulary": 400, "vae_steps": 5, "vae_batch_size": 8,
    "vae_learning_rate": 3e-3, "vae_channels": [8, 16], "latent_channels": 4,
    "objective": "epsilon", "space": "latent", "text": True,
}  # fmt: skip
CAPTIONS = ["red square", "blue square", "green square", "black square"] * 2
EPOCH = re.compile(r"progress: epoch (\d) of 3, \d+ s left, loss ([\d.e-]+)\n")


@pytest.fixture(scope="module")
def pixels():
    return torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def vae(pixels):
    return train_vae(pixels, SETTINGS)


def trained(vae, pixels, every=None):
    """Return the weights after a training that is watched, or not."""
    torch.manual_seed(0)
    pipeline = build_pipeline(vae, train_tokenizer(CAPTIONS, 400, 8), SETTINGS)

    def keep(epoch, kept):
        generate(kept, CAPTIONS[:2], seed=0)  # asks the U-Net, and is no step

    if every is None:
        train_diffusion(pipeline, pixels, CAPTIONS, SETTINGS, keep)
    else:
        with epochs_told(pipeline.unet, len(pixels), SETTINGS, every):
            train_diffusion(pipeline, pixels, CAPTIONS, SETTINGS, keep)
    assert not pipeline.unet._forward_hooks
    return pipeline.unet.state_dict()


def test_epoch_and_loss_are_those_of_the_training(vae, pixels, capsys, monkeypatch):
    losses, backward = [], torch.Tensor.backward

    def noting(loss, *arguments, **named):
        losses.append(loss.item())
        backward(loss, *arguments, **named)

    monkeypatch.setattr(torch.Tensor, "backward", noting)
    trained(vae, pixels, every=0)
    told = EPOCH.findall(capsys.readouterr().err)
    assert [int(epoch) for epoch, _ in told] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [float(loss) for _, loss in told] == pytest.approx(losses, rel=0.01)


def test_a_watched_training_gives_the_same_weights(vae, pixels, capsys):
    watched, alone = trained(vae, pixels, every=0), trained(vae, pixels)
    assert all(torch.equal(watched[name], alone[name]) for name in alone)
    assert len(EPOCH.findall(capsys.readouterr().err)) == 9


def test_an_autoencoder_tells_its_steps(vae, pixels, capsys):
    with steps_told(SETTINGS["vae_steps"], every=0):
        watched = train_vae(pixels, SETTINGS).state_dict()
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in told] == [
        f"progress: step {step} of 5" for step in (1, 2, 3, 4, 5)
    ]
    assert all(torch.equal(watched[name], weight) for name, weight in vae.state_dict().items())
    train_vae(pixels, SETTINGS)
    assert capsys.readouterr().err == ""
