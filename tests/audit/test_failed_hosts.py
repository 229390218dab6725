"""Losses by host and side: counts, tests, and that nothing of an address but its host is told."""

import json

import pandas as pd
import pytest
from scipy.stats import fisher_exact

from mia.audit.failed_hosts import MOST, NOBODY, failed_hosts

SIDES = {
    side: {"set": "web", "parts": [part], "dealt": False}
    for side, part in (("members", "seen"), ("nonmembers", "unseen"))
}


def manifest(*of_hosts):
    """Host, part, rows, of which lost, and the status of these."""
    rows = [
        (part, f"https://someone:secret@{host}/private/{n}.jpg?token=1", status)
        for host, part, count, lost, failed in of_hosts
        for n in range(count)
        for status in [failed if n < lost else "success"]
    ]
    return pd.DataFrame(rows, columns=["part", "url", "status"])


def found(table, sides=SIDES):
    return failed_hosts({"web": table}, sides, 0.95)


def test_losses_are_counted_by_side_and_tested():
    told = found(
        manifest(
            *[
                ("refuses.org", "seen", 40, 3, "forbidden"),
                ("refuses.org", "unseen", 30, 20, "gone"),
            ],
            *[("even.org", "seen", 10, 5, "timeout"), ("even.org", "unseen", 10, 5, "dns")],
            *[("fine.org", "seen", 9, 0, ""), ("fine.org", "unseen", 9, 0, "")],
            ("one-side.org", "seen", 4, 2, "not_found"),
        )
    )
    assert (told["asked"], told["failing"]) == (4, 3)
    refuses, even, one = told["hosts"]
    assert [host["host"] for host in told["hosts"]] == ["refuses.org", "even.org", "one-side.org"]
    assert (refuses["members"], refuses["nonmembers"], refuses["mostly"]) == (
        [40, 3],
        [30, 20],
        "gone",
    )
    # Holm: the smallest of two p counts twice.
    assert refuses["p"] == pytest.approx(2 * fisher_exact([[3, 37], [20, 10]]).pvalue)
    assert refuses["unequal"] is True and even["unequal"] is False and even["p"] == 1.0
    assert (one["p"], one["unequal"], one["nonmembers"]) == (None, False, [0, 0])


def test_nothing_but_the_host_is_told():
    text = json.dumps(
        found(manifest(("a.org", "seen", 2, 1, "gone"), ("a.org", "unseen", 2, 1, "gone")))
    )
    assert "a.org" in text
    assert not any(secret in text for secret in ("someone", "secret", "private", "token", "https"))


def test_the_worst_are_told_first_and_ties_by_name():
    names = [f"h{n:02d}.org" for n in range(MOST + 5)]
    told = found(manifest(*[(name, "seen", 3, 1 + (name == "h07.org"), "gone") for name in names]))
    assert told["failing"] == MOST + 5
    expected = ["h07.org", *(name for name in names if name != "h07.org")][:MOST]
    assert [host["host"] for host in told["hosts"]] == expected


def test_what_no_host_was_asked_for_is_none_of_its_losses():
    table = pd.DataFrame(
        [
            *[("seen", "data/a.jpg", "unreadable_file"), ("seen", None, "bad_url")],
            *[("seen", "http://[::1", "bad_url"), ("seen", "http://a b/x", "bad_url")],
            *[
                ("seen", "http://10.0.0.1/x", "private_address"),
                ("unseen", "https://x.org/", "excluded"),
            ],
            ("other", "https://x.org/", "gone"),
        ],
        columns=["part", "url", "status"],
    )
    assert found(table) == NOBODY


def test_a_split_made_after_the_download_has_no_losses_of_its_own():
    dealt = {side: {**of, "dealt": True} for side, of in SIDES.items()}
    assert found(manifest(("a.org", "seen", 2, 2, "gone")), dealt) == NOBODY
    alone = {side: {**of, "captions_only": True} for side, of in SIDES.items()}
    assert found(manifest(("a.org", "seen", 2, 2, "gone")), alone) == NOBODY


def test_chance_alone_names_a_host_in_at_most_one_of_twenty_targets():
    """The hosts are chosen by their losses, and the level still holds."""
    import numpy as np

    rng, named, targets = np.random.default_rng(0), 0, 120
    for _ in range(targets):
        table = pd.DataFrame({"host": rng.integers(0, 25, 700), "lost": rng.random(700) < 0.3})
        table["part"] = np.where(rng.random(700) < 0.5, "seen", "unseen")
        table["url"] = "https://h" + table["host"].astype(str) + ".org/x"
        table["status"] = np.where(table["lost"], "gone", "success")
        named += any(host["unequal"] for host in found(table)["hosts"])
    assert named <= 0.05 * targets + 2 * (0.05 * 0.95 * targets) ** 0.5
