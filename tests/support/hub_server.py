"""A hub on this machine: one repository, answered as the hub's own client asks for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import huggingface_hub
import pytest

from mia.images.download import loopback


@contextmanager
def hub_of(folder: Path, repo: str, revision: str) -> Iterator[tuple[str, list[str]]]:
    """Serve the files of `folder` as a pinned model; yield the address and the files asked for."""
    asked: list[str] = []
    place = f"/{repo}/resolve/{revision}/"

    def names() -> list[str]:
        return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.split("?")[0]
            if path == f"/api/models/{repo}/revision/{revision}":
                siblings = [{"rfilename": name} for name in names()]
                about = {"id": repo, "sha": revision, "siblings": siblings}
                return self._answer(json.dumps(about).encode(), "application/json")
            if path == f"/api/models/{repo}/tree/{revision}":
                tree = [
                    {
                        "type": "file",
                        "path": name,
                        "size": (folder / name).stat().st_size,
                        "oid": "0",
                    }
                    for name in names()
                ]
                return self._answer(json.dumps(tree).encode(), "application/json")
            file = folder / path.removeprefix(place)
            if not path.startswith(place) or not file.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            if self.command == "GET":
                asked.append(file.relative_to(folder).as_posix())
            return self._answer(file.read_bytes(), "application/octet-stream")

        do_HEAD = do_GET

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
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
