"""The plan of an image set: clean addresses, keys, shards, limits. Pure functions on tables.

A plan row is an image to fetch: `part` (name of its source part, "" outside named parts), `row`
(position in its part), `url` (its locator), `place` (where its bytes are, if not there; "" else),
`caption`, `family`, `sha256` (of the bytes it should have; "" if nothing is known), `status`,
`error`, and `key`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pandas as pd

from mia.excerpt import cut, excerpt
from mia.images.download.public_hosts import PrivateAddress, require_public
from mia.images.locators import digest, shard, shard_name
from mia.images.sources.shared.listing import locator_name

SCHEMES = ("http", "https")
COLUMNS = [
    *("key", "part", "row", "url", "place", "caption", "alternates", "family"),
    *("sha256", "status", "error"),
]
HOST_NAME = re.compile(r"[a-z0-9._-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Characters that stay in a path or query (RFC 3986); `%` stays, so nothing is encoded twice.
SAFE_IN_PATH, SAFE_IN_QUERY = "/:@!$&'()*+,;=~-._%", "/:@!$&'()*+,;=~-._%?"
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Addresses that cleaning leaves unchanged, as most are; to match costs a thirtieth of cleaning.
LABEL, PLAIN = r"[a-z0-9_-]{1,63}", r"(?:[A-Za-z0-9/:@!$&'()*+,;=~._-]|%[0-9A-Fa-f]{2})"
CLEAN = re.compile(rf"https?://{LABEL}(?:\.{LABEL})*/{PLAIN}*(?:\?(?:{PLAIN}|\?)+)?")


def clean_url(text: str) -> str:
    """Return an address that any HTTP client takes: NFC, percent-encoded, without fragment.

    Raises:
        ValueError: The address is no http or https address with a host; the message says why.

    >>> clean_url(" http://Example.org/a b/ü.jpg?q=é#top ")
    'http://example.org/a%20b/%C3%BC.jpg?q=%C3%A9'
    >>> clean_url("file:///etc/passwd")
    Traceback (most recent call last):
    ValueError: not an http or https address: 'file:///etc/passwd'
    """
    return text if CLEAN.fullmatch(text) else _cleaned(text)


def cleaned_if_possible(text: str | None) -> str | None:
    """Return the address as a plan has it: cleaned, or unchanged if it cannot be cleaned."""
    try:
        return clean_url(text) if text else text
    except ValueError:
        return text


def _cleaned(text: str) -> str:
    text = unicodedata.normalize("NFC", text.strip())
    if CONTROL.search(text):
        raise ValueError(f"control character in the address: {excerpt(text)}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"not an address: {excerpt(text)} ({cut(str(error))})") from error
    if parts.scheme.lower() not in SCHEMES:
        raise ValueError(f"not an http or https address: {excerpt(text)}")
    if not host:
        raise ValueError(f"no host in the address: {excerpt(text)}")
    place = _host(host, text) + (f":{port}" if port is not None else "")
    if parts.username is not None:
        raise ValueError(f"an address with a user name is not fetched: {excerpt(text)}")
    path = quote(STRAY_PERCENT.sub("%25", parts.path), safe=SAFE_IN_PATH)
    query = quote(STRAY_PERCENT.sub("%25", parts.query), safe=SAFE_IN_QUERY)
    return urlunsplit((parts.scheme.lower(), place, path or "/", query, ""))


def _host(host: str, text: str) -> str:
    if ":" in host:
        return f"[{host}]"
    try:
        name = unquote(host).encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f"not a host name: {excerpt(text)}") from error
    if not HOST_NAME.fullmatch(name):
        raise ValueError(f"not a host name: {excerpt(text)}")
    return name


def with_cleaned_urls(rows: pd.DataFrame, allowed: Collection[str] = ()) -> pd.DataFrame:
    """Return rows with cleaned `url`; rows not to be fetched get a status and the reason.

    `bad_url`: the address cannot be cleaned. `private_address`: its host is not public, nor one of
    `allowed`.
    """
    urls, statuses, errors = (rows[name].tolist() for name in ("url", "status", "error"))
    for row, text in enumerate(urls):
        try:
            if not text:
                raise ValueError("the row has no address")
            urls[row] = cleaned = clean_url(text)
            require_public(urlsplit(cleaned).hostname, allowed)
        except ValueError as error:
            statuses[row], errors[row] = "bad_url", str(error)
        except PrivateAddress as error:
            statuses[row], errors[row] = "private_address", str(error)
    return rows.assign(url=pd.Series(urls, rows.index, dtype=object), status=statuses, error=errors)


def with_keys(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with `key` and `home`, the digest that decides their shard.

    A row's key is the digest of its `locator_name`. For the n-th repeat of a locator, in
    (part, row) order over all rows of all parts, the key is the digest of `{locator}#{n}`.

    Args:
        rows: They have the column `repeat`: that n, 0 for the first.

    Raises:
        ValueError: Two rows have one key.

    >>> rows = pd.DataFrame({"part": "", "row": [0, 1], "url": "http://a/b", "repeat": [0, 1]})
    >>> with_keys(rows)["key"].tolist() == [digest("http://a/b"), digest("http://a/b#1")]
    True
    """
    named = list(map(locator_name, rows["part"], rows["row"], rows["url"]))
    rows = rows.assign(home=[digest(shard_name(name)) for name in named])
    rows["key"] = [
        digest(f"{name}#{n}") if n else digest(name)
        for name, n in zip(named, rows["repeat"], strict=True)
    ]
    twice = rows.loc[rows["key"].duplicated(keep=False), "url"]
    if len(twice):
        raise ValueError(f"rows with one key: {', '.join(sorted(map(excerpt, twice))[:4])}")
    return rows


def divided(rows: pd.DataFrame, shards: int) -> list[pd.DataFrame]:
    """Return the plan, one table per shard, each with `COLUMNS` and sorted by key."""
    rows = with_keys(rows).sort_values("key", ignore_index=True)
    number = rows["home"].map(lambda home: shard(home, shards))
    strings = {column: "string" for column in COLUMNS if column != "row"}
    rows = rows[COLUMNS].astype({**strings, "row": "int64"})
    return [rows[number == n].reset_index(drop=True) for n in range(shards)]
