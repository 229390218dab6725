"""Every model family against the pipeline of diffusers that runs it, on a tiny untrained model."""

import inspect
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import diffusers
import numpy as np
import pytest
import torch

import naive
from measured import evidence, measured
from mia.commands.docs import TINY
from mia.commands.documentation.family_matrix import variants as named_variants
from mia.config.attacks import build_attack
from mia.models.autoencoder import Autoencoder
from mia.models.conditioning import Conditioning
from mia.models.families import families, module_of
from mia.models.folder import describe
from mia.models.noise_schedule import GRID
from mia.signals.shared.ddim import move
from tiny_families import PROMPT, tiny, variants, with_tiny_model

CAPTIONS = ["a red cat", "a blue dog", " "]  # a caption that says nothing; "" stands for null
AT = 400  # a timestep whose ᾱ is set to what the pipeline asks at
STEPS = 4

FAMILIES = with_tiny_model()
MODELS = [(family, variant) for family in FAMILIES for variant in variants(family)]


def test_every_family_has_a_tiny_model():
    """A new family needs `tests/support/tiny_families/{family}.py` (see its __init__)."""
    assert families() == FAMILIES


def test_a_family_is_named_after_its_pipeline():
    for name in families():
        first = module_of(name).family.pipelines[0].removesuffix("Pipeline")
        assert name.replace("_", "") == first.lower()
        assert all(hasattr(diffusers, kind) for kind in module_of(name).family.pipelines)


def test_the_page_on_models_names_what_is_tested_here():
    for name in FAMILIES:
        assert named_variants(Path(TINY, f"{name}.py")) == list(variants(name))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Family and variant to the folder of that tiny model, saved once."""

    @cache
    def saved(family, variant):
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp("families") / family
        variants(family)[variant](folder)
        return folder

    return saved


def described(folder, family):
    """What is described of a tiny model, with its family's options."""
    return describe(folder, options=getattr(tiny(family), "OPTIONS", {}))


def pipeline_of(folder, family):
    kind = getattr(diffusers, module_of(family).family.pipelines[0])
    pipeline = kind.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def recorded(module, call):
    """The arguments and the output of each call of a module during `call`."""
    found = []

    def keep(module, positional, named, output):
        given = inspect.signature(type(module).forward).bind(module, *positional, **named)
        answer = output[0] if isinstance(output, tuple) else output.sample
        found.append((dict(given.arguments), answer))

    hook = module.register_forward_hook(keep, with_kwargs=True)
    try:
        with torch.no_grad():
            call()
    finally:
        hook.remove()
    return found


def tensors(arguments):
    """Every tensor of a call by name, those in dictionaries too."""
    found = {}
    for name, value in arguments.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": inner for key, inner in tensors(value).items()}
        elif isinstance(value, torch.Tensor):
            found[name] = value
    return found


def asked_of(pipeline, family):
    """What the pipeline hands its denoiser at its second step, and what the scheduler then does."""
    steps = []
    step = pipeline.scheduler.step

    def keep(output, timestep, sample, *others, **named):
        found = step(output, timestep, sample, *others, **named)
        steps.append((output, timestep, sample, found[0]))
        return found

    pipeline.scheduler.step = keep
    call = {"num_inference_steps": STEPS, "output_type": "pt", **tiny(family).CALL}
    generator = torch.Generator().manual_seed(getattr(tiny(family), "SEED", 0))
    module = getattr(pipeline, module_of(family).family.denoiser)
    calls = recorded(module, lambda: pipeline(**call, generator=generator))
    return calls[1], steps[1]


def level(pipeline, sample_time, model):
    """ᾱ of the noise that the pipeline's latent has at a time, and what its latent is divided by.

    The latent divided so is √ᾱ x0 + √(1−ᾱ) ε.
    """
    kind = model["prediction_type"]
    if kind == "flow":
        sigma = float(sample_time)
        length = ((1 - sigma) ** 2 + sigma**2) ** 0.5
        return ((1 - sigma) / length) ** 2, length
    if kind.startswith("edm"):
        sigma = float(sample_time)
        return 1 / (1 + sigma**2), (1 + sigma**2) ** 0.5
    if type(pipeline.scheduler).__name__.startswith("Euler"):  # its latent is x0 + σ ε
        return None, (1 + float(pipeline.scheduler.sigmas[1]) ** 2) ** 0.5
    return None, 1.0


def sigma_of(pipeline, model):
    """The scheduler's σ at the second step, where it has one."""
    if model["prediction_type"] == "flow" or model["prediction_type"].startswith("edm"):
        return float(pipeline.scheduler.sigmas[1])
    return None


@pytest.mark.parametrize(("family", "variant"), MODELS)
def test_the_model_is_asked_as_its_own_pipeline_asks_it(folders, family, variant):
    """Conditioning, null, time and latent: the same tensors, named and shaped alike."""
    folder = folders(family, variant)
    model, pipeline = described(folder, family), pipeline_of(folder, family)
    (theirs, answer), (_, timestep, sample, _) = asked_of(pipeline, family)
    sigma = sigma_of(pipeline, model)
    alpha_bar, length = level(pipeline, sigma, model)
    at = AT if sigma is not None else int(timestep)
    if sigma is not None:
        model["alpha_bar"][AT] = alpha_bar
    denoiser = module_of(family).load(model, "cpu")
    rows = len(answer)
    parts = [denoiser.embed([PROMPT])] if module_of(family).family.condition == "text" else []
    if module_of(family).family.condition == "class":
        parts = [denoiser.embed([tiny(family).CALLED])]
    null_last = getattr(tiny(family), "NULL_LAST", False)
    both = [*parts, denoiser.null] if null_last else [denoiser.null, *parts]
    told = Conditioning.joined(both if rows == 2 else parts or [denoiser.null])
    told = denoiser.of_images(told, [(model["resolution"],) * 2] * rows)
    z = unpacked(family, sample, denoiser.latent_shape) / length
    z = z.expand(rows, -1, -1, -1).float()
    calls = recorded(
        denoiser.part(module_of(family).family.denoiser),
        lambda: denoiser.epsilon(z, torch.full((rows,), at), told),
    )
    ours, mine = calls[0]
    ours, theirs = tensors(ours), tensors(theirs)
    assert theirs.keys() <= ours.keys(), "a tensor that the pipeline hands over is not handed over"
    for name, expected in theirs.items():
        found = ours[name].to(expected.dtype)
        if expected.ndim == 0 or (expected.ndim == 1 and len(expected) == 1):
            found, expected = found.flatten()[:1], expected.flatten()
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, msg=f"{name} differs")
    torch.testing.assert_close(mine, answer, rtol=1e-3, atol=1e-4)


def unpacked(family, sample, shape):
    """The pipeline's latent in the shape of ours; a tiny family says how if it packs them."""
    unpack = getattr(tiny(family), "unpack", None)
    return unpack(sample, shape) if unpack else sample


@pytest.mark.parametrize(("family", "variant"), MODELS)
def test_the_answer_is_read_as_the_scheduler_reads_it(folders, family, variant):
    """A step of the pipeline's scheduler equals our deterministic step from our estimate."""
    folder = folders(family, variant)
    model, pipeline = described(folder, family), pipeline_of(folder, family)
    kind, raw = model["prediction_type"], torch.randn(1, *model["latent_shape"])
    z = torch.randn(1, *model["latent_shape"])
    continuous = kind == "flow" or kind.startswith("edm")
    scheduler = pipeline.scheduler
    if not continuous:
        scheduler = diffusers.DDIMScheduler.from_config(
            scheduler.config, clip_sample=False, thresholding=False, set_alpha_to_one=False
        )
    dynamic = scheduler.config.get("use_dynamic_shifting")
    scheduler.set_timesteps(STEPS, **({"mu": 1.0} if dynamic else {}))
    if continuous:
        now, then = (level(None, scheduler.sigmas[i], model)[0] for i in (1, 2))
        length = level(None, scheduler.sigmas[1], model)[1]
        model["alpha_bar"][AT], model["alpha_bar"][AT - 1] = float(now), float(then)
        at, to = AT, AT - 1
    else:
        at, length = int(scheduler.timesteps[1]), 1.0
        to = at - scheduler.config.num_train_timesteps // STEPS
    denoiser = module_of(family).load(model, "cpu")
    estimate = denoiser.objective.epsilon(raw, z, torch.tensor([at]))
    moved = move(z, estimate, denoiser.alpha_bar[at], denoiser.alpha_bar[max(to, 0)])
    if kind == "flow":
        expected = scheduler.step(raw, scheduler.timesteps[1], z * length).prev_sample
        moved = moved * level(None, scheduler.sigmas[2], model)[1]
    elif continuous:
        clean = scheduler.precondition_outputs(z * length, raw, scheduler.sigmas[1])
        rate = (z * length - clean) / scheduler.sigmas[1]
        expected = z * length + (scheduler.sigmas[2] - scheduler.sigmas[1]) * rate
        moved = moved * level(None, scheduler.sigmas[2], model)[1]
    else:
        expected = scheduler.step(raw, at, z).prev_sample
    torch.testing.assert_close(moved.float(), expected.float(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("family", "variant"), MODELS)
def test_latents_become_images_as_the_pipeline_makes_them(folders, family, variant):
    """What the pipeline answers is its last latent, decoded with the model's scale and shift."""
    folder = folders(family, variant)
    model, pipeline = described(folder, family), pipeline_of(folder, family)
    latents = []
    step = pipeline.scheduler.step

    def keep(*given, **named):
        found = step(*given, **named)
        latents.append(found[0])
        return found

    pipeline.scheduler.step = keep
    call = {"num_inference_steps": STEPS, **tiny(family).CALL, "output_type": "np"}
    with torch.no_grad():
        images = pipeline(**call, generator=torch.Generator().manual_seed(0))[0]
        z0 = unpacked(family, latents[-1], tuple(model["latent_shape"])).float()
        pixels = Autoencoder(model["vae"], "cpu").decode(z0)
    expected = torch.as_tensor(np.array(images)).permute(0, 3, 1, 2)
    pixels = pixels[: len(expected)]  # DiT's scheduler steps the null's latents too
    torch.testing.assert_close((pixels / 2 + 0.5).clamp(0, 1), expected, rtol=1e-4, atol=1e-4)


class Own(str):
    """A caption of an image's own. Loops give a plain "" where they tell the model nothing."""


class Loop(naive.Naive):
    """The loops of attacks with a family's own estimate, straight from its pipeline's parts."""

    def __init__(self, family, folder, z0, captions, none):
        self.pipeline, self.tiny = pipeline_of(folder, family), tiny(family)
        self.z0, self.none = torch.from_numpy(z0).double(), none
        self.captions = [Own(one) if isinstance(one, str) else one for one in captions]
        betas = getattr(self.pipeline.scheduler, "betas", None)
        kind = described(folder, family)["prediction_type"]
        grid = betas is None or kind == "flow" or kind.startswith("edm")
        betas = torch.from_numpy(GRID) if grid else betas.double()
        self.alpha_bar = (1 - betas).cumprod(0)

    def epsilon(self, z, t, caption, shift=None):
        if isinstance(caption, str):
            caption = str(caption) if isinstance(caption, Own) else None
        caption = None if self.none else caption
        with torch.no_grad():
            return self.tiny.epsilon(self.pipeline, z.float(), t, caption).double()


ATTACKS = ("loss", "pia", "secmi", "sima", "clid_null")


def looked_at(folder, family):
    """A tiny model's denoiser, three latents, their captions, and the loops on them."""
    model = described(folder, family)
    condition = module_of(family).family.condition
    captions = CAPTIONS if condition != "class" else tiny(family).LABELS
    pixels = np.random.default_rng(0).uniform(-1, 1, (3, 3, *[model["resolution"]] * 2))
    with torch.no_grad():
        z0 = Autoencoder(model["vae"], "cpu").encode(torch.from_numpy(pixels).float()).numpy()
    loop = Loop(family, folder, z0, captions, condition == "none")
    denoiser = module_of(family).load(model, "cpu")
    return SimpleNamespace(
        denoiser=denoiser,
        z0=z0,
        captions=captions,
        loop=loop,
        alpha_bar=np.array(model["alpha_bar"]),
    )


@pytest.mark.parametrize(("family", "variant"), MODELS)
def test_attacks_equal_their_loops(folders, family, variant):
    seen = looked_at(folders(family, variant), family)
    none = module_of(family).family.condition == "none"
    for name in ATTACKS[:-1] if none else ATTACKS:
        attack = build_attack("row", {"attack": name} | ({"condition": "null"} if none else {}))
        expected = [getattr(naive, name)(seen.loop, i) for i in range(3)]
        for size in (1, 5):
            with torch.no_grad():
                signals = measured(seen.denoiser, seen.z0, seen.captions, attack.queries, size=size)
            score = attack.score(evidence(signals, signals, alpha_bar=seen.alpha_bar)).to_numpy()
            np.testing.assert_allclose(score, expected, rtol=2e-4, atol=1e-6, err_msg=name)
