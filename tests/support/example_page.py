"""A page of examples, of which tests run what it shows."""

import re


def block(page: str, language: str) -> str:
    """The one block of code of a language on a page."""
    found = all_blocks(page, language)
    assert len(found) == 1, f"expected one block of {language}"
    return found[0]


def all_blocks(page: str, language: str) -> list[str]:
    """The blocks of code of a language on a page, in its order."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
