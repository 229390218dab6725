"""Every attack as a loop straight from its formula: one image, one timestep, plain diffusers."""

from __future__ import annotations

import math
from itertools import combinations
from tempfile import TemporaryFile

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

from mia.noise import draw_noise

MEAN_ABS = math.sqrt(2 / math.pi)


class Naive:
    """A model folder, images and captions, looked at one by one in float64 where possible."""

    def __init__(self, folder, pixels, z0, captions):
        self.pixels, self.z0, self.captions = pixels, torch.from_numpy(z0).double(), captions
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet")
        self.text = CLIPTextModel.from_pretrained(folder / "text_encoder")
        self.vae = AutoencoderKL.from_pretrained(folder / "vae")
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        self.alpha_bar = (1 - betas).cumprod(0)
        torch.testing.assert_close(
            self.alpha_bar.float(), scheduler.alphas_cumprod, rtol=1e-4, atol=0
        )

    def states(self, caption):
        tokens = self.tokenizer(
            caption, padding="max_length", truncation=True, max_length=8, return_tensors="pt"
        )
        with torch.no_grad():
            return self.text(tokens.input_ids)[0]

    def epsilon(self, z, t, caption, shift=None):
        states = self.states(caption) if shift is None else self.states(caption) + shift
        with torch.no_grad():
            return self.unet(z[None].float(), t, states).sample[0].double()

    def guided(self, z, t, caption, guidance, shift=None):
        estimate = self.epsilon(z, t, caption, shift)
        if not guidance:
            return estimate, estimate
        null = self.epsilon(z, t, "")
        return estimate, null + guidance * (estimate - null)

    def noise(self, i, draw):
        return torch.from_numpy(draw_noise(0, f"image{i}", draw, self.z0[i].shape)).double()

    def noised(self, z0, t, noise):
        return self.alpha_bar[t].sqrt() * z0 + (1 - self.alpha_bar[t]).sqrt() * noise

    def ddim(self, z, epsilon, now, then):
        now, then = self.alpha_bar[now], self.alpha_bar[max(then, 0)]
        clean = (z - (1 - now).sqrt() * epsilon) / now.sqrt()
        return then.sqrt() * clean + (1 - then).sqrt() * epsilon

    def climb(self, i, last, step):
        z = self.z0[i]
        for t in range(0, last, step):
            z = self.ddim(z, self.epsilon(z, t, self.captions[i]), t, t + step)
        return z

    def decode(self, z):
        with torch.no_grad():
            scaled = z[None].float() / self.vae.config.scaling_factor
            return self.vae.decode(scaled).sample[0].double().clamp(-1, 1).numpy()

    def residual(self, i, t, draw, caption, z0=None):
        noise = self.noise(i, draw)
        z = self.noised(self.z0[i] if z0 is None else z0, t, noise)
        return noise - self.epsilon(z, t, caption)

    def loss(self, i, t, draw, caption, z0=None):
        return (self.residual(i, t, draw, caption, z0) ** 2).mean().item()

    def levels(self, i, z):
        """Mean absolute difference of 8-bit pixels."""
        original, decoded = (255 * (p + 1) / 2 for p in (self.pixels[i], self.decode(z)))
        return np.abs(original - np.round(decoded)).mean()


def loss(naive, i):
    return -np.mean([naive.loss(i, 100, draw, naive.captions[i]) for draw in (0, 1)])


def loss_per_byte(naive, i):
    """The bytes of a PNG written to a file, pixel by pixel."""
    side = naive.pixels.shape[-1]
    image = Image.new("RGB", (side, side))
    for y in range(side):
        for x in range(side):
            levels = (round((float(p) + 1) * 127.5) for p in naive.pixels[i][:, y, x])
            image.putpixel((x, y), tuple(levels))
    with TemporaryFile() as file:
        image.save(file, "PNG", compress_level=9)
        return loss(naive, i) / file.tell()


def error(naive, i, t, caption, space):
    """‖ε̂ − ε‖², ‖x̂0 − x0‖² or ‖v̂ − v‖² with v = ε − x0, each by its own estimate."""
    noise, z0, alpha_bar = naive.noise(i, 0), naive.z0[i], naive.alpha_bar[t]
    z = naive.noised(z0, t, noise)
    epsilon = naive.epsilon(z, t, caption)
    clean = (z - (1 - alpha_bar).sqrt() * epsilon) / alpha_bar.sqrt()
    gap = {
        "epsilon": epsilon - noise,
        "sample": clean - z0,
        "velocity": (epsilon - clean) - (noise - z0),
    }[space]
    return (gap**2).mean().item()


def loss_in(naive, i, space):
    return -np.mean([error(naive, i, t, naive.captions[i], space) for t in (100, 300, 500)])


def clid_null_in(naive, i, space):
    caption = naive.captions[i]
    gaps = [
        error(naive, i, t, "", space) - error(naive, i, t, caption, space) for t in (100, 300, 500)
    ]
    return np.mean(gaps)


def guidance_norm_in(naive, i, space):
    """Of the image x̂0 under caption and null, or of v̂."""
    sizes = []
    for t in (100, 300, 500):
        z, alpha_bar = naive.noised(naive.z0[i], t, naive.noise(i, 0)), naive.alpha_bar[t]
        found = []
        for caption in (naive.captions[i], ""):
            epsilon = naive.epsilon(z, t, caption)
            clean = (z - (1 - alpha_bar).sqrt() * epsilon) / alpha_bar.sqrt()
            found.append(clean if space == "sample" else epsilon - clean)
        sizes.append(((found[0] - found[1]) ** 2).mean().sqrt().item())
    return np.mean(sizes)


def loss_ratio(naive, i):
    return 0.0  # the reference is the model itself


def clid_null(naive, i):
    caption = naive.captions[i]
    return np.mean(
        [naive.loss(i, t, 0, "") - naive.loss(i, t, 0, caption) for t in (440, 450, 460)]
    )


def pia(naive, i, scale=None):
    first = naive.epsilon(naive.z0[i], 0, naive.captions[i])
    first = first if scale is None else first * scale / first.abs().mean()
    moved = naive.epsilon(naive.noised(naive.z0[i], 200, first), 200, naive.captions[i])
    return -(((first - moved) ** 4).mean() ** 0.25).item()


def pian(naive, i):
    return pia(naive, i, MEAN_ABS)


def sima(naive, i):
    return -((naive.epsilon(naive.z0[i], 100, naive.captions[i]) ** 4).mean() ** 0.25).item()


def sima_noised(naive, i):
    sizes = []
    for draw in (0, 1, 2):
        z = naive.noised(naive.z0[i], 200, naive.noise(i, draw))
        sizes.append((naive.epsilon(z, 200, naive.captions[i]) ** 2).mean().sqrt().item())
    return -np.mean(sizes)


def secmi(naive, i):
    caption = naive.captions[i]
    z = naive.climb(i, 100, 10)
    up = naive.ddim(z, naive.epsilon(z, 100, caption), 100, 110)
    back = naive.ddim(up, naive.epsilon(up, 110, caption), 110, 100)
    return -((back - z) ** 2).mean().item()


def guidance_norm(naive, i):
    z = naive.noised(naive.z0[i], 450, naive.noise(i, 0))
    gap = naive.epsilon(z, 450, naive.captions[i]) - naive.epsilon(z, 450, "")
    return (gap**2).mean().sqrt().item()


def one_guided_step(naive, i, t, draw, guidance, stride):
    z = naive.noised(naive.z0[i], t, naive.noise(i, draw))
    return naive.ddim(z, naive.guided(z, t, naive.captions[i], guidance)[1], t, t - stride)


def latent_error(naive, i):
    steps = [one_guided_step(naive, i, 101, draw, 7.5, 100) for draw in range(5)]
    return -np.mean([((z - naive.z0[i]) ** 2).mean().item() for z in steps])


def pixel_error(naive, i):
    steps = [one_guided_step(naive, i, 101, draw, 7.5, 100) for draw in range(5)]
    return -np.mean([naive.levels(i, z) for z in steps])


def rediffuse(naive, i):
    z = naive.noised(naive.z0[i], 50, naive.noise(i, 0))
    alpha_bar = naive.alpha_bar[50]
    epsilon = naive.epsilon(z, 50, naive.captions[i])
    clean = (z - (1 - alpha_bar).sqrt() * epsilon) / alpha_bar.sqrt()
    return naive_ssim(naive.pixels[i], naive.decode(clean))


def structural(naive, i):
    return naive_ssim(naive.pixels[i], naive.decode(naive.climb(i, 100, 50)))


def noise_aggregation(naive, i):
    z, estimates = naive.noised(naive.z0[i], 80, naive.noise(i, 0)), []
    for t in (80, 64, 48, 32, 16):
        estimates.append(naive.epsilon(z, t, naive.captions[i]))
        z = naive.ddim(z, estimates[-1], t, t - 16)
    gaps = [((a - b) ** 2).mean().item() for a, b in combinations(estimates, 2)]
    return -math.log(np.mean(gaps))


def frequency(naive, i):
    """Sides of 8: the box keeps frequencies −1, 0, 1; the rest counts a fifth."""
    kept = np.abs(np.fft.fftfreq(8) * 8) <= 1
    weight = np.where(np.outer(kept, kept), 1, 0.2)
    losses = []
    for draw in (0, 1):
        spectrum = np.fft.fft2(naive.residual(i, 100, draw, naive.captions[i]).numpy())
        losses.append((np.fft.ifft2(spectrum * weight).real ** 2).mean())
    return -np.mean(losses)


def to_input(naive, i, t):
    """The noised latent, the noise and the gradient of the mean squared error to the former."""
    noise = naive.noise(i, 0)
    z = naive.noised(naive.z0[i], t, noise).float().requires_grad_()
    estimate = naive.unet(z[None], t, naive.states(naive.captions[i])).sample[0]
    (gradient,) = torch.autograd.grad((estimate - noise.float()).square().mean(), z)
    return z.detach(), noise, gradient


def gradient_norm(naive, i):
    naive.unet.requires_grad_(True)
    logs = []
    for t in range(99, 1000, 100):
        z, noise = naive.noised(naive.z0[i], t, naive.noise(i, 0)), naive.noise(i, 0)
        estimate = naive.unet(z[None].float(), t, naive.states(naive.captions[i])).sample[0]
        loss = (estimate - noise.float()).square().mean()
        found = torch.autograd.grad(loss, list(naive.unet.parameters()))
        logs.append(math.log(math.sqrt(sum(each.double().square().sum() for each in found))))
    naive.unet.requires_grad_(False)
    return -np.mean(logs)


def input_norm(naive, i):
    found = [to_input(naive, i, t)[2].double().norm().item() for t in range(99, 1000, 100)]
    return -np.mean(np.log(found))


def gradient_masking(naive, i, variant="paper"):
    errors = []
    for t in range(0, 1000, 100):
        z, noise, gradient = to_input(naive, i, t)
        masked = np.argsort(-gradient.abs().flatten().numpy())[: int(0.2 * z.numel())]
        hybrid = (z if variant == "paper" else naive.z0[i]).clone().flatten().double()
        hybrid[masked] = noise.flatten()[masked]
        estimate = naive.epsilon(hybrid.view_as(z), t, naive.captions[i])
        target = noise if variant == "paper" else noise - naive.z0[i]
        errors.append(((target - estimate).flatten()[masked] ** 2).mean().item())
    return -np.mean(np.sqrt(errors))


def pfami(naive, i):
    """Crops by torchvision's rule for tensors: antialiased bicubic, no aligned corners."""
    changes = []
    for share in np.linspace(0.95, 0.70, 10):
        kept = round(round(float(share), 4) * 16)
        start = (16 - kept) // 2
        crop = torch.from_numpy(naive.pixels[i])[:, start : start + kept, start : start + kept]
        crop = torch.nn.functional.interpolate(
            crop[None], (16, 16), mode="bicubic", antialias=True, align_corners=False
        ).clamp(-1, 1)
        with torch.no_grad():
            latent = naive.vae.encode(crop).latent_dist.mean[0].double()
        z0 = latent * naive.vae.config.scaling_factor
        for t in range(0, 500, 50):
            own = naive.loss(i, t, 0, naive.captions[i])
            changes.append((naive.loss(i, t, 0, naive.captions[i], z0) - own) / own)
    return np.mean(changes)


def dubinski(naive, i, setting, which, timestep, draws):
    """Chains are walked from the start each time; re-noised settings take one step."""
    partial, full, rising = (291, 31, -10), (801, -99, -100), (1, 901, 100)
    visits, start, guidance, shift, kind = {
        1: (partial, 300, 7.5, 0, "moved"),
        2: (partial, None, 7.5, 0, "anew"),
        5: (partial, 300, 7.5, 0.5, "moved"),
        13: (full, 300, 0, 0, "moved"),
        14: (full, 100, 100, 0, "fixed"),
        15: (rising, 100, 7.5, 0, "moved"),
        16: (rising, None, 100, 0, "anew"),
    }[setting]
    found = []
    for draw in range(draws):
        noise = naive.noise(i, draw)
        states = naive.states(naive.captions[i])[0]
        text = torch.from_numpy(draw_noise(0, f"image{i}:text", draw, tuple(states.shape)))
        first = z = None if start is None else naive.noised(naive.z0[i], start, noise)
        for t in range(*visits):
            if kind == "anew":
                z = naive.noised(naive.z0[i], t, noise)
            if kind == "fixed":
                z = first
            estimate, epsilon = naive.guided(
                z, t, naive.captions[i], guidance, shift * text if shift else None
            )
            z = naive.ddim(z, epsilon, t, t - abs(visits[2]))
            if t == timestep:
                break
        found.append(
            {
                "model": ((noise - estimate) ** 2).mean().item(),
                "latent": ((z - naive.z0[i]) ** 2).mean().item(),
                "pixel": naive.levels(i, z),
            }[which]
        )
    return -np.mean(found)


def naive_ssim(one, other):
    """Two loops over the places of the window, grey images in [0, 1]."""
    luma = np.array([0.299, 0.587, 0.114])[:, None, None]
    a, b = (((p.astype(np.float64) + 1) / 2 * luma).sum(0) for p in (one, other))
    line = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    values = []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * p**2).sum() - mp**2, (window * q**2).sum() - mq**2
            cov = (window * p * q).sum() - mp * mq
            top = (2 * mp * mq + 1e-4) * (2 * cov + 9e-4)
            values.append(top / ((mp**2 + mq**2 + 1e-4) * (vp + vq + 9e-4)))
    return np.mean(values)
