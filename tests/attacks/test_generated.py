"""Attacks on what a model makes: by hand, by loops, and on models that have memorised or not."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from measured import evidence, measured
from mia.attacks.shared import generated
from mia.attacks.shared.cliques import largest_clique
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from mia.signals.shared import outputs
from toy import SHAPE, ToyDenoiser

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
        ({"attack": "generation_similarity", "pool": "sum"}, "pool must be one of mean"),
    ],
)
def test_what_cannot_be_made_is_refused(row, said):
    with pytest.raises(ConfigError, match=said):
        build_attack("row", row)
