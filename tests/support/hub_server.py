"""A hub on this machine: one repository, answered as the hub's own client asks for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs

import huggingface_hub
import pytest

from mia.images.download import loopback


@contextmanager
def hub_of(
    folder: Path, repo: str, revision: str, kind: str = "models"
) -> Iterator[tuple[str, list[str]]]:
    """Serve the files of `folder` as a pinned model; yield the address and the files asked for.

    With `kind="datasets"` as a pinned dataset; then the second is the bytes sent of each file.
    """
    asked: list[str] = []
    above = "" if kind == "models" else f"/{kind}"
    place = f"{above}/{repo}/resolve/{revision}/"

    def names() -> list[str]:
        return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())

    def described(found: Iterable[str]) -> list[dict]:
        sizes = {name: (folder / name).stat().st_size for name in found}
        return [
            {"type": "file", "path": name, "size": size, "oid": "0"} for name, size in sizes.items()
        ]

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.split("?")[0]
            if path == f"/api/{kind}/{repo}/revision/{revision}":
                siblings = [{"rfilename": name} for name in names()]
                about = {"id": repo, "sha": revision, "siblings": siblings}
                return self._answer(json.dumps(about).encode(), "application/json")
            if path == f"/api/{kind}/{repo}/tree/{revision}":
                return self._answer(json.dumps(described(names())).encode(), "application/json")
            file = folder / path.removeprefix(place)
            if not path.startswith(place) or not file.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            if self.command == "GET":
                asked.append(file.relative_to(folder).as_posix())
            return self._answer(file.read_bytes(), "application/octet-stream")

        do_HEAD = do_GET

        def do_POST(self):
            words = self.rfile.read(int(self.headers["Content-Length"])).decode()
            wanted = set(parse_qs(words).get("paths", ()))
            if "{" in words:
                wanted = set(json.loads(words)["paths"])
            found = described(name for name in names() if name in wanted)
            return self._answer(json.dumps(found).encode(), "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
            self.send_response(206 if span else 200)
            if span:
                whole, (first, last) = len(body), map(int, span.groups())
                body = body[first : last + 1]
                self.send_header("Content-Range", f"bytes {first}-{last}/{whole}")
                asked[-1:] = [f"{len(body)} {asked[-1]}"]
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", revision)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with loopback.serving(Hub) as address:
        yield address.rstrip("/"), asked


def only_this_hub(monkeypatch: pytest.MonkeyPatch, address: str, cache: Path) -> None:
    """Let the hub's client, which reads its environment when it is imported, ask `address` only."""
    constants = huggingface_hub.constants
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
