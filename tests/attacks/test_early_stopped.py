"""Attacks whose classifier stops early: what they learn from, by hand, and what they find."""

import numpy as np
import pandas as pd
import pytest

from mia.attacks.shared import early_stopped
from mia.config.attacks import build_attack
from mia.evidence import Evidence
from mia.stats.metrics import auc

N = 200
IDS = [f"image{number:03d}" for number in range(N)]
MEMBER = pd.Series(np.arange(N) % 2 == 0, pd.Index(IDS, name="image_id"))


def table(queries, columns) -> pd.DataFrame:
    """Rows of `queries` for every image; `columns(query, rng)` gives the measures."""
    parts = [
        pd.DataFrame({**query.fields(), **columns(query)}, pd.Index(IDS, name="image_id"))
        for query in queries
    ]
    return pd.concat(parts)


def evidence_of(attack, rng, gap=0.0) -> Evidence:
    """Measures drawn at random; those of members, not of their crops, lie `gap` sd lower."""

    def numbers(query):
        lower = 0.3 * gap * MEMBER.to_numpy() * (query.signal != "neighbours")

        def positive():
            return np.exp(rng.normal(size=N) * 0.3 - lower)

        if query.signal == "inversion":
            return {"error_map": [*np.stack([positive() for _ in range(16)], 1)]}
        if query.signal == "captions":
            return {"loss_variant": positive()}
        if query.signal == "neighbours":
            return {"loss_neighbour": positive()}
        return {"loss_caption": positive(), "loss_null": positive()}

    signals = {query.signal for query in attack.queries}
    tables = {
        name: table([query for query in attack.queries if query.signal == name], numbers)
        for name in signals
    }
    return Evidence(tuple(IDS), tables, alpha_bar=np.linspace(0.999, 0.01, 1000), seed=1)


ROWS = [
    {"attack": "clid_vec", "timesteps": [450]},
    {"attack": "pfami_nns", "timesteps": [100, 200], "crops": [0.9, 0.8]},
    {"attack": "secmi_nns", "cells": 4},
]


def test_what_clid_vec_learns_from_is_the_loss_and_four_contrasts():
    attack = build_attack("row", {"attack": "clid_vec", "timesteps": [440, 450], "draws": 2})
    found = evidence_of(attack, np.random.default_rng(0))
    features = attack.features(found)
    own, changed = found.signals["denoise"], found.signals["captions"]
    for image in IDS[:3]:
        loss = own.loc[image, "loss_caption"].mean()
        assert features.loc[image, "caption"] == pytest.approx(loss)
        assert features.loc[image, "null"] == pytest.approx(
            own.loc[image, "loss_null"].mean() - loss
        )
        for variant in ("drop-30", "drop-50", "drop-70"):
            rows = changed.loc[image]
            other = rows.loc[rows["variant"] == variant, "loss_variant"].mean()
            assert features.loc[image, variant] == pytest.approx(other - loss)
    assert features.shape == (N, 5)


def test_what_pfami_nns_learns_from_is_the_map_that_pfami_averages():
    row = {"timesteps": [100, 200], "crops": [0.9, 0.8], "draws": 1}
    attack = build_attack("row", {"attack": "pfami_nns", **row})
    found = evidence_of(attack, np.random.default_rng(0))
    features = attack.features(found)
    mean = build_attack("row", {"attack": "pfami", **row}).score(found)
    assert list(features) == ["100 0.8", "100 0.9", "200 0.8", "200 0.9"]
    pd.testing.assert_series_equal(features.mean(axis=1), mean, check_names=False)


@pytest.mark.parametrize("kind", early_stopped.KINDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["attack"])
def test_what_is_planted_is_found_and_the_seed_decides_all(row, kind):
    attack = build_attack("row", {**row, "classifier": kind})
    learnt, tried = (evidence_of(attack, np.random.default_rng(s), gap=1.5) for s in (1, 2))
    one, two = (attack.fit(learnt, MEMBER).score(tried).loc[IDS] for _ in range(2))
    pd.testing.assert_series_equal(one, two)
    assert auc(one.to_numpy(), MEMBER.to_numpy()) > 0.75


def test_few_images_to_learn_from_are_not_set_aside():
    features = pd.DataFrame({"x": np.arange(6.0)}, IDS[:6])
    model = early_stopped.fitted("boosting", features, MEMBER.iloc[:6], 0)
    assert not model.early_stopping and np.isfinite(early_stopped.log_odds(model, features)).all()


def test_an_unknown_classifier_is_named():
    with pytest.raises(ValueError, match="classifier must be one of boosting, network"):
        build_attack("row", {"attack": "secmi_nns", "classifier": "resnet"})
