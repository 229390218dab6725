"""Kinds of image file: each opens, and shows what its file says, whatever wrote it."""

import io
import re
import struct
import sys
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from mia.blind import metadata
from mia.commands.bench import timed
from mia.fingerprint import PACKAGE
from mia.images import archive, centre, pictures, png, rows
from mia.images.pictures import open_picture, to_rgb
from mia.stages import rows as stage

LIMIT = 1_000_000
WHITE = (255, 255, 255)
RNG = np.random.default_rng(0)
NOISE = Image.fromarray(RNG.integers(0, 256, (32, 48, 3), dtype=np.uint8))
PROFILE = RNG.bytes(3_000_000)


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(bits, colour, line, transparent=None, height=1, width=1):
    """A PNG of equal lines, as files say them: samples, and a transparent value."""
    values = [] if transparent is None else [chunk(b"tRNS", struct.pack(*transparent))]
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress((b"\0" + line) * height))
    return png.SIGNATURE + b"".join(
        [chunk(b"IHDR", head), *values, body, chunk(b"IEND", b"")],
    )


def with_chunk(data, extra):
    """A PNG with one more chunk, behind its header."""
    end = len(png.SIGNATURE) + 25
    return data[:end] + extra + data[end:]


def texts(size, count=1, **options):
    info = PngImagePlugin.PngInfo()
    for number in range(count):
        info.add_text(f"parameters {number}", "x" * size, **options)
    return info


PLAIN = encoded(NOISE)
REMARKS = {
    "text": encoded(NOISE, pnginfo=texts(2_000_000)),
    "compressed text": encoded(NOISE, pnginfo=texts(2_000_000, zip=True)),
    "many texts": encoded(NOISE, pnginfo=texts(1_000_000, 80, zip=True)),
    "bomb of text": encoded(NOISE, pnginfo=texts(300_000_000, zip=True)),
    "colour profile": encoded(NOISE, icc_profile=PROFILE),
    "profile of another compression": with_chunk(PLAIN, chunk(b"iCCP", b"name\0\7junk")),
    "short gamma": with_chunk(PLAIN, chunk(b"gAMA", b"1")),
    "wrong checksum": with_chunk(PLAIN, chunk(b"tEXt", b"a\0b")[:-1] + b"?"),
    "unknown kind": with_chunk(PLAIN, chunk(b"zzZz", bytes(9))),
}


@pytest.mark.parametrize("kind", REMARKS)
def test_what_a_png_says_beside_its_pixels_changes_nothing(kind):
    row, plain = (rows.describe(data, LIMIT) for data in (REMARKS[kind], PLAIN))
    assert row["status"] == "success", row["error"]
    assert row["bytes"] == len(REMARKS[kind])
    own = ("image_id", "bytes")
    assert {k: v for k, v in row.items() if k not in own} == {
        k: v for k, v in plain.items() if k not in own
    }


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_large_profile_loses_no_picture_of_another_format(kind):
    assert rows.describe(encoded(NOISE, kind, icc_profile=PROFILE), LIMIT)["status"] == "success"


def test_a_cut_png_is_still_truncated():
    for data in (PLAIN[:-300], PLAIN[:20], with_chunk(PLAIN[:-300], chunk(b"tEXt", b"a\0b"))):
        assert rows.describe(data, LIMIT)["status"] == "truncated"


# Bits, colour type, samples, transparent value; the first pixel, and the last.
TRANSPARENT = {
    "grey 1": ((1, 0, b"\x40", (">H", 0), 1, 2), WHITE, WHITE),
    "grey 1, white": ((1, 0, b"\x40", (">H", 1), 1, 2), (0, 0, 0), WHITE),
    "grey 2": ((2, 0, b"\x10", (">H", 1), 1, 2), (0, 0, 0), WHITE),
    "grey 2, white": ((2, 0, b"\x10", (">H", 3), 1, 2), (0, 0, 0), (85, 85, 85)),
    "grey 4": ((4, 0, b"\x12", (">H", 2), 1, 2), (17, 17, 17), WHITE),
    "grey 8": ((8, 0, b"\x01\x02", (">H", 2), 1, 2), (1, 1, 1), WHITE),
    "grey 16": ((16, 0, b"\x01\x02\x01\x03", (">H", 0x0103), 1, 2), (1, 1, 1), WHITE),
    "grey 16, low byte": ((16, 0, b"\0\x05\0\x06", (">H", 5), 1, 2), WHITE, (0, 0, 0)),
    "colour 8": ((8, 2, bytes([1, 2, 3, 1, 2, 4]), (">3H", 1, 2, 4), 1, 2), (1, 2, 3), WHITE),
    "colour 16": (
        (16, 2, bytes([9, 1, 8, 2, 7, 3, 9, 1, 8, 2, 7, 4]), (">3H", 0x901, 0x802, 0x704), 1, 2),
        (9, 8, 7),
        WHITE,
    ),
    "grey and alpha 16": ((16, 4, b"\x90\0\xff\xff\x90\0\0\0", None, 1, 2), (0x90,) * 3, WHITE),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_transparency_of_every_depth_is_laid_on_white(kind):
    made, first, last = TRANSPARENT[kind]
    shown = to_rgb(open_picture(raw_png(*made), LIMIT))
    assert (shown.getpixel((0, 0)), shown.getpixel((1, 0))) == (first, last)


def test_an_interlaced_picture_of_16_bits_has_its_transparent_colour():
    high, low = 0x12, RNG.integers(0, 2, (5, 7), dtype=np.uint8)
    sample = np.stack([np.full_like(low, high), low], axis=-1)
    lines = [np.tile(line, (1, 3)).reshape(7, 3, 2).tobytes() for line in sample]
    data = raw_png(16, 2, lines[0], (">3H", 0x1201, 0x1201, 0x1201), 1, 7)
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in lines)))
    begin = data.index(b"IDAT") - 4
    head = struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0)
    data = png.SIGNATURE + chunk(b"IHDR", head) + data[33:begin] + body + chunk(b"IEND", b"")
    shown = np.asarray(to_rgb(open_picture(data, LIMIT)))
    assert (shown == np.where(low == 1, 255, high)[..., None]).all()


def tiff(samples, bits, interpretation):
    """A little-endian TIFF of one line of grey samples, as bytes."""
    tags = [(256, 2), (257, 1), (258, bits), (259, 1), (262, interpretation)]
    tags += [(273, 8), (277, 1), (278, 1), (279, len(samples))]
    fields = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    where = 8 + len(samples) + len(samples) % 2
    body = samples + bytes(len(samples) % 2)
    return (
        b"II*\0"
        + struct.pack("<I", where)
        + body
        + struct.pack("<H", len(tags))
        + fields
        + bytes(4)
    )


@pytest.mark.parametrize(
    ("samples", "bits", "interpretation", "expected"),
    [
        (struct.pack("<2H", 0x1234, 0xFF00), 16, 1, [0x12, 0xFF]),
        (struct.pack("<2H", 0x1234, 0xFF00), 16, 0, [255 - 0x12, 0]),
        (bytes([0x12, 0x3F, 0xF0]), 12, 1, [0x12, 0xFF]),
        (bytes([0x12, 0xFF]), 8, 0, [255 - 0x12, 0]),
    ],
)
def test_grey_tiffs_of_every_depth_keep_their_levels(samples, bits, interpretation, expected):
    shown = to_rgb(open_picture(tiff(samples, bits, interpretation), LIMIT))
    assert np.asarray(shown)[0, :, 0].tolist() == expected


ALPHA = NOISE.convert("RGBA")
ALPHA.paste((0, 0, 0, 0), (0, 0, 48, 16))


def followed(kind):
    """A file whose second image is black."""
    return encoded(NOISE.copy(), kind, save_all=True, append_images=[Image.new("RGB", NOISE.size)])


FILES = {
    "mpo": followed("MPO"),
    "mpo, second image lost": followed("MPO")[:-300],
    "cmyk jpeg": encoded(NOISE.convert("CMYK"), "JPEG"),
    "progressive jpeg": encoded(NOISE, "JPEG", progressive=True),
    "jpeg with a tail": encoded(NOISE, "JPEG") + b"tail",
    **{f"animated {kind}": followed(kind) for kind in ("WEBP", "PNG", "AVIF")},
    "tiff of two pages": followed("TIFF"),
    **{f"tiff {mode}": encoded(NOISE.convert(mode), "TIFF") for mode in ("YCbCr", "CMYK", "P")},
    "one bit bmp": encoded(NOISE.convert("1"), "BMP"),
    "long exif": encoded(NOISE, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0" + bytes(100_000)),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_first_picture_of_every_kind_is_shown(kind):
    assert rows.describe(FILES[kind], LIMIT)["status"] == "success"
    shown = np.asarray(to_rgb(open_picture(FILES[kind], LIMIT))).astype(int)
    assert shown.shape == (32, 48, 3)
    few_colours = {"tiff P", "one bit bmp"}
    assert np.abs(shown - np.asarray(NOISE)).mean() < (130 if kind in few_colours else 60)
    assert shown.std() > 50  # the second image is black


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF", "GIF"])
def test_alpha_is_laid_on_white_in_every_format_that_has_it(kind):
    top = np.asarray(to_rgb(open_picture(encoded(ALPHA, kind), LIMIT)))[0].astype(int)
    assert np.abs(top - 255).max() <= 2


def test_every_format_that_opens_is_in_a_column_of_the_metadata():
    found = {kind: rows.describe(data, LIMIT)["format"] for kind, data in FILES.items()}
    assert found["mpo"] == "MPO"
    formats = [*pictures.FORMATS, *found.values()]
    numbers = dict.fromkeys(metadata.NUMBERS, 1)
    images = pd.DataFrame([{**numbers, "format": name, "mode": "RGB"} for name in formats])
    columns = metadata.features(images).filter(like="format_")
    assert (columns.sum(axis=1) == 1).all()
    assert columns["format_jpeg"][formats.index("MPO")] == 1


@pytest.mark.filterwarnings("ignore")  # of Pillow, while it reads what is damaged
@pytest.mark.parametrize("kind", [*FILES, "alpha webp", "alpha avif"])
def test_whatever_the_bytes_are_they_end_in_a_row_and_can_be_prepared(kind):
    """Damaged at random, most often in the header: no decoder's error is anything but a status."""
    others = {"alpha webp": encoded(ALPHA, "WEBP"), "alpha avif": encoded(ALPHA, "AVIF")}
    whole, random = (FILES | others)[kind], np.random.default_rng(len(kind))
    for _ in range(120):
        data = bytearray(whole[: None if random.random() < 0.9 else random.integers(len(whole))])
        end = len(data) if random.random() < 0.3 else min(len(data), 300)
        for place in random.integers(0, end, random.integers(1, 6)) if end else ():
            data[place] = random.integers(256)
        row = rows.describe(bytes(data), LIMIT)
        assert row["status"] in {"success", "truncated", "not_an_image", "too_many_pixels"}
        if row["status"] == "success":
            assert pictures.prepare_checked(bytes(data), 16, kind).shape == (3, 16, 16)
        else:
            assert row["error"]


def naive(picture, resolution):
    """Resized whole, then cropped."""
    size = centre.scaled(picture.size, resolution)
    picture = picture.resize(size, Image.Resampling.BICUBIC) if picture.size != size else picture
    left, top = (size[0] - resolution) // 2, (size[1] - resolution) // 2
    return np.asarray(picture.crop((left, top, left + resolution, top + resolution)))


@pytest.mark.parametrize("seed", range(4))
def test_the_centre_alone_has_the_pixels_of_the_whole(seed):
    """Noise of two levels too, where sums are cut off at black and white after each axis."""
    random = np.random.default_rng(seed)
    for _ in range(150):
        width, height = (int(2 ** random.uniform(0, 9)) for _ in range(2))
        resolution = int(random.choice([1, 7, 16, 33, 64]))
        if max(width, height) / min(width, height) * resolution**2 > 1e6:
            continue
        levels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        if random.random() < 0.5:
            levels = 255 * (levels >> 7)
        picture, size = Image.fromarray(levels), (width, height, resolution)
        expected = naive(picture, resolution)
        np.testing.assert_array_equal(centre.of_long(picture, resolution), expected, str(size))
        np.testing.assert_array_equal(centre.centre_square(picture, resolution), expected)


PEAK = """
import io, sys
from PIL import Image
from mia.images.pictures import prepare_checked
buffer = io.BytesIO()
Image.new(sys.argv[3], (int(sys.argv[1]), int(sys.argv[2]))).save(buffer, "PNG")
assert prepare_checked(buffer.getvalue(), 512, "it").shape == (3, 512, 512)
"""


@pytest.mark.parametrize(
    ("width", "height", "mode"), [(2, 30_000, "RGB"), (30_000, 2, "RGBA"), (1, 500_000, "L")]
)
def test_a_long_picture_takes_little_memory(width, height, mode, monkeypatch):
    """Resized whole, the smallest takes 14 GB."""
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    used = timed([sys.executable, "-c", PEAK, str(width), str(height), mode])["mib"]
    assert used < 250


def full(*_, **__):
    raise MemoryError


# Where the memory may end: as the file is read, as its pixels are decoded, and as they turn RGB.
MEMORY_ENDS = [(png, "without_remarks"), (ImageFile.ImageFile, "load"), (Image.Image, "convert")]
ENDS = pytest.mark.parametrize("place", MEMORY_ENDS, ids=lambda place: place[1])
NAMED = r"picture %s: memory does not suffice .* pixel_limit"


@ENDS
def test_a_picture_that_memory_does_not_suffice_for_is_named(place, monkeypatch):
    data = encoded(NOISE.convert("CMYK"), "TIFF")
    monkeypatch.setattr(*place, full)
    with pytest.raises(RuntimeError, match=NAMED % "12ab of s/raw"):
        pictures.prepare_checked(data, 8, "12ab of s/raw")


@ENDS
def test_the_stage_rows_names_it_too_and_gives_it_no_status(place, monkeypatch, tmp_path):
    """A row would blame the image for what another machine can open."""
    tar, keys = tmp_path / "pictures.tar", ["aa", "bb"]
    hashes = archive.pack([(key, encoded(NOISE.convert("CMYK"), "TIFF")) for key in keys], tar)
    plan = pd.DataFrame({"key": keys, "part": "", "row": [0, 1], "url": keys, "caption": ""})
    plan = plan.assign(alternates="", place="", family=None, sha256="")
    downloads = pd.DataFrame({"key": keys, "status": "success", "error": ""})
    downloads = downloads.assign(sha256=[hashes[key] for key in keys])
    table, _ = stage.described(plan, downloads, tar, LIMIT)
    assert table["status"].tolist() == ["success"] * 2
    monkeypatch.setattr(*place, full)
    with pytest.raises(RuntimeError, match=NAMED % f"aa of {re.escape(str(tar))}"):
        stage.described(plan, downloads, tar, LIMIT)
