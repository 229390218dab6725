"""From bytes to pixels: what cannot be opened says so; what can is prepared by one rule."""

import hashlib
import io
import struct
import tarfile
import zlib

import numpy as np
import pytest
from PIL import Image

from mia.images import archive, pictures, rows
from mia.images.pictures import PictureError, open_picture, prepare, to_rgb
from mia.images.statistics import statistics

LIMIT = 10_000


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width=48, height=32, mode="RGB"):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def huge_png(side):
    """A PNG header that promises side × side pixels and holds almost none."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "not_an_image"),
        (b"<!DOCTYPE html><html><body>gone</body></html>", "not_an_image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_an_image"),
        (encoded(noise(), "JPEG")[:-200], "truncated"),
        (encoded(noise(), "JPEG")[:10], "truncated"),
        (encoded(noise(), "PNG")[:-300], "truncated"),
        (encoded(noise(), "WEBP")[:-100], "truncated"),
        (encoded(noise(200, 60)), "too_many_pixels"),
        (huge_png(40_000), "too_many_pixels"),
    ],
)
def test_what_cannot_be_used_says_why(data, status):
    with pytest.raises(PictureError) as caught:
        open_picture(data, LIMIT)
    assert caught.value.status == status
    assert rows.describe(data, LIMIT)["status"] == status


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_every_format_opens(kind):
    row = rows.describe(encoded(noise(), kind), LIMIT)
    assert (row["status"], row["format"]) == ("success", kind)
    assert (row["width"], row["height"]) == (48, 32)


def test_pillows_own_limit_is_put_back():
    before = Image.MAX_IMAGE_PIXELS
    open_picture(encoded(noise()), LIMIT)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_is_laid_on_white(mode):
    picture = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    picture.putpixel((0, 0), (0, 0, 0, 255))
    opened = open_picture(encoded(picture.convert(mode)), LIMIT)
    corner, other = (to_rgb(opened).getpixel(place) for place in ((0, 0), (3, 3)))
    assert corner == (0, 0, 0)
    assert other == (255, 255, 255)


def test_half_transparent_black_is_grey():
    picture = Image.new("RGBA", (1, 1), (0, 0, 0, 128))
    assert to_rgb(picture).getpixel((0, 0)) == (127, 127, 127)


def test_sixteen_bits_are_scaled_not_clipped():
    picture = Image.fromarray(np.array([[0, 0x8000, 0xFFFF]], dtype=np.uint16))
    opened = open_picture(encoded(picture), LIMIT)
    assert np.asarray(to_rgb(opened))[0, :, 0].tolist() == [0, 128, 255]


def test_rotation_noted_in_exif_is_not_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    opened = open_picture(encoded(noise(48, 32), "JPEG", exif=exif), LIMIT)
    assert to_rgb(opened).size == (48, 32)


@pytest.mark.parametrize("size", [(48, 32), (31, 77), (16, 16), (9, 200)])
def test_prepared_pictures_have_one_shape_and_range(size):
    pixels = prepare(noise(*size), 16)
    assert pixels.shape == (3, 16, 16)
    assert pixels.dtype == np.float32
    assert -1 <= pixels.min() < pixels.max() <= 1


def test_preparing_crops_the_centre_and_keeps_fitting_pixels():
    picture = noise(20, 16)
    expected = np.asarray(picture.crop((2, 0, 18, 16)), np.float32).transpose(2, 0, 1) / 127.5 - 1
    np.testing.assert_array_equal(prepare(picture, 16), expected)
    assert prepare(Image.new("RGB", (5, 5), "white"), 8).min() == 1
    assert prepare(Image.new("RGB", (5, 5), "black"), 8).max() == -1


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(prepare(Image.fromarray(stripes), 16)).max() < 0.1


def test_image_id_is_the_hash_of_the_bytes():
    data = encoded(noise())
    row = rows.describe(data, LIMIT)
    assert row["image_id"] == hashlib.sha256(data).hexdigest()
    assert row["bytes"] == len(data)
    assert len(row["thumbnail"]) == 32 * 32 * 3
    assert len(row["phash"]) == len(row["phash_mirror"]) == 16


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (64, 64), "white"),
        Image.new("RGB", (1, 1), "black"),
        noise(),
        noise(300, 3),
    ],
)
def test_statistics_are_finite_whatever_the_picture(picture):
    found = statistics(picture)
    assert len(found) >= 25
    assert all(name.startswith("stat_") for name in found)
    assert np.isfinite(list(found.values())).all()


def test_statistics_mean_what_they_say():
    half = Image.new("RGB", (64, 64), "white")
    half.paste((255, 0, 0), (0, 0, 32, 64))
    found = statistics(half)
    assert found["stat_mean_red"] == pytest.approx(1)
    assert found["stat_mean_green"] == found["stat_mean_blue"] == pytest.approx(0.5)
    assert found["stat_saturation"] == found["stat_white"] == pytest.approx(0.5)
    assert found["stat_entropy"] == pytest.approx(1)
    assert found["stat_asymmetry"] == pytest.approx(1 - 0.299)
    assert found["stat_edges"] == pytest.approx(1 / 64)


@pytest.mark.parametrize("quality", [25, 50, 75, 90, 97])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality, mode):
    row = rows.describe(encoded(noise(mode=mode), "JPEG", quality=quality), LIMIT)
    assert abs(row["jpeg_quality"] - quality) <= 1


def test_the_subsampling_of_a_jpeg_and_that_others_have_none():
    found = [
        rows.describe(encoded(noise(), "JPEG", subsampling=kind), LIMIT)["jpeg_sampling"]
        for kind in (0, 1, 2)
    ]
    assert found == [0, 1, 2]
    assert rows.describe(encoded(noise(mode="L"), "JPEG"), LIMIT)["jpeg_sampling"] == -1
    png = rows.describe(encoded(noise()), LIMIT)
    assert (png["jpeg_quality"], png["jpeg_sampling"]) == (None, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_whether_a_file_holds_exif(kind):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    assert rows.describe(encoded(noise(), kind, exif=exif), LIMIT)["has_exif"] == 1
    assert rows.describe(encoded(noise(), kind), LIMIT)["has_exif"] == 0


def test_equal_pictures_give_equal_tars(tmp_path):
    content = [("aa", b"1"), ("bb", b"22")]
    for name in ("one.tar", "two.tar"):
        archive.pack(iter(content), tmp_path / name)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert list(archive.contents(tmp_path / "one.tar")) == content
    assert list(archive.unpack(tmp_path / "one.tar", {"bb": ""})) == content[1:]


def test_a_missing_picture_and_unsorted_keys_are_errors(tmp_path):
    archive.pack([("aa", b"1")], tmp_path / "a.tar")
    with pytest.raises(ValueError, match=r"a\.tar: damaged: no image zz"):
        list(archive.unpack(tmp_path / "a.tar", dict.fromkeys(["aa", "zz"], "")))
    with pytest.raises(ValueError, match="sorted"):
        archive.pack([("b", b""), ("a", b"")], tmp_path / "b.tar")


def test_a_folder_in_a_tar_of_pictures_is_damage(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w:") as tar:
        tar.add(tmp_path, "aa", recursive=False)
    with pytest.raises(ValueError, match=r"a\.tar: damaged: aa is no file"):
        list(archive.contents(tmp_path / "a.tar"))


def test_only_known_formats_are_tried():
    assert "EPS" not in pictures.FORMATS
