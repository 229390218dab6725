"""AUCs of scores that were fitted block after block: by hand, and under the null."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from mia.stats.delong import auc_covariance, block_sizes, independent_pairs
from mia.stats.paired import difference_from_chance, paired_auc_difference

BLOCKS, SIDE, FEATURES = 6, 20, 5  # members and as many nonmembers in each block
RIDGE = 1.0  # as scikit-learn's logistic regression has it by default
LABELS = np.tile(np.repeat([True, False], SIDE), BLOCKS)
block_of = np.repeat(np.arange(BLOCKS), 2 * SIDE)


def test_blocks_average_their_aucs_and_add_their_variances():
    rng = np.random.default_rng(0)
    scores, member = rng.normal(size=(2, 90)), rng.random(90) < 0.4
    group, block = np.arange(90) // 2, np.arange(90) // 30
    parts = [
        auc_covariance(scores[:, block == k], member[block == k], group[block == k])
        for k in range(3)
    ]
    values, covariance = auc_covariance(scores, member, group, block)
    assert values == pytest.approx(np.mean([value for value, _ in parts], axis=0))
    np.testing.assert_allclose(covariance, sum(spread for _, spread in parts) / 9)
    one = auc_covariance(scores, member, group, np.zeros(90, int))
    for whole, alone in zip(auc_covariance(scores, member, group), one, strict=True):
        np.testing.assert_allclose(whole, alone)


def test_a_constant_added_to_a_block_changes_nothing():
    rng = np.random.default_rng(1)
    scores, member, block = rng.normal(size=60), np.tile([True, False], 30), np.arange(60) // 20
    found = difference_from_chance(scores, member, block=block)
    assert found == difference_from_chance(scores + 10 * block, member, block=block)
    assert paired_auc_difference(scores, scores + block, member, block=block).value == 0


def test_sizes_and_independent_pairs_of_blocks():
    member = np.array([1, 1, 0, 1, 1, 0, 0, 0], bool)
    block = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert block_sizes(member, block).tolist() == [[3, 1], [1, 3]]
    assert independent_pairs(member, block=block) == 1  # a block of one member shows no variance
    assert independent_pairs(np.tile([True, False], 6), block=np.arange(12) // 4) == 6
    assert difference_from_chance(np.arange(8.0), member, block=block).p == 1


@pytest.mark.parametrize(
    ("block", "group", "message"),
    [
        ([0, 0, 1, 1], None, "block 1 needs both classes, got 0 members, 2 nonmembers"),
        ([0, 0, 0], None, "one integer per image, 4 in all"),
        ([0.0, 0.0, 1.0, 1.0], None, "one integer per image.*float64"),
        ([0, 1, 1, 0], ["a", "b", "a", "b"], "group a lies in blocks 0 and 1"),
    ],
)
def test_blocks_that_cannot_be_are_refused(block, group, message):
    member = np.array([True, False, False, False])
    with pytest.raises(ValueError, match=message):
        auc_covariance(np.zeros((1, 4)), member, group, np.array(block))


def fitted(features, labels):
    """Weights of ridge logistic regressions `(draws, features + 1)`, the intercept last."""
    design = np.pad(features, [(0, 0), (0, 0), (0, 1)], constant_values=1.0)
    penalty = np.append(np.full(features.shape[2], RIDGE), 0.0)
    weights = np.zeros((len(design), design.shape[2]))
    for _ in range(8):  # of Newton
        chance = 1 / (1 + np.exp(-np.einsum("dif,df->di", design, weights)))
        slope = np.einsum("dif,di->df", design, labels - chance) - penalty * weights
        curvature = np.einsum("dif,di,dig->dfg", design, chance * (1 - chance), design)
        weights += np.linalg.solve(curvature + np.diag(penalty), slope[..., None])[..., 0]
    return weights


def scored(features, train, test):
    weights = fitted(features[:, train], LABELS[train])
    return np.einsum("dif,df->di", features[:, test], weights[:, :-1]) + weights[:, -1:]


def test_the_regression_of_these_simulations_is_scikit_learns():
    features = np.random.default_rng(0).normal(size=(1, len(LABELS), FEATURES))
    model = LogisticRegression(C=1 / RIDGE, tol=1e-10).fit(features[0], LABELS)
    expected = [*model.coef_[0], model.intercept_[0]]
    assert fitted(features, LABELS)[0] == pytest.approx(expected, abs=1e-5)


def progressive_z(features):
    """z against 0.5: each block scored by what was fitted on the blocks before it."""
    scores = [scored(features, block_of < k, block_of == k) for k in range(1, BLOCKS)]
    rest = block_of > 0
    return z_of(np.concatenate(scores, axis=1), LABELS[rest], block_of[rest])


def cross_validated_z(features):
    """z against 0.5 of ordinary cross-validation: scores pooled over folds."""
    scores = np.empty(features.shape[:2])
    for k in range(BLOCKS):
        scores[:, block_of == k] = scored(features, block_of != k, block_of == k)
    return z_of(scores, LABELS, None)


def z_of(scores, member, block):
    values, covariance = auc_covariance(scores, member, block=block)
    return (values - 0.5) / np.sqrt(np.diag(covariance))


def type_one(statistic, draws, seed):
    """Shares of sets without signal that pass at 5 %: two-sided, one-sided."""
    rng, z = np.random.default_rng(seed), []
    for _ in range(draws // 500):
        z.append(statistic(rng.normal(size=(500, len(LABELS), FEATURES))))
    z = np.concatenate(z)
    return (np.abs(z) > norm.ppf(0.975)).mean(), (z > norm.ppf(0.95)).mean()


def test_progressive_fitting_passes_without_signal_as_often_as_it_says():
    """Bounds: two points; the standard error of 2,000 draws is half a point."""
    assert np.abs(np.array(type_one(progressive_z, 2000, 0)) - 0.05).max() <= 0.02


def test_pooled_cross_validation_does_not():
    """Each fold's fit leans against that fold, so pooled scores depend on each other."""
    two_sided, _ = type_one(cross_validated_z, 1000, 0)
    assert two_sided >= 0.075


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1, 4))
def test_progressive_fitting_passes_as_often_as_it_says_in_many_draws(seed):
    assert np.abs(np.array(type_one(progressive_z, 10_000, seed)) - 0.05).max() <= 0.02
