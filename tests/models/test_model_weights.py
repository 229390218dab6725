"""Weights of a model folder: all there, of the right shape, finite, under any of their names."""

import ast
import os
import shutil
import subprocess

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

from mia.denoisers.stable_diffusion import StableDiffusion
from mia.models.autoencoder import Autoencoder
from mia.models.folder import ModelError, describe
from mia.models.loading import LoadError
from mia.models.training.base import base_pipeline
from model_edits import WEIGHTS, as_variant, both, keys, sharded, tensors, text

PARTS = tuple(WEIGHTS)
FP16 = [as_variant(part) for part in PARTS]
STEM = "diffusion_pytorch_model"
TODAY = {
    "text_encoder": sharded("text_encoder", "model-{}.safetensors", "model.safetensors.index.json"),
    "unet": sharded("unet", f"{STEM}-{{}}.safetensors", f"{STEM}.safetensors.index.json"),
}
TODAY_FP16 = sharded("unet", f"{STEM}.fp16-{{}}.safetensors", f"{STEM}.safetensors.index.fp16.json")
OLDER_FP16 = sharded("unet", f"{STEM}-{{}}.fp16.safetensors", f"{STEM}.safetensors.fp16.index.json")
OLDER_SHARDS = sharded(
    "unet", f"{STEM}-{{}}.fp16.safetensors", f"{STEM}.safetensors.index.fp16.json"
)


@pytest.fixture
def folder(tiny_sd, tmp_path):
    return shutil.copytree(tiny_sd, tmp_path / "model")


def first(held):
    """A matrix in the middle of the model, by name."""
    names = sorted(name for name, tensor in held.items() if tensor.ndim == 2)
    return names[len(names) // 2]


def lose(held):
    del held[first(held)]


def lose_many(held):
    return {"a": torch.zeros(1), **dict(sorted(held.items())[5:])}


def add(held):
    held["something.else.weight"] = torch.zeros(3)


def widen(held):
    name = first(held)
    held[name] = torch.cat([held[name], held[name]])


def with_adapter(held):
    """As peft leaves it: the weight under another name, and two small ones beside it."""
    name = first(held)
    stem = name.removesuffix(".weight")
    weight = held.pop(name)
    held[f"{stem}.base_layer.weight"] = weight
    held[f"{stem}.lora_A.default.weight"] = torch.zeros(2, weight.shape[1])
    held[f"{stem}.lora_B.default.weight"] = torch.zeros(weight.shape[0], 2)


def with_lora_beside(held):
    """As older diffusers left it: nothing is missing, and what was learnt would be left out."""
    held[first(held).replace(".weight", ".processor.to_q_lora.down.weight")] = torch.zeros(2, 2)


FAULTS = {
    "one lost": (lose, r"1 missing \("),
    "many lost": (lose_many, r"\d+ missing \(.*; …\), 1 unexpected \(a\)"),
    "one too many": (add, r"1 unexpected \(something\.else\.weight\)"),
    "another shape": (widen, r"1 of another shape \(\S+: \[\d+, \d+\] in place of \[\d+, \d+\]\)"),
    "adapter": (
        with_adapter,
        r"missing .* unexpected .*adapter layers.*merge.*save the model again",
    ),
    "adapter beside": (with_lora_beside, r"1 unexpected .*adapter layers"),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", FAULTS)
def test_tensors_that_are_not_the_models_are_named(kind, part, folder):
    change, said = FAULTS[kind]
    tensors(part, change)(folder)
    with pytest.raises(ModelError, match=said) as caught:
        describe(folder)
    line = str(caught.value)
    assert line.startswith(f"{folder / WEIGHTS[part]}: ") and "\n" not in line


@pytest.mark.parametrize(
    ("part", "change"),
    [
        *((part, lose) for part in PARTS),
        *[("unet", with_adapter), ("text_encoder", add), ("vae", widen)],
    ],
)
def test_a_load_refuses_them_too_whatever_was_said_before(part, change, folder):
    """The weights are exchanged after model.json was written."""
    model = describe(folder)
    tensors(part, change)(folder)
    loads = [base_pipeline]
    loads.append(
        (lambda model: Autoencoder(model["vae"], "cpu"))
        if part == "vae"
        else lambda model: StableDiffusion(model, "cpu").part(part)
    )
    for load in loads:
        with pytest.raises(RuntimeError, match=r"missing|unexpected|[Ss]ize|mismatch"):
            load(model)


def test_a_load_names_folder_and_tensors_in_one_line(folder):
    model = describe(folder)
    tensors("unet", with_adapter)(folder)
    with pytest.raises(LoadError, match=r"1 missing .*3 unexpected") as caught:
        StableDiffusion(model, "cpu").part("unet")
    assert str(caught.value).startswith(f"{folder}/unet: ") and "\n" not in str(caught.value)


def older_attention(held):
    """As diffusers named a VAE's attention before 2023."""
    words = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    for name in list(held):
        for new, old in words.items():
            if f"attentions.0.{new}." in name:
                held[name.replace(new, old)] = held.pop(name)


def text_model_prefix(held):
    """As transformers named a text encoder's tensors before its version 5."""
    held = {f"text_model.{name}": tensor for name, tensor in held.items()}
    return {**held, "text_model.embeddings.position_ids": torch.arange(8)[None]}


AGES = {
    "older attention": tensors("vae", older_attention),
    "older text encoder": tensors("text_encoder", text_model_prefix),
    "half precision": tensors("unet", lambda held: {n: t.half() for n, t in held.items()}),
    "bfloat16": tensors("unet", lambda held: {n: t.bfloat16() for n, t in held.items()}),
    "double": tensors("vae", lambda held: {n: t.double() for n, t in held.items()}),
    "shards": TODAY["unet"],
    "shards of the text encoder": TODAY["text_encoder"],
}


@pytest.mark.parametrize("age", AGES)
def test_sound_weights_of_all_ages_pass_and_load_as_diffusers_loads_them(age, folder):
    AGES[age](folder)
    same_as_diffusers(folder, None)


def same_as_diffusers(folder, variant):
    model = describe(folder, variant)
    theirs = StableDiffusionPipeline.from_pretrained(
        folder, variant=variant, safety_checker=None, dtype=torch.float32
    )
    denoiser, mine = StableDiffusion(model, "cpu"), base_pipeline(model)
    for ours in (denoiser.part("unet"), mine.unet):
        equal(ours, theirs.unet)
    for ours in (denoiser.part("text_encoder"), mine.text_encoder):
        equal(ours, theirs.text_encoder)
    for ours in (Autoencoder(model["vae"], "cpu").model, mine.vae):
        equal(ours, theirs.vae)
    return model


def equal(one, other):
    one, other = one.state_dict(), other.state_dict()
    assert one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


NAMES = {
    "all fp16": (both(*FP16), ("fp16", "fp16", "fp16")),
    "mixed": (as_variant("unet"), (None, "fp16", None)),
    "shards of today": (TODAY_FP16, (None, "fp16", None)),
    "older shards and index": (OLDER_FP16, (None, "fp16", None)),
    "older shards": (OLDER_SHARDS, (None, "fp16", None)),
    "plain shards beside": (both(FP16[0], TODAY["unet"]), ("fp16", None, None)),
}


@pytest.mark.parametrize("kind", NAMES)
def test_weights_of_a_variant_are_found_under_each_of_their_names(kind, folder):
    edit, variants = NAMES[kind]
    edit(folder)
    model = same_as_diffusers(folder, "fp16")
    assert tuple(model["variants"][part] for part in PARTS) == variants
    assert model["vae"]["variant"] == variants[2]
    loaded = {path for path in model["files"] if path.endswith(".safetensors")}
    assert loaded == {p.relative_to(folder).as_posix() for p in folder.rglob("*.safetensors")}


def gone(*patterns):
    def edit(folder):
        for pattern in patterns:
            (path,) = folder.glob(pattern)
            path.unlink()

    return edit


def dangling(folder):
    path = folder / WEIGHTS["unet"]
    path.unlink()
    path.symlink_to(folder / "blobs" / "0123")


def pointer(folder):
    lines = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3438167540\n"
    (folder / WEIGHTS["unet"]).write_text(lines)


def fifo(folder):
    path = folder / WEIGHTS["unet"]
    path.unlink()
    os.mkfifo(path)


def pickled(folder):
    gone(WEIGHTS["unet"])(folder)
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04.")


def stranger(folder):
    path = folder / WEIGHTS["unet"]
    path.rename(path.with_name("model.safetensors"))


LOST = {
    "fp16 only": (both(*FP16), None, "text_encoder: .*fp16 only; say `variant: fp16`"),
    "one fp16 only": (as_variant("vae"), None, "vae: .*fp16 only; say `variant: fp16`"),
    "fp16 shards only": (TODAY_FP16, None, "unet: .*fp16 only; say `variant: fp16`"),
    "older fp16 shards only": (OLDER_FP16, None, "unet: .*fp16 only; say `variant: fp16`"),
    "no fp16": (lambda folder: None, "fp16", "variant 'fp16': no component has weights of it"),
    "another variant": (both(*FP16), "ema", "fp16 only; say `variant: fp16`"),
    "lost shard": (
        both(TODAY["unet"], gone("unet/*00002-of*")), None, "00002-of-00002.*: missing; a part"),
    "lost shard of fp16": (
        both(OLDER_FP16, gone("unet/*00001-of*")), "fp16", "00001-of-00002.fp16.*: missing; a p"),
    "lost index": (
        both(TODAY["unet"], gone("unet/*index*")), None, "index of .*00001-of-00002.* is lost"),
    "lost index of fp16": (
        both(TODAY_FP16, gone("unet/*index*")), "fp16", "lost; expected .*index.fp16.json"),
    "index that lies": (
        both(TODAY["text_encoder"], text(
            "text_encoder/model.safetensors.index.json",
            '{"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}')),
        None, "1 tensors are not where it says, such as a in model-00001"),
    "index of nothing": (
        both(TODAY["text_encoder"], text("text_encoder/model.safetensors.index.json", "{}")),
        None, "weight_map: null; expected"),
    "index that leads out": (
        both(TODAY["unet"], text(
            f"unet/{STEM}.safetensors.index.json",
            '{"metadata": {}, "weight_map": {"a": "../vae/diffusion_pytorch_model.safetensors"}}')),
        None, "weight_map: .*expected tensor to file name"),
    "pointer of Git LFS": (pointer, None, "Git LFS pointer .*run `git lfs pull`"),
    "dangling link": (dangling, None, "a link to .*/blobs/0123, which is not there; .* again"),
    "FIFO": (fifo, None, "a FIFO; expected plain files"),
    "pickle": (pickled, None, "diffusion_pytorch_model.bin: a pickle"),
    "another name": (stranger, None, "no weights; expected .*; found model.safetensors"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOST)
def test_weights_that_are_not_there_say_why_and_the_way_out(kind, folder):
    edit, variant, said = LOST[kind]
    edit(folder)
    with pytest.raises(ModelError, match=said) as caught:
        describe(folder, variant)
    assert str(caught.value).startswith(str(folder)) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "dtype", "value"),
    [
        ("unet", torch.float32, float("nan")),
        ("unet", torch.bfloat16, float("inf")),
        ("vae", torch.bfloat16, float("nan")),
        ("vae", torch.float16, float("-inf")),
        ("text_encoder", torch.float64, float("nan")),
        ("text_encoder", torch.float32, float("-inf")),
    ],
)
def test_weights_that_are_not_finite_are_refused(value, dtype, part, folder):
    def change(held):
        held = {name: tensor.to(dtype) for name, tensor in held.items()}
        held[first(held)][-1, -1] = value
        return held

    tensors(part, change)(folder)
    with pytest.raises(ModelError, match=r"weight holds NaN or infinity; expected finite weights"):
        describe(folder)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.float8_e4m3fn])
def test_weights_of_a_type_that_would_be_cast_in_silence_are_refused(dtype, folder):
    tensors("unet", lambda held: {**held, first(held): held[first(held)].to(dtype)})(folder)
    with pytest.raises(ModelError, match=r"weight is \w+, as are 0 more; expected F64, F32"):
        describe(folder)


def test_what_a_base_names_and_lacks_beside_its_parts_is_not_loaded(folder):
    named = {
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
    }
    keys("model_index.json", **named)(folder)
    pipeline = base_pipeline(describe(folder))
    assert [getattr(pipeline, name) for name in named] == [None] * 3


@pytest.mark.parametrize(
    "name",
    ["sd.safetensors", "it's mine.safetensors", '`$HOME` "ü".safetensors', "a\\b.safetensors"],
)
def test_a_single_file_says_the_line_that_converts_it(name, folder, tmp_path):
    path = tmp_path / name
    shutil.copyfile(folder / WEIGHTS["unet"], path)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copyfile(path, alone / name)
    for given, file in ((path, path), (alone, alone / name)):
        with pytest.raises(
            ModelError, match=r"a checkpoint in a single file; .*python -c"
        ) as caught:
            describe(given)
        line = str(caught.value)
        assert line.startswith(f"{file}: ") and line.endswith(f"`path: {file.with_suffix('')}`")
        command = line.split("Make one with: ")[1].split(" (it asks")[0]
        code = subprocess.check_output(["sh", "-c", command.replace("python -c", "printf %s")])
        texts = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)]
        assert set(texts) == {str(file), str(file.with_suffix(""))}


@pytest.mark.parametrize(
    "file",
    [
        *WEIGHTS.values(),
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
        "vae/mine.safetensors",
    ],
)
def test_a_component_says_that_the_folder_above_is_the_model(file, folder):
    path = folder / file
    held = next(path.parent.glob("*.safetensors"))
    held.rename(path)
    for given in (path, path.parent):
        with pytest.raises(
            ModelError, match=r"one component of a model; .*the folder above"
        ) as said:
            describe(given)
        line = str(said.value)
        assert line.startswith(f"{path}: ") and line.endswith(f"`path: {folder}`")
    (folder / "model_index.json").unlink()
    with pytest.raises(ModelError, match=r"the folder above, with model_index\.json$"):
        describe(path.parent)


@pytest.mark.parametrize(
    ("file", "tensor"),
    [
        ("pytorch_lora_weights.safetensors", "unet.a.weight"),
        ("my-LoRA.safetensors", "a"),
        ("style.safetensors", "lora_unet_down_blocks_0.lora_up.weight"),
        ("adapter_model.safetensors", "base_model.model.to_q.lora_A.weight"),
        ("diffusion_pytorch_model.safetensors", "down_blocks.0.to_k.lora.down.weight"),
        ("lycoris.safetensors", "lycoris_unet_mid.hada_w1_a"),
    ],
)
def test_an_adapter_alone_is_called_one(file, tensor, tmp_path):
    save_file({tensor: torch.zeros(2, 2)}, tmp_path / file)
    for given in (tmp_path / file, tmp_path):
        with pytest.raises(ModelError, match=r"an adapter .*is no model alone") as said:
            describe(given)
        assert "python -c" not in str(said.value)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "lora-merged.safetensors", "flora.safetensors"]
)
def test_a_checkpoint_is_known_by_its_tensors(name, tmp_path):
    held = {"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(2, 2)}
    save_file(held, tmp_path / name)
    save_file({"a.lora_up": torch.zeros(2, 2)}, tmp_path / "a-lora.safetensors")
    for given in (tmp_path / name, tmp_path):
        with pytest.raises(ModelError, match=rf"/{name}: a checkpoint in a single file; .*python"):
            describe(given)


@pytest.mark.parametrize("name", ["sd.ckpt", "sd.pt", "pytorch_model.bin"])
def test_a_single_pickle_is_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"\x80\x04.")
    for given in (tmp_path / name, tmp_path):
        with pytest.raises(ModelError, match="a pickle can run code"):
            describe(given)


@pytest.mark.parametrize("linked", ["unet", "vae/diffusion_pytorch_model.safetensors", "tokenizer"])
def test_a_model_behind_links_is_read_and_hashed_through_them(linked, folder, tiny_sd, tmp_path):
    (folder / linked).rename(tmp_path / "elsewhere")
    (folder / linked).symlink_to(tmp_path / "elsewhere")
    found = describe(folder)
    assert found["files"] == describe(tiny_sd)["files"]
    path = next(
        p for p in [tmp_path / "elsewhere", *(tmp_path / "elsewhere").glob("*")] if p.is_file()
    )
    if path.suffix == ".json":
        path.write_text(path.read_text() + " ")
        assert describe(folder)["weights"] != found["weights"]
    inside = tmp_path / "elsewhere"
    if inside.is_dir():
        (inside / "mine.py").write_text("1")
        with pytest.raises(ModelError, match=rf"{linked}/mine.py: code in a component's"):
            describe(folder)
