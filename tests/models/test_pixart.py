"""PixArt: captions as the pipelines hand them over, sizes, variance, and T5's tokenizers."""

import shutil

import pytest
import torch
from diffusers import PixArtAlphaPipeline, PixArtSigmaPipeline
from diffusers.utils import is_bs4_available, is_ftfy_available

from mia.models.families import module_of
from mia.models.folder import ModelError, describe, require_usable
from model_edits import GONE, keys
from tiny_families import pixart_alpha, pixart_sigma
from tiny_t5 import save_spiece

INDEX, TRANSFORMER, TEXT = "model_index.json", "transformer/config.json", "text_encoder/config.json"
TOKENIZER, VAE = "tokenizer/tokenizer_config.json", "vae/config.json"
KINDS = {"pixart_alpha": PixArtAlphaPipeline, "pixart_sigma": PixArtSigmaPipeline}
LENGTHS = {"pixart_alpha": 120, "pixart_sigma": 300}
SMALL = {"sample_size": 8, "patch_size": 2}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small model of each kind, by family: neither is told sizes."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("pixart")
    for family, tiny in (("pixart_alpha", pixart_alpha), ("pixart_sigma", pixart_sigma)):
        tiny.save(place / family, **SMALL)
    return {family: place / family for family in KINDS}


@pytest.fixture(params=KINDS)
def family(request):
    return request.param


@pytest.fixture
def folder(saved, family, tmp_path):
    return shutil.copytree(saved[family], tmp_path / "model")


def denoiser_of(folder, dtype="float32"):
    model = describe(folder)
    return module_of(model["family"]).load(model, "cpu", dtype)


CAPTIONS = {
    "capitals": "A Red CAT",
    "blanks": "  a red cat\n",
    "blanks inside": "a  red   cat",
    "HTML": "<b>a red cat</b> &amp; a dog",
    "an address": "a red cat https://example.org/cat.jpg",
    "marks": "#cat @dog (two) [birds] 3:4",
    "empty": "",
    "blanks alone": "   ",
    "letters that it does not know": "猫 ÀÉ ß İ",
    "long": "a red cat, two birds in a tree " * 60,
}


@pytest.mark.skipif(
    is_bs4_available() and is_ftfy_available(), reason="the pipeline changes captions further"
)
@pytest.mark.parametrize("kind", CAPTIONS)
def test_captions_are_told_as_the_pipeline_does_by_default(saved, family, kind):
    pipeline = KINDS[family].from_pretrained(saved[family])
    with torch.no_grad():
        given = {"do_classifier_free_guidance": True, "clean_caption": True}
        states, mask, null, null_mask = pipeline.encode_prompt([CAPTIONS[kind]], **given)
        denoiser = denoiser_of(saved[family])
        told = denoiser.embed([CAPTIONS[kind]])
        torch.testing.assert_close(told["states"], states)
        torch.testing.assert_close(told["mask"], mask)
        torch.testing.assert_close(denoiser.null["states"], null)
        torch.testing.assert_close(denoiser.null["mask"], null_mask)
    assert told["states"].shape[1] == told["mask"].shape[1] == LENGTHS[family]
    assert denoiser.null["mask"].sum() == 1  # the end of the caption is a token too


def test_captions_differ_where_their_words_do(saved, family):
    """The tiny tokenizer knows the words: a caption is more than unknown letters."""
    denoiser = denoiser_of(saved[family])
    cat, dog = denoiser.tokens("tokenizer", ["a red cat", "a blue dog"]).input_ids
    assert (cat != dog).any() and (cat > 2).sum() >= 3
    with torch.no_grad():
        told = denoiser.embed(["a red cat", "a blue dog", "A RED CAT"])["states"]
    torch.testing.assert_close(told[0], told[2])
    assert (told[0] - told[1]).abs().max() > 1e-3


def test_padding_changes_nothing(saved, family):
    denoiser = denoiser_of(saved[family])
    with torch.no_grad():
        told = denoiser.embed(["a red cat"])
        z, at = torch.randn(1, *denoiser.latent_shape), torch.tensor([300])
        answer = denoiser.epsilon(z, at, told)
        padding = (told["mask"] == 0)[..., None].float()
        other = denoiser.epsilon(z, at, told.shifted(padding))
        torch.testing.assert_close(answer, other)
        words = denoiser.epsilon(z, at, told.shifted(1 - padding))
    assert (answer - words).abs().max() > 1e-4


@pytest.mark.parametrize("out", [4, 8])
def test_the_noise_is_the_first_half_of_what_holds_a_variance(family, tmp_path, out):
    tiny = {"pixart_alpha": pixart_alpha, "pixart_sigma": pixart_sigma}[family]
    tiny.save(tmp_path / "model", **SMALL, out_channels=out)
    denoiser = denoiser_of(tmp_path / "model")
    told = denoiser.embed(["a red cat"])
    z, at = torch.randn(1, *denoiser.latent_shape), torch.tensor([300])
    given = {"encoder_hidden_states": told["states"], "encoder_attention_mask": told["mask"]}
    given["added_cond_kwargs"] = {"resolution": None, "aspect_ratio": None}
    with torch.no_grad():
        answer = denoiser.part("transformer")(z, timestep=at, **given).sample
        assert answer.shape[1] == out
        torch.testing.assert_close(denoiser.epsilon(z, at, told), answer[:, :4])


def test_half_precision_is_close(saved, family):
    full, half = (denoiser_of(saved[family], dtype) for dtype in ("float32", "bfloat16"))
    with torch.no_grad():
        told = full.embed(["a red cat", ""])
        z, at = torch.randn(2, *full.latent_shape), torch.tensor([100, 900])
        found = half.epsilon(z, at, told)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, full.epsilon(z, at, told), rtol=0.1, atol=0.1)


@pytest.mark.parametrize(("flag", "side"), [(None, 128), (True, 128), (True, 8)])
def test_pixart_alpha_is_told_the_size_that_it_is_asked_about(tmp_path, flag, side):
    sizes = {"sample_size": side, "patch_size": side // 4, "use_additional_conditions": flag}
    pixart_alpha.save(tmp_path / "model", **sizes)
    denoiser = denoiser_of(tmp_path / "model")
    found = denoiser.sizes(torch.zeros(3, *denoiser.latent_shape))
    assert found["resolution"].tolist() == [[side, side]] * 3
    assert found["aspect_ratio"].tolist() == [[1.0]] * 3
    told = denoiser.of_images(denoiser.embed(["a cat"]), [(50, 900)])
    assert set(told.tensors) == {"states", "mask"}  # an image's own size is told to nobody


@pytest.mark.parametrize(("flag", "side"), [(None, 8), (False, 8), (False, 128)])
def test_pixart_alpha_is_told_no_size_that_it_does_not_ask_for(tmp_path, flag, side):
    sizes = {"sample_size": side, "patch_size": side // 4, "use_additional_conditions": flag}
    pixart_alpha.save(tmp_path / "model", **sizes)
    denoiser = denoiser_of(tmp_path / "model")
    z = torch.zeros(1, *denoiser.latent_shape)
    assert denoiser.sizes(z) == {"resolution": None, "aspect_ratio": None}
    assert denoiser.epsilon(z, torch.tensor([5]), denoiser.null).isfinite().all()


@pytest.mark.parametrize("changes", [{"use_additional_conditions": True}, {"sample_size": 128}])
def test_pixart_sigma_that_asks_for_sizes_is_refused(saved, tmp_path, changes):
    """Its pipeline cannot run it either."""
    folder = shutil.copytree(saved["pixart_sigma"], tmp_path / "model")
    keys(TRANSFORMER, **changes)(folder)
    with pytest.raises(ModelError, match=r"use_additional_conditions: .*; expected false: the pip"):
        require_usable(folder)


REFUSED = {
    "captions of another width": (
        {"caption_channels": 4096}, TRANSFORMER,
        "caption_channels: 4096; expected 32, which is d_model of .*text_encoder/config.json"),
    "captions of another width, not projected": (
        {"caption_channels": None}, TRANSFORMER, "cross_attention_dim: 48; expected 32"),
    "another variance": ({"out_channels": 12}, TRANSFORMER, "out_channels: 12; expected 4, as in_"),
    "variance as text": ({"out_channels": "8"}, TRANSFORMER, 'out_channels: "8"; expected 4'),
    "latents of another VAE": ({"in_channels": 16}, TRANSFORMER, "in_channels: 16; expected 4"),
    "a wish for sizes as text": (
        {"use_additional_conditions": "yes"}, TRANSFORMER, 'use_additional_conditions: "yes"; exp'),
    "a text encoder of another kind": ({"model_type": "clip_text_model"}, TEXT, "expected t5"),
    "a vocabulary too small": (
        {"vocab_size": 20}, TEXT, "tokens up to number .*; expected less than 20, .*vocab_size"),
    "no text encoder": ({"text_encoder": [None, None]}, INDEX, "text_encoder: .*T5EncoderModel"),
    "no tokenizer": ({"tokenizer": GONE}, INDEX, "tokenizer: null; expected .*T5Tokenizer"),
    "another tokenizer": (
        {"tokenizer": ["transformers", "CLIPTokenizer"]}, INDEX, "tokenizer: .*is no known class"),
    "a tokenizer that says to be another": (
        {"tokenizer_class": "GemmaTokenizer"}, TOKENIZER, "tokenizer_class: .*expected T5T"),
    "another transformer": (
        {"transformer": ["diffusers", "DiTTransformer2DModel"]}, INDEX, "is no known class"),
    "config of another transformer": (
        {"_class_name": "DiTTransformer2DModel"}, TRANSFORMER, "expected PixArtTransformer2DModel"),
    "a VAE of grey images": ({"in_channels": 1}, VAE, "in_channels: 1; expected 3"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_folder_with_a_fault_is_refused(folder, fault):
    changes, file, said = REFUSED[fault]
    keys(file, **changes)(folder)
    with pytest.raises(ModelError, match=said) as caught:
        require_usable(folder)
    assert "\n" not in str(caught.value)


def test_weights_of_other_sizes_are_refused(folder):
    """One that is told sizes has tensors more, one with other attention other shapes."""
    keys(TRANSFORMER, num_attention_heads=4, cross_attention_dim=96)(folder)
    with pytest.raises(ModelError, match="of another shape"):
        describe(folder)


def test_a_folder_as_first_published(folder, family):
    """Its transformer is called `Transformer2DModel` and has keys of other models."""
    keys(INDEX, transformer=["diffusers", "Transformer2DModel"])(folder)
    other = {"_class_name": "Transformer2DModel", "num_vector_embeds": None}
    keys(TRANSFORMER, **other, only_cross_attention=False, use_linear_projection=False)(folder)
    assert describe(folder)["classes"]["transformer"] == "PixArtTransformer2DModel"
    denoiser = denoiser_of(folder)
    z, at = torch.randn(1, *denoiser.latent_shape), torch.tensor([300])
    told, pipeline = denoiser.embed(["a red cat"]), KINDS[family].from_pretrained(folder)
    given = {"encoder_hidden_states": told["states"], "encoder_attention_mask": told["mask"]}
    given["added_cond_kwargs"] = {"resolution": None, "aspect_ratio": None}
    with torch.no_grad():
        expected = pipeline.transformer(z, timestep=at, **given).sample[:, :4]
        torch.testing.assert_close(denoiser.epsilon(z, at, told), expected)


def test_a_tokenizer_of_sentencepiece_alone(folder, family):
    """T5's first form: what it makes of a caption is what sentencepiece itself does."""
    import sentencepiece

    shutil.rmtree(folder / "tokenizer")
    save_spiece(folder / "tokenizer")
    assert [path.name for path in (folder / "tokenizer").iterdir()] == ["spiece.model"]
    denoiser = denoiser_of(folder)
    spiece = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer/spiece.model"))
    for caption in ("a red cat", "two birds in a tree", "the quick brown fox", ""):
        found = denoiser.tokens("tokenizer", [caption])
        ids = found.input_ids[0][found.attention_mask[0].bool()].tolist()
        assert ids == [*spiece.encode(caption), spiece.eos_id()]
        assert found.input_ids.shape == (1, LENGTHS[family])


@pytest.mark.parametrize("left", [["tokenizer_config.json"], [], ["special_tokens_map.json"]])
def test_a_folder_without_a_tokenizer_is_refused(folder, left):
    for path in (folder / "tokenizer").iterdir():
        if path.name not in left:
            path.unlink()
    with pytest.raises(
        ModelError, match=r"no tokenizer files; expected tokenizer\.json, or spiece"
    ):
        require_usable(folder)


def test_a_damaged_sentencepiece_is_refused(folder):
    shutil.rmtree(folder / "tokenizer")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "spiece.model").write_bytes(b"no model of pieces")
    with pytest.raises(ModelError, match="not a T5 tokenizer"):
        require_usable(folder)
