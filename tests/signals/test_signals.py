"""Each signal and attack against numbers worked out by hand on a denoiser that is a known line."""

import numpy as np
import pytest
import torch

from measured import evidence, measured
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from mia.measuring.batch import Batch
from mia.noise import draw_noise
from mia.query import Query
from toy import ALPHA_BAR, SHAPE, ToyDenoiser, toy_epsilon

CAPTIONS = ["cat", "dog", "cat"]
Z0 = np.random.default_rng(1).standard_normal((3, *SHAPE)).astype(np.float32)


def noised(z0: np.ndarray, timestep: int, noise: np.ndarray) -> np.ndarray:
    alpha_bar = ALPHA_BAR[timestep]
    return np.sqrt(alpha_bar) * z0 + np.sqrt(1 - alpha_bar) * noise


def residual(i: int, timestep: int, draw: int, caption: str) -> np.ndarray:
    noise = draw_noise(0, f"image{i}", draw, SHAPE).astype(np.float64)
    return noise - toy_epsilon(noised(Z0[i].astype(np.float64), timestep, noise), timestep, caption)


def scores_of(row: dict, name: str = "row") -> np.ndarray:
    attack = build_attack(name, row)
    return attack.score(evidence(measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries))).to_numpy()


def test_denoise_row_is_the_gram_matrix_and_the_residuals():
    query = Query("denoise", 300, 1, "both")
    table = measured(ToyDenoiser(), Z0, CAPTIONS, [query])["denoise"]
    noise = draw_noise(0, "image1", 1, SHAPE).astype(np.float64)
    z = noised(Z0[1].astype(np.float64), 300, noise)
    vectors = {
        "x0": Z0[1].astype(np.float64),
        "eps": noise,
        "caption": toy_epsilon(z, 300, "dog"),
        "null": toy_epsilon(z, 300, ""),
    }
    row = table.loc["image1"]
    for a in vectors:
        for b in vectors:
            if f"dot_{a}_{b}" in row:
                assert row[f"dot_{a}_{b}"] == pytest.approx(
                    (vectors[a] * vectors[b]).mean(), rel=1e-5
                )
    for name in ("caption", "null"):
        r = noise - vectors[name]
        assert row[f"loss_{name}"] == pytest.approx((r**2).mean(), rel=1e-5)
        assert row[f"l1_{name}"] == pytest.approx(np.abs(r).mean(), rel=1e-5)
        assert row[f"l4_{name}"] == pytest.approx((r**4).mean(), rel=1e-5)
    # The two conditions differ by word(dog) − word("") = −0.5 everywhere.
    assert row["sq_guidance"] == pytest.approx(0.25, rel=1e-5)


def test_denoise_evaluates_only_the_condition_asked_for():
    table = measured(ToyDenoiser(), Z0, CAPTIONS, [Query("denoise", 300, 0, "caption")])["denoise"]
    assert table["loss_caption"].notna().all()
    assert table.filter(like="null").isna().all().all()
    assert table["sq_guidance"].isna().all()


def test_loss_by_hand():
    score = scores_of({"attack": "loss", "timesteps": [100, 300], "draws": 2})
    expected = [
        -np.mean([(residual(i, t, d, CAPTIONS[i]) ** 2).mean() for t in (100, 300) for d in (0, 1)])
        for i in range(3)
    ]
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_loss_under_the_empty_caption_by_hand():
    score = scores_of({"attack": "loss", "condition": "null", "draws": 1})
    expected = [-(residual(i, 100, 0, "") ** 2).mean() for i in range(3)]
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_clid_null_by_hand():
    score = scores_of({"attack": "clid_null"})
    expected = [
        np.mean(
            [
                (residual(i, t, 0, "") ** 2).mean() - (residual(i, t, 0, CAPTIONS[i]) ** 2).mean()
                for t in (440, 450, 460)
            ]
        )
        for i in range(3)
    ]
    np.testing.assert_allclose(score, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("norm", [1, 2, 4, 5])
def test_pia_by_hand(norm):
    score = scores_of({"attack": "pia", "timestep": 200, "norm": norm})
    expected = []
    for i, caption in enumerate(CAPTIONS):
        z0 = Z0[i].astype(np.float64)
        first = toy_epsilon(z0, 0, caption)
        gap = first - toy_epsilon(noised(z0, 200, first), 200, caption)
        expected.append(-((np.abs(gap) ** norm).mean() ** (1 / norm)))
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_pian_by_hand():
    score = scores_of({"attack": "pian"})
    expected = []
    for i, caption in enumerate(CAPTIONS):
        z0 = Z0[i].astype(np.float64)
        first = toy_epsilon(z0, 0, caption)
        first = first * np.sqrt(2 / np.pi) / np.abs(first).mean()
        gap = first - toy_epsilon(noised(z0, 200, first), 200, caption)
        expected.append(-((gap**4).mean() ** 0.25))
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_sima_by_hand():
    score = scores_of({"attack": "sima"})
    expected = [
        -((toy_epsilon(Z0[i].astype(np.float64), 100, CAPTIONS[i]) ** 4).mean() ** 0.25)
        for i in range(3)
    ]
    np.testing.assert_allclose(score, expected, rtol=1e-5)


@pytest.mark.parametrize("condition", ["caption", "null"])
def test_sima_with_draws_by_hand(condition):
    """The 2-norm of the estimate on noised latents, each draw's root taken before the mean."""
    row = {"attack": "sima", "timestep": 300, "draws": 2, "norm": 2, "condition": condition}
    score = scores_of(row)
    expected = []
    for i in range(3):
        z0, told = Z0[i].astype(np.float64), CAPTIONS[i] if condition == "caption" else ""
        noise = [draw_noise(0, f"image{i}", draw, SHAPE).astype(np.float64) for draw in (0, 1)]
        sizes = [(toy_epsilon(noised(z0, 300, one), 300, told) ** 2).mean() for one in noise]
        expected.append(-np.sqrt(sizes).mean())
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_sima_with_draws_asks_what_the_loss_has_asked():
    with_draws = build_attack("sima", {"draws": 5, "norm": 2})
    assert set(with_draws.queries) == set(build_attack("loss", {"draws": 5}).queries)
    assert build_attack("sima", {"draws": 0}) == build_attack("sima", {})
    with pytest.raises(ConfigError, match=r"attacks\.sima: norm must be 2 with draws, got 4"):
        build_attack("sima", {"draws": 5})
    with pytest.raises(ConfigError, match="draws must be a whole number from 1 up, got -1"):
        build_attack("sima", {"draws": -1, "norm": 2})
    with pytest.raises(ConfigError, match="draws must be a whole number from 1 up, got 0"):
        build_attack("loss", {"draws": 0})


def test_loss_ratio_by_hand():
    """Against a reference that is told the wrong caption for every image."""
    attack = build_attack("loss_ratio", {})
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries)
    reference = measured(ToyDenoiser(), Z0, ["dog", "cat", "dog"], attack.queries)
    score = attack.score(evidence(signals, reference)).to_numpy()
    expected = [
        np.mean(
            [
                np.log((residual(i, 100, d, other) ** 2).mean())
                - np.log((residual(i, 100, d, CAPTIONS[i]) ** 2).mean())
                for d in (0, 1)
            ]
        )
        for i, other in enumerate(["dog", "cat", "dog"])
    ]
    np.testing.assert_allclose(score, expected, rtol=1e-4)


def test_noise_is_the_documented_stream():
    """The numbers themselves: whoever changes them changes every result ever published."""
    import hashlib

    key = int.from_bytes(hashlib.sha256(b"3:abc:1").digest()[:16], "little")
    expected = np.random.Generator(np.random.Philox(key=key)).standard_normal(SHAPE, np.float32)
    np.testing.assert_array_equal(draw_noise(3, "abc", 1, SHAPE), expected)
    assert not np.array_equal(draw_noise(3, "abc", 0, SHAPE), expected)
    assert not np.array_equal(draw_noise(4, "abc", 1, SHAPE), expected)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_batch_size_changes_no_row(size):
    queries = [
        Query("denoise", 100, 0, "both"),
        Query("denoise", 700, 1, "null"),
        Query("clean", 50),
        Query("proximal", 200),
        Query("proximal", 200, further=(("mean_abs", 0.8),)),
    ]
    one = measured(ToyDenoiser(), Z0, CAPTIONS, queries, size=size)
    other = measured(ToyDenoiser(), Z0, CAPTIONS, queries, size=11)
    for name in one:
        left = one[name].sort_values(["image_id", *one[name].columns[:4]])
        right = other[name].sort_values(["image_id", *other[name].columns[:4]])
        assert left.equals(right[left.columns])


def test_estimates_on_the_clean_latent_are_shared():
    """PIA, PIAN and ε̂ at timestep 0 need ε̂_0 once: three evals for three queries, not five."""
    queries = [
        Query("clean", 0),
        Query("proximal", 200),
        Query("proximal", 200, further=(("mean_abs", 0.8),)),
    ]
    batch = Batch(ToyDenoiser(), ["a"], torch.from_numpy(Z0[:1]), ["cat"], 0, 4)
    import importlib

    for query in queries:
        module = importlib.import_module(f"mia.signals.{query.signal}")
        for rows in batch.slices([query]):
            module.measure(batch, rows)
    assert batch.evals == 3
    ids = set().union(
        *(importlib.import_module(f"mia.signals.{q.signal}").predictions(q) for q in queries)
    )
    assert len(ids) == 3


def test_another_caption_takes_the_captions_place():
    """A machine caption under `alt-blip`: its estimate, in the columns named caption."""
    attack = build_attack("row", {"attack": "loss", "condition": "alt-blip"})
    captions = {"captions": ["cat"] * 3, "alternates": {"blip": CAPTIONS}}
    signals = measured(ToyDenoiser(), Z0, queries=attack.queries, **captions)
    score = attack.score(evidence(signals)).to_numpy()
    expected = [
        -np.mean([(residual(i, 100, d, CAPTIONS[i]) ** 2).mean() for d in (0, 1)]) for i in range(3)
    ]
    np.testing.assert_allclose(score, expected, rtol=1e-5)
