"""The colours of all figures and of the page; each names one role."""

from __future__ import annotations

INK, MUTED, RULE, BAND, PAPER = "#1f2430", "#646c7a", "#d5d9e0", "#e9ebef", "#ffffff"
MEMBER, NONMEMBER = "#0072b2", "#d55e00"
SERIES = ("#0073b3", "#d45e01", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a4fb5")
"""Okabe and Ito's colours, told apart by colour-blind readers too; two are a shade off `MEMBER` and
`NONMEMBER`, so that every colour below names one role."""

ROLES = {
    "ink": INK,
    "muted": MUTED,
    "rule": RULE,
    "band": BAND,
    "paper": PAPER,
    "member": MEMBER,
    "nonmember": NONMEMBER,
    **{f"series-{number}": colour for number, colour in enumerate(SERIES)},
}
