"""A CLIP's weights and files: what is not a tower's own is refused, and no code is run."""

import json
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import tiny_clip
from mia.config.check_embeddings import embedding_mistakes
from mia.file_hash import file_hash
from mia.models.clip_image import Embedder
from mia.models.clip_text import CaptionEmbedder
from mia.models.model_json import ModelError
from mia.stages import encoder

QUERY = "vision_model.encoder.layers.0.self_attn.q_proj.weight"
KEY = "text_model.encoder.layers.0.self_attn.k_proj.weight"


@pytest.fixture
def folder(tmp_path):
    tiny_clip.save(tiny_clip.build(), tmp_path / "clip")
    return tmp_path / "clip"


def spec(folder, change=lambda held: None):
    """The spec of a folder whose tensors `change` has altered."""
    path = folder / "model.safetensors"
    held = load_file(path)
    change(held)
    save_file(held, path, {"format": "pt"})
    return {"path": str(folder), "sha256": file_hash(path)}


def own(name):
    return Embedder if name.startswith("vision_model.") else CaptionEmbedder


@pytest.mark.parametrize("name", [QUERY, KEY])
def test_a_tensor_of_the_tower_that_is_missing_is_named(name, folder):
    promised = spec(folder, lambda held: held.pop(name))
    with pytest.raises(ModelError, match=r"1 missing \(\S*self_attn\.\w_proj\.weight\)"):
        own(name)(promised, "cpu", 1)


@pytest.mark.parametrize("name", [QUERY, KEY])
def test_an_adapter_that_is_still_in_it_is_refused(name, folder):
    def change(held):
        held[name.replace(".weight", ".base_layer.weight")] = held.pop(name)

    with pytest.raises(ModelError, match=r"1 missing .*1 unexpected \(\S*base_layer"):
        own(name)(spec(folder, change), "cpu", 1)


@pytest.mark.parametrize("name", [QUERY, KEY])
def test_a_tensor_too_many_in_the_tower_is_refused(name, folder):
    def change(held):
        held[name.replace(".weight", ".lora_A.weight")] = torch.zeros(2, 16)

    with pytest.raises(ModelError, match=r"1 unexpected \(\S*lora_A\.weight\)"):
        own(name)(spec(folder, change), "cpu", 1)


@pytest.mark.parametrize("name", [QUERY, KEY])
def test_a_tensor_of_another_shape_is_refused(name, folder):
    def change(held):
        held[name] = torch.zeros(3, 3)

    with pytest.raises(ModelError, match=r"can be loaded: .*size|mismatched") as caught:
        own(name)(spec(folder, change), "cpu", 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", [QUERY, KEY])
def test_weights_that_are_not_finite_are_refused(name, value, folder):
    def change(held):
        held[name][0, 0] = value

    with pytest.raises(ModelError, match=rf"{name} holds NaN or infinity"):
        own(name)(spec(folder, change), "cpu", 1)


@pytest.mark.parametrize("kind", [Embedder, CaptionEmbedder])
def test_the_other_tower_may_be_there(kind, folder):
    kind(spec(folder), "cpu", 1)


@pytest.mark.parametrize("kind", [Embedder, CaptionEmbedder])
@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ('{"model_type": "clip", "auto_map": {"AutoModel": "a.B"}}', "auto_map: .*code to run"),
        ("[]", r"\[\]; expected an object"),
        ("[" * 10**5, r"nested too deeply|not JSON"),
        ("version https://git-lfs.github.com/spec/v1\n", "run `git lfs pull`"),
    ],
)
def test_a_config_of_another_kind_is_refused(contents, said, kind, folder):
    promised = spec(folder)
    (folder / "config.json").write_text(contents)
    with pytest.raises(ModelError, match=said) as caught:
        kind(promised, "cpu", 1)
    assert str(caught.value).startswith(f"{folder}/config.json: ")


NAMED = {"AutoTokenizer": ["mine.Mine", "mine.Mine"]}


@pytest.mark.parametrize("kind", [Embedder, CaptionEmbedder])
@pytest.mark.parametrize(
    ("file", "named", "key"),
    [
        ("tokenizer_config.json", {"auto_map": NAMED, "tokenizer_class": "Mine"}, "auto_map"),
        ("tokenizer_config.json", {"tokenizer_class": "mine.Mine"}, "tokenizer_class"),
        ("preprocessor_config.json", {"auto_map": {"AutoProcessor": "mine.Mine"}}, "auto_map"),
        ("processor_config.json", {"auto_map": {"AutoProcessor": "mine.Mine"}}, "auto_map"),
        ("generation_config.json", {"custom_pipelines": {"a": "mine.Mine"}}, "custom_pipelines"),
        ("config.json", {"text_config": {"auto_map": NAMED}}, "text_config.auto_map"),
    ],
)
def test_a_clip_that_names_code_is_refused_and_none_is_run(
    file, named, key, kind, folder, tmp_path, monkeypatch
):
    promised, marker = spec(folder), tmp_path / "ran"
    (folder / "mine.py").write_text(f"open({str(marker)!r}, 'w')\nclass Mine: pass\n")
    config = folder / file
    before = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps({**before, **named}))
    monkeypatch.setattr("builtins.input", lambda *arguments: "y")
    with pytest.raises(ModelError, match=rf"/{file}: {key}: .*names code to run") as caught:
        kind(promised, "cpu", 1)
    (mistake,) = embedding_mistakes(promised, "audit.embedding")
    assert mistake == f"audit.embedding.path: {caught.value}"
    assert not marker.exists()


@pytest.mark.parametrize("name", ["handler.py", "train.py", "modules.json"])
def test_a_clip_beside_files_that_name_no_code_is_taken(name, folder):
    (folder / name).write_text('[{"auto_map": 1}]')
    CaptionEmbedder(spec(folder), "cpu", 1)


def lost(held):
    del held[KEY]


def spoilt(held):
    held[QUERY][0, 0] = float("nan")


def adapted(held):
    held[QUERY.replace(".weight", ".lora_A.weight")] = torch.zeros(2, 16)


@pytest.mark.parametrize(
    ("change", "said"), [(lost, "1 missing"), (spoilt, "NaN"), (adapted, "lora_A")]
)
def test_a_clip_that_cannot_be_used_is_told_before_pictures_are_had(
    change, said, folder, tmp_path, monkeypatch
):
    output = tmp_path / "encoder.json"
    arguments = ["encoder", "--settings", json.dumps(spec(folder, change)), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match=rf"^error: embedding model: .*{said}"):
        encoder.main()
    assert not output.exists()


def test_a_sound_clip_says_what_it_embeds(folder, tmp_path, monkeypatch):
    output = tmp_path / "encoder.json"
    arguments = ["encoder", "--settings", json.dumps(spec(folder)), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", arguments)
    encoder.main()
    assert json.loads(output.read_text())["channels"] == ["embedding", "text"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("image_mean", None), ("image_mean", [0.5, 0.5]), ("image_std", [1, 1, 0]), ("image_std", 1)],
)
def test_a_preparation_without_its_three_numbers_is_refused(key, value, folder):
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ModelError, match=rf"preprocessor_config\.json: {key}: .*expected three"):
        Embedder(spec(folder), "cpu", 1)
