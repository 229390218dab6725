"""Who asks for images: an honest name, with a contact, and never a browser's."""

import io
import json
import tomllib
from collections import defaultdict
from functools import partial
from http.server import BaseHTTPRequestHandler

import pandas as pd
import pytest
import yaml
from PIL import Image

from mia import storage
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.user_agent import VERSION, user_agent
from mia.images.download import loopback
from mia.images.download.robots import NAME, objection
from mia.images.sources.shared.stage_keys import download_settings
from mia.stages import download, plan
from rule_texts import ROOT

CONFIG = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
CONTACT = "you@lab.example"
SPEC = {
    "source": "urls",
    "timeout": 2,
    "byte_limit": 1_000_000,
    "allow_hosts": [loopback.HOST],
}


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (24, 24), "red").save(file, "PNG")
    return file.getvalue()


class Honest(BaseHTTPRequestHandler):
    """Serves whoever says who they are, and refuses browsers, as some hosts do."""

    def __init__(self, asked, *arguments):
        self.asked = asked
        super().__init__(*arguments)

    def do_GET(self):
        agents = self.headers.get_all("User-Agent", [])
        self.asked[self.path] += agents
        if any("Mozilla" in agent or "Firefox" in agent for agent in agents):
            return self.send_error(403)
        if self.path == "/redirect.png":
            self.send_response(302)
            self.send_header("Location", "/there.png")
            return self.end_headers()
        self.send_response(200)
        if self.path == "/ours.png":
            self.send_header("X-Robots-Tag", f"{NAME}: noai")
        if self.path == "/others.png":
            self.send_header("X-Robots-Tag", "mozilla: noai")
        self.end_headers()
        self.wfile.write(picture())

    def log_message(self, *arguments):
        pass


def test_a_host_that_refuses_browsers_serves_us(tmp_path):
    """Through the real img2dataset: the header, on redirects too, and rules for our name."""
    asked = defaultdict(list)
    paths = ("a.png", "redirect.png", "ours.png", "others.png")
    with loopback.serving(partial(Honest, asked)) as address:
        table = pd.DataFrame({"url": [address + path for path in paths], "caption": "x"})
        storage.write(table, tmp_path / "urls.parquet")
        spec = {**SPEC, "path": str(tmp_path / "urls.parquet")}
        planned, results = tmp_path / "plan.parquet", tmp_path / "downloads.parquet"
        plan.main(["--name", "s", "--settings", json.dumps(spec), "--output", str(planned)])
        files = {"plan": planned, "pictures": tmp_path / "pictures.tar", "downloads": results}
        named = [word for name, file in files.items() for word in (f"--{name}", str(file))]
        told = ["--user-agent", agent := user_agent(CONTACT)]
        download.main([*named, *told, "--settings", json.dumps(download_settings(spec))])
    urls = storage.read(planned).set_index("key")["url"].str.removeprefix(address)
    ended = storage.read(results).assign(path=lambda rows: rows["key"].map(urls))
    assert ended.set_index("path")["status"].to_dict() == {
        "a.png": "success",
        "redirect.png": "success",
        "ours.png": "forbidden",
        "others.png": "success",
    }
    assert agent == f"fair-mia/{VERSION} (+mailto:{CONTACT})"
    assert dict(asked) == {f"/{path}": [agent] for path in (*paths, "there.png")}


def test_rules_are_read_for_the_name_that_is_sent():
    name = user_agent(CONTACT).partition("/")[0]
    assert objection([f"{name}: noai"], None) == "noai"


def test_the_version_is_the_projects():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == (NAME, VERSION)


@pytest.mark.parametrize(
    ("contact", "sent"),
    [
        (None, f"fair-mia/{VERSION}"),
        (CONTACT, f"fair-mia/{VERSION} (+mailto:{CONTACT})"),
        (f"mailto:{CONTACT}", f"fair-mia/{VERSION} (+mailto:{CONTACT})"),
        ("https://lab.example/audit?a=b", f"fair-mia/{VERSION} (+https://lab.example/audit?a=b)"),
    ],
)
def test_a_contact_is_sent(contact, sent):
    config = {**CONFIG, "download": {} if contact is None else {"contact": contact}}
    assert user_agent(read(config).config["download"].get("contact")) == sent


@pytest.mark.parametrize(
    "contact",
    [
        *("me", "", "a b@lab.example", "é@lab.example", "you@lab.example)", "http://"),
        *("you@lab.example\n", "you@lab.example\r\nCookie: a", "ftp://lab.example"),
        "https://lab.example/(Mozilla/5.0",
    ],
)
def test_what_is_no_contact_is_refused(contact):
    with pytest.raises(ConfigError, match=r"download\.contact: found .*, expected a mail address"):
        read({**CONFIG, "download": {"contact": contact}})


def test_another_contact_downloads_nothing_again(bench):
    bench.configure(lambda config: config.update(download={"contact": CONTACT}))
    assert bench.run().done().jobs == []
    plan = bench.run("--dry-run", "--printshellcmds", "--forcerun", "download").done().text
    assert f"--user-agent 'fair-mia/{VERSION} (+mailto:{CONTACT})'" in plan
