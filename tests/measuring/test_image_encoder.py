"""The image encoder that outputs are compared by: its sizes, and what its numbers depend on."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPModel

import tiny_clip
from mia.measuring.image_encoder import ImageEncoder, encoder_inputs
from mia.models.model_json import ModelError


@pytest.fixture
def spec(tmp_path):
    return tiny_clip.save(tiny_clip.build(), tmp_path / "clip")


@pytest.mark.parametrize("side", [8, 16, 40])
def test_an_image_of_any_size_is_brought_to_that_of_the_encoder(spec, side):
    """Pillow's bicubic filter and transformers' own CLIP tell what is expected."""
    pixels = np.random.default_rng(0).uniform(-1, 1, (3, side, side)).astype(np.float32)
    size = (tiny_clip.SIZE, tiny_clip.SIZE)
    channels = [Image.fromarray(channel, "F") for channel in pixels]
    small = np.stack([one.resize(size, Image.Resampling.BICUBIC) for one in channels])
    mean, spread = (np.array(three)[:, None, None] for three in (tiny_clip.MEAN, tiny_clip.SPREAD))
    prepared = torch.tensor(((small.clip(-1, 1) + 1) / 2 - mean) / spread, dtype=torch.float32)
    model = CLIPModel.from_pretrained(spec["path"])
    with torch.no_grad():
        states = model.vision_model(prepared[None]).pooler_output
        expected = torch.nn.functional.normalize(model.visual_projection(states))[0]
    found = ImageEncoder(spec, "cpu", 1)(torch.from_numpy(pixels))
    assert found.dtype == torch.float64 and found.norm() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_other_weights_than_the_promised_are_refused(spec):
    with pytest.raises(ModelError, match="the config promises 000"):
        ImageEncoder({**spec, "sha256": "0" * 64}, "cpu", 1)


def test_numbers_depend_on_weights_preparation_and_code_and_not_on_the_folder(spec, tmp_path):
    assert encoder_inputs({"seed": 0}) is None
    before = encoder_inputs({"embedding": spec})
    (tmp_path / "clip").rename(tmp_path / "moved")
    moved = {**spec, "path": str(tmp_path / "moved")}
    assert encoder_inputs({"embedding": moved}) == before
    path = tmp_path / "moved/preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "image_mean": [0, 0, 0]}))
    assert encoder_inputs({"embedding": moved}) != before
