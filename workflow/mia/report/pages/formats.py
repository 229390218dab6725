"""How the page writes a number: the template's filters."""

from __future__ import annotations

import base64
import hashlib
import math

from markupsafe import Markup, escape


def number(value: float) -> str:
    """An AUC: three decimals, or n/a.

    >>> number(0.5), number(float("nan"))
    ('0.500', 'n/a')
    """
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def percent(rate: float) -> str:
    """A rate as percent with one decimal, or n/a.

    >>> percent(0.0123)
    '1.2 %'
    """
    return "n/a" if math.isnan(rate) else f"{100 * rate:.1f} %"


def signed(difference: float) -> str:
    """A difference with its sign, or n/a.

    >>> signed(0.0512), signed(float("nan"))
    ('+0.051', 'n/a')
    """
    return "n/a" if math.isnan(difference) else f"{difference:+.3f}".replace("-", "−")


def points(difference: float) -> str:
    """A difference of rates in percentage points, with its sign, or n/a.

    >>> points(-0.0512)
    '−5.1 points'
    """
    return "n/a" if math.isnan(difference) else f"{100 * difference:+.1f} points".replace("-", "−")


def whole(value: float) -> str:
    """A whole number with thin thousands, or n/a.

    >>> whole(12000.0)
    '12\u202f000'
    """
    return "n/a" if math.isnan(value) else f"{value:,.6g}".replace(",", "\u202f")


def chance(p: float) -> str:
    """A p with two digits, or that it is below one in ten thousand, or n/a.

    >>> chance(0.0213), chance(1e-9), chance(1.0), chance(float("nan"))
    ('0.021', '< 0.0001', '1', 'n/a')
    """
    if math.isnan(p):
        return "n/a"
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def breakable(name: str) -> Markup:
    """A name that may go to the next line after each underscore.

    >>> str(breakable("too_<few"))
    'too_<wbr>&lt;few'
    """
    return Markup(escape(name).replace("_", Markup("_<wbr>")))


def sha256(text: str) -> str:
    """The hash by which the page's security policy knows its own script."""
    return base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()
