"""The no-signal bands, against coins thrown many times."""

import numpy as np
import pytest
from scipy.stats import betabinom

from mia.stats import metrics, no_signal
from mia.stats.areas import partial_auc

SIZES = [(300, 300), (60, 250)]


@pytest.fixture(scope="module", params=SIZES, ids=str)
def coins(request):
    """Numbers of 1,500 scores that know nothing."""
    members, nonmembers = request.param
    member = np.repeat([True, False], request.param)
    generator = np.random.default_rng(members)
    rows = []
    for _ in range(1500):
        scores = generator.random(members + nonmembers)
        rows.append(
            {
                "auc": metrics.auc(scores, member),
                "partial": partial_auc(scores, member, 0.1),
                "tpr": metrics.tpr_at_fpr(scores, member, 0.05).tpr,
                "advantage": metrics.advantage(scores, member),
                "balanced": metrics.auc((scores > 0.7).astype(float), member),
            }
        )
    return request.param, {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("auc", lambda m, n: no_signal.auc_band(m, n, 0.95)),
        ("partial", lambda m, n: no_signal.partial_auc_band(m, n, 0.1, 0.95)),
        ("tpr", lambda m, n: no_signal.tpr_band(m, n, 0.05, 0.95)),
        ("advantage", lambda m, n: no_signal.advantage_band(m, n, 0.95)),
        ("balanced", lambda m, n: no_signal.balanced_accuracy_band(m, n, 0.3, 0.95)),
    ],
)
def test_a_coin_lands_in_the_band_as_often_as_it_says(coins, name, band):
    size, found = coins
    low, high = band(*size)
    inside = ((found[name] >= low - 1e-12) & (found[name] <= high + 1e-12)).mean()
    # A TPR moves in steps of 1 / members, so its exact band holds more; that of the partial AUC is
    # approximate.
    assert (0.91 if name == "partial" else 0.93) <= inside <= (0.99 if name == "tpr" else 0.975)


def test_the_law_of_members_above_a_nonmember_is_scipys():
    rng, tails = np.random.default_rng(0), [0.0005, 0.025, 0.5, 0.975, 0.9995]
    for members, nonmembers in rng.integers(1, 1500, (300, 2)).tolist():
        a = int(rng.integers(1, nonmembers + 1))
        law = betabinom(members, a, nonmembers + 1 - a)
        found = no_signal.beta_binomial_quantiles(members, a, nonmembers + 1 - a, tails)
        assert found.tolist() == law.ppf(tails).tolist()


def test_everyone_is_found_where_every_nonmember_is_allowed():
    assert no_signal.tpr_band(10, 10, 1.0, 0.95) == (1.0, 1.0)


def test_a_small_sample_shows_anything():
    assert no_signal.auc_band(1, 1, 0.95) == (0.0, 1.0)
    assert no_signal.advantage_band(1, 1, 0.95)[1] == 1.0
