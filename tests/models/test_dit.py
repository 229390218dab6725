"""DiT: classes in place of captions, and what is said of one that names none."""

import json
import shutil

import pytest
import torch
from diffusers import DiTPipeline

from mia.denoisers import dit
from mia.models.captions import are_classes, require_captions
from mia.models.families import caption_mistake
from mia.models.folder import ModelError, describe, facts, require_usable
from model_edits import GONE, keys
from tiny_families import tiny

INDEX, TRANSFORMER = "model_index.json", "transformer/config.json"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("dit") / "model"
    tiny("dit").save(folder)
    return folder


@pytest.fixture(scope="module")
def model(saved):
    return describe(saved)


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


CLASSES = {
    "207": 207,
    " 207\n": 207,
    "0": 0,
    "999": 999,
    "0007": 7,
    "golden retriever": 207,
    "GOLDEN Retriever ": 207,
    "golden  retriever": 207,
    "goldfish": 1,
    "Carassius auratus": 1,
    "goldfish, Carassius auratus": 1,
    "toilet tissue": 999,
    "Toilet Paper": 999,
    "crane, machine": 517,
    "machine": 517,
}


@pytest.mark.parametrize("caption", CLASSES)
def test_a_caption_names_a_class(model, caption):
    assert caption_mistake(model, caption) is None
    told = dit.load(model, "cpu").embed([caption, "3"])
    assert told["classes"].tolist() == [CLASSES[caption], 3]
    assert told["classes"].dtype == torch.int64


RANGE = "expected a class: a number from 0 to 999"
MISTAKES = {
    "": f"{RANGE}, or a name in id2label of model_index.json",
    "   ": f"{RANGE}, or a name",
    "1000": f"{RANGE}, or a name",
    "99999999999999999999": f"{RANGE}, or a name",
    "-1": f"{RANGE}, or a name",
    "207.0": f"{RANGE}, or a name",
    "1e2": f"{RANGE}, or a name",
    "²": f"{RANGE}, or a name",
    "n02099601": f"{RANGE}, or a name",
    "a photo of a golden retriever": "nearest: golden retriever",
    "gold fish": "nearest: goldfish",
    "retriever": "golden retriever",
    "goldfish, golden retriever": "nearest: golden",
    "crane": "a name of the classes 134 and 517; expected the number of one of them",
    " Crane": "a name of the classes 134 and 517; expected the number of one of them",
}


@pytest.mark.parametrize("caption", MISTAKES)
def test_any_other_caption_is_refused(model, caption):
    assert MISTAKES[caption] in caption_mistake(model, caption)
    with pytest.raises(ModelError, match="expected"):
        dit.load(model, "cpu").embed(["1", caption])


def test_an_empty_caption_has_no_nearest_name(model):
    assert "nearest" not in caption_mistake(model, "")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_first_wrong_row_is_named_with_its_value(model, place):
    captions = ["1", "goldfish", "207"]
    captions[place] = "a cat" + "!" * 100
    rows = [(f"key{i}", caption) for i, caption in enumerate(captions)]
    with pytest.raises(ModelError) as caught:
        require_captions(model, rows, "sets/manifest.parquet")
    said = str(caught.value)
    assert said.startswith(f'sets/manifest.parquet: image key{place}: caption: "a cat!!!')
    assert "\n" not in said and RANGE in said and "!" * 70 not in said


def test_right_captions_are_let_through(model):
    require_captions(model, [("a", "1"), ("b", "goldfish")], "manifest.parquet")


def test_only_class_conditional_models_are_asked(model, tiny_sd):
    assert are_classes(model)
    other = describe(tiny_sd)
    assert not are_classes(other) and not are_classes({"vae": {}})
    assert caption_mistake(other, "") is None and caption_mistake(other, "any words") is None


def test_names_are_those_that_the_pipeline_knows(saved, model):
    """Where a name is of one class alone; the pipeline takes the last class of an ambiguous one."""
    labels = DiTPipeline.from_pretrained(saved).labels
    assert labels
    for name, number in labels.items():
        if name != "crane":
            assert dit.class_of(model, name) == number


def test_a_folder_without_names_takes_numbers(folder):
    keys(INDEX, id2label=GONE)(folder)
    model = describe(folder)
    assert caption_mistake(model, "207") is None
    assert caption_mistake(model, "goldfish") == f"{RANGE} (model_index.json names no classes)"


def test_a_model_of_fewer_classes(tmp_path):
    """Its null is the class after its last."""
    tiny("dit").save(tmp_path / "model", num_embeds_ada_norm=10)
    keys(INDEX, id2label={"9": "nine", "0": "zero"})(tmp_path / "model")
    model = describe(tmp_path / "model")
    denoiser = dit.load(model, "cpu")
    assert denoiser.null["classes"].tolist() == [10]
    assert caption_mistake(model, "9") is None and "from 0 to 9" in caption_mistake(model, "10")
    answer = denoiser.epsilon(torch.randn(1, 4, 8, 8), torch.tensor([5]), denoiser.null)
    assert answer.isfinite().all()


def test_the_null_is_the_pipelines_class(model):
    assert dit.load(model, "cpu").null["classes"].tolist() == [1000]


REFUSED = {
    "names that are a list": ({"id2label": ["a"]}, INDEX, r'id2label: \["a"\]; expected an object'),
    "names that are text": ({"id2label": "a"}, INDEX, 'id2label: "a"; expected an object'),
    "a class too many": (
        {"id2label": {"1000": "a"}}, INDEX, 'id2label: "1000": no class; expected .* 0 to 999'),
    "a negative class": ({"id2label": {"-1": "a"}}, INDEX, 'id2label: "-1": no class'),
    "a class that is no number": ({"id2label": {"a": "1"}}, INDEX, 'id2label: "a": no class'),
    "a name that is a number": ({"id2label": {"1": 2}}, INDEX, 'id2label: "1": 2; expected names'),
    "an empty name": ({"id2label": {"1": " "}}, INDEX, 'id2label: "1": " "; expected names'),
    "no classes": ({"num_embeds_ada_norm": None}, TRANSFORMER, "num_embeds_ada_norm: null; exp"),
    "classes as text": ({"num_embeds_ada_norm": "9"}, TRANSFORMER, 'num_embeds_ada_norm: "9"; exp'),
    "another variance": (
        {"out_channels": 9}, TRANSFORMER, "out_channels: 9; expected 4, as in_channels, or 8"),
    "channels that are true": ({"out_channels": True}, TRANSFORMER, "out_channels: true; expec"),
    "latents of another VAE": ({"in_channels": 16}, TRANSFORMER, "in_channels: 16; expected 4"),
    "another transformer": (
        {"transformer": ["diffusers", "SD3Transformer2DModel"]}, INDEX, "is no known class"),
    "config of another transformer": (
        {"_class_name": "PixArtTransformer2DModel"}, TRANSFORMER, "expected DiTTransformer2DModel"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_folder_with_a_fault_is_refused(folder, fault):
    changes, file, said = REFUSED[fault]
    keys(file, **changes)(folder)
    with pytest.raises(ModelError, match=said) as caught:
        require_usable(folder)
    assert str(caught.value).startswith(str(folder / file)) and "\n" not in str(caught.value)


BUILT = {
    "fewer classes than names": ({"num_embeds_ada_norm": 900}, 'id2label: "999": no class'),
    "more classes than the weights": ({"num_embeds_ada_norm": 1001}, "of another shape"),
    "no variance though it has one": ({"out_channels": 4}, "of another shape"),
    "patches that do not fit": ({"sample_size": 7}, "its transformer cannot work"),
    "another norm": ({"norm_type": "ada_norm_single"}, "no transformer can be built"),
}


@pytest.mark.parametrize("fault", BUILT)
def test_a_config_that_the_weights_contradict_is_refused(folder, fault):
    changes, said = BUILT[fault]
    keys(TRANSFORMER, **changes)(folder)
    with pytest.raises(ModelError, match=said):
        describe(folder)


def test_a_model_without_a_variance(tmp_path):
    tiny("dit").save(tmp_path / "model", out_channels=4)
    check_answer(tmp_path / "model")
    tiny("dit").save(tmp_path / "unsaid", out_channels=None)
    check_answer(tmp_path / "unsaid")


def test_a_folder_as_first_published(folder):
    """Its transformer is called `Transformer2DModel` and has keys of other models."""
    keys(INDEX, transformer=["diffusers", "Transformer2DModel"])(folder)
    keys(
        TRANSFORMER,
        _class_name="Transformer2DModel",
        cross_attention_dim=None,
        num_vector_embeds=None,
        only_cross_attention=False,
        use_linear_projection=False,
    )(folder)
    assert describe(folder)["classes"]["transformer"] == "DiTTransformer2DModel"
    check_answer(folder)


def check_answer(folder):
    """The answer is the first half of what the pipeline's own transformer answers."""
    pipeline, denoiser = DiTPipeline.from_pretrained(folder), dit.load(describe(folder), "cpu")
    z = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    found = denoiser.epsilon(z, torch.tensor([500, 500]), denoiser.embed(["207", "goldfish"]))
    with torch.no_grad():
        given = {"timestep": torch.tensor([500] * 2), "class_labels": torch.tensor([207, 1])}
        expected = pipeline.transformer(z, **given).sample[:, :4]
    torch.testing.assert_close(found, expected)
    assert found.std() > 0.01


def test_a_row_depends_on_its_own_class_alone(model):
    denoiser = dit.load(model, "cpu")
    z = torch.randn(1, 4, 8, 8).expand(3, -1, -1, -1)
    told = denoiser.embed(["1", "207", "1"])
    found = denoiser.epsilon(z, torch.tensor([300] * 3), told)
    torch.testing.assert_close(found[0], found[2])
    assert (found[0] - found[1]).abs().max() > 1e-3
    alone = denoiser.epsilon(z[:1], torch.tensor([300]), told.rows(slice(1, 2)))
    torch.testing.assert_close(found[1:2], alone)


def test_half_precision_is_close(model):
    z, at = torch.randn(2, 4, 8, 8), torch.tensor([100, 900])
    full, half = (dit.load(model, "cpu", dtype) for dtype in ("float32", "bfloat16"))
    told = full.embed(["1", "207"])
    found = half.epsilon(z, at, told)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, full.epsilon(z, at, told), rtol=0.1, atol=0.1)


def test_facts_name_classes_for_model_json(saved):
    found = facts(saved)
    assert found["class_count"] == 1000 and found["resolution"] == 16
    assert found["labels"]["crane"] == [134, 517] and found["labels"]["goldfish"] == [1]
    json.dumps(found)
