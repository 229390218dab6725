"""What share of a collection was used: found where it is known, a bound where it is not."""

import numpy as np
import pandas as pd
import pytest

from mia.evaluation.collection_share import WITHOUT, share_cells


def rows(share, seed, n=600):
    """Scores of a collection of which `share` was used, and of as many other images."""
    rng = np.random.default_rng(seed)
    member = np.repeat([True, False], n)
    used = member & (rng.random(2 * n) < share)
    scores = rng.normal(size=2 * n) + 2.0 * used
    return pd.DataFrame({"score": scores, "member": member, "group": np.arange(2 * n), "block": 0})


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_the_share_that_was_used_lies_in_its_interval(share):
    held = []
    for seed in range(40):
        known = {"loss": rows(1.0, 1000 + seed)}
        found = share_cells({"loss": rows(share, seed)}, known, "known", 0.95)
        held.append(found["share_low"] <= share <= found["share_high"])
        assert found["share_at_least"] <= share + 0.15
        assert "; its TPR is that on known" in found["share_note"]
    assert np.mean(held) >= 0.85


def test_without_known_members_there_is_a_lower_bound_alone():
    found = share_cells({"loss": rows(0.8, 0)}, {}, None, 0.95)
    assert 0.2 < found["share_at_least"] < 0.8 and found["share_note"] == WITHOUT
    assert "share_used" not in found
