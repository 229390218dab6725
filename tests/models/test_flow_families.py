"""Stable Diffusion 3, FLUX and Sana: what is special to each, and what each refuses."""

import json
import shutil
from functools import cache

import pytest
import torch
from diffusers import FluxPipeline, SanaPipeline, StableDiffusion3Pipeline

from mia.models.families import module_of
from mia.models.folder import ModelError, describe, facts, require_usable
from model_edits import GONE, both, keys
from tiny_families import flux, sana, stable_diffusion3

INDEX, SCHEDULER = "model_index.json", "scheduler/scheduler_config.json"
TRANSFORMER, VAE = "transformer/config.json", "vae/config.json"
TEXT, TEXT_2, TEXT_3 = (f"text_encoder{n}/config.json" for n in ("", "_2", "_3"))
TINY = {"stable_diffusion3": stable_diffusion3, "flux": flux, "sana": sana}
EULER = ["diffusers", "FlowMatchEulerDiscreteScheduler"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Family to the folder of its tiny model, and what builds it otherwise to another."""

    @cache
    def save(family, **changes):
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp("flow") / family
        TINY[family].build(**changes).save_pretrained(folder)
        return folder

    return save


REFUSED = {
    # All families of flow matching.
    "schedule of betas": (
        "stable_diffusion3", keys(INDEX, scheduler=["diffusers", "DDIMScheduler"]), SCHEDULER,
        "_class_name: .DDIMScheduler.; expected a scheduler of flow matching"),
    "scheduler of a distilled model": (
        "flux", keys(INDEX, scheduler=["diffusers", "FlowMatchLCMScheduler"]), SCHEDULER,
        "not distilled"),
    "times of another unit": (
        "flux", keys(SCHEDULER, num_train_timesteps=1), SCHEDULER, "1; expected 1,000"),
    "noise at the other end": (
        "stable_diffusion3", keys(SCHEDULER, invert_sigmas=True), SCHEDULER, "true; expected fal"),
    "betas in place of flow sigmas": (
        "sana", keys(SCHEDULER, use_flow_sigmas=False), SCHEDULER, "prediction_type: .flow_pred"),
    # Stable Diffusion 3.
    "another autoencoder": (
        "stable_diffusion3", keys(TRANSFORMER, in_channels=16), TRANSFORMER,
        "in_channels: 16; expected 4, .*vae/config.json"),
    "other answers": (
        "stable_diffusion3", keys(TRANSFORMER, out_channels=8), TRANSFORMER, "8; expected 4, as"),
    "pooled states of another width": (
        "stable_diffusion3", keys(TRANSFORMER, pooled_projection_dim=2048), TRANSFORMER,
        "2048; expected 32, .*projection_dim of .* and .*text_encoder_2/config.json"),
    "T5 of another width": (
        "stable_diffusion3", keys(TEXT_3, d_model=64), TRANSFORMER,
        "joint_attention_dim: 80; expected 64, .*d_model of .*text_encoder_3/config.json"),
    "two CLIPs wider than a state": (
        "stable_diffusion3", both(keys(TEXT, hidden_size=64)), TRANSFORMER,
        "joint_attention_dim: 80; expected at least 96"),
    "second CLIP too short": (
        "stable_diffusion3",
        both(
            keys(TEXT_2, max_position_embeddings=6),
            keys("tokenizer_2/tokenizer_config.json", model_max_length=6),
        ),
        TEXT_2, "max_position_embeddings: 6; expected at least 8"),
    "T5 without its tokenizer": (
        "stable_diffusion3", keys(INDEX, tokenizer_3=[None, None]), INDEX, "tokenizer_3: null; e"),
    "CLIP that is absent": (
        "stable_diffusion3", keys(INDEX, text_encoder_2=[None, None]), INDEX, "text_encoder_2: "),
    "no size": (
        "stable_diffusion3", keys(TRANSFORMER, sample_size=None), TRANSFORMER, "sample_size: null"),
    # FLUX.
    "FLUX Fill": (
        "flux", keys(TRANSFORMER, in_channels=96), TRANSFORMER, "96; expected 16.*FLUX Fill"),
    "FLUX Control": (
        "flux", keys(TRANSFORMER, in_channels=32), TRANSFORMER, "32; expected 16.*FLUX Control"),
    "latents that are not packed": (
        "flux", keys(TRANSFORMER, in_channels=4), TRANSFORMER, "4; expected 16, 2 × 2 latents"),
    "FLUX's other answers": (
        "flux", keys(TRANSFORMER, out_channels=4), TRANSFORMER, "4; expected 16, as in_channels"),
    "larger tokens": ("flux", keys(TRANSFORMER, patch_size=2), TRANSFORMER, "patch_size: 2; exp"),
    "CLIP of another width": (
        "flux", keys(TRANSFORMER, pooled_projection_dim=768), TRANSFORMER, "768; expected 32, wh"),
    "FLUX's T5 of another width": (
        "flux", keys(TRANSFORMER, joint_attention_dim=4096), TRANSFORMER, "4096; expected 32, wh"),
    "schnell": (
        "flux",
        both(
            keys(TRANSFORMER, guidance_embeds=False), keys(SCHEDULER, use_dynamic_shifting=False)
        ),
        TRANSFORMER, "guidance_embeds: false; .*distilled to few steps, as FLUX.1-schnell"),
    "schnell by defaults": (
        "flux",
        both(keys(TRANSFORMER, guidance_embeds=GONE), keys(SCHEDULER, use_dynamic_shifting=GONE)),
        TRANSFORMER, "guidance_embeds: (missing|false); .*schnell"),
    "pipeline of FLUX Fill": (
        "flux", keys(INDEX, _class_name="FluxFillPipeline"), INDEX, "reads a mask and an image"),
    "pipeline of FLUX Kontext": (
        "flux", keys(INDEX, _class_name="FluxKontextPipeline"), INDEX, "it edits an image"),
    # Sana.
    "Sana Sprint": ("sana", keys(INDEX, _class_name="SanaSprintPipeline"), INDEX, "distilled"),
    "Sana with guidance embedded": (
        "sana", keys(TRANSFORMER, guidance_embeds=True), TRANSFORMER, "true; .*few steps"),
    "Gemma of another width": (
        "sana", keys(TRANSFORMER, caption_channels=2304), TRANSFORMER,
        "2304; expected 32, .*hidden_size of .*text_encoder/config.json"),
    "Sana's other answers": (
        "sana", keys(TRANSFORMER, out_channels=5), TRANSFORMER, "out_channels: 5; expected 4"),
    "Sana's other autoencoder": (
        "sana", keys(VAE, latent_channels=32), TRANSFORMER, "in_channels: 4; expected 32, "),
    "times of no scale": (
        "sana", keys(TRANSFORMER, timestep_scale="1"), TRANSFORMER, "timestep_scale: .*a finite"),
    "Gemma 1": ("sana", keys(TEXT, model_type="gemma"), TEXT, 'model_type: "gemma"; expected gem'),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_contradiction_is_named_in_one_line_before_any_weight(kind, saved, tmp_path):
    family, edit, file, said = REFUSED[kind]
    without_weights = shutil.ignore_patterns("*.safetensors")
    folder = shutil.copytree(saved(family), tmp_path / "model", ignore=without_weights)
    edit(folder)
    with pytest.raises(ModelError, match=said) as caught:
        require_usable(folder)
    line = str(caught.value)
    assert line.startswith(f"{folder / file}: ") and "\n" not in line and len(line) < 600


OPTIONS = {
    "a side that is no whole number of tokens": (
        "flux", {"resolution": 18}, "resolution: 18; expected a multiple of 4"),
    "a key of other families": (
        "flux", {"time_ids": "own"}, "time_ids: not read for FluxPipeline; .*guidance, resolution"),
    "a side that the transformer says": (
        "stable_diffusion3", {"resolution": 512}, "resolution: not read for StableDiffusion3Pip"),
    "guidance of a model without": ("sana", {"guidance": 3.5}, "guidance: not read for SanaPip"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_key_of_the_block_that_cannot_be_is_refused(kind, saved):
    family, options, said = OPTIONS[kind]
    with pytest.raises(ModelError, match=said):
        require_usable(saved(family), options)


def test_guidance_is_refused_where_flux_has_no_embedding_for_it(saved):
    folder = saved("flux", guidance_embeds=False)
    require_usable(folder, {"guidance": 1.0})
    with pytest.raises(ModelError, match=r"guidance: 3.5: not read.*guidance_embeds is false"):
        require_usable(folder, {"guidance": 3.5})


SHAPES = (None, [], {}, 3, -1, True, "x", 1e30, [None], [8, "x"])


@pytest.mark.parametrize("family", TINY)
@pytest.mark.parametrize("file", [TRANSFORMER, SCHEDULER])
def test_no_value_of_any_key_ends_in_a_traceback(family, file, saved, tmp_path):
    folder = shutil.copytree(saved(family), tmp_path / "model")
    given = json.loads((folder / file).read_text())
    for key in given:
        for value in SHAPES:
            (folder / file).write_text(json.dumps({**given, key: value}))
            try:
                facts(folder)
            except ModelError as error:
                assert "\n" not in str(error)


def test_flux_is_asked_about_the_size_of_its_pipeline_by_default(saved):
    folder = saved("flux")
    pipeline = FluxPipeline.from_pretrained(folder)
    side = pipeline.default_sample_size * pipeline.vae_scale_factor
    found = facts(folder)
    assert found["resolution"] == side
    assert found["latent_shape"] == [4, side // 2, side // 2]
    small = describe(folder, options={"resolution": 16})
    assert small["options"] == {"guidance": 1.0, "resolution": 16}
    assert small["latent_shape"] == [4, 8, 8]


def test_the_null_of_flux_is_the_negative_prompt_of_true_guidance(saved):
    """The pipeline asks for the caption and then for the negative prompt."""
    folder = saved("flux")
    pipeline, found = FluxPipeline.from_pretrained(folder), []
    pipeline.set_progress_bar_config(disable=True)

    def keep(module, positional, named):
        found.append(named)

    pipeline.transformer.register_forward_pre_hook(keep, with_kwargs=True)
    guided = {"negative_prompt": "", "true_cfg_scale": 3.0, "num_inference_steps": 1}
    pipeline(**flux.CALL, **guided, output_type="latent")
    denoiser = module_of("flux").load(describe(folder, options=flux.OPTIONS), "cpu")
    for told, given in zip((denoiser.embed([flux.PROMPT]), denoiser.null), found, strict=True):
        torch.testing.assert_close(told["states"], given["encoder_hidden_states"])
        torch.testing.assert_close(told["pooled"], given["pooled_projections"])


def parts(folder):
    return json.loads((folder / INDEX).read_text())


def epsilon(family, folder, tiny, captions, **options):
    """Our estimate and the pipeline's parts' of two latents at two timesteps."""
    model = describe(folder, options=options)
    denoiser = module_of(family).load(model, "cpu")
    z = torch.randn(2, *model["latent_shape"], generator=torch.Generator().manual_seed(0))
    kind = {"flux": FluxPipeline, "sana": SanaPipeline}.get(family, StableDiffusion3Pipeline)
    absent = {name: None for name, entry in parts(folder).items() if entry == [None, None]}
    pipeline, at = kind.from_pretrained(folder, **absent), [50, 700]
    with torch.no_grad():
        ours = denoiser.epsilon(z, torch.tensor(at), denoiser.embed(captions))
        rows = zip(z, at, captions, strict=True)
        theirs = torch.stack([tiny.epsilon(pipeline, *row) for row in rows])
    return ours, theirs


def test_a_model_without_t5_is_told_zeros(saved):
    folder = saved("stable_diffusion3", with_t5=False)
    assert parts(folder)["text_encoder_3"] == [None, None]
    tiny, texts = stable_diffusion3, ["a red cat", "two birds"]
    ours, theirs = epsilon("stable_diffusion3", folder, tiny, texts)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    denoiser = module_of("stable_diffusion3").load(describe(folder), "cpu")
    states = denoiser.embed(["a red cat"])["states"]
    assert states.shape == (1, 8 + 256, 80) and not states[:, 8:].any()
    assert states[:, :8, :64].all() and not states[:, :8, 64:].any()


def test_flux_without_a_guidance_embedding(saved):
    folder = saved("flux", guidance_embeds=False)
    ours, theirs = epsilon("flux", folder, flux, ["a red cat", "two birds"], resolution=16)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_guidance_is_an_input_of_flux(saved):
    one, _ = epsilon("flux", saved("flux"), flux, ["a red cat", ""], resolution=16)
    other, theirs = epsilon("flux", saved("flux"), flux, ["a red cat", ""], **flux.OPTIONS)
    torch.testing.assert_close(other, theirs, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(one, other, rtol=1e-3)


def test_sana_with_a_learnt_variance_and_times_that_are_not_whole(saved, tmp_path):
    folder = saved("sana", out_channels=8)
    assert describe(folder)["whole_times"]
    ours, theirs = epsilon("sana", folder, sana, ["a red cat", "two birds"])
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    copy = shutil.copytree(folder, tmp_path / "model")
    keys(INDEX, scheduler=EULER)(copy)
    assert not describe(copy)["whole_times"]
    finer, _ = epsilon("sana", copy, sana, ["a red cat", "two birds"])
    assert not torch.equal(ours, finer)
    torch.testing.assert_close(ours, finer, rtol=0.05, atol=0.05)


def test_a_caption_of_sana_is_told_after_the_instruction_and_the_null_is_not(saved):
    denoiser = module_of("sana").load(describe(saved("sana")), "cpu")
    empty, null = denoiser.embed([""]), denoiser.null
    assert empty["states"].shape == null["states"].shape == (1, 300, 32)
    assert null["mask"].sum() == 1 < empty["mask"].sum()
    upper, lower = denoiser.embed(["A Red CAT "]), denoiser.embed(["a red cat"])
    assert torch.equal(upper["states"], lower["states"])


@pytest.mark.parametrize("family", TINY)
def test_a_text_depends_on_no_other(family, saved):
    options = flux.OPTIONS if family == "flux" else {}
    denoiser = module_of(family).load(describe(saved(family), options=options), "cpu")
    texts = ["a red cat", "", "two birds and a dog"]
    together = denoiser.embed(texts)
    for number, text in enumerate(texts):
        for name, tensor in denoiser.embed([text]).tensors.items():
            assert torch.equal(tensor[0], together[name][number]), name
