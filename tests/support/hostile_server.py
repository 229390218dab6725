"""A web server on loopback that does to a download whatever the web does, and what must come of it.

`CASES`: path to the status that its row must end in. `server()` starts it; it counts requests.
"""

from __future__ import annotations

import gzip
import io
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import numpy as np
from PIL import Image

from mia.images.download import loopback

PATIENCE = 20  # seconds after which the server itself gives up on a slow answer
# Values of X-Robots-Tag, each of a response of its own.
OBJECTS = (
    ["noai"],
    ["none"],
    ["nofollow, NoImageAI"],
    ["*: noai"],
    ["img2dataset: noindex"],
    ["all", "noimageindex"],
    ["noai; nosnippet"],
    ["other: nofollow, *: none"],
    ["max-snippet: -1, noai"],
    ["unavailable_after: Friday, 25-Jun-2010 15:00:00 PST"],
    ["nofollow, unavailable_after: 2010-06-25T15:00:00+00:00"],
    ["max-pixels: 5, noai"],
    ["tdm-reservation: 1, noai"],
    ["noai: true"],
    ["noindex:"],
    ["all: noimageai"],
    ["tdm-policy: https://example.org/policy.json; noai"],
    ["fair-mia: max-pixels: 5, none"],
    ["other: nofollow, *: made-up: 7, noindex"],
    ["noai noimageai"],
    ["noai=1"],
)
ALLOWS = (
    ["all"],
    ["other: noai, noindex"],
    ["nofollow, noarchive", "other: none"],
    ["max-image-preview: none"],
    ["unavailable_after: Fri, 25 Jun 2410 15:00:00 GMT"],
    ["*: nosnippet, other: noai"],
    ["other: max-snippet: 5, noai"],
    ["made-up: 7, other: noai"],
    ["tdm-reservation: 0, nofollow"],
)
CASES = {
    "good.jpg": "success",
    "good.jpg?again": "success",
    "ünï côdé.jpg": "success",
    # Errors; the transient ones are asked for twice.
    "403.jpg": "forbidden",
    "404.jpg": "not_found",
    "410.jpg": "gone",
    "418.jpg": "failed",
    "429.jpg": "rate_limited",
    "500.jpg": "server_error",
    "503.jpg": "server_error",
    "once.jpg": "success",
    **{f"objects/{n}.jpg": "forbidden" for n in range(len(OBJECTS))},
    **{f"allows/{n}.jpg": "success" for n in range(len(ALLOWS))},
    # Time and size.
    "hang.jpg": "timeout",
    "slow-head.jpg": "timeout",
    "drip.jpg": "timeout",
    "short.jpg": "truncated",
    "endless.jpg": "too_large",
    "promised.jpg": "too_large",
    # Elsewhere.
    "redirect.jpg": "success",
    "redirect-utf-8.jpg": "success",
    "to-utf-8-host.jpg": "success",
    "to-private-utf-8.jpg": "private_address",
    "to-nat64.jpg": "private_address",
    "to-no-host.jpg": "bad_redirect",
    "to-bracket.jpg": "bad_redirect",
    "to-user.jpg": "bad_redirect",
    "loop.jpg": "bad_redirect",
    "to-file.jpg": "bad_redirect",
    "to-private.jpg": "private_address",
    "to-html.jpg": "not_an_image",
    # Bodies.
    "html.jpg": "not_an_image",
    "empty.jpg": "not_an_image",
    "gzip.jpg": "not_an_image",
    "truncated.jpg": "truncated",
    "bomb.png": "too_many_pixels",
    "animated.gif": "success",
    "palette.png": "success",
    "cmyk.jpg": "success",
    "grey16.png": "success",
    "rgba16.png": "success",
    "rotated.jpg": "success",
    **{f"placeholder/{n}.jpg": "success" for n in range(8)},
}
# Whole addresses, and nulls.
ELSEWHERE = {
    "file:///etc/hostname": "bad_url",
    "data:image/png;base64,AAAA": "bad_url",
    "http://10.0.0.1/x.jpg": "private_address",
    "http://2130706433/x.jpg": "private_address",
    "http://localhost/x.jpg": "private_address",
    "http://[::1]/x.jpg": "private_address",
    "http://[64:ff9b::7f00:1]/x.jpg": "private_address",
    "http://[::127.0.0.1]/x.jpg": "private_address",
    "http://127.0.0.1:9/refused.jpg": "connection",
}
LOCATIONS = {
    "redirect-utf-8.jpg": "/good.jpg?ünï côdé",
    "to-utf-8-host.jpg": "http://１２７.０.０.１:{port}/good.jpg",
    "to-private-utf-8.jpg": "http://１２７.0.0.2:9/ü.jpg",
    "to-nat64.jpg": "http://[64:ff9b::7f00:1]:9/x.jpg",
    "to-no-host.jpg": "http://a b.example/x.jpg",
    "to-bracket.jpg": "http://[::1/x.jpg",
    "to-user.jpg": "http://someone@127.0.0.1:9/x.jpg",
    "redirect.jpg": "/good.jpg",
    "loop.jpg": "/loop.jpg",
    "to-file.jpg": "file:///etc/hostname",
    "to-private.jpg": "http://127.0.0.2:9/x.jpg",
    "to-html.jpg": "/html.jpg",
}


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(seed: int = 0, size: tuple[int, int] = (40, 40)) -> Image.Image:
    shape = (size[1], size[0], 3)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def png(width: int, height: int, bits: int, colour: int, rows: bytes) -> bytes:
    """A PNG of raw scanlines, each with its filter byte: what Pillow does not write itself."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def bomb(side: int = 30_000) -> bytes:
    """A whole one-bit PNG of `side` × `side` pixels in some hundred kilobytes."""
    deflate, row = zlib.compressobj(9), bytes(1 + side // 8)
    return png(
        side, side, 1, 0, b"".join([deflate.compress(row) for _ in range(side)]) + deflate.flush()
    )


def rgba16() -> bytes:
    """One row of sixteen-bit RGBA: (0x9C00, 0x0100, 0xFFFF) opaque, and the same transparent."""
    opaque = struct.pack(">4H", 0x9C00, 0x0100, 0xFFFF, 0xFFFF)
    clear = struct.pack(">4H", 0x9C00, 0x0100, 0xFFFF, 0)
    return png(2, 1, 16, 6, zlib.compress(b"\0" + opaque + clear))


def bodies() -> dict[str, bytes]:
    good, exif = encoded(noise(), "JPEG"), Image.Exif()
    exif[0x0112] = 6
    frames = [Image.new("RGB", (24, 24), colour) for colour in ("red", "blue")]
    grey = Image.fromarray(np.array([[0, 0x8000, 0xFFFF]] * 8, dtype=np.uint16))
    return {
        "good.jpg": good,
        "ünï côdé.jpg": encoded(noise(1), "JPEG"),
        "once.jpg": encoded(noise(2), "JPEG"),
        **{f"objects/{n}.jpg": good for n in range(len(OBJECTS))},
        **{f"allows/{n}.jpg": good for n in range(len(ALLOWS))},
        "html.jpg": b"<!DOCTYPE html><title>sorry</title>",
        "empty.jpg": b"",
        "gzip.jpg": gzip.compress(good, mtime=0),
        "truncated.jpg": good[:-300],
        "bomb.png": bomb(),
        "animated.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "palette.png": encoded(noise(3).quantize(16), "PNG"),
        "cmyk.jpg": encoded(Image.new("RGB", (24, 24), (200, 30, 60)).convert("CMYK"), "JPEG"),
        "grey16.png": encoded(grey, "PNG"),
        "rgba16.png": rgba16(),
        "rotated.jpg": encoded(noise(4, (48, 32)), "JPEG", exif=exif),
        **{f"placeholder/{n}.jpg": encoded(noise(5), "JPEG") for n in range(8)},
    }


BODIES = bodies()


@dataclass
class Hostile:
    """The server while it runs.

    Args:
        address: Its address, ending in `/`.
        asked: How often each path was asked for.
        gate: `gate.jpg` is answered only once this is set.
    """

    address: str = ""
    asked: Counter = field(default_factory=Counter)
    gate: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def __init__(self, hostile: Hostile, *arguments) -> None:
        self.hostile = hostile
        super().__init__(*arguments)

    def do_GET(self):
        path = unquote(self.path.lstrip("/")).partition("?")[0]
        self.hostile.asked[path] += 1
        case = path.partition(".")[0]
        if case.isdigit():
            return self.send_error(int(case))
        if path == "once.jpg" and self.hostile.asked[path] == 1:
            return self.send_error(503)
        if path in LOCATIONS:
            location = LOCATIONS[path].format(port=self.server.server_port)
            # Headers are written as Latin-1: so raw UTF-8 is sent.
            return self.answer(b"", 302, Location=location.encode().decode("latin-1"))
        if path == "gate.jpg":
            self.hostile.gate.wait(PATIENCE)
            return self.answer(BODIES["good.jpg"])
        try:
            return getattr(self, case.replace("-", "_"), self.plain)(path)
        except OSError:  # the client had enough
            self.close_connection = True

    def plain(self, path):
        headers = {"gzip.jpg": {"Content-Encoding": "gzip"}}
        for folder, values in (("objects", OBJECTS), ("allows", ALLOWS)):
            for n, value in enumerate(values):
                headers[f"{folder}/{n}.jpg"] = {"X-Robots-Tag": value}
        self.answer(BODIES[path], **headers.get(path, {}))

    def hang(self, path):
        time.sleep(PATIENCE / 4)

    def slow_head(self, path):
        self.send_response(200)
        self.flush_headers()
        self.trickle(b"X-Slow: 1\r\n")

    def drip(self, path):
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.trickle(BODIES["good.jpg"])

    def short(self, path):
        self.answer(BODIES["good.jpg"][:500], promised=5000)

    def promised(self, path):
        self.answer(BODIES["good.jpg"], promised=10**12)

    def endless(self, path):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(65536))

    def trickle(self, data):
        """A byte every half second."""
        for n in range(2 * PATIENCE):
            self.wfile.write(data[n % len(data) : n % len(data) + 1])
            time.sleep(0.5)

    def answer(self, body, code=200, promised=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(promised or len(body)))
        for name, values in headers.items():
            for value in [values] if isinstance(values, str) else values:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def server() -> Iterator[Hostile]:
    """Run the server."""
    hostile = Hostile()
    with loopback.serving(partial(Handler, hostile)) as hostile.address:
        yield hostile
