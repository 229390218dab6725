"""LoRA adapters: merged as diffusers would use them, refused where they do not fit, trained."""

import shutil
from functools import partial
from pathlib import Path

import diffusers
import pytest
import torch
from safetensors.torch import load_file

import tiny_lora
from mia.config import design
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.models.adapter_file import adapter_file
from mia.models.expected_tensors import report
from mia.models.families import module_of
from mia.models.folder import describe
from mia.models.loading import load_whole
from mia.models.merging import merge
from mia.models.model_json import ModelError
from mia.models.training.base import base_pipeline
from mia.models.training.diffusion import train_diffusion
from mia.models.training.lora import MODULES, add_adapter, keeping_merged
from mia.stages.model import locate_adapter
from model_edits import WEIGHTS, as_variant, keys, sharded, tensors
from tiny_families import tiny, with_tiny_model
from tiny_lora import TEXT, UNET, UNETS_OUT, diffusers_form, kohya_form, layers, peft_form


@pytest.fixture
def merged(tiny_sd, tmp_path):
    """Merge a form of an adapter into a model; return the description of the result."""

    def make(form, scale=1.0, model=tiny_sd, name="merged", variant=None):
        adapter = tiny_lora.save(tmp_path / f"{name}-adapter" / tiny_lora.USUAL, form)
        target = tmp_path / name
        target.mkdir()
        left = merge(
            describe(model, variant), locate_adapter({"path": str(adapter)}), scale, target
        )
        return describe(target, left)

    return make


FORMS = {
    "diffusers": (diffusers_form, 1.0),
    "peft": (peft_form, 1.0),
    "peft, alpha 6 of rank 2": (partial(peft_form, alpha=6), 3.0),
    "kohya, alpha 1 of rank 2": (partial(kohya_form, alpha=1), 0.5),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [1.0, -0.25])
def test_the_change_is_scale_times_alpha_by_rank_times_b_a(tiny_sd, merged, form, scale):
    made, (as_form, factor) = layers(tiny_sd), FORMS[form]
    folder = Path(merged(as_form(made), scale)["folder"])
    for part in ("unet", "text_encoder"):
        before, after = (load_file(place / WEIGHTS[part]) for place in (tiny_sd, folder))
        assert before.keys() == after.keys()
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        modules = {module for other, module in made if other == part}
        assert {name.removeprefix("text_model.") for name in changed} == {
            f"{module}.weight" for module in modules
        }
        for module in modules:
            down, up = made[part, module]
            expected = tiny_lora.weight(tiny_sd, part, module) + scale * factor * up @ down
            found = tiny_lora.weight(folder, part, module)
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_a_prediction_is_that_of_the_pipeline_with_its_adapter(tiny_sd, merged, tmp_path):
    model = merged(diffusers_form(layers(tiny_sd)))
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(tiny_sd, local_files_only=True)
    bare = partial(answer, pipeline)()
    pipeline.load_lora_weights(tmp_path / "merged-adapter")
    denoiser = module_of("stable_diffusion").load(model, "cpu")
    z, t = noise()
    found = denoiser.epsilon(z, torch.tensor([t]), denoiser.embed(["a red cat"]))
    torch.testing.assert_close(found, answer(pipeline), rtol=1e-4, atol=1e-4)
    assert (found - bare).abs().max() > 0.01


def noise():
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)), 400


@torch.no_grad()
def answer(pipeline):
    states, _ = pipeline.encode_prompt("a red cat", "cpu", 1, False)
    z, t = noise()
    return pipeline.unet(z, t, encoder_hidden_states=states).sample


def test_weights_change_with_adapter_and_scale_and_are_equal_in_two_merges(tiny_sd, merged):
    one, other = layers(tiny_sd), layers(tiny_sd, seed=1)
    found = [
        merged(peft_form(made), scale, name=f"merged-{number}")["weights"]
        for number, (made, scale) in enumerate([(one, 1.0), (one, 1.0), (one, 0.5), (other, 1.0)])
    ]
    assert found[0] == found[1] and len({*found, describe(tiny_sd)["weights"]}) == 4


def halved(held):
    return {name: tensor.half() for name, tensor in held.items()}


def as_half(part):
    """Edits that make a component one of half precision, as `variant: fp16` has it."""

    def edit(folder):
        tensors(part, halved)(folder)
        as_variant(part)(folder)
        if part == "text_encoder":  # transformers loads weights as its config says
            keys("text_encoder/config.json", dtype="float16")(folder)

    return edit


STEM = "diffusion_pytorch_model"
BASES = {
    "a sharded U-Net": (
        [sharded("unet", f"{STEM}-{{}}.safetensors", f"{STEM}.safetensors.index.json")], None, 1e-5,
    ),
    "all in half precision": ([*map(as_half, ("unet", "text_encoder", "vae"))], "fp16", 1e-3),
    "both changed parts in half": ([as_half("unet"), as_half("text_encoder")], "fp16", 1e-3),
}  # fmt: skip


@pytest.mark.parametrize("base", BASES)
def test_bases_in_several_files_and_types_are_merged_in_float32(tiny_sd, merged, tmp_path, base):
    edits, variant, within = BASES[base]
    model = shutil.copytree(tiny_sd, tmp_path / "base")
    for edit in edits:
        edit(model)
    made = layers(tiny_sd)
    result = merged(peft_form(made), model=model, variant=variant)
    assert {result["variants"][part] for part in ("unet", "text_encoder")} == {None}
    for (part, module), (down, up) in made.items():
        of = {"unet": diffusers.UNet2DConditionModel, "text_encoder": module_text()}[part]
        loaded = load_whole(of, Path(result["folder"], part))
        found = loaded.get_submodule(module).weight
        assert found.dtype == torch.float32
        expected = tiny_lora.weight(tiny_sd, part, module) + up @ down
        torch.testing.assert_close(found, expected, rtol=within, atol=within)


def module_text():
    from transformers import CLIPTextModel

    return CLIPTextModel


@pytest.mark.parametrize("family", with_tiny_model())
def test_an_adapter_of_every_family_s_denoiser_is_merged(family, tmp_path):
    """By the pipeline class that model_index.json names; a family without a loader says so."""
    torch.manual_seed(0)
    tiny(family).save(tmp_path / "base")
    base, name = describe(tmp_path / "base"), module_of(family).family.denoiser
    (tmp_path / "merged").mkdir()
    kind = getattr(diffusers, module_of(family).family.pipelines[0])
    part = getattr(diffusers, base["classes"][name]).from_pretrained(tmp_path / "base" / name)
    held = {}
    for module, layer in part.named_modules():
        if module.endswith(("to_q", "to_k")) and not held:
            held[f"{name}.{module}.lora_A.weight"] = torch.randn(2, layer.in_features)
            held[f"{name}.{module}.lora_B.weight"] = torch.randn(layer.out_features, 2)
            changed = module
    if not hasattr(kind, "load_lora_weights"):
        held = held or {f"{name}.lora_A.weight": torch.randn(2, 2)}
    adapter = tiny_lora.save(tmp_path / "adapter.safetensors", (held, {}))
    if not hasattr(kind, "load_lora_weights"):
        with pytest.raises(ModelError, match="diffusers loads no LoRA adapter into it"):
            merge(base, adapter_file(adapter), 1.0, tmp_path / "merged")
        return
    merge(base, adapter_file(adapter), 1.0, tmp_path / "merged")
    describe(tmp_path / "merged")
    after = type(part).from_pretrained(tmp_path / "merged" / name).get_submodule(changed).weight
    down, up = held.values()
    torch.testing.assert_close(after, part.get_submodule(changed).weight + up @ down)


def test_a_pipeline_that_loads_no_adapter_is_named(tiny_sd, merged, monkeypatch):
    loader = diffusers.loaders.StableDiffusionLoraLoaderMixin
    for kind in (loader, *loader.__bases__):
        monkeypatch.delattr(kind, "load_lora_weights")
    with pytest.raises(ModelError, match="StableDiffusionPipeline: diffusers loads no LoRA"):
        merged(peft_form(layers(tiny_sd)))


def edited(**changes):
    """A form with tensors set; None removes one. `{q}` and the like stand for modules."""
    modules = {"q": f"unet.{UNET}", "out": f"unet.{UNETS_OUT}", "text": f"text_encoder.{TEXT}"}

    def form(made):
        held, metadata = peft_form(made)
        for key, value in changes.items():
            name, _, rest = key.partition("__")
            name = f"{modules.get(name, name)}.{rest.replace('__', '.')}"
            held = {**held, name: value}
        return {name: tensor for name, tensor in held.items() if tensor is not None}, metadata

    return form


def with_names(old, new):
    def form(made):
        held, _ = diffusers_form(made)
        return {name.replace(old, new): tensor for name, tensor in held.items()}, {}

    return form


def without_layers(held):
    return lambda made: (held, {"format": "pt"})


A, B = "lora_A__weight", "lora_B__weight"
UNFIT = {
    # Layers that match nothing.
    "a block that is not there": (
        with_names("down_blocks.1", "down_blocks.7"),
        r"an adapter for another base: of its layers 1 match nothing in unet and text_encoder "
        r"\(unet\.down_blocks\.7\.\S*to_q\); 2 fit",
    ),
    "no component's name": (
        with_names("unet.", ""), r"4 match nothing in unet and text_encoder \(down_blocks",
    ),
    "a transformer's": (
        with_names("unet.", "transformer."), r"4 match nothing .*\(transformer\.down",
    ),
    "another text encoder's": (
        with_names("text_encoder.", "text_encoder_2."), r"2 match nothing .*\(text_encoder_2\.",
    ),
    "a text layer that is not there": (
        with_names("layers.0.self_attn", "layers.9.self_attn"), r"1 match nothing .*layers\.9",
    ),
    # Layers of another shape.
    "wider inputs": (
        edited(**{f"q__{A}": torch.ones(2, 64)}),
        r"1 are of another shape \(unet\.\S*to_q: \[32, 2\] · \[2, 64\] for \[32, 32\]\); 2 fit",
    ),
    "wider outputs": (edited(**{f"out__{B}": torch.ones(64, 2)}), r"\[64, 2\] · \[2, 32\] for"),
    "two ranks": (edited(**{f"q__{A}": torch.ones(3, 32)}), r"\[32, 2\] · \[3, 32\] for"),
    "a text encoder twice as wide": (
        edited(**{f"text__{A}": torch.ones(2, 64)}), r"1 are of another shape \(text_encoder",
    ),
    # Layers that are not whole.
    "A without B": (edited(**{f"q__{B}": None}), r"to_q: lora_A.weight; expected lora_A"),
    "B without A": (edited(**{f"out__{A}": None}), r"to_out.0: lora_B.weight; expected lora_A"),
    "B alone in a text encoder": (
        edited(**{f"text__{A}": None}), "Pipeline: Could not automatically infer state dict type",
    ),
    "an embedding's": (
        edited(q__lora_embedding_A=torch.ones(2, 2)), r"lora_embedding_A; expected lora_A",
    ),
    # Nothing in it, or nothing that changes anything.
    "empty": (without_layers({}), "holds no tensor; expected a safetensors file of a LoRA"),
    "rank 0": (
        edited(**{f"q__{A}": torch.ones(0, 32), f"q__{B}": torch.ones(32, 0)}), r"so of rank 0",
    ),
    "untrained": (
        lambda made: peft_form({place: (down, 0 * up) for place, (down, up) in made.items()}),
        "at scale 1.0 it changes no weight",
    ),
    # Numbers.
    "NaN": (edited(**{f"q__{A}": torch.full((2, 32), torch.nan)}), r"to_q.lora_A.weight holds NaN"),
    "infinity": (edited(**{f"text__{B}": torch.full((32, 2), torch.inf)}), "holds NaN or infinity"),
    "a sum that is infinite": (
        lambda made: peft_form({place: (3e38 * d, 3e38 * u) for place, (d, u) in made.items()}),
        "not loaded into StableDiffusionPipeline: NaNs detected in the merged weights|holds NaN",
    ),
    # Other kinds of adapters, other files.
    "LoHa": (without_layers({"lora_unet_x.hada_w1_a": torch.ones(2)}), "a LoHa adapter"),
    "LoKr": (without_layers({"lora_unet_x.lokr_w1": torch.ones(2)}), "a LoKr adapter"),
    "DoRA, as kohya saves it": (
        without_layers({"lora_unet_x.dora_scale": torch.ones(2)}), "dora_scale: a DoRA adapter",
    ),
    "DoRA, as PEFT saves it": (
        edited(q__lora_magnitude_vector=torch.ones(32)), "lora_magnitude_vector: a DoRA adapter",
    ),
    "a whole U-Net": (
        without_layers({"conv_in.weight": torch.ones(2), "conv_out.weight": torch.ones(2)}),
        r"2 of 2 tensors belong to no LoRA layer \(conv_in.weight, conv_out.weight\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT)
def test_what_does_not_fit_is_named_in_one_line(tiny_sd, merged, case):
    form, said = UNFIT[case]
    with pytest.raises(ModelError, match=said) as caught:
        merged(form(layers(tiny_sd)))
    assert "\n" not in str(caught.value) and tiny_lora.USUAL in str(caught.value)


PLACES = {
    # What lies in the folder, what `path` and `weight_name` say; what is found, or the message.
    "the file": (["a.safetensors"], "a.safetensors", None, "a.safetensors"),
    "the only file": (["a.safetensors", "readme.md"], "", None, "a.safetensors"),
    "the usual name of two": ([tiny_lora.USUAL, "b.safetensors"], "", None, tiny_lora.USUAL),
    "the named of two": (["a.safetensors", "b.safetensors"], "", "b.safetensors", "b.safetensors"),
    "two": (["a.safetensors", "b.safetensors"], "", None, r"2 files \(a.*, b.*\); say which"),
    "none": (["readme.md"], "", None, "no adapter in it; expected .*; found readme.md"),
    "an empty folder": ([], "", None, "no adapter in it; expected .*; found nothing"),
    "another name": (["a.safetensors"], "", "c.safetensors", "no c.safetensors in it"),
    "a name beside a file": (["a.safetensors"], "a.safetensors", "a.safetensors", "a file; expect"),
    "nothing there": ([], "gone.safetensors", None, "gone.safetensors: missing; expected a safe"),
    "a pickle": (["a.bin"], "a.bin", None, "a.bin: a pickle can run code"),
    "a pickle, not there": ([], "a.pt", None, "a.pt: a pickle can run code"),
    "pickles alone": (["a.ckpt"], "", None, "a.ckpt: a pickle can run code"),
    "a pickle by name": (["a.safetensors", "a.pth"], "", "a.pth", "a.pth: a pickle can run code"),
    "another ending": (["a.gguf"], "a.gguf", None, "a.gguf: .gguf; expected a safetensors file"),
}


@pytest.mark.parametrize("case", PLACES)
def test_where_an_adapter_lies(tiny_sd, tmp_path, case):
    files, path, name, expected = PLACES[case]
    for file in files:
        tiny_lora.save(tmp_path / "here" / file, peft_form(layers(tiny_sd)))
    (tmp_path / "here").mkdir(exist_ok=True)
    if expected in files:
        assert adapter_file(tmp_path / "here" / path, name) == tmp_path / "here" / expected
    else:
        with pytest.raises(ModelError, match=expected):
            adapter_file(tmp_path / "here" / path, name)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes are too few for its header"),
        (b"PK\x03\x04" + bytes(100), "not a whole safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer in place of the file"),
    ],
)
def test_a_damaged_adapter_is_named(tmp_path, data, said):
    (tmp_path / "a.safetensors").write_bytes(data)
    with pytest.raises(ModelError, match=said):
        adapter_file(tmp_path / "a.safetensors")


# Layers of an adapter left in a saved model

LEFT_IN = {
    "unet": [f"{UNET}.base_layer.weight", f"{UNET}.lora_A.default.weight"],
    "text_encoder": [f"text_model.{TEXT}.base_layer.weight", f"{TEXT}.lora_B.default.weight"],
    "older text_encoder": [f"text_model.{TEXT}.lora_linear_layer.down.weight"],
    "older unet": [f"{UNET.removesuffix('.to_q')}.processor.to_q_lora.down.weight"],
}


@pytest.mark.parametrize("case", LEFT_IN)
def test_layers_left_in_a_saved_model_are_explained(tiny_sd, tmp_path, case):
    folder = shutil.copytree(tiny_sd, tmp_path / "model")
    more = {name: torch.ones(2) for name in LEFT_IN[case]}
    tensors(case.split()[-1], lambda held: {**held, **more})(folder)
    with pytest.raises(ModelError, match="adapter layers are still in it: merge them"):
        describe(folder)


@pytest.mark.parametrize(
    "name",
    [
        "transformer_blocks.0.attn.to_q.base_layer.weight",
        "transformer_blocks.0.attn.add_k_proj.lora_A.default.weight",
        "single_transformer_blocks.0.proj_mlp.lora_B.default_0.weight",
        "encoder.block.0.layer.0.SelfAttention.q.lora_A.default.weight",
    ],
)
def test_layers_left_in_a_transformer_are_explained(name):
    said = report("SD3Transformer2DModel", [], [name], [])
    assert "adapter layers are still in it: merge them" in said


def test_other_names_are_not_called_adapters():
    said = report("UNet2DConditionModel", [], ["down_blocks.0.resnets.5.conv1.weight"], [])
    assert "adapter" not in said


def test_an_adapter_named_as_a_model_is_told_the_key(tiny_sd, tmp_path):
    file = tiny_lora.save(tmp_path / "mine.safetensors", diffusers_form(layers(tiny_sd)))
    for path in (file, tmp_path):
        with pytest.raises(
            ModelError, match=r"mine\.safetensors: an adapter .*`lora: {path: \S+}`"
        ):
            describe(path)


# Training

SETTINGS = {
    "seed": 3, "epochs": 2, "keep": [1, 2], "batch_size": 4, "learning_rate": 0.01,
    "caption_dropout": 0.1, "text_encoder": False,
}  # fmt: skip


def train(model, out, **lora):
    settings = {**SETTINGS, "lora": lora}
    pipeline = base_pipeline(describe(model))
    before = {name: weight.clone() for name, weight in pipeline.unet.state_dict().items()}
    add_adapter(pipeline, settings)

    def keep(epoch, pipeline):
        pipeline.save_pretrained(out / str(epoch))

    kept = keeping_merged(keep, lambda epoch: out / str(epoch))
    pixels = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    train_diffusion(pipeline, pixels, ["a red cat", "a blue dog"] * 4, settings, kept)
    after = pipeline.unet.state_dict()
    for name, weight in before.items():  # what learns is the adapter, also after a checkpoint
        module = name.removesuffix(".weight").removesuffix(".bias")
        inner = name.replace(module, f"{module}.base_layer") if name not in after else name
        assert torch.equal(after[inner], weight), name
    return out


@pytest.mark.parametrize("lora", [{"rank": 4}, {"rank": 2, "alpha": 5}], ids=str)
def test_the_base_with_the_kept_adapter_is_the_kept_model(tiny_sd, tmp_path, lora):
    out = train(tiny_sd, tmp_path / "out", **lora)
    base, seen = describe(tiny_sd), set()
    for epoch in (1, 2):
        adapter = adapter_file(out / str(epoch) / "lora")
        assert adapter.name == tiny_lora.USUAL
        (target := tmp_path / f"merged-{epoch}").mkdir()
        merge(base, adapter, 1.0, target)
        kept, made = (load_file(place / WEIGHTS["unet"]) for place in (out / str(epoch), target))
        bare = load_file(tiny_sd / WEIGHTS["unet"])
        changed = {name for name in bare if not torch.equal(bare[name], kept[name])}
        assert changed == {f"{m}.weight" for m in attention(bare)}
        for name in kept:
            torch.testing.assert_close(made[name], kept[name], rtol=1e-6, atol=1e-6)
        assert load_file(out / str(epoch) / WEIGHTS["text_encoder"]).keys()
        assert describe(out / str(epoch))["files"][WEIGHTS["vae"]] == base["files"][WEIGHTS["vae"]]
        seen.add(describe(out / str(epoch))["weights"])
    assert len({*seen, base["weights"]}) == 3


def attention(held):
    names = (name.removesuffix(".weight") for name in held if name.endswith(".weight"))
    return {name for name in names if name.endswith(MODULES)}


def test_an_adapter_is_the_same_in_two_trainings_whatever_was_drawn_between(tiny_sd, tmp_path):
    torch.manual_seed(0)
    one = train(tiny_sd, tmp_path / "one", rank=4)
    torch.manual_seed(1)
    torch.rand(7)
    other = train(tiny_sd, tmp_path / "other", rank=4)
    for epoch in ("1", "2"):
        for file in (f"lora/{tiny_lora.USUAL}", WEIGHTS["unet"]):
            assert (one / epoch / file).read_bytes() == (other / epoch / file).read_bytes()


def test_what_is_kept_changes_no_weight(tiny_sd, tmp_path, monkeypatch):
    both = train(tiny_sd, tmp_path / "both", rank=2)
    monkeypatch.setitem(SETTINGS, "keep", [2])
    last = train(tiny_sd, tmp_path / "last", rank=2)
    assert not (last / "1").exists()
    assert describe(both / "2")["weights"] == describe(last / "2")["weights"]


# The config

TINY = {
    "results": "results",
    "image_sets": {"mine": {"source": "builtin", "split": {"one": 9, "two": 9}}},
    "models": {"base": {"source": "path", "path": "models/base"}},
    "targets": {"fair": {"model": "base", "members": "mine:one", "nonmembers": "mine:two"}},
    "attacks": {"loss": {}},
}
TUNED = {"base": "base", "set": "mine:one", "learning_rate": 0.1, "lora": {"rank": 2}}
PATH = {"source": "path", "path": "models/base"}


def with_lora(**lora):
    return {"models": {**TINY["models"], "mine": {**PATH, "lora": lora}}}


def with_training(**changes):
    spec = {key: value for key, value in {**TUNED, **changes}.items() if value is not None}
    model = {"source": "training", "training": "tuned"}
    return {"training": {"tuned": spec}, "models": {**TINY["models"], "mine": model}}


HUB = {"repo": "owner/name", "revision": "0" * 40}
WRONG = {
    "neither path nor repo": (with_lora(scale=1.0), "models.mine.lora: expected either `path`, or"),
    "both": (with_lora(path="a", **HUB), "models.mine.lora: expected either `path`, or `repo`"),
    "no revision": (with_lora(repo="owner/name"), "lora: expected `repo` and `revision` together"),
    "no commit": (with_lora(**{**HUB, "revision": "main"}), "models.mine.lora.revision: 'main'"),
    "a file outside": (with_lora(path="a", weight_name="../b"), "models.mine.lora.weight_name"),
    "a pickle": (with_lora(path="a", weight_name="b.bin"), "weight_name: b.bin: a pickle can run"),
    "scale 0": (with_lora(path="a", scale=0), "scale: 0; expected a finite number other than 0"),
    "scale NaN": (with_lora(path="a", scale=float("nan")), "models.mine.lora.scale: nan; expected"),
    "scale inf": (with_lora(path="a", scale=float("inf")), "models.mine.lora.scale: inf; expected"),
    "another key": (with_lora(path="a", rank=2), "models.mine.lora: unknown key 'rank'"),
    "no base": (
        with_training(base=None, representation_set="mine"),
        "training.tuned: key 'lora' would be ignored: it needs `base`",
    ),
    "a text encoder": (with_training(text_encoder=True), "key 'text_encoder' would be ignored: an"),
    "no text encoder": (with_training(text_encoder=False), "'text_encoder' would be ignored: an"),
    "rank 0": (with_training(lora={"rank": 0}), "training.tuned.lora.rank: 0 is less than"),
    "no rank": (with_training(lora={}), "training.tuned.lora: missing key 'rank'"),
    "alpha 0": (with_training(lora={"rank": 1, "alpha": 0}), "training.tuned.lora.alpha: 0 is"),
    "its own base": (with_training(base="mine"), "training.tuned.base: 'mine' comes from training"),
    "no such base": (with_training(base="bas"), "training.tuned.base: .*'bas'.*base"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_block_is_named(case):
    changes, said = WRONG[case]
    with pytest.raises(ConfigError, match=said):
        read({**TINY, **changes})


def test_a_ring_of_bases_is_named():
    trainings = {
        name: {**TUNED, "base": f"of_{other}"}
        for name, other in (("a", "b"), ("b", "a"), ("c", "a"))
    }
    models = {f"of_{name}": {"source": "training", "training": name} for name in "abc"}
    with pytest.raises(ConfigError, match=r"training\.a\.base: 'of_b' comes from training 'a'"):
        read({**TINY, "training": trainings, "models": {**TINY["models"], **models}})


def test_what_is_known_of_a_model_with_an_adapter():
    """Its latents are its base's; what its adapter has learnt is not known, so no ε is claimed."""
    changes = with_training()
    changes["models"]["both"] = {**changes["models"]["mine"], "lora": {"path": "a"}}
    changes["models"]["given"] = {**PATH, "lora": {"path": "a"}}
    changes["models"]["alone"] = {**PATH, "variant": "fp16", "lora": {"path": "a"}}
    fair = TINY["targets"]["fair"]
    targets = {name: {**fair, "model": name} for name in changes["models"]}
    experiment = read({**TINY, **changes, "targets": targets})
    assert experiment.vae("given") == experiment.vae("mine") == experiment.vae("both") == "base"
    assert experiment.vae("alone") == "alone"
    assert {name for name in targets if design.is_randomised(experiment, name)} == {"mine"}
    assert {name for name in targets if design.trained_here(experiment, name)} == {"mine"}


def test_a_base_that_was_trained_here_brings_its_latents_and_what_it_has_learnt():
    base = {"set": "mine:two", "representation_set": "mine", "epochs": 3}
    changes = with_training(base="first")
    changes["training"]["before"] = base
    changes["models"]["first"] = {"source": "training", "training": "before"}
    fair = {**TINY["targets"]["fair"], "model": "mine"}
    experiment = read({**TINY, **changes, "targets": {"fair": fair}})
    assert experiment.vae("mine") == "before"
    assert experiment.trained_on("mine") == {("mine", "one"), ("mine", "two")}
    assert not design.is_randomised(experiment, "fair")
    with pytest.raises(ConfigError, match="'first' was trained on mine:two, which the target"):
        read({**TINY, **changes, "targets": {"fair": {**fair, "reference": "first"}}})
