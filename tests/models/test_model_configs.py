"""What the JSON files of a model folder say of each other: one folder for every kind of fault."""

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler, PNDMScheduler

from mia.denoisers.stable_diffusion import StableDiffusion
from mia.models.folder import ModelError, describe, require_usable
from model_edits import GONE, WEIGHTS, both, keys, text

INDEX, UNET, VAE = "model_index.json", "unet/config.json", "vae/config.json"
TEXT, SCHEDULER = "text_encoder/config.json", "scheduler/scheduler_config.json"
TOKENIZER = "tokenizer/tokenizer_config.json"


@pytest.fixture
def folder(tiny_sd, tmp_path):
    return shutil.copytree(tiny_sd, tmp_path / "model")


def unlink(*files):
    def edit(folder):
        for file in files:
            (folder / file).unlink()

    return edit


REFUSED = {
    # Classes and code.
    "pipeline of another family": (
        keys(INDEX, _class_name="WuerstchenPipeline"),
        INDEX, "WuerstchenPipeline: no denoiser; known"),
    "distilled pipeline": (
        keys(INDEX, _class_name="LatentConsistencyModelPipeline"), INDEX, "distilled to few steps"),
    "pipeline that edits": (
        keys(INDEX, _class_name="StableDiffusionInstructPix2PixPipeline"), INDEX, "it edits"),
    "scheduler of a distilled model": (
        keys(INDEX, scheduler=["diffusers", "LCMScheduler"]), SCHEDULER, "not distilled"),
    "no pipeline class": (keys(INDEX, _class_name=GONE), INDEX, "_class_name: missing; expected"),
    "pipeline of a file": (
        keys(INDEX, _class_name=["pipeline", "Mine"]), INDEX, r"_class_name: \[.*expected the n"),
    "custom pipeline": (keys(INDEX, custom_pipeline="mine"), INDEX, "custom_pipeline: .*code"),
    "U-Net of the folder's code": (
        keys(INDEX, unet=["my_unet", "MyUNet"]), INDEX, "unet: .*no known class"),
    "VAE of another class": (
        keys(INDEX, vae=["diffusers", "AsymmetricAutoencoderKL"]), INDEX, "vae: .*no known class"),
    "component that is null": (keys(INDEX, unet=[None, None]), INDEX, "unet: .*no known class"),
    "component not named": (keys(INDEX, vae=GONE), INDEX, "vae: null; expected"),
    "scheduler of the folder's code": (
        keys(INDEX, scheduler=["mine", "MyScheduler"]), INDEX, "scheduler: .*no known class"),
    "scheduler that is no scheduler": (
        keys(INDEX, scheduler=["diffusers", "UNet2DModel"]), INDEX, "scheduler: .*no known class"),
    "scheduler without a schedule": (
        keys(INDEX, scheduler=["diffusers", "VQDiffusionScheduler"]), SCHEDULER, "has no betas"),
    "config of another VAE": (
        keys(VAE, _class_name="VQModel"), VAE, '_class_name: "VQModel"; expected AutoencoderKL'),
    "config of another U-Net": (
        keys(UNET, _class_name="UNet2DModel"), UNET, "expected UNet2DConditionModel"),
    "text encoder of another kind": (
        keys(TEXT, model_type="t5"), TEXT, 'model_type: "t5"; expected clip_text_model'),
    "text encoder without a kind": (keys(TEXT, model_type=GONE), TEXT, "model_type: null"),
    "tokenizer with code": (
        keys(TOKENIZER, auto_map={"AutoTokenizer": ["mine.Mine", None]}),
        TOKENIZER, "auto_map: .*code to run"),
    "U-Net with code": (
        keys(UNET, auto_map={"AutoModel": "mine.Mine"}), UNET, "auto_map: .*code to run"),
    "tokenizer class with a module": (
        keys(TOKENIZER, tokenizer_class="mine.MyTokenizer"), TOKENIZER, "tokenizer_class: .*code"),
    "tokenizer of another class": (
        keys(TOKENIZER, tokenizer_class="T5Tokenizer"), TOKENIZER, "expected CLIPTokenizer"),
    "code in a block": (
        keys(TEXT, text_config={"auto_map": {"AutoModel": "mine.Mine"}}),
        TEXT, "text_config.auto_map: .*code to run"),
    "code in a file that is not read here": (
        text("text_encoder/generation_config.json", '{"auto_map": {"a": "mine.Mine"}}'),
        "text_encoder/generation_config.json", "auto_map: .*code to run"),
    "code of the folder for what is not loaded": (
        both(text("checker.py", "1"), keys(INDEX, safety_checker=["checker", "Mine"])),
        INDEX, "safety_checker: .*names code to run, checker.py"),
    "code of a component": (text("unet/my_unet.py", "1"), "unet/my_unet.py", "code in a comp"),
    "code of a scheduler": (text("scheduler/a.py", "1"), "scheduler/a.py", "code in a comp"),
    "code of a tokenizer": (text("tokenizer/a.py", "1"), "tokenizer/a.py", "code in a comp"),
    # Shapes of JSON.
    "a list": (text(INDEX, "[1]"), INDEX, r"\[1\]; expected an object"),
    "null": (text(UNET, "null"), UNET, "null; expected an object"),
    "a number": (text(SCHEDULER, "3"), SCHEDULER, "3; expected an object"),
    "nested": (text(VAE, "[" * 10**5 + "]" * 10**5), VAE, "nested too deeply"),
    "nested, but not too deeply for Python": (
        text(UNET, '{"sample_size": ' + "[" * 500 + "]" * 500 + "}"), UNET, "nested too deeply"),
    "cut": (text(TEXT, '{"a":'), TEXT, "not JSON"),
    "not UTF-8": (
        lambda folder: (folder / UNET).write_bytes(b'{"a": "\xff"}'), UNET, "not JSON: .*utf-8"),
    "pointer of Git LFS": (
        text(UNET, "version https://git-lfs.github.com/spec/v1\n"), UNET, "run `git lfs pull`"),
    # Channels and widths.
    "inpainting U-Net": (
        keys(UNET, in_channels=9), UNET, "in_channels: 9; expected 4, .*latent.*inpainting"),
    "InstructPix2Pix": (keys(UNET, in_channels=8), UNET, "in_channels: 8; expected 4.*edits"),
    "VAE of other channels": (
        keys(VAE, latent_channels=16), UNET, "in_channels: 4; expected 16, .*vae/config.json"),
    "learnt variance": (keys(UNET, out_channels=8), UNET, "out_channels: 8; expected 4"),
    "text encoder too narrow": (
        keys(UNET, cross_attention_dim=768), UNET,
        "cross_attention_dim: 768; expected 32, .*text_encoder/config.json"),
    "two widths": (
        keys(UNET, cross_attention_dim=[32, 64]), UNET, r"cross_attention_dim: \[32, 64\]; exp"),
    "SDXL's sizes": (
        keys(UNET, addition_embed_type="text_time"), UNET, "addition_embed_type.*SDXL"),
    "LCM": (keys(UNET, time_cond_proj_dim=256), UNET, "time_cond_proj_dim: 256; .*distilled"),
    "classes": (keys(UNET, num_class_embeds=10), UNET, "num_class_embeds: 10; .*a class"),
    "VAE of grey images": (keys(VAE, in_channels=1), VAE, "in_channels: 1; expected 3"),
    "VAE without blocks": (keys(VAE, block_out_channels=[]), VAE, "block_out_channels: "),
    # Sizes.
    "no size": (keys(UNET, sample_size=None), UNET, "sample_size: null; expected the side"),
    "size not said": (keys(UNET, sample_size=GONE), UNET, "sample_size: missing; expected"),
    "oblong": (keys(UNET, sample_size=[8, 16]), UNET, r"sample_size: \[8, 16\]; expected the side"),
    "size 0": (keys(UNET, sample_size=0), UNET, "sample_size: 0; expected the side"),
    "negative size": (keys(UNET, sample_size=-8), UNET, "sample_size: -8; expected the side"),
    "size as text": (keys(UNET, sample_size="8"), UNET, 'sample_size: "8"; expected the side'),
    "size of 10⁹": (keys(UNET, sample_size=10**9), UNET, "sample_size: 1000000000; .*8,192 pixels"),
    "channels of 144 GB": (
        keys(UNET, block_out_channels=[32, 200_000]), WEIGHTS["unet"], r"of another shape.*200000"),
    "10⁹ layers": (keys(UNET, layers_per_block=10**9), UNET, "layers_per_block: 1000000000; "),
    "0 layers": (keys(VAE, layers_per_block=0), VAE, "layers_per_block: 0; expected"),
    "layers of text": (keys(TEXT, num_hidden_layers="2"), TEXT, 'num_hidden_layers: "2"; expected'),
    "vocabulary of 10¹²": (keys(TEXT, vocab_size=10**12), TEXT, "vocab_size: 1000000000000; expec"),
    "true for one": (keys(VAE, layers_per_block=True), VAE, "layers_per_block: true; expected"),
    "groups that do not divide": (keys(UNET, norm_num_groups=7), UNET, "no unet can be built"),
    "unknown block": (
        keys(UNET, down_block_types=["MyBlock", "DownBlock2D"]), UNET, "no unet can be built"),
    "heads that do not divide": (keys(TEXT, num_attention_heads=5), TEXT, "no text_enc|num_att"),
    "epsilon as text": (keys(UNET, norm_eps="small"), UNET, "its unet cannot work|no unet"),
    "NaN in a config": (keys(VAE, scaling_factor=float("nan")), VAE, "scaling_factor: NaN; exp"),
    "scale of 0": (keys(VAE, scaling_factor=0), VAE, "scaling_factor: 0; expected"),
    "scale as text": (keys(VAE, scaling_factor="0.18"), VAE, 'scaling_factor: "0.18"; expected'),
    "shift as text": (keys(VAE, shift_factor="0"), VAE, 'shift_factor: "0"; expected'),
    # Schedules.
    "999 steps": (keys(SCHEDULER, num_train_timesteps=999), SCHEDULER, "999; expected 1,000"),
    "steps as text": (keys(SCHEDULER, num_train_timesteps="1000"), SCHEDULER, "num_train"),
    "NaN beta": (keys(SCHEDULER, beta_start=float("nan")), SCHEDULER, "beta_start: NaN; exp"),
    "negative beta": (keys(SCHEDULER, beta_start=-0.1), SCHEDULER, "beta_start: -0.1; expected"),
    "beta above 1": (keys(SCHEDULER, beta_end=1.5), SCHEDULER, "beta_end: 1.5; expected"),
    "beta too large": (keys(SCHEDULER, beta_end=0.9), SCHEDULER, "betas of .* are too large"),
    "beta as text": (keys(SCHEDULER, beta_end="0.012"), SCHEDULER, 'beta_end: "0.012"; expected a'),
    "beta of null": (keys(SCHEDULER, beta_end=None), SCHEDULER, "beta_end: null; expected a"),
    "unknown schedule": (
        keys(SCHEDULER, beta_schedule="mystery"), SCHEDULER, 'beta_schedule: "mystery"; expected'),
    "trained betas too few": (
        keys(SCHEDULER, trained_betas=[0.1]), SCHEDULER, "trained_betas: .*1,000 numbers"),
    "trained betas negative": (
        keys(SCHEDULER, trained_betas=[-0.001] * 1000), SCHEDULER, "betas of -0.001 .*above 0"),
    "unknown prediction": (
        keys(SCHEDULER, prediction_type="flow_prediction"), SCHEDULER,
        'prediction_type: "flow_prediction"; expected epsilon'),
    "prediction as a list": (
        keys(SCHEDULER, prediction_type=["epsilon"]), SCHEDULER, "prediction_type: .*expected eps"),
    # Tokenizers.
    "longer than the text encoder": (
        keys(TOKENIZER, model_max_length=77), TOKENIZER,
        "model_max_length: 77; expected at most 8, .*text_encoder/config.json"),
    "length of 0": (keys(TOKENIZER, model_max_length=0), TOKENIZER, "max_length: 0; expected"),
    "length as text": (
        keys(TOKENIZER, model_max_length="8"), TOKENIZER, 'model_max_length: "8"; expected'),
    "no tokenizer": (unlink("tokenizer/tokenizer.json"), "tokenizer", "no tokenizer files; expec"),
    "merges alone": (
        both(unlink("tokenizer/tokenizer.json"), text("tokenizer/merges.txt", "#version: 0.2\n")),
        "tokenizer", "no tokenizer files; expected .* found merges.txt"),
    "empty tokenizer": (text("tokenizer/tokenizer.json", "{}"), "tokenizer", "not a CLIP tok"),
    "tokens the text encoder lacks": (
        keys(TEXT, vocab_size=100), "tokenizer", "tokens up to number 279; expected less than 100"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_contradiction_is_named_in_one_line(kind, folder):
    edit, file, said = REFUSED[kind]
    edit(folder)
    with pytest.raises(ModelError, match=said) as caught:
        describe(folder)
    line = str(caught.value)
    assert line.startswith(f"{folder / file}: ") and "\n" not in line and len(line) < 600


def test_what_needs_no_weight_is_said_without_one(folder):
    """Of a hub's model the JSON files come first."""
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    require_usable(folder)
    keys(UNET, in_channels=9)(folder)
    with pytest.raises(ModelError, match="in_channels: 9"):
        require_usable(folder)


def vocabulary_alone(folder):
    """vocab.json and merges.txt, with no other file of the tokenizer."""
    tokenizer = folder / "tokenizer"
    model = json.loads((tokenizer / "tokenizer.json").read_text())["model"]
    for path in tokenizer.iterdir():
        path.unlink()
    (tokenizer / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = "\n".join(map(" ".join, model["merges"]))
    (tokenizer / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")


def whole_clip(folder):
    """The text encoder's config as the block of a whole CLIP's."""
    given = json.loads((folder / TEXT).read_text())
    (folder / TEXT).write_text(json.dumps({"model_type": "clip", "text_config": given}))


def with_code_that_nothing_names(folder):
    for name in ("handler.py", "train.py", "scripts/convert.py", "safety_checker/mine.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("raise SystemExit")


TAKEN = {
    "code that nothing names or loads": with_code_that_nothing_names,
    "config of a whole CLIP": whole_clip,
    "size as a list": keys(UNET, sample_size=[8, 8]),
    "widths as a list": keys(UNET, cross_attention_dim=[32, 32]),
    "no length of captions": keys(TOKENIZER, model_max_length=GONE),
    "length of 1e30": keys(TOKENIZER, model_max_length=int(1e30)),
    "length of 1e30 as float": keys(TOKENIZER, model_max_length=1e30),
    "tokenizer.json alone": unlink(TOKENIZER),
    "vocabulary and merges alone": vocabulary_alone,
    "older class name of the tokenizer": keys(TOKENIZER, tokenizer_class="CLIPTokenizerFast"),
    "configs without a class": both(
        keys(UNET, _class_name=GONE), keys(VAE, _class_name=GONE), keys(SCHEDULER, _class_name=GONE)
    ),
    "older name of the scheduler's config": lambda folder: (folder / SCHEDULER).rename(
        folder / "scheduler/config.json"
    ),
    "null for a default": both(keys(UNET, num_class_embeds=None), keys(VAE, shift_factor=None)),
    "keys that are left to the class": both(
        keys(UNET, in_channels=GONE, out_channels=GONE, attention_head_dim=GONE, act_fn=GONE),
        keys(VAE, in_channels=GONE, latent_channels=GONE, force_upcast=GONE),
        keys(SCHEDULER, num_train_timesteps=GONE, trained_betas=GONE, prediction_type=GONE),
        keys(TEXT, num_attention_heads=4, projection_dim=GONE, layer_norm_eps=GONE),
    ),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_what_the_libraries_take_is_taken_and_computes_the_same(kind, folder, tiny_sd):
    TAKEN[kind](folder)
    found, plain = describe(folder), describe(tiny_sd)
    for key in ("alpha_bar", "prediction_type", "resolution", "latent_shape", "caption_lengths"):
        assert found[key] == plain[key], key
    one, other = StableDiffusion(found, "cpu"), StableDiffusion(plain, "cpu")
    captions = ["a red cat", "", "two birds and much more than eight tokens of text"]
    assert torch.equal(one.embed(captions)["states"], other.embed(captions)["states"])


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (PNDMScheduler, {}),
        (PNDMScheduler, {"beta_start": 0.001}),
        (DDPMScheduler, {"beta_schedule": "squaredcos_cap_v2"}),
        (DDPMScheduler, {"trained_betas": [0.001 + 1e-5 * t for t in range(1000)]}),
        (DDPMScheduler, {"beta_schedule": "scaled_linear", "beta_end": 0.03}),
    ],
)
def test_a_schedule_left_to_its_class_is_that_of_its_class(kind, given, folder):
    keys(INDEX, scheduler=["diffusers", kind.__name__])(folder)
    (folder / SCHEDULER).write_text(json.dumps({"_class_name": kind.__name__, **given}))
    expected = kind(**given).alphas_cumprod.double().numpy()
    np.testing.assert_allclose(describe(folder)["alpha_bar"], expected, rtol=1e-4)


SHAPES = (None, [], {}, {"a": 1}, 3, -1, True, "x", 1e30, [None], [[1]], ["diffusers"], [8, "x"])


@pytest.mark.parametrize("file", [INDEX, UNET, VAE, TEXT, SCHEDULER, TOKENIZER])
def test_no_value_of_any_key_ends_in_a_traceback(file, folder):
    """Each key of a file in turn as another type: taken, or refused in one line."""
    given = json.loads((folder / file).read_text())
    for key in given:
        for value in SHAPES:
            (folder / file).write_text(json.dumps({**given, key: value}))
            try:
                require_usable(folder)
            except ModelError as error:
                assert "\n" not in str(error)
    (folder / file).write_text(json.dumps(given))
    require_usable(folder)
