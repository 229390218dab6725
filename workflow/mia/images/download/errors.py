"""What img2dataset's error messages mean: one status class for each; which classes may pass."""

from __future__ import annotations

import re

HTTP_ERROR = re.compile(r"HTTP Error (\d{3})")
HTTP_STATUS = {
    401: "forbidden",
    402: "forbidden",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    410: "gone",
    429: "rate_limited",
    451: "forbidden",
}
TRANSIENT = frozenset(
    ["connection", "dns", "not_reached", "rate_limited", "server_error", "timeout"]
)
# Tried in this order on the lower-cased message.
PHRASES = (
    ("private_address", ("private address",)),
    ("too_large", ("too large",)),
    ("not_reached", ("not reached",)),
    ("timeout", ("timed out", "timeout")),
    (
        "dns",
        (
            "name or service not known",
            "name resolution",
            "nodename nor servname",
            "no address associated with hostname",
            "getaddrinfo",
        ),
    ),
    ("truncated", ("incompleteread",)),
    ("forbidden", ("x-robots-tag",)),
    (
        "bad_url",
        (
            "unknown url type",
            "no host given",
            "nonnumeric port",
            "can't contain control characters",
            "codec can't encode",
            "label empty or too long",
            "invalid ipv6",
        ),
    ),
    (
        "connection",
        (
            "connection",
            "refused",
            "reset by peer",
            "unreachable",
            "no route to host",
            "ssl",
            "certificate",
            "broken pipe",
            "badstatusline",
            "eof occurred",
        ),
    ),
)


def classify(message: str) -> str:
    """Return the status class of a failed download.

    >>> classify("HTTP Error 404: Not Found"), classify("HTTP Error 503: Busy")
    ('not_found', 'server_error')
    >>> classify("<urlopen error [Errno -2] Name or service not known>")
    'dns'
    >>> classify("<urlopen error timed out>"), classify("something new")
    ('timeout', 'failed')
    """
    code = HTTP_ERROR.search(message)
    if code:
        number = int(code[1])
        kinds = {3: "bad_redirect", 5: "server_error"}
        return HTTP_STATUS.get(number, kinds.get(number // 100, "failed"))
    text = message.lower()
    found = (status for status, phrases in PHRASES if any(phrase in text for phrase in phrases))
    return next(found, "failed")
