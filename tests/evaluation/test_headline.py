"""The limit of the FPR that a target leads with, one for all its rows."""

import pytest

from mia.evaluation.headline import allowances, limits_in_order, sentence, target_limit
from mia.evaluation.long_table import metric_rows
from mia.stats.metrics import FPR_LIMITS, allowed_false_positives


def rows(*nonmembers):
    return [{"n_nonmember": n} for n in nonmembers]


@pytest.mark.parametrize(
    ("nonmembers", "limit"), [(50, 0.1), (774, 0.1), (998, 0.1), (999, 0.01), (9999, 0.001)]
)
def test_it_is_the_smallest_that_allows_ten(nonmembers, limit):
    assert target_limit(rows(nonmembers)) == limit
    smaller = [other for other in FPR_LIMITS if other < limit]
    assert all(allowed_false_positives(other, nonmembers) < 10 for other in smaller)
    assert allowed_false_positives(limit, nonmembers) >= (10 if nonmembers > 98 else 5)
    assert limits_in_order(limit)[0] == limit
    assert sorted(limits_in_order(limit)) == sorted(FPR_LIMITS)


def test_attacks_that_learn_share_the_limit_of_their_target():
    """Five sixths of 1,100 nonmembers would allow nine at 1 %."""
    assert target_limit(rows(1100, 916)) == target_limit(rows(916, 1100)) == 0.01
    assert target_limit(rows(916)) == 0.1 and target_limit([]) == 0.1


def test_it_is_said_what_the_limits_allow():
    assert sentence(774) == (
        "Read the TPR at 10 % FPR first: the smallest limit that allows 10 false positives. Of 774 "
        "nonmembers, 10 % FPR allows 77 false positives, 1 % allows 7."
    )
    assert sentence(50) == (
        "No limit allows 10 false positives here: of 50 nonmembers, 10 % FPR allows 5 false "
        "positives. Read the TPR at 10 % FPR first, with its range."
    )
    assert allowances(833, 0.01) == "1 % FPR allows 8 false positives"


def test_predictive_values_of_one_target_are_at_one_limit():
    def metrics(attack, nonmembers):
        ends = {"value": 0.2, "low": 0.1, "high": 0.3, "fpr": 0.01, "note": ""}
        about = {"target": "t", "attack": attack, "n_member": 500, "n_nonmember": nonmembers}
        number = {"value": 0.6, "low": 0.5, "high": 0.7, "method": "m", "limit": 0.1}
        nothing = ("carried", "balanced_accuracy", "between_draws", "between_runs", "repeats")
        about |= {"auc": number, "partial_auc": number, "advantage": number}
        about |= {"tpr": [{**ends, "limit": limit} for limit in FPR_LIMITS]}
        about |= {"epsilon": {"value": None, "delta": 1e-5, "note": "", "pairs": 0}}
        return {**about, **dict.fromkeys(nothing)}

    found = metric_rows([metrics("loss", 1100), metrics("stack", 916)], [], {}, {})
    limits = {row["limit"] for row in found if row["metric"].startswith("ppv_prior")}
    assert limits == {0.01}
