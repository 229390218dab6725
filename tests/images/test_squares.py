"""The square that a model sees: each preparation against a plain loop of its rule."""

import io

import numpy as np
import pytest
from PIL import Image

from mia.config.schema import config_schema
from mia.images.archive import pack
from mia.images.centre import centre_square
from mia.images.pictures import prepare
from mia.images.squares import SQUARES, adm_square
from mia.images.training_set import prepared
from mia.models.options import PREPARATIONS


def noise(width, height, seed=0):
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def plain_adm(picture, side):
    """ADM's rule, step by step: boxes of two by two, one bicubic resize, the middle."""
    width, height = picture.size
    while width >= 2 * side and height >= 2 * side:
        width, height = width // 2, height // 2
        picture = picture.resize((width, height), resample=Image.Resampling.BOX)
    factor = side / min(width, height)
    width, height = round(width * factor), round(height * factor)
    pixels = np.array(picture.resize((width, height), resample=Image.Resampling.BICUBIC))
    row, column = (height - side) // 2, (width - side) // 2
    return pixels[row : row + side, column : column + side]


SIZES = [
    (16, 16), (15, 40), (31, 31), (32, 32), (33, 50), (63, 64), (64, 63), (65, 200), (128, 129),
    (500, 375), (400, 51), (7, 9), (1, 1), (17, 100),
]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [8, 16, 33])
def test_adm_halves_by_boxes_and_resizes_once(size, side):
    picture = noise(*size, seed=side)
    np.testing.assert_array_equal(adm_square(picture, side), plain_adm(picture, side))


@pytest.mark.parametrize("size", [(17, 1000), (1000, 9), (2000, 40), (300, 20)])
def test_adm_of_a_long_image_is_the_same(size):
    """Only the pixels of the square are computed there."""
    picture = noise(*size)
    np.testing.assert_array_equal(adm_square(picture, 16), plain_adm(picture, 16))


def test_halving_changes_what_one_resize_makes_of_a_large_image_alone():
    small, large = noise(31, 40), noise(64, 80)
    np.testing.assert_array_equal(adm_square(small, 16), centre_square(small, 16))
    assert (adm_square(large, 16) != centre_square(large, 16)).mean() > 0.5


def test_two_by_two_pixels_become_their_mean():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2, :2] = [[[0] * 3, [40] * 3], [[80] * 3, [120] * 3]]
    found = adm_square(Image.fromarray(pixels), 2)
    assert found[..., 0].tolist() == [[60, 0], [0, 0]]


@pytest.mark.parametrize("name", SQUARES)
def test_prepared_pixels_are_those_of_the_square(name):
    picture = noise(70, 50).convert("L")
    expected = SQUARES[name](picture.convert("RGB"), 16).transpose(2, 0, 1) / 127.5 - 1
    np.testing.assert_allclose(prepare(picture, 16, name), expected, atol=1e-6)


def test_without_a_name_it_is_the_centre():
    np.testing.assert_array_equal(prepare(noise(70, 50), 16), prepare(noise(70, 50), 16, "centre"))


def test_a_training_set_is_prepared_as_it_is_told(tmp_path):
    buffer = io.BytesIO()
    noise(70, 50).save(buffer, "PNG")
    ids = pack([("0" * 16, buffer.getvalue())], tmp_path / "p.tar")
    for name in SQUARES:
        _, pixels = prepared([tmp_path / "p.tar"], ids, 16, name)
        np.testing.assert_array_equal(pixels[0], prepare(noise(70, 50), 16, name))


@pytest.mark.parametrize("block", ["model", "training"])
def test_the_same_names_are_known_everywhere(block):
    enum = config_schema()["$defs"][block]["properties"]["preparation"]["enum"]
    assert list(SQUARES) == list(PREPARATIONS) == enum
