"""Which hosts lost images, and whether one side more than the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from scipy.stats import fisher_exact

from mia.images.sources.shared.exclusion import EXCLUDED
from mia.stats.holm import holm_adjusted

MOST = 10  # hosts that are told
NEVER_ASKED = (EXCLUDED, "bad_url", "private_address", "no_sha256")
NOBODY = {"asked": 0, "failing": 0, "hosts": []}


def failed_hosts(
    manifests: Mapping[str, pd.DataFrame], sides: Mapping[str, Any], confidence: float
) -> dict[str, Any]:
    """Return the hosts that lost most images of a target, with their losses on both sides.

    Hosts are chosen by what they lost of both sides together. A test of which side lost more takes
    that sum as given, so that the choice does not bend it.

    Args:
        manifests: Image set to manifest: columns part, url, status.
        sides: As `survival` takes them; those of sets that were dealt have no losses of their own.
        confidence: 1 - confidence is the level of the tests.

    Returns:
        `asked` and `failing`, how many hosts were asked and how many lost an image; `hosts`, at
        most `MOST`, those of most losses first: `host`, which is all that is told of an address;
        `members` and `nonmembers` as [rows, lost]; `mostly`, the status of most losses; `p` of
        Fisher's exact test, two-sided, that both sides lose alike, Holm-adjusted over `hosts`, None
        where one side has no row; `unequal`, whether p is below the level.
    """
    if any(of["dealt"] or of.get("captions_only") for of in sides.values()):
        return dict(NOBODY)
    parts = [_rows(manifests[of["set"]], of).assign(side=side) for side, of in sides.items()]
    rows = pd.concat(parts)
    rows["lost"] = rows["status"] != "success"
    by_host = rows.groupby("host")["lost"].sum()
    worst = by_host[by_host > 0].sort_index().sort_values(ascending=False, kind="stable")
    hosts = [_host(name, rows[rows["host"] == name], [*sides]) for name in worst.index[:MOST]]
    tested = [host for host in hosts if all(host[side][0] for side in sides)]
    for host, p in zip(tested, holm_adjusted([_p(host, [*sides]) for host in tested]), strict=True):
        host |= {"p": p, "unequal": p < 1 - confidence}
    return {"asked": len(by_host), "failing": len(worst), "hosts": hosts}


def _rows(manifest: pd.DataFrame, of: Mapping[str, Any]) -> pd.DataFrame:
    """Return host and status of the rows of a side that were asked for at a host."""
    asked = manifest["part"].isin(of["parts"]) & ~manifest["status"].isin(NEVER_ASKED)
    rows = manifest.loc[asked, ["url", "status"]]
    return rows.assign(host=rows["url"].map(host_of)).dropna(subset=["host"]).drop(columns="url")


def host_of(url: str | None) -> str | None:
    """Return the host of an address on the web; None of a path, and of what is no address.

    >>> host_of("https://someone@Pictures.example:8080/a/b.jpg?q"), host_of("data/a.jpg")
    ('pictures.example', None)
    """
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _host(name: str, rows: pd.DataFrame, sides: list[str]) -> dict[str, Any]:
    lost = rows[rows["lost"]]
    by_side = {side: rows.loc[rows["side"] == side, "lost"] for side in sides}
    counts = {side: [len(of), int(of.sum())] for side, of in by_side.items()}
    mostly = lost["status"].value_counts().sort_index().idxmax()
    return {"host": name, **counts, "mostly": mostly, "p": None, "unequal": False}


def _p(host: Mapping[str, Any], sides: list[str]) -> float:
    counts = [host[side] for side in sides]
    return float(fisher_exact([[lost, rows - lost] for rows, lost in counts]).pvalue)
