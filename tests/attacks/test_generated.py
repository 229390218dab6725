"""Attacks on what a model makes: by hand, by loops, and on models that have memorised or not."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionImg2ImgPipeline
from scipy.stats import multivariate_normal

import naive
from measured import evidence, measured
from mia.attacks.shared import densities, generated
from mia.attacks.shared.cliques import largest_clique
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from mia.noise import draw_noise
from mia.signals.shared import outputs
from mia.signals.shared.evals import predictions
from mia.signals.variation import visited
from mia.stats.metrics import auc
from toy import ALPHA_BAR, SHAPE, ToyAutoencoder, ToyDenoiser, toy_epsilon

IDS = ["image0", "image1", "image2"]
CAPTIONS = ["cat", "dog", "cat"]
Z0 = np.random.default_rng(1).standard_normal((3, *SHAPE)).astype(np.float32)
PIXELS = np.random.default_rng(2).uniform(-1, 1, (3, 3, 16, 16)).astype(np.float32)


def clique_by_trying(near: np.ndarray) -> int:
    """The largest set of nodes of which all pairs are joined: every set is tried."""
    nodes = range(len(near))
    sizes = (
        size
        for size in range(1, len(near) + 1)
        for chosen in combinations(nodes, size)
        if all(near[a, b] for a, b in combinations(chosen, 2))
    )
    return max(sizes)


@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_the_largest_clique_is_what_trying_all_sets_finds(density):
    rng = np.random.default_rng(0)
    for _ in range(30):
        upper = np.triu(rng.random((7, 7)) < density, 1)
        near = upper | upper.T
        bits = [int(sum(1 << j for j in np.flatnonzero(row))) for row in near]
        assert largest_clique(bits) == clique_by_trying(near)


def test_extraction_counts_the_draws_that_are_all_alike():
    """Four draws: 0, 1 and 3 are near each other, 2 is near 3 alone."""
    gaps = {(1, 0): 0.1, (2, 0): 0.3, (2, 1): 0.2, (3, 0): 0.15, (3, 1): 0.05, (3, 2): 0.1}
    rows = [
        {
            "image_id": "image0",
            "draw": draw,
            **{f"tile_rms_to_{j}": gaps.get((draw, j), np.nan) for j in range(3)},
        }
        for draw in range(4)
    ]
    table = pd.DataFrame(rows).set_index("image_id")
    attack = build_attack("extraction", {"draws": 4})
    assert attack.score(evidence({"generation": table})).to_dict() == {"image0": 3.0}
    shuffled = evidence({"generation": table.iloc[[2, 0, 3, 1]]})
    assert attack.score(shuffled).to_dict() == {"image0": 3.0}


@pytest.mark.parametrize("pool", generated.POOLS)
@pytest.mark.parametrize("measure", ["ssim", "rms_pixel", "rms_latent"])
def test_similarity_is_pooled_over_draws_with_the_sign_of_the_measure(measure, pool):
    row = {"measure": measure, "pool": pool, "steps": 3}
    attack = build_attack("row", {"attack": "generation_similarity", **row})
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries, pixels=PIXELS)
    table = signals["generation"]
    assert len(table) == 9
    sign = 1 if measure == "ssim" else -1
    values = (sign * table[measure]).groupby(level=0)
    expected = [getattr(np, pool)(values.get_group(image)) for image in IDS]
    np.testing.assert_allclose(attack.score(evidence(signals)).loc[IDS], expected)


def test_a_row_has_a_column_for_each_draw_that_an_attack_may_ask_for():
    assert generated.MOST == outputs.MOST


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"attack": "extraction", "draws": 17}, "draws must be a whole number from 2 to 16"),
        ({"attack": "extraction", "draws": 1}, "draws must be a whole number from 2 to 16"),
        ({"attack": "extraction", "delta": 0}, "delta must be above 0 and below 1"),
        ({"attack": "generation_similarity", "guidance": 0.5}, "guidance must be a number from 1"),
        ({"attack": "generation_similarity", "steps": 0}, "steps must be a whole number from 1 up"),
        ({"attack": "generation_similarity", "measure": "l7"}, "measure must be one of rms_pixel"),
        ({"attack": "output_spread", "draws": 1}, "draws must be a whole number from 2 to 16"),
        ({"attack": "output_spread", "timesteps": [0]}, "timestep must be in 1…999, got 0"),
        ({"attack": "rediffuse", "form": "api", "timestep": 0}, "timestep must be in 1…999, got 0"),
        ({"attack": "rediffuse", "form": "app"}, "form must be one of estimate, api"),
        ({"attack": "strength_curve", "strengths": [0.01]}, "strengths must be numbers from 1/st"),
        ({"attack": "strength_curve", "strengths": [1.1]}, "strengths must be numbers from 1/st"),
        ({"attack": "strength_curve", "measure": "ssim"}, "measure must be one of rms_pixel"),
        ({"attack": "pang_wang", "kind": "network"}, "kind must be one of classifier"),
        ({"attack": "pang_wang", "cosine": "dino"}, "cosine must be one of False, True"),
        ({"attack": "generation_similarity", "pool": "sum"}, "pool must be one of mean"),
    ],
)
def test_what_cannot_be_made_is_refused(row, said):
    with pytest.raises(ConfigError, match=said):
        build_attack("row", row)


def toy_variation(i: int, timestep: int, step: int, draw: int) -> np.ndarray:
    """The output of image i by a plain loop: noised, back by DDIM, decoded, in [0, 1]."""
    noise = draw_noise(0, f"image{i}", draw, SHAPE).astype(np.float64)
    z = np.sqrt(ALPHA_BAR[timestep]) * Z0[i] + np.sqrt(1 - ALPHA_BAR[timestep]) * noise
    while True:
        estimate = toy_epsilon(z, timestep, CAPTIONS[i])
        clean = (z - np.sqrt(1 - ALPHA_BAR[timestep]) * estimate) / np.sqrt(ALPHA_BAR[timestep])
        timestep -= step
        if timestep <= 0:
            pixels = ToyAutoencoder().decode(torch.from_numpy(clean)[None])[0].numpy()
            return (pixels.clip(-1, 1) + 1) / 2
        z = np.sqrt(ALPHA_BAR[timestep]) * clean + np.sqrt(1 - ALPHA_BAR[timestep]) * estimate


def toy_score(row: dict) -> np.ndarray:
    attack = build_attack("row", row)
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries, pixels=PIXELS)
    return attack.score(evidence(signals)).loc[IDS].to_numpy()


def test_rediffuse_through_an_api_compares_the_mean_output():
    row = {"attack": "rediffuse", "form": "api", "timestep": 200, "step": 100, "draws": 3}
    expected = []
    for i in range(3):
        mean = np.mean([toy_variation(i, 200, 100, draw) for draw in range(3)], axis=0)
        expected.append(naive.naive_ssim(PIXELS[i], 2 * mean - 1))
    np.testing.assert_allclose(toy_score(row), expected, rtol=1e-4)


def test_output_spread_is_the_mean_over_all_pairs_and_timesteps():
    row = {"attack": "output_spread", "timesteps": [150, 300], "draws": 3, "step": 100}
    expected = []
    for i in range(3):
        gaps = []
        for t in (150, 300):
            outputs = [toy_variation(i, t, 100, draw) for draw in range(3)]
            gaps += [np.sqrt(((a - b) ** 2).mean()) for a, b in combinations(outputs, 2)]
        expected.append(-np.mean(gaps))
    np.testing.assert_allclose(toy_score(row), expected, rtol=1e-4)


def test_a_strength_is_where_image_to_image_pipelines_start():
    pipeline = StableDiffusionImg2ImgPipeline
    for steps in (20, 50):
        for strength in (0.1, 0.29, 0.5, 0.7, 1.0):
            scheduler = DDIMScheduler(steps_offset=1)
            scheduler.set_timesteps(steps)
            asked, _ = pipeline.get_timesteps(
                SimpleNamespace(scheduler=scheduler), steps, strength, "cpu"
            )
            first = generated.timestep_of(strength, steps)
            assert asked.tolist() == list(visited(first, 1000 // steps))


def toy_embedding(pixels: torch.Tensor) -> torch.Tensor:
    """An embedding that can be worked out by hand: the sums of rows of pixels, of length 1."""
    vector = pixels.double().sum(-1).flatten()
    return vector / vector.norm()


def toy_cosine(i: int, timestep: int, step: int, draw: int) -> float:
    output = 2 * toy_variation(i, timestep, step, draw) - 1
    one, other = (part.astype(np.float64).sum(-1).ravel() for part in (PIXELS[i], output))
    return one @ other / np.sqrt((one @ one) * (other @ other))


def test_strength_curve_reads_one_cosine_a_strength():
    """Where the config names an encoder: the log of 1 minus the cosine, a mean over draws."""
    row = {"attack": "strength_curve", "strengths": [0.1, 0.4], "steps": 20, "draws": 2}
    attack = build_attack("row", {**row, "measure": "cosine"})
    given = {"pixels": PIXELS, "embed_image": toy_embedding}
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries, **given)
    found = attack._features(evidence(signals)).loc["image1"]
    for timestep in (51, 351):
        gaps = [1 - toy_cosine(1, timestep, 50, draw) for draw in range(2)]
        assert found[f"cosine {timestep}"] == pytest.approx(np.log(np.mean(gaps)), rel=1e-4)


def test_similarity_by_embeddings_is_the_mean_cosine_and_pang_wang_reads_it_too():
    row = {"draws": 2, "steps": 3}
    attack = build_attack("row", {"attack": "generation_similarity", "measure": "cosine", **row})
    learnt = build_attack("row", {"attack": "pang_wang", "cosine": True, **row})
    assert attack.queries == learnt.queries != build_attack("pang_wang", row).queries
    given = {"pixels": PIXELS, "embed_image": toy_embedding}
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries, **given)
    table = signals["generation"]
    expected = table["cosine"].groupby(level=0).mean()
    assert table["cosine"].between(-1, 1).all() and table["cosine"].nunique() > len(IDS)
    np.testing.assert_array_equal(attack.score(evidence(signals)).loc[IDS], expected[IDS])
    vectors = learnt._vectors(evidence(signals))
    assert list(vectors) == [*generated.DISTANCES, "ssim", "cosine"]
    np.testing.assert_array_equal(vectors.loc[IDS, "cosine"], expected[IDS])


def test_a_query_that_asks_no_encoder_has_no_cosine_and_one_that_does_needs_it():
    queries = generated.queries(3, 1.0, 1, "caption")
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, queries, pixels=PIXELS)
    assert signals["generation"]["cosine"].isna().all()
    queries = generated.queries(3, 1.0, 1, "caption", embedded=True)
    with pytest.raises(ValueError, match="a batch without an image encoder"):
        measured(ToyDenoiser(), Z0, CAPTIONS, queries, pixels=PIXELS)


def test_strength_curve_reads_one_distance_a_strength():
    row = {"attack": "strength_curve", "strengths": [0.1, 0.4], "steps": 20, "draws": 2}
    attack = build_attack("row", row)
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries, pixels=PIXELS)
    found = attack._features(evidence(signals)).loc["image1"]
    for timestep in (51, 351):
        distances = [
            np.sqrt(((toy_variation(1, timestep, 50, draw) - (PIXELS[1] + 1) / 2) ** 2).mean())
            for draw in range(2)
        ]
        assert found[f"rms_pixel {timestep}"] == pytest.approx(np.log(np.mean(distances)), rel=1e-4)


def test_a_variation_depends_on_no_other_image_and_shares_the_first_estimate():
    queries = generated.variations([120], 2, "caption", 50, 2.0)
    whole = measured(ToyDenoiser(), Z0, CAPTIONS, queries, pixels=PIXELS)["variation"]
    alone = measured(ToyDenoiser(), Z0[:1], CAPTIONS[:1], queries, pixels=PIXELS[:1], size=1)
    np.testing.assert_allclose(
        whole.loc["image0"].drop(columns=["condition"]).to_numpy(float),
        alone["variation"].drop(columns=["condition"]).to_numpy(float),
        rtol=1e-5,
    )
    assert ("noised", 120, 1, "null") in predictions(queries[1])
    assert len(predictions(queries[1])) == 2 * 3 * 2  # draws, timesteps 120, 70, 20, conditions


# What learns


def made_up(rng: np.random.Generator, gap: float = 0.0, count: int = 160):
    """Rows of both signals in which members lie `gap` nearer, and who is a member."""
    ids = pd.Index([f"image{number:03d}" for number in range(count)], name="image_id")
    member = pd.Series(np.arange(count) % 2 == 0, ids)
    asked = {
        "generation": build_attack("pang_wang", {}).queries,
        "variation": build_attack("strength_curve", {}).queries,
    }
    signals = {}
    for name, queries in asked.items():
        rows = []
        for query in queries:
            near = np.exp(0.3 * rng.normal(size=(count, 4)) - gap * member.to_numpy()[:, None])
            columns = dict(zip(generated.DISTANCES, near.T, strict=True))
            like = 0.3 * rng.normal(size=count) + gap * member.to_numpy()
            columns |= {"ssim": like, "cosine": 1 - near.min(1) / 99}
            rows.append(pd.DataFrame({**query.fields(), **columns}, ids))
        signals[name] = pd.concat(rows)
    return evidence(signals), member


LEARNING = [
    {"attack": "pang_wang", "kind": "classifier"},
    {"attack": "pang_wang", "kind": "distribution"},
    {"attack": "pang_wang", "kind": "threshold"},
    {"attack": "pang_wang", "cosine": True},
    {"attack": "strength_curve"},
    {"attack": "strength_curve", "measure": "cosine"},
]


def learnt_auc(row: dict, found, member: pd.Series) -> float:
    """The AUC on the second half of an attack that learns on the first."""
    half = len(member) // 2
    first, second = member.index[:half], member.index[half:]
    attack = build_attack("row", row).fit(found.of_images(first), member[first])
    score = attack.score(found.of_images(second)).loc[second]
    return auc(score.to_numpy(), member[second].to_numpy())


@pytest.mark.parametrize("row", LEARNING, ids=str)
def test_what_learns_finds_a_difference_and_none_where_there_is_none(row):
    """Under the null the AUC of 40 + 40 images has a standard deviation of 0.065."""
    assert learnt_auc(row, *made_up(np.random.default_rng(0), 0.4)) > 0.8
    areas = [learnt_auc(row, *made_up(np.random.default_rng(seed))) for seed in range(1, 101)]
    assert sum(abs(area - 0.5) < 2.58 * 0.065 for area in areas) >= 95
    assert abs(np.mean(areas) - 0.5) < 3 * 0.065 / 10


def test_the_ratio_of_densities_is_that_of_scipy():
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("abc"))
    member = np.arange(40) < 15
    values = ((table - table.mean()) / table.std(ddof=0)).to_numpy()
    sides = [
        multivariate_normal(
            values[side].mean(0), np.cov(values[side], rowvar=False) + 1e-5 * np.eye(3)
        ).logpdf(values)
        for side in (member, ~member)
    ]
    found = densities.fitted(table, member).log_ratio(table)
    np.testing.assert_allclose(found, sides[0] - sides[1], rtol=1e-8)
