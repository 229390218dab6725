"""One form for all spellings of an address or of a file's path, so that two can be compared.

Locators of a plan stay as they are, since keys derive from them; nothing is fetched from a form.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from mia.given.folder_files import compared
from mia.images.plan import SCHEMES, clean_url

ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
HOST = re.compile(r"(?://[^/?#]+|[\w-]+(?:\.[\w-]+)+\.?(?::\d+)?)/")
DEFAULT_PORTS = {"http": 80, "https": 443}
# What would mean something else if it stood there plainly.
KEPT_IN_PATH, KEPT_IN_QUERY = "/?#%", "&=+#%"


def form(locator: str) -> str:
    """Return the form of an address or path.

    Of an address: http and https alike, host in lower case without a last dot, no default port, no
    fragment, path without `.` and `..`, characters plain that need not be percent-encoded, Unicode
    NFC. Of a path: absolute, links resolved, without `.` and `..` and blanks at its end, Unicode
    NFC.

    >>> form("HTTPS://A.org.:443/x/../%7Eu%cc%88,b.jpg?#top") == form("http://a.org/~ü%2Cb.jpg")
    True
    """
    scheme, colon, _ = locator.partition("://")
    if colon and scheme.lower() in SCHEMES:
        return _address(locator)
    if colon and scheme.lower() == "file":
        return _path(unquote(urlsplit(locator).path))
    return locator if colon or "\0" in locator else _path(locator)


def forms(text: str) -> set[str]:
    """Return the forms of all that a text of a person may mean.

    A path may be percent-encoded, and what starts with a host may be an address without its scheme.

    >>> "//a.org/x.jpg" in forms("a.org/x.jpg") & forms("//a.org/x.jpg")
    True
    """
    found = {form(text)}
    if "://" not in text:
        found.add(form(unquote(text)))
        if HOST.match(text):
            schemes = (f"{scheme}://{text.removeprefix('//')}" for scheme in SCHEMES)
            found.update(map(form, schemes))
    return found


def _address(locator: str) -> str:
    try:
        parts = urlsplit(clean_url(locator))
    except ValueError:
        return locator
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    path = _without_dots(_plain(parts.path, KEPT_IN_PATH))
    query = f"?{_plain(parts.query, KEPT_IN_QUERY)}" if parts.query else ""
    host = (parts.hostname or "").rstrip(".")
    return f"//{host}{port}{path}{query}"


def _plain(text: str, kept: str) -> str:
    """Decode what is percent-encoded, but for `kept`, controls, and bytes that are not UTF-8."""

    def plain(found: re.Match) -> str:
        characters = unquote_to_bytes(found[0]).decode("utf-8", "surrogateescape")
        return "".join(
            c
            if c.isprintable() and c not in kept
            else quote(c.encode("utf-8", "surrogateescape"), safe="")
            for c in characters
        )

    return unicodedata.normalize("NFC", ENCODED.sub(plain, text))


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, 5.2.4)."""
    steps = path.split("/")
    kept: list[str] = []
    for step in steps:
        if step == "..":
            del kept[max(1, len(kept) - 1) :]
        elif step != ".":
            kept.append(step)
    return "/".join([*kept, ""] if steps[-1] in (".", "..") else kept)


def _path(path: str) -> str:
    folder, name = os.path.split(path)
    whole = os.path.join(_resolved(os.path.join(os.getcwd(), folder)), name)
    return compared(os.path.realpath(whole) if os.path.islink(whole) else whole).rstrip()


@lru_cache(maxsize=4096)
def _resolved(folder: str) -> str:
    return os.path.realpath(folder)
