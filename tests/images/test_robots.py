"""`X-Robots-Tag`: which directives forbid an image, to whom, and until when."""

from datetime import UTC, datetime

import pytest

from hostile_server import ALLOWS, CASES, OBJECTS
from mia.images.download.robots import objection

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def named(values):
    return " | ".join(values)


@pytest.mark.parametrize("values", OBJECTS, ids=named)
def test_an_objection_is_heard(values):
    assert objection(values, NOW) is not None


@pytest.mark.parametrize("values", ALLOWS, ids=named)
def test_what_forbids_nothing_to_us_is_none(values):
    assert objection(values, NOW) is None


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (["all", "noimageindex"], "noimageindex"),
        (["other: nofollow, *: none"], "none"),
        (["nofollow, NoImageAI"], "noimageai"),
        (["noai noimageai"], "noai"),
        (["unavailable_after: Friday, 25-Jun-2010 15:00:00 PST"], "unavailable_after"),
        (["unavailable_after: at some time"], "unavailable_after"),
    ],
)
def test_the_directive_that_forbids_is_named(values, word):
    assert objection(values, NOW) == word


def test_an_image_may_be_used_until_it_is_not():
    values = ["unavailable_after: 2026-11-01T00:00:01+00:00"]
    assert objection(values, NOW) is None
    assert objection(values, NOW.replace(minute=1)) == "unavailable_after"


def test_no_header_is_no_objection():
    assert objection([], NOW) is None and objection([""], NOW) is None


def test_the_hostile_server_sends_every_one():
    sent = {path: status for path, status in CASES.items() if "/" in path}
    assert sum(path.startswith("objects/") for path in sent) == len(OBJECTS)
    assert sum(path.startswith("allows/") for path in sent) == len(ALLOWS)
