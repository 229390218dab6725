"""A page of examples, of which tests run what it shows."""

import re


def block(page: str, language: str) -> str:
    """The one block of code of a language on a page."""
    found = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert len(found) == 1, f"expected one block of {language}"
    return found[0]
