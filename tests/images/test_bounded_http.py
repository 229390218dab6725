"""The HTTP that img2dataset is held to: public hosts, a time for the whole image, a size."""

import socket
import time
import urllib.error

import pytest

from hostile_server import BODIES, server
from mia.images.download import bounded_http
from mia.images.download.bounded_http import Limits
from mia.images.download.errors import classify
from mia.images.download.public_hosts import PrivateAddress, public_only, require_public


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1."),
        *("0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
        # NAT64, its local prefix, IPv4-compatible and -translated, Teredo, ISATAP, others.
        *("64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1"),
        *("::127.0.0.1", "::8.8.8.8", "::ffff:0:8.8.8.8", "2001:0:53aa:64c:0:fbff:80ff:fffe"),
        *("2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:192.168.0.1", "fec0::a", "ff0e::1"),
        *("fe80::1%eth0", "2606:4700::1%eth0", "3fff::1", "5f00::1", "100::1", "192.88.99.1"),
        *("localhost", "LOCALHOST.", "me.localhost", "printer.local", "metadata.google.internal"),
    ],
)
def test_hosts_that_are_not_public(host):
    with pytest.raises(PrivateAddress, match="private address"):
        require_public(host)
    require_public(host, [host.lower().rstrip(".")])


@pytest.mark.parametrize(
    "host",
    [
        *("example.org", "8.8.8.8", "134744072", "010.010.010.010", "local.org"),
        *("2606:4700::1", "::ffff:8.8.8.8", "2002:808:808::1", "2606:4700::5efe:8.8.8.8"),
    ],
)
def test_public_hosts(host):
    require_public(host)


def test_names_that_lead_to_private_addresses_are_refused():
    """A resolver of our own: a name may have several addresses, and change them."""
    known = {
        "good.org": ["8.8.8.8"],
        "bad.org": ["10.0.0.1", "::1"],
        "both.org": ["127.0.0.1", "8.8.8.8"],
        "nat64.org": ["64:ff9b::8.8.8.8", "64:ff9b::10.0.0.1", "::10.0.0.1"],
    }

    def resolve(host, port, *_):
        host = host.decode() if isinstance(host, bytes) else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in known[host]]

    resolved = public_only(resolve, {"bad.org"})
    assert [entry[4][0] for entry in resolved("both.org", 80)] == ["8.8.8.8"]
    assert len(resolved("bad.org", 80)) == 2
    strict = public_only(resolve, ())
    # Without IPv4, a resolver's answer for every public host is of this kind.
    assert [entry[4][0] for entry in strict("nat64.org", 80)] == ["64:ff9b::8.8.8.8"]
    assert len(strict(b"good.org", 80)) == 1
    with pytest.raises(PrivateAddress, match=r"bad\.org is 10\.0\.0\.1"):
        strict("bad.org", 80)


@pytest.fixture(scope="module")
def web():
    with server() as hostile:
        yield hostile


def fetched(web, path, monkeypatch, seconds=1.5, size=100_000, allowed=("127.0.0.1",), until=60):
    """What img2dataset would get: the body, or the message of what went wrong."""
    limits = Limits(allowed, seconds, size, time.time() + until)
    monkeypatch.setattr(socket, "getaddrinfo", public_only(socket.getaddrinfo, allowed))
    try:
        with bounded_http.opener(limits).open(web.address + path, timeout=1) as response:
            return response.read()
    except Exception as error:  # img2dataset catches as much
        return str(error)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("drip.jpg", "timeout"),
        ("slow-head.jpg", "timeout"),
        ("hang.jpg", "timeout"),
        ("endless.jpg", "too_large"),
        ("promised.jpg", "too_large"),
        ("short.jpg", "truncated"),
        ("loop.jpg", "bad_redirect"),
        ("to-file.jpg", "bad_redirect"),
        ("to-private.jpg", "private_address"),
        ("to-private-utf-8.jpg", "private_address"),
        ("to-nat64.jpg", "private_address"),
        ("to-no-host.jpg", "bad_redirect"),
        ("to-bracket.jpg", "bad_redirect"),
        ("to-user.jpg", "bad_redirect"),
        ("404.jpg", "not_found"),
    ],
)
def test_what_goes_wrong_is_cut_and_says_what(web, path, status, monkeypatch):
    """A slow answer that is not cut in time ends otherwise: the server gives up by itself."""
    assert classify(fetched(web, path, monkeypatch)) == status


def test_whole_pictures_come_through(web, monkeypatch):
    for path in ("good.jpg", "redirect.jpg", "redirect-utf-8.jpg"):
        assert fetched(web, path, monkeypatch) == BODIES["good.jpg"]
    size = len(BODIES["good.jpg"])
    assert fetched(web, "good.jpg", monkeypatch, size=size) == BODIES["good.jpg"]
    assert "too large" in fetched(web, "good.jpg", monkeypatch, size=size - 1)


def test_the_server_itself_is_private_unless_named(web, monkeypatch):
    before = web.asked["good.jpg"]
    message = fetched(web, "good.jpg", monkeypatch, allowed=())
    assert classify(message) == "private_address" and web.asked["good.jpg"] == before


def test_after_the_shards_time_nothing_is_asked_for(web, monkeypatch):
    before = web.asked["good.jpg"]
    assert classify(fetched(web, "good.jpg", monkeypatch, until=-1)) == "not_reached"
    assert web.asked["good.jpg"] == before
    assert classify(fetched(web, "drip.jpg", monkeypatch, seconds=60, until=1.2)) == "timeout"


def test_other_schemes_are_unknown(web):
    limits = Limits((), 1, 1, time.time() + 9)
    for address in ("file:///etc/hostname", "ftp://example.org/x", "data:,x"):
        with pytest.raises(urllib.error.URLError, match="unknown url type"):
            bounded_http.opener(limits).open(address)


def test_a_redirect_to_a_host_in_raw_utf_8_asks_for_its_ascii_name(web, monkeypatch):
    """Full-width digits are digits in a host's name: this one is the server itself."""
    before = web.asked["good.jpg"]
    assert fetched(web, "to-utf-8-host.jpg", monkeypatch) == BODIES["good.jpg"]
    assert web.asked["good.jpg"] == before + 1
