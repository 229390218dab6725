"""How a config is refused: the key, what was found, what was expected, the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


class ConfigError(ValueError):
    """A config cannot be run; the message names the key and what was expected."""


def all_of(checks: Iterable[Callable[[], object]]) -> None:
    """Run every check; raise one ConfigError with a line for each mistake, none twice."""
    mistakes: dict[str, None] = {}
    for check in checks:
        try:
            check()
        except ConfigError as error:
            mistakes |= dict.fromkeys(str(error).splitlines())
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint at what `word` may have meant.

    >>> nearest("los", ["loss", "pia"])
    "did you mean 'loss'? known: loss, pia"
    """
    known = sorted(known)
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {match[0]!r}? " if match else ""
    return f"{hint}known: {', '.join(known)}"


def require_known(name: str, names: Iterable[str], key: str, what: str) -> None:
    """Raise a ConfigError unless `name` is one of `names`."""
    if name not in names:
        raise ConfigError(f"{key}: no {what} {name!r}; {nearest(name, names)}")
