"""A given CLIP in the audit: caption vectors, what its channels find, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from transformers import CLIPModel

import tiny_clip
from blind_verdict import judged
from made_images import images
from mia import result_paths, storage
from mia.config import stage_settings
from mia.config.attacks import build_attack
from mia.config.check_files import AUDIT, file_mistakes
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.stage_files import StageFiles
from mia.config.stage_inputs import StageInputs
from mia.evidence import Evidence
from mia.file_hash import file_hash
from mia.images.duplicates.cosine_search import vectors
from mia.models.clip_folder import all_channels, channels, encoder_name
from mia.models.clip_text import CaptionEmbedder
from mia.models.model_json import ModelError
from mia.stages import embed
from mia.targets.pictures import with_embeddings
from micro_experiment import CONFIG, IMAGES
from workbench import Workbench

CAPTIONS = ["a red cat", "", "two old birds and many more words than the encoder has room for"]


@pytest.fixture(scope="module")
def model():
    return tiny_clip.build()


@pytest.fixture
def spec(tmp_path, model):
    return tiny_clip.save(model, tmp_path / "clip")


def without_text(folder):
    """Make of a CLIP's folder that of its image encoder alone."""
    config = json.loads((folder / "config.json").read_text())
    config = {**config["vision_config"], "model_type": "clip_vision_model"}
    (folder / "config.json").write_text(json.dumps(config))


# Caption vectors


def test_caption_vectors_are_the_encoders_pooled_states(model, spec):
    """The model pools captions that are padded, many at once: no number depends on it."""
    tokens = tiny_clip.tokenizer()(
        CAPTIONS, padding="max_length", truncation=True, max_length=8, return_tensors="pt"
    )
    with torch.inference_mode():
        expected = model.text_model(**tokens).pooler_output
    embedder = CaptionEmbedder(spec, "cpu", threads=1)
    found = np.stack([embedder(caption) for caption in CAPTIONS])
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert found.dtype == np.float32 and found.shape == (3, 16)


def test_the_stage_embeds_captions_of_what_could_be_opened(tmp_path, spec):
    rows = pd.DataFrame({"key": ["c", "a", "b", "d"], "caption": ["a dog", None, "a cat", "x"]})
    rows["status"] = ["success", "success", "success", "timeout"]
    storage.write(rows, tmp_path / "rows.parquet")
    arguments = ["--rows", str(tmp_path / "rows.parquet"), "--channel", "text", "--pictures"]
    arguments += [
        "--settings",
        json.dumps({**spec, "device": "cpu"}),
        "--threads",
        "1",
        "--output",
        str(tmp_path / "out.parquet"),
    ]
    embed.main(arguments)
    found = storage.read(tmp_path / "out.parquet")
    assert found["key"].tolist() == ["a", "b", "c"]
    embedder = CaptionEmbedder(spec, "cpu", 1)
    expected = [embedder(caption) for caption in ("", "a cat", "a dog")]
    np.testing.assert_array_equal(vectors(found["embedding"].tolist()), expected)


def test_words_are_captions_in_the_space_of_images(tmp_path, spec):
    """What transformers' whole CLIP calls text features, of length 1; the attack is the cosine."""
    rows = pd.DataFrame({"key": ["a", "b", "c"], "caption": CAPTIONS, "status": "success"})
    storage.write(rows, tmp_path / "rows.parquet")
    arguments = ["--rows", str(tmp_path / "rows.parquet"), "--channel", "words", "--pictures"]
    arguments += ["--settings", json.dumps({**spec, "device": "cpu"}), "--threads", "1"]
    embed.main([*arguments, "--output", str(tmp_path / "out.parquet")])
    found = vectors(storage.read(tmp_path / "out.parquet")["embedding"].tolist())
    whole = CLIPModel.from_pretrained(spec["path"])
    tokens = CaptionEmbedder(spec, "cpu", 1).tokenizer(
        CAPTIONS, padding=True, truncation=True, max_length=8, return_tensors="pt"
    )
    with torch.no_grad():
        states = whole.text_model(**tokens).pooler_output
        expected = torch.nn.functional.normalize(whole.text_projection(states)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert all_channels(tmp_path / "clip") == ("embedding", "text", "words")

    images = pd.DataFrame({"embedding_0000": [3.0, 0.0], "embedding_0001": [4.0, 2.0]}, ["a", "b"])
    images = images.assign(words_0000=[0.0, 0.0], words_0001=[1.0, -5.0], text_0000=9.0)
    evidence = Evidence(("a", "b"), images=images)
    score = build_attack("blind_text_image", {}).score(evidence)
    assert score.to_dict() == pytest.approx({"a": 0.8, "b": -1.0})


def test_a_missing_tower_tensor_or_other_weights_are_refused(tmp_path, spec):
    with pytest.raises(ModelError, match=r"sha256 .* the config promises 000"):
        CaptionEmbedder({**spec, "sha256": "0" * 64}, "cpu", 1)
    folder = tmp_path / "clip"
    tensors = load_file(folder / "model.safetensors")
    del tensors["text_model.final_layer_norm.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"1 missing \(.*final_layer_norm\.weight"):
        CaptionEmbedder({**spec, "sha256": file_hash(folder / "model.safetensors")}, "cpu", 1)
    assert channels(folder) == ("embedding", "text")
    (folder / "tokenizer.json").rename(folder / "kept.json")
    assert channels(folder) == ("embedding",)
    (folder / "kept.json").rename(folder / "tokenizer.json")
    without_text(folder)
    assert channels(folder) == ("embedding",)
    with pytest.raises(ModelError, match="expected a CLIP text encoder and its tokenizer"):
        CaptionEmbedder(spec, "cpu", 1)


# Columns beside manifest rows


def test_embeddings_stand_beside_the_rows_of_their_own_set(tmp_path):
    """Both sets have a key `k0`; shards and rows are in another order than the images."""
    rows = pd.DataFrame({"set": ["a", "b", "b"], "key": ["k0", "k0", "k1"]}, ["z", "y", "x"])
    stored = {"a/{}/text/000": {"k0": 1}, "b/{}/text/001": {"k0": 2}, "b/{}/text/000": {"k1": 3}}
    paths = []
    for path, values in stored.items():
        stored = [np.array([value, -value], np.float32).tobytes() for value in values.values()]
        paths.append(str(tmp_path / f"images/{path.format('embeddings/e')}.parquet"))
        storage.write(pd.DataFrame({"key": list(values), "embedding": stored}), paths[-1])
    plain = pd.DataFrame({"caption": list("xyz")}, index=list("xyz"))
    found = with_embeddings(plain, rows, paths)
    assert found["text_0000"].tolist() == [3, 2, 1] and found["text_0001"].tolist() == [-3, -2, -1]
    assert found["caption"].tolist() == list("xyz")
    assert with_embeddings(plain, rows, []).equals(plain)
    with pytest.raises(ValueError, match="no text of image k1 of image set b"):
        with_embeddings(plain, rows, paths[:2])


# What the channels find


def embedded(per_class, seed=0, **shifts):
    """Rows with 32 numbers of every channel; members' first numbers lie higher by a shift."""
    rows, rng = images(per_class, seed), np.random.default_rng(seed)
    for channel in ("embedding", "text"):
        values = rng.normal(size=(len(rows), 32)).astype(np.float32)
        values[rows["member"].to_numpy(), :4] += shifts.get(channel, 0)
        names = [f"{channel}_{number:04d}" for number in range(32)]
        rows = pd.concat([rows, pd.DataFrame(values, rows.index, names)], axis=1)
    return rows


@pytest.mark.parametrize("channel", ["embedding", "text"])
def test_a_shift_is_found_by_its_channel_and_named(channel):
    rows = embedded(150, **{channel: 0.8})
    other = {"embedding": "text", "text": "embedding"}[channel]
    word, sentence = judged(rows, ("caption", "image", "embedding", "text"))
    assert word == "NOT FAIR"
    assert f"({channel})" in sentence and f"({other})" not in sentence
    assert "caption" not in sentence and "image" not in sentence


def test_exchangeable_halves_are_hardly_ever_called_unfair():
    words = [judged(embedded(60, seed), ["embedding", "text"])[0] for seed in range(12)]
    assert words.count("NOT FAIR") <= 1


def score_of_stack(rows, **parameters):
    """AUC of `blind_all` on the evaluation rows."""
    evidence, learnt = Evidence(tuple(rows.index), images=rows), rows["fold"] == "calibration"
    fitted = build_attack("blind_all", parameters).fit(evidence, rows.loc[learnt, "member"])
    return roc_auc_score(rows.loc[~learnt, "member"], fitted.score(evidence)[~learnt])


def test_the_stack_reads_embeddings_where_there_are_any():
    rows = embedded(60, text=2)
    assert score_of_stack(rows) > 0.95
    assert score_of_stack(rows, channels=["caption", "embedding"]) < 0.8
    assert score_of_stack(rows.drop(columns=rows.filter(regex="^text_"))) < 0.8


# What a config may say


@pytest.fixture
def config(tmp_path, monkeypatch, spec):
    """The micro experiment with the embedding model and all that reads it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models/tiny-sd").mkdir(parents=True)
    (tmp_path / "models/tiny-sd/model_index.json").write_text("{}")
    blind = {f"blind_{name}": {} for name in ("caption", "embedding", "text", "all")}
    return {**CONFIG, "attacks": blind, "audit": {"embedding": {**spec, "path": "clip"}}}


def refused(config):
    with pytest.raises(ConfigError) as caught:
        read(config)
    return str(caught.value)


def test_a_model_serves_every_channel_that_it_can(config, tmp_path):
    found = read(config)
    assert found.embeddings == ("embedding", "text")
    (target,) = config["targets"]
    assert found.blind_attacks(target) == tuple(config["attacks"])
    del config["attacks"]["blind_text"]
    without_text(tmp_path / "clip")
    assert read(config).embeddings == ("embedding",)


def test_without_a_model_nothing_is_embedded(config):
    plain = {**config, "audit": {}, "attacks": {"loss": {}, "blind_all": {}}}
    found = read(plain)
    assert found.embeddings == () and found.encoders == {}


def test_one_model_has_one_place_whatever_it_is_for(config):
    rule = {**config["audit"]["embedding"], "review": 0.5, "drop": 0.9}
    config["image_sets"] = {"mine": {**CONFIG["image_sets"]["mine"], "duplicates": {}}}
    config["image_sets"]["mine"]["duplicates"] = {"embedding": rule}
    assert list(read(config).encoders) == [encoder_name(rule)]
    assert encoder_name({**rule, "sha256": "0" * 64}) != encoder_name(rule)


@pytest.mark.parametrize(
    ("attacks", "name"),
    [
        ({"blind_embedding": {}}, "blind_embedding"),
        ({"mine": {"attack": "blind_text"}}, "mine"),
        ({"blind_all": {"channels": ["caption", "text"]}}, "blind_all"),
        ({"generation_similarity": {"measure": "cosine"}}, "generation_similarity"),
        ({"mine": {"attack": "pang_wang", "cosine": True}}, "mine"),
        ({"strength_curve": {"measure": "cosine"}}, "strength_curve"),
    ],
)
def test_attacks_that_need_a_model_ask_for_it(config, attacks, name):
    config |= {"audit": {}, "attacks": attacks}
    assert (
        refused(config)
        == f"attacks.{name}: needs audit.embedding, a CLIP model's `path` and `sha256`"
    )


def test_measuring_is_told_of_a_model_only_where_an_attack_compares_outputs_by_it(config, tmp_path):
    """So `audit.embedding` alone makes no image anew. The model's bytes count, wherever it lies."""

    def seen(attacks):
        found, where = read({**config, "attacks": attacks}), {"model": "tiny", "set": "mine"}
        files = StageFiles(found, tmp_path / "hashes").measure(**where)
        told = stage_settings.measure(found, **where).get("embedding")
        return told, StageInputs(found).encoder_to_measure(**where), list(files)

    spec = config["audit"]["embedding"]
    read_it = {"generation_similarity": {"measure": "cosine"}}
    assert seen({"generation_similarity": {}, **config["attacks"]}) == (None, [], [])
    path = f"results/{result_paths.ENCODER.format(encoder=encoder_name(spec))}"
    assert seen(read_it) == (spec, [path], ["clip"])


def test_a_model_without_the_wanted_tower_is_refused(config, tmp_path):
    def refused(config):
        return "\n".join(line for line in file_mistakes(read(config)) if AUDIT in line)

    without_text(tmp_path / "clip")
    assert refused(config) == (
        "attacks.blind_text: audit.embedding.path: clip: expected a folder with a CLIP text "
        "encoder and its tokenizer"
    )
    (tmp_path / "clip/config.json").write_text('{"model_type": "clip_text_model"}')
    assert "model_type 'clip_text_model': expected clip or clip_vision_model" in refused(config)
    (tmp_path / "clip/model.safetensors").unlink()
    assert refused(config) == "audit.embedding.path: clip: expected a folder with model.safetensors"


def test_the_spec_is_path_and_sha256(config):
    del config["audit"]["embedding"]["sha256"]
    assert refused(config) == "audit.embedding: missing key 'sha256'"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("results/training/main/checkpoints/3/text_encoder", "results, results"),
        ("models/tiny-sd/text_encoder", "models.tiny, models/tiny-sd"),
        ("models/../models/tiny-sd", "models.tiny, models/tiny-sd"),
        ("link", "models.tiny, models/tiny-sd"),
    ],
)
def test_an_encoder_that_was_trained_here_or_is_under_test_is_refused(config, tmp_path, path, key):
    (tmp_path / "link").symlink_to("models/tiny-sd/text_encoder")
    config["audit"]["embedding"]["path"] = path
    assert refused(config).startswith(
        f"audit.embedding.path: {path} lies in {key}: expected an encoder that has not learnt"
    )


# The whole road


def test_every_table_is_made_once_per_shard_and_only_where_it_is_read(tmp_path, tiny_sd, spec):
    bench = Workbench.build(tmp_path / "micro", tiny_sd)
    bench.configure(lambda config: config.update(audit={"embedding": spec}))
    bench.configure(lambda config: config.update(attacks={"blind_caption": {}, "blind_text": {}}))
    whole, one = bench.run("--dry-run"), bench.run("results/scores/fair/blind_text.parquet", "-n")
    assert whole.done().text.count("rule embed:") == 4
    assert whole.text.count("rule encoder:") == 1
    assert one.done().text.count("rule embed:") == 2


@pytest.mark.slow
def test_the_road_from_pictures_to_the_report(tmp_path, tiny_sd, spec):
    """Duplicates are sought with the same model: images are embedded once for both."""
    bench = Workbench.build(tmp_path / "micro", tiny_sd)

    def changed(config):
        rule = {"embedding": {**spec, "review": 0.999, "drop": 1}}
        config["image_sets"]["mine"] |= {"duplicates": rule, "shards": 1}
        config["audit"] = {"embedding": spec, "random_splits": 19, "splits": 1}
        blind = {f"blind_{name}": {} for name in ("caption", "embedding", "text", "all")}
        similar = {"attack": "generation_similarity", "draws": 1, "steps": 2, "guidance": 1.0}
        outputs = {"similar": similar, "similar_by_clip": {**similar, "measure": "cosine"}}
        config["attacks"] = {"sima": {}, **outputs, **blind}

    bench.configure(changed)
    run = bench.run().done()
    embedded = [job for job in run.jobs if job.startswith("embed/")]
    name = encoder_name(spec)
    assert embedded == [f"embed/mine/{name}/{channel}/000" for channel in ("embedding", "text")]
    found = json.loads((bench.folder / "results/audit/fair.json").read_text())
    names = [channel["channel"] for channel in found["channels"]]
    assert names == ["caption", "embedding", "text", "all"]
    assert [(one["features"], one["columns"]) for one in found["frechet"]][1:] == [
        ("embedding", 8),
        ("text", 16),
    ]
    summary = bench.summary()
    assert {"blind_embedding", "blind_text"} <= set(summary.index)
    assert bench.scores()["similar_by_clip"].between(-1, 1).all()
    assert run.evals == IMAGES * (1 + 2), "images are made once for both rows"
    page = (bench.folder / "results/report.html").read_text()
    for words in ("8 numbers of the image embeddings", "16 numbers of the captions’ text"):
        assert words in page
    assert bench.run().done().jobs == []
