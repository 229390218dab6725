"""Every grey-box attack against a loop straight from its formula: batch of one, plain diffusers."""

import math

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from measured import evidence, measured
from mia.attack_rows import build_attack, known_attacks
from mia.denoisers.stable_diffusion import StableDiffusion
from mia.model_folder import describe
from mia.noise import draw_noise

CAPTIONS = ["a red cat", "a blue dog", "", "two birds and a very long caption that is cut off"]


class Naive:
    """One picture, one timestep, one condition at a time."""

    def __init__(self, folder, z0):
        self.z0 = torch.from_numpy(z0)
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet")
        self.text = CLIPTextModel.from_pretrained(folder / "text_encoder")
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        self.alpha_bar = scheduler.alphas_cumprod.double()

    def epsilon(self, z, timestep, caption):
        tokens = self.tokenizer(
            caption, padding="max_length", truncation=True, max_length=8, return_tensors="pt"
        )
        with torch.no_grad():
            states = self.text(tokens.input_ids)[0]
            return self.unet(z[None].float(), timestep, states).sample[0].double()

    def noised(self, i, timestep, noise):
        level = self.alpha_bar[timestep]
        return level.sqrt() * self.z0[i].double() + (1 - level).sqrt() * noise

    def loss(self, i, timestep, draw, caption):
        noise = torch.from_numpy(draw_noise(0, f"image{i}", draw, self.z0[i].shape)).double()
        estimate = self.epsilon(self.noised(i, timestep, noise), timestep, caption)
        return ((noise - estimate) ** 2).mean().item()

    def proximal(self, i, timestep, caption, scale):
        first = self.epsilon(self.z0[i], 0, caption)
        if scale:
            first = first * scale / first.abs().mean()
        gap = first - self.epsilon(self.noised(i, timestep, first), timestep, caption)
        return -((gap**4).mean() ** 0.25).item()


def losses(naive, i, caption):
    return np.mean([naive.loss(i, 100, draw, caption) for draw in (0, 1)])


FORMULAS = {
    "loss": lambda naive, i, c: -losses(naive, i, c),
    "loss_ratio": lambda naive, i, c: 0.0,  # the reference is the model itself
    "clid_null": lambda naive, i, c: np.mean(
        [naive.loss(i, t, 0, "") - naive.loss(i, t, 0, c) for t in (440, 450, 460)]
    ),
    "pia": lambda naive, i, c: naive.proximal(i, 200, c, None),
    "pian": lambda naive, i, c: naive.proximal(i, 200, c, math.sqrt(2 / math.pi)),
    "sima": lambda naive, i, c: -((naive.epsilon(naive.z0[i], 100, c) ** 4).mean() ** 0.25).item(),
}
GREY = sorted(name for name in known_attacks() if build_attack(name, {}).access == "grey-box")


@pytest.fixture(scope="module")
def parts(tiny_sd):
    model = describe(tiny_sd)
    z0 = np.random.default_rng(0).standard_normal((4, *model["latent_shape"])).astype(np.float32)
    return StableDiffusion(model, "cpu"), Naive(tiny_sd, z0), z0


def test_every_grey_box_attack_has_a_formula_here():
    assert sorted(FORMULAS) == GREY


@pytest.mark.parametrize("name", GREY)
def test_attack_equals_its_formula(parts, name):
    denoiser, naive, z0 = parts
    attack = build_attack(name, {})
    signals = measured(denoiser, z0, CAPTIONS, attack.queries, size=5)
    score = attack.score(evidence(signals, signals)).to_numpy()
    expected = [FORMULAS[name](naive, i, caption) for i, caption in enumerate(CAPTIONS)]
    np.testing.assert_allclose(score, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_every_prediction_type_gives_the_same_noise_estimate(kind):
    """A model that outputs v or x0 for a known ε is read as that ε."""
    from mia.denoisers.base import to_epsilon

    alpha_bar = torch.tensor([0.9, 0.2], dtype=torch.float64)
    x0, eps = torch.randn(2, 2, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    a, b = (
        alpha_bar.sqrt().view(2, 1, 1, 1).float(),
        (1 - alpha_bar).sqrt().view(2, 1, 1, 1).float(),
    )
    outputs = {"epsilon": eps, "v_prediction": a * eps - b * x0, "sample": x0}
    result = to_epsilon(outputs[kind], a * x0 + b * eps, alpha_bar, kind)
    torch.testing.assert_close(result, eps, rtol=1e-4, atol=1e-5)
