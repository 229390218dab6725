"""The size of an image without loss, and what stands beside an attack that divides by it."""

import io

import numpy as np
import pytest
from PIL import Image

from mia.config.attacks import build_attacks
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.images.pictures import prepare
from mia.signals.png import png_bytes

RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8).repeat(6, 0).repeat(6, 1)


def config(attacks, **model):
    return {
        "results": "r",
        "image_sets": {
            "mine": {"source": "folder", "parts": {"a": {"path": "a"}, "b": {"path": "b"}}}
        },
        "models": {"m": {"source": "hub", "repo": "o/n", "revision": "0" * 40, **model}},
        "targets": {"t": {"model": "m", "members": "mine:a", "nonmembers": "mine:b"}},
        "attacks": attacks,
    }


def test_the_size_is_that_of_the_pixels_however_their_file_was_stored():
    """One image in files of five kinds; the pixels decide, not the bytes of the upload."""
    sizes, files = set(), set()
    for kind, options in [
        ("PNG", {}),
        ("PNG", {"compress_level": 0}),
        ("BMP", {}),
        ("TIFF", {}),
        ("WEBP", {"lossless": True}),
    ]:
        file = io.BytesIO()
        Image.fromarray(LEVELS).save(file, kind, **options)
        files.add(len(file.getvalue()))
        sizes.add(png_bytes(prepare(Image.open(file), 24)))
    assert len(files) == 5 and len(sizes) == 1


def test_the_size_grows_with_what_there_is_in_the_image():
    """Constant, smooth, noise of 2 levels, noise of 256: at most a byte a value and overhead."""
    slope = np.broadcast_to(np.arange(24)[:, None] / 12 - 1, (24, 24))
    images = [
        np.zeros((3, 24, 24)),
        np.stack([slope] * 3),
        RNG.integers(0, 2, (3, 24, 24)) * 2.0 - 1,
        RNG.uniform(-1, 1, (3, 24, 24)),
    ]
    sizes = [png_bytes(image.astype(np.float32)) for image in images]
    assert sizes == sorted(set(sizes))
    entropy = 3 * 24 * 24
    assert entropy < sizes[-1] < entropy + 200 and sizes[2] > entropy / 8


def test_the_baseline_stands_beside_the_attack_always():
    said = "attacks.mine: expected an entry `blind_bytes: {}` too, which says what it rests on"
    with pytest.raises(ConfigError, match=said):
        read(config({"mine": {"attack": "loss_per_byte"}, "blind_metadata": {}}))
    experiment = read(
        config({"mine": {"attack": "loss_per_byte"}, "size": {"attack": "blind_bytes"}})
    )
    # It is counted where a model is measured, after the verdict on the sets.
    assert experiment.blind_attacks("t") == () and experiment.attacks_of("t") == ("mine", "size")


def test_models_that_are_told_nothing_are_asked_without_a_caption():
    entries = {"loss_per_byte": {}, "blind_bytes": {}}
    experiment = read(config(entries, condition="none"))
    assert experiment.attacks_of("t") == ("loss_per_byte", "blind_bytes")
    assert {query.condition for query in experiment.wanted("m", "mine")} == {"null"}


def test_a_stack_does_not_learn_from_the_size():
    entries = {"loss_per_byte": {}, "blind_bytes": {}, "stack": {}}
    assert {query.signal for query in build_attacks(entries)["stack"].queries} == {"denoise"}
    with pytest.raises(ConfigError, match="'blind_bytes' is no entry that queries"):
        build_attacks({**entries, "stack": {"entries": ["blind_bytes"]}})
