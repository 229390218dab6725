"""Attacks that learn from references: by hand, against loops, and where nothing is to learn."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from mia.attacks.shared.from_references import as_images
from mia.attacks.shared.student import Prior, matched, predictive
from mia.config.attacks import build_attack
from mia.evidence import Evidence
from mia.stats.auc_intervals import auc_interval
from mia.stats.metrics import auc

N, K = 240, 8
IDS = [f"image{number:04d}" for number in range(N)]
INDEX = pd.Index(IDS, name="image_id")
MEMBER = np.arange(N) % 2 == 0
ENTRIES = {
    "lira": {},
    "lira_offline": {"attack": "lira", "mode": "offline"},
    "lira_own": {"attack": "lira", "variance": "per-image"},
    "lira_own_offline": {"attack": "lira", "variance": "per-image", "mode": "offline"},
    "bavaria": {},
    "bavaria_offline": {"attack": "bavaria", "mode": "offline"},
}


def table(log_loss: np.ndarray) -> dict[str, pd.DataFrame]:
    """A signal `denoise` of one timestep from log losses `(images, draws)`."""
    index = INDEX[: len(log_loss)]
    parts = [
        pd.DataFrame(
            {"timestep": 100, "draw": draw, "condition": "caption", "loss_caption": values}, index
        )
        for draw, values in enumerate(np.exp(log_loss).T)
    ]
    return {"denoise": pd.concat(parts).sort_index()}


def made(gap: float, seed: int, trained: bool = True, draws: int = 2, count: int = K) -> Evidence:
    """Images of unlike difficulty; a model's log loss of what it learnt lies `gap` lower."""
    rng = np.random.default_rng(seed)
    hard, noise = rng.normal(size=N), rng.normal(size=(N, draws)) * 0.3

    def answers(learnt: np.ndarray) -> dict[str, pd.DataFrame]:
        own = rng.normal(size=N) * 0.15 - gap * learnt + hard
        return table(own[:, None] + noise)

    halves = np.argsort(rng.random((count, N)), axis=0) < count / 2
    known = pd.DataFrame(
        {f"r{number}": np.where(half, "in", "out") for number, half in enumerate(halves)}, INDEX
    )
    references = {f"r{number}": answers(half) for number, half in enumerate(halves)}
    return Evidence(
        tuple(IDS),
        answers(MEMBER & trained),
        seed=seed,
        references=references,
        reference_membership=known,
    )


def scored(name: str, evidence: Evidence) -> np.ndarray:
    attack = build_attack(name, ENTRIES[name]).fit_references(evidence.without_target())
    return attack.score(evidence).loc[IDS].to_numpy()


def by_hand(losses: list[list[float]], target: list[float], known: list[str]) -> Evidence:
    """References' losses, a row an image, one draw."""
    columns = np.log(np.array(losses)).T
    references = {f"r{number}": table(one[:, None]) for number, one in enumerate(columns)}
    sides = pd.DataFrame([known] * len(losses), INDEX[: len(losses)], [*references])
    own = table(np.log(np.array(target))[:, None])
    return Evidence(
        tuple(IDS[: len(losses)]), own, references=references, reference_membership=sides
    )


# LiRA


def test_lira_by_hand():
    """φ in: 4, 2; out: 1, 0, 2 for one image. Means 3 and 1, pooled deviations √2 and 1."""
    phi = [4.0, 2.0, 1.0, 0.0, 2.0]
    evidence = by_hand([[math.exp(-x) for x in phi]], [math.exp(-2.5)], ["in"] * 2 + ["out"] * 3)
    online = build_attack("lira", {"draws": 1}).fit_references(evidence.without_target())
    expected = norm(3, math.sqrt(2)).logpdf(2.5) - norm(1, 1).logpdf(2.5)
    assert online.score(evidence).tolist() == pytest.approx([expected])
    assert online.fitted["in"] == {"models": [2, 2], "deviation": pytest.approx(math.sqrt(2))}
    entry = {"draws": 1, "mode": "offline"}
    offline = build_attack("lira", entry).fit_references(evidence.without_target())
    assert offline.score(evidence).tolist() == pytest.approx([1.5])


def naive_lira(evidence: Evidence, mode: str, pooled: bool) -> list[float]:
    """The formula as a loop: one image, one reference, one draw at a time."""

    def value(signals, image):
        rows = signals["denoise"].loc[[image]]
        return -math.log(sum(rows["loss_caption"]) / len(rows))

    fits, squares, free = {}, {"in": 0.0, "out": 0.0}, {"in": 0, "out": 0}
    for image in IDS:
        for side in ("in", "out"):
            known = evidence.reference_membership.loc[image]
            own = [value(evidence.references[r], image) for r in known.index if known[r] == side]
            mean = sum(own) / len(own)
            square = sum((x - mean) ** 2 for x in own)
            squares[side] += square
            free[side] += len(own) - 1
            fits[image, side] = mean, math.sqrt(square / (len(own) - 1))
    found = []
    for image in IDS:
        densities = {}
        for side in ("in", "out"):
            mean, deviation = fits[image, side]
            deviation = math.sqrt(squares[side] / free[side]) if pooled else deviation
            x = value(evidence.signals, image)
            densities[side] = norm(mean, deviation).logpdf(x)
            z = (x - mean) / deviation
        found.append(z if mode == "offline" else densities["in"] - densities["out"])
    return found


@pytest.mark.parametrize("mode", ["online", "offline"])
@pytest.mark.parametrize("variance", ["pooled", "per-image"])
def test_lira_is_the_formula_as_a_loop(mode, variance):
    evidence = made(0.3, seed=1)
    attack = build_attack("lira", {"mode": mode, "variance": variance})
    score = attack.fit_references(evidence.without_target()).score(evidence).loc[IDS]
    expected = naive_lira(evidence, mode, variance == "pooled")
    np.testing.assert_allclose(score, expected, rtol=1e-9)


def test_variance_is_pooled_below_64_references():
    for count, told in ((62, True), (64, False)):
        evidence = made(0.3, seed=1, draws=1, count=count)
        attack = build_attack("lira", {"draws": 1}).fit_references(evidence.without_target())
        assert ("deviation" in attack.fitted["in"]) == told


def test_one_reference_offline_is_loss_ratio():
    evidence = made(0.3, seed=2, draws=1)
    outside = pd.DataFrame({"r0": "out"}, INDEX)
    one = Evidence(
        evidence.image_ids,
        evidence.signals,
        evidence.references["r0"],
        references={"r0": evidence.references["r0"]},
        reference_membership=outside,
    )
    lira = build_attack("lira", {"mode": "offline", "draws": 1})
    score = lira.fit_references(one.without_target()).score(one)
    np.testing.assert_allclose(score, build_attack("loss_ratio", {"draws": 1}).score(one))
    pooled = evidence.reference_membership.assign(**{f"r{n}": "out" for n in range(K)})
    several = Evidence(
        evidence.image_ids,
        evidence.signals,
        references={f"r{n}": evidence.references["r0"] for n in range(K)},
        reference_membership=pooled,
    )
    same = lira.fit_references(several.without_target()).score(several)
    assert (same.rank() == score.rank()).all()


@pytest.mark.parametrize("name", ENTRIES)
def test_the_targets_own_loss_is_in_no_fit(name):
    evidence = made(0.3, seed=3)
    other = made(0.3, seed=4).signals
    one, two = (
        build_attack(name, ENTRIES[name]).fit_references(
            Evidence(
                evidence.image_ids,
                signals,
                references=evidence.references,
                reference_membership=evidence.reference_membership,
            )
        )
        for signals in (evidence.signals, other)
    )
    assert one.fitted == two.fitted
    for attack in (one, two):
        assert attack.score(evidence).equals(one.score(evidence))
    swapped = Evidence(evidence.image_ids, other)
    assert not one.score(swapped).equals(one.score(evidence))


def known_of(evidence: Evidence, image: str, sides: list[str]) -> Evidence:
    known = evidence.reference_membership.copy()
    known.loc[image] = sides
    return Evidence(
        evidence.image_ids,
        evidence.signals,
        references=evidence.references,
        reference_membership=known,
    )


def test_too_few_models_name_the_image():
    evidence = made(0.3, seed=3)
    few = known_of(evidence, IDS[7], ["in"] * 3 + ["unknown"] + ["out"] * 4)
    own = build_attack("lira", {"variance": "per-image"})
    said = f"image {IDS[7]}: 3 of 8 references were trained on it; expected at least 4"
    with pytest.raises(ValueError, match=said):
        own.fit_references(few.without_target())
    pooled = build_attack("lira", {}).fit_references(few.without_target())
    assert np.isfinite(pooled.score(few)).all()
    none = known_of(evidence, IDS[7], ["in"] * 8)
    for name in ("lira", "lira_offline", "bavaria", "bavaria_offline"):
        with pytest.raises(ValueError, match=f"image {IDS[7]}: 0 of 8 references were not"):
            build_attack(name, ENTRIES[name]).fit_references(none.without_target())


# BaVarIA


def test_predictive_by_hand():
    """Two values 1 and 3 under μ = 0, κ = 2, α = 3, β = 4."""
    prior = Prior(0.0, 2.0, 3.0, 4.0)
    found = predictive(pd.DataFrame([[1.0, 3.0, np.nan]], ["a"]), prior)
    kappa, alpha, beta = 4.0, 4.0, 4 + 2 / 2 + 2 * 2 * 2.0**2 / (2 * 4)
    scale = math.sqrt(beta * (kappa + 1) / (alpha * kappa))
    assert found.freedom["a"] == 8 and found.location["a"] == pytest.approx(1.0)
    assert found.scale["a"] == pytest.approx(scale)
    value = pd.Series([2.5], ["a"])
    assert found.log_density(value)["a"] == pytest.approx(t(8, 1.0, scale).logpdf(2.5))
    assert found.log_tail(value)["a"] == pytest.approx(t(8, 1.0, scale).logsf(2.5))


def test_a_prior_by_moments_finds_what_values_were_drawn_from():
    """20,000 images with four values each: every parameter within a tenth, μ within 0.05."""
    rng = np.random.default_rng(0)
    variance = 3.0 / rng.gamma(6.0, size=20_000)
    mean = rng.normal(1.0, np.sqrt(variance / 0.25))
    values = pd.DataFrame(rng.normal(mean, np.sqrt(variance), (4, 20_000)).T)
    found = matched(values)
    assert found.mu == pytest.approx(1.0, abs=0.05)
    assert (found.kappa, found.alpha, found.beta) == pytest.approx((0.25, 6.0, 3.0), rel=0.1)


def test_bavaria_is_the_formula_as_a_loop():
    evidence = made(0.3, seed=5)
    attack = build_attack("bavaria", {}).fit_references(evidence.without_target())
    score = attack.score(evidence)
    for image in IDS[:20]:
        known, logs = evidence.reference_membership.loc[image], {}
        for side in ("in", "out"):
            p = attack.fitted[side]
            own = [
                -math.log(evidence.references[r]["denoise"].loc[image, "loss_caption"].mean())
                for r in known.index
                if known[r] == side
            ]
            m, n = sum(own) / len(own), len(own)
            kappa, alpha = p["kappa"] + n, p["alpha"] + n / 2
            beta = p["beta"] + sum((x - m) ** 2 for x in own) / 2
            beta += p["kappa"] * n * (m - p["mu"]) ** 2 / (2 * kappa)
            at = (p["kappa"] * p["mu"] + n * m) / kappa
            scale = math.sqrt(beta * (kappa + 1) / (alpha * kappa))
            x = -math.log(evidence.signals["denoise"].loc[image, "loss_caption"].mean())
            logs[side] = t(2 * alpha, at, scale).logpdf(x)
        assert score[image] == pytest.approx(logs["in"] - logs["out"], abs=1e-9)


def test_bavaria_needs_two_models_of_a_side_somewhere():
    evidence = by_hand([[0.5, 0.4], [0.3, 0.2]], [0.4, 0.3], ["in", "out"])
    with pytest.raises(ValueError, match="no image has two references of a side"):
        build_attack("bavaria", {"draws": 1}).fit_references(evidence.without_target())


# Both


@pytest.mark.parametrize("name", ENTRIES)
def test_a_model_that_learnt_the_members_is_found_out(name):
    evidence = made(0.3, seed=6)
    own = -np.log(evidence.signals["denoise"]["loss_caption"].groupby(level=0).mean()).loc[IDS]
    assert auc(scored(name, evidence), MEMBER) > auc(own.to_numpy(), MEMBER) + 0.15


@pytest.mark.parametrize("name", ENTRIES)
def test_a_model_that_saw_neither_side_is_at_chance(name):
    """Of 100 intervals at 99 % that hold 0.5 with that chance, fewer than 95 do once in 1,900."""
    held = 0
    for seed in range(100):
        low, high = interval(scored(name, made(0.3, 1000 + seed, trained=False, draws=1)))
        held += low <= 0.5 <= high
    assert held >= 95


def interval(score: np.ndarray) -> tuple[float, float]:
    found = auc_interval(score, MEMBER, confidence=0.99)
    return found.low, found.high


# learns_from: references

LEARNT = {"attack": "logistic_losses", "timesteps": [100], "learns_from": "references"}


def test_what_learns_from_references_reads_them_as_images():
    evidence = made(0.4, seed=7)
    stacked, member = as_images(evidence.without_target())
    assert len(member) == N * K and member.sum() == N * K / 2
    assert [*stacked.image_ids] == [*member.index] == sorted(member.index)
    name = f"{IDS[3]} r5"
    assert member[name] == (evidence.reference_membership.loc[IDS[3], "r5"] == "in")
    left = stacked.signals["denoise"].loc[name, "loss_caption"]
    right = evidence.references["r5"]["denoise"].loc[IDS[3], "loss_caption"]
    assert [*left] == [*right]
    unknown = known_of(evidence, IDS[3], ["unknown"] * K)
    stacked, member = as_images(unknown)
    assert len(member) == (N - 1) * K and len(stacked.signals["denoise"]) == 2 * (N - 1) * K


def test_it_scores_as_the_attack_fitted_on_them_by_hand():
    evidence = made(0.4, seed=7)
    attack = build_attack("learnt", LEARNT).fit_references(evidence.without_target())
    plain = {key: value for key, value in LEARNT.items() if key != "learns_from"}
    by_itself = build_attack("learnt", plain).fit(*as_images(evidence))
    pd.testing.assert_series_equal(attack.score(evidence), by_itself.score(evidence))
    assert auc(attack.score(evidence).loc[IDS].to_numpy(), MEMBER) > 0.55


def test_references_of_one_side_alone_teach_nothing():
    evidence = made(0.4, seed=7)
    known = evidence.reference_membership.replace("out", "in")
    one_side = Evidence(
        evidence.image_ids, references=evidence.references, reference_membership=known
    )
    with pytest.raises(ValueError, match="all are of one side"):
        build_attack("learnt", LEARNT).fit_references(one_side)


def test_a_stack_learns_from_references_too():
    from mia.config.attacks import build_attacks

    entries = {"loss": {}, "stack": {"learns_from": "references"}}
    stack = build_attacks(entries)["stack"]
    evidence = made(0.4, seed=8)
    fitted = stack.fit_references(evidence.without_target())
    assert {*stack.queries} == {*build_attack("loss", {}).queries}
    assert np.isfinite(fitted.score(evidence)).all()


@pytest.mark.parametrize("entry", [{"attack": "lira"}, LEARNT])
def test_other_captions_are_told_to_references_too(entry):
    """Under a control the tables say which; the formula stays the same."""
    evidence = made(0.4, seed=9)
    own = build_attack("own", entry)
    fixed = build_attack("fixed", {**entry, "captions": "fixed"})
    marked = evidence.with_tables(lambda table, _: table.assign(captions="fixed:an image"))
    score = fixed.fit_references(marked.without_target()).score(marked)
    plain = own.fit_references(evidence.without_target()).score(evidence)
    pd.testing.assert_series_equal(score, plain)
    assert {dict(query.further)["captions"] for query in fixed.queries} == {"fixed:an image"}


def test_a_timestep_is_chosen_on_references():
    """At 100 references tell the halves apart, at 500 not; the target's labels are not there."""
    evidence, other = made(0.6, seed=10), made(0.0, seed=11)

    def late(tables):
        return tables["denoise"].assign(timestep=500)

    both = Evidence(
        evidence.image_ids,
        {"denoise": pd.concat([evidence.signals["denoise"], late(other.signals)])},
        references={
            name: {"denoise": pd.concat([one["denoise"], late(other.references[name])])}
            for name, one in evidence.references.items()
        },
        reference_membership=evidence.reference_membership,
    )
    entry = {"attack": "loss", "timesteps": "auto", "grid": [500, 100], "draws": 2}
    auto = build_attack("auto", {**entry, "learns_from": "references"})
    assert auto.fit_references(both.without_target()).fitted == {"timestep": 100}
