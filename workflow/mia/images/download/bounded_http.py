"""HTTP for images from anywhere: public hosts, no objection, a time and a largest size for each.

urllib's `timeout` is for one read, so a server that sends a byte now and then is never cut by it;
urllib reads a body of any size, and follows a redirect to any host. img2dataset asks as a browser.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mia.images.download.public_hosts import public_only, require_public
from mia.images.download.robots import NAME, objection
from mia.images.plan import clean_url

# A `urllib.request.Request` that also has `began`: when it was first sent.
Request = Any
Response = http.client.HTTPResponse


@dataclass(frozen=True)
class Limits:
    """What a download must keep to.

    Args:
        allowed: Hosts that may be asked although they are not public, in lower case.
        seconds: Longest time that an image may take in all, redirects included.
        size: Most bytes of an image.
        until: When the shard's time is over, in seconds since the epoch.
        agent: Who asks: the header `User-Agent` of every request, redirects included.
    """

    allowed: tuple[str, ...]
    seconds: float
    size: int
    until: float
    agent: str = NAME


class TooLarge(OSError):
    """A body of more bytes than allowed."""


class NotReached(OSError):
    """The shard's time was over before this image's turn."""


class Forbidden(OSError):
    """The server forbids the use of this image."""


def install(limits: Limits) -> None:
    """Hold `urllib.request.urlopen`, and whatever else this process resolves, to `limits`."""
    proxies = {k: v for k, v in urllib.request.getproxies().items() if k in ("http", "https")}
    hosts = {urlsplit(v if "//" in v else f"//{v}").hostname for v in proxies.values()}
    allowed = {*limits.allowed, *filter(None, hosts)}
    socket.getaddrinfo = public_only(socket.getaddrinfo, allowed)
    urllib.request.install_opener(opener(limits))


def opener(limits: Limits) -> urllib.request.OpenerDirector:
    """Return an opener for http and https only; any other scheme is an unknown one to it."""
    director = urllib.request.OpenerDirector()
    for handler in (
        *(urllib.request.ProxyHandler(), urllib.request.UnknownHandler()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        *(_Objections(), _Redirects(limits), _Web(limits)),
    ):
        director.add_handler(handler)
    return director


class _Web(urllib.request.AbstractHTTPHandler):
    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits

    def http_open(self, request: Request) -> Response:
        return self._open(http.client.HTTPConnection, request)

    def https_open(self, request: Request) -> Response:
        return self._open(http.client.HTTPSConnection, request)

    def http_request(self, request: Request) -> Request:
        request.began = getattr(request, "began", time.time())
        request.add_header("User-Agent", self.limits.agent)
        return self.do_request_(request)

    https_request = http_request

    def _open(self, kind: type[http.client.HTTPConnection], request: Request) -> Response:
        if time.time() >= self.limits.until:
            raise NotReached("not reached: the time of this shard was over")
        ends = min(request.began + self.limits.seconds, self.limits.until)

        def connection(*arguments: Any, **options: Any) -> http.client.HTTPConnection:
            made: Any = kind(*arguments, **options)
            made.response_class = partial(_Response, ends=ends, size=self.limits.size)
            return made

        return self.do_open(connection, request)


class _Objections(urllib.request.BaseHandler):
    def http_response(self, request: Request, response: Response) -> Response:
        forbidden = objection(response.headers.get_all("X-Robots-Tag", []), datetime.now(UTC))
        if response.status == http.client.OK and forbidden:
            response.close()
            raise Forbidden(f"the use of the image is forbidden by X-Robots-Tag: {forbidden}")
        return response

    https_response = http_response


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, limits: Limits) -> None:
        self.allowed = limits.allowed

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError as error:
            msg = f"redirected to no web address: {error}"
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp) from error

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, request: Request, body: Any, code: int, message: str, headers: Any, address: str
    ) -> Request:
        address = clean_url(address)  # its host may be raw UTF-8
        # A proxy would look the host up itself.
        require_public(urlsplit(address).hostname, self.allowed)
        following: Request = super().redirect_request(
            request, body, code, message, headers, address
        )
        if following is not None:
            following.began = request.began
        return following


class _Response(Response):
    def __init__(
        self, sock: socket.socket, *arguments: Any, ends: float, size: int, **options: Any
    ) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Within(self.fp.detach(), sock, ends, size))
        self.size = size

    def begin(self) -> None:
        super().begin()
        # Python would ask for all that memory at once.
        if self.status == http.client.OK and (self.length or 0) > self.size:
            raise TooLarge(f"too large: {self.length} bytes; expected at most {self.size}")


class _Within(io.RawIOBase):
    """What a socket sends, up to a point in time and a number of bytes (head of 64 KiB apart)."""

    HEAD = 65536

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, ends: float, size: int) -> None:
        self.raw, self.sock, self.ends, self.size = raw, sock, ends, size
        self.timeout, self.taken = sock.gettimeout() or math.inf, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.ends - time.time()
        if left > 0:
            self.sock.settimeout(min(left, self.timeout))
            try:
                return self._counted(self.raw.readinto(buffer))
            except TimeoutError:
                if left >= self.timeout:
                    raise
        raise TimeoutError("timed out: not whole when its time was over")

    def _counted(self, count: int) -> int:
        self.taken += count
        if self.taken > self.size + self.HEAD:
            raise TooLarge(f"too large: expected at most {self.size} bytes")
        return count

    def close(self) -> None:
        self.raw.close()
        super().close()
