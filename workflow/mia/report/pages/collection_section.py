"""The section of a target that answers in plain words: was this collection used?"""

from __future__ import annotations

from mia.report.pages import collection_answer, collection_limits
from mia.report.pages.collection_facts import Facts

HEADINGS = {
    "Answer": collection_answer.said,
    "How sure": collection_answer.how_sure,
    "What share": collection_limits.share,
    "What speaks against it": collection_limits.against,
    "Single images": collection_limits.single,
    "What must not be claimed": collection_limits.never,
}


def section(of: Facts) -> list[tuple[str, list[str]]]:
    """Return (heading, sentences) in the order of `HEADINGS`; without a test the answer alone."""
    told = HEADINGS if of.tests else {"Answer": collection_answer.said}
    return [(heading, sentences(of)) for heading, sentences in told.items()]
