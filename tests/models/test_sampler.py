"""Images that are made by `generation` are those of the model's own pipeline in diffusers."""

import sys
from functools import cache

import diffusers
import numpy as np
import pytest
import torch

from mia.measuring.batch import Batch
from mia.models.autoencoder import Autoencoder
from mia.models.families import module_of
from mia.models.folder import describe
from mia.models.sampler import Sampler
from mia.noise import chain_seed, draw_noise
from mia.query import Query
from mia.signals import generation
from tiny_families import PROMPT, tiny, variants, with_tiny_model
from tiny_model import save_tiny_sd

STEPS = 4
MODELS = [(family, variant) for family in with_tiny_model() for variant in variants(family)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Family and variant to the folder of that tiny model, saved once."""

    @cache
    def saved(family, variant):
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp("sampled") / family
        variants(family)[variant](folder)
        return folder

    return saved


def pipeline_of(folder, family):
    """The pipeline that model_index.json names, quiet."""
    named = diffusers.DiffusionPipeline.load_config(folder)["_class_name"]
    pipeline = getattr(diffusers, named).from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def chain_of(pipeline, call):
    """The latent that the pipeline's scheduler steps first, and the one that it returns last."""
    seen = []
    step = pipeline.scheduler.step

    def keep(output, timestep, sample, *others, **named):
        found = step(output, timestep, sample, *others, **named)
        seen.append((sample.clone(), found[0].clone()))
        return found

    pipeline.scheduler.step = keep
    with torch.no_grad():
        pipeline(**call)
    return seen[0][0], seen[-1][1]


@cache
def loaded(folder, family):
    """What a tiny model's folder says, its denoiser and its autoencoder."""
    model = describe(folder, options=getattr(tiny(family), "OPTIONS", {}))
    return model, module_of(family).load(model, "cpu"), Autoencoder(model["vae"], "cpu")


def batch_of(folder, family, captions, size=7, seed=0):
    """A batch of images of zeros with captions."""
    model, denoiser, vae = loaded(folder, family)
    z0 = torch.zeros(len(captions), *model["latent_shape"])
    pixels = torch.zeros(len(captions), 3, *[model["resolution"]] * 2)
    ids = [f"image{number}" for number in range(len(captions))]
    return Batch(denoiser, ids, z0, captions, seed, size, lambda _: pixels, vae)


def without_noise(scheduler, monkeypatch):
    """Let a scheduler add no noise of its own: what is left is the same for every generator."""
    module = sys.modules[type(scheduler).__module__]
    if hasattr(module, "randn_tensor"):
        monkeypatch.setattr(module, "randn_tensor", lambda shape, **_: torch.zeros(tuple(shape)))


@pytest.mark.parametrize(("family", "variant"), MODELS)
def test_a_chain_ends_where_the_pipelines_ends(folders, family, variant, monkeypatch):
    folder, condition = folders(family, variant), module_of(family).family.condition
    pipeline = pipeline_of(folder, family)
    call = {"num_inference_steps": STEPS, "output_type": "pt", **tiny(family).CALL}
    call["generator"] = torch.Generator().manual_seed(getattr(tiny(family), "SEED", 0))
    without_noise(pipeline.scheduler, monkeypatch)
    start, end = chain_of(pipeline, call)
    caption = {"text": PROMPT, "class": getattr(tiny(family), "CALLED", ""), "none": ""}[condition]
    batch = batch_of(folder, family, [caption])
    unpack = getattr(tiny(family), "unpack", lambda sample, shape: sample)
    sampler = batch.denoiser.sampler(STEPS)
    scale = float(sampler.first(torch.ones(1)))
    noise = unpack(start[:1], batch.denoiser.latent_shape).float() / scale
    monkeypatch.setattr(Batch, "draws", lambda self, draw: noise)
    embedded = family == "flux"  # the model is told its guidance; the pipeline has another besides
    guidance = call.get("true_cfg_scale", 1.0 if embedded else call.get("guidance_scale", 1.0))
    told = "null" if condition == "none" else "caption"
    further = {"guidance": guidance if condition != "none" else 1.0, "steps": STEPS}
    with torch.inference_mode():
        made = generation.made(batch, further, 0, told)
    expected = unpack(end[:1], batch.denoiser.latent_shape)
    torch.testing.assert_close(made.latent, expected.float(), rtol=2e-3, atol=2e-3)


SCHEDULERS = {
    "DDPMScheduler": {},
    "EulerAncestralDiscreteScheduler": {},
    "EulerDiscreteScheduler": {},
    "DPMSolverMultistepScheduler": {"algorithm_type": "sde-dpmsolver++"},
    "PNDMScheduler": {"skip_prk_steps": True},
    "KDPM2AncestralDiscreteScheduler": {},
    "UniPCMultistepScheduler": {},
    "HeunDiscreteScheduler": {},
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_an_image_is_made_alike_in_every_batch(name, tmp_path):
    """Alone, among others, and in parts of two; noise on the way is each image's own."""
    folder = save_tiny_sd(tmp_path / "sd")
    base = diffusers.DDIMScheduler.from_pretrained(folder / "scheduler")
    kind = getattr(diffusers, name)
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.scheduler = kind.from_config(base.config, **SCHEDULERS[name])
    pipeline.save_pretrained(folder)
    captions, query = ["a red cat", "a blue dog", "two birds"], {"guidance": 3.0, "steps": 3}
    with torch.inference_mode():
        whole = batch_of(folder, "stable_diffusion", captions)
        together = generation.made(whole, query, 1, "caption").latent
        parts = generation.made(
            batch_of(folder, "stable_diffusion", captions, size=2), query, 1, "caption"
        ).latent
        alone = generation.made(
            batch_of(folder, "stable_diffusion", captions[:1]), query, 1, "caption"
        ).latent
        other = generation.made(
            batch_of(folder, "stable_diffusion", captions, seed=1), query, 1, "caption"
        ).latent
    torch.testing.assert_close(together, parts, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(together[:1], alone, rtol=1e-4, atol=1e-4)
    assert (together - other).abs().max() > 0.1


def test_a_chain_draws_its_noise_from_seed_image_and_draw(tmp_path):
    """DDPM by hand: one generator an image, seeded by `chain_seed`."""
    folder = save_tiny_sd(tmp_path / "sd")
    scheduler = diffusers.DDPMScheduler.from_pretrained(folder / "scheduler")
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.scheduler = scheduler
    pipeline.save_pretrained(folder)
    batch = batch_of(folder, "stable_diffusion", ["a red cat"])
    with torch.inference_mode():
        made = generation.made(batch, {"guidance": 1.0, "steps": 3}, 2, "caption")
        scheduler.set_timesteps(3)
        x = torch.from_numpy(draw_noise(0, "image0", 2, batch.denoiser.latent_shape))[None]
        generator = torch.Generator().manual_seed(chain_seed(0, "image0", 2))
        for time in scheduler.timesteps:
            output = batch.denoiser.epsilon(x, time[None], batch.told("caption"))
            x = scheduler.step(output, time, x, generator=generator).prev_sample
    torch.testing.assert_close(made.latent, x, rtol=1e-4, atol=1e-5)


def test_evals_done_are_the_evals_promised(tmp_path):
    batch = batch_of(save_tiny_sd(tmp_path / "sd"), "stable_diffusion", ["a red cat", "two birds"])
    queries = [
        Query("generation", 0, draw, further=(("guidance", 3.0), ("steps", 3)))
        for draw in (0, 1, 2)
    ]
    with torch.inference_mode():
        for rows in batch.slices(queries):
            generation.measure(batch, rows)
    promised = frozenset().union(*map(generation.predictions, queries))
    assert batch.evals == 2 * len(promised) == 2 * 3 * 3 * 2
    assert sum(map(generation.generations, queries)) == 3


def test_a_scheduler_with_noise_of_its_own_is_refused():
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)
    with pytest.raises(ValueError, match="noise that depends on the batch"):
        Sampler(scheduler, 4)


def test_columns_by_hand(tmp_path):
    """Three draws of one image: each number from the decoded images themselves."""
    batch = batch_of(save_tiny_sd(tmp_path / "sd"), "stable_diffusion", ["a red cat"])
    further = {"guidance": 3.0, "steps": 2}
    query = Query("generation", 0, 2, further=tuple(sorted(further.items())))
    with torch.inference_mode():
        columns = generation.measure(batch, next(iter(batch.slices([query]))))
        images = [generation.made(batch, further, draw, "caption") for draw in range(3)]
    found = {name: columns[name].item() for name in generation.MEASURES}
    zero, one, last = (made.pixels[0].double().numpy() for made in images)
    own = np.full_like(last, 0.5)
    assert found["l1_pixel"] == pytest.approx(np.abs(last - own).mean())
    assert found["rms_pixel"] == pytest.approx(np.sqrt(((last - own) ** 2).mean()))
    latent = images[2].latent[0].double().numpy()
    assert found["rms_latent"] == pytest.approx(np.sqrt((latent**2).mean()))
    gaps = [np.sqrt(((last - other) ** 2).mean()) for other in (zero, one)]
    assert found["rms_earlier"] == pytest.approx(np.mean(gaps))
    tiles = [
        np.sqrt(((last - one)[:, y : y + 4, x : x + 4] ** 2).mean())
        for y in range(0, 16, 4)
        for x in range(0, 16, 4)
    ]
    assert found["tile_rms_to_1"] == pytest.approx(max(tiles))
    assert np.isnan(found["tile_rms_to_2"])
