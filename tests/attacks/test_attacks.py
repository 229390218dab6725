"""The contract of every attack: whatever lies in `mia/attacks` is tested here by itself."""

import inspect
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from measured import measured
from mia.attacks.shared.contract import Learns, LearnsFromReferences, traits_of
from mia.attacks.shared.cost import evaluations
from mia.config.attacks import attack_module, build_attack, known_attacks
from mia.config.errors import ConfigError
from mia.evidence import Evidence
from mia.query import Query
from mia.signals.shared.evals import predictions
from toy import ALPHA_BAR, SHAPE, ToyDenoiser
from weighted_toy import WeightedToy

IDS = [f"image{number}" for number in range(6)]
CAPTIONS = ["cat", "dog", "cat", "", "dog", "cat"]
Z0 = np.random.default_rng(3).standard_normal((6, *SHAPE)).astype(np.float32)
PIXELS = np.random.default_rng(4).uniform(-1, 1, (6, 3, 16, 16)).astype(np.float32)
ATTACKS = known_attacks()


def example(name: str) -> tuple:
    """An attack, fitted if it is a trained one, and evidence for it."""
    attack = build_attack(name, {})
    toy = WeightedToy()
    signals = measured(toy, Z0, CAPTIONS, attack.queries, pixels=PIXELS)
    reference = measured(toy, Z0 + 1, CAPTIONS, attack.queries, pixels=PIXELS)
    images = pd.DataFrame(
        {
            "caption": CAPTIONS,
            "stat_mean": np.linspace(0, 1, 6),
            "embedding_0000": np.linspace(0, 1, 6) ** 2,
            "text_0000": np.linspace(1, 0, 6),
            "words_0000": np.linspace(1, 2, 6),
            "url": [f"http://{caption or 'no'}.example/x.png" for caption in CAPTIONS],
            "width": 48,
            "height": 32,
            "bytes": range(1000, 1006),
            "jpeg_quality": [75, None, 75, None, 90, None],
            "jpeg_sampling": [2, None, 2, None, 0, None],
            "has_exif": 0,
            "format": ["JPEG", "PNG"] * 3,
            "mode": "RGB",
            "group": IDS,
            "unused": 1.0,
        },
        index=pd.Index(IDS, name="image_id"),
    )
    evidence = Evidence(
        tuple(IDS),
        signals,
        reference if traits_of(attack).reads_reference else {},
        images if traits_of(attack).reads_images else None,
        alpha_bar=ALPHA_BAR,
        tensors=toy.tensors,
        seed=5,
        **(with_references(attack) if traits_of(attack).reads_references else {}),
    )
    if isinstance(attack, Learns):
        member = pd.Series([True, False, True, False], IDS[:4])
        attack = attack.fit(evidence, member)
    if isinstance(attack, LearnsFromReferences):
        attack = attack.fit_references(evidence.without_target())
    return attack, evidence


def with_references(attack) -> dict:
    """What four references answer, and which of the images each was trained on."""
    answers = {
        f"r{number}": measured(ToyDenoiser(), Z0 + number, CAPTIONS, attack.queries, pixels=PIXELS)
        for number in range(4)
    }
    sides = [["in", "out"][(i + number) % 2] for i in range(6) for number in range(4)]
    known = pd.DataFrame(np.reshape(sides, (6, 4)), IDS, [*answers]).rename_axis("image_id")
    return {"references": answers, "reference_membership": known}


@pytest.mark.parametrize("name", ATTACKS)
def test_one_finite_score_per_image(name):
    attack, evidence = example(name)
    score = attack.score(evidence)
    assert sorted(score.index) == IDS
    assert np.isfinite(score.to_numpy()).all()


@pytest.mark.parametrize("name", ATTACKS)
def test_row_order_and_unused_columns_change_nothing(name):
    attack, evidence = example(name)

    def shuffled(table):
        return table.sample(frac=1, random_state=1).assign(another=9.0)

    other = replace(
        evidence,
        signals={name: shuffled(table) for name, table in evidence.signals.items()},
        reference={name: shuffled(table) for name, table in evidence.reference.items()},
        images=None if evidence.images is None else shuffled(evidence.images),
    )
    left, right = attack.score(evidence).sort_index(), attack.score(other).sort_index()
    np.testing.assert_allclose(left, right, rtol=1e-12)


@pytest.mark.parametrize("name", ATTACKS)
def test_input_is_left_untouched(name):
    attack, evidence = example(name)
    tables = [*evidence.signals.values(), *evidence.reference.values()]
    tables += [] if evidence.images is None else [evidence.images]
    before = [table.copy() for table in tables]
    attack.score(evidence)
    for table, copy in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_image_is_scored_alone_as_among_others(name):
    attack, evidence = example(name)
    few = IDS[1:3]

    def only(table):
        return table.loc[table.index.isin(few)]

    alone = replace(
        evidence,
        image_ids=tuple(few),
        signals={name: only(table) for name, table in evidence.signals.items()},
        reference={name: only(table) for name, table in evidence.reference.items()},
        images=None if evidence.images is None else only(evidence.images),
    )
    np.testing.assert_allclose(attack.score(alone), attack.score(evidence).loc[few], rtol=1e-12)


@pytest.mark.parametrize("name", ATTACKS)
def test_declares_what_it_is(name):
    attack = build_attack(name, {})
    assert attack.access in {"model-free", "black-box", "grey-box", "white-box"}
    assert attack.source
    assert inspect.getdoc(type(attack)), "say what the score is, its unit and its range"
    assert all(isinstance(query, Query) for query in attack.queries)
    evals = evaluations(attack, predictions)
    assert bool(evals) == (attack.access != "model-free"), "what asks the model reads it"


@pytest.mark.parametrize("name", ["loss", "loss_ratio", "pia", "sima"])
def test_a_better_estimate_raises_the_score(name):
    """The estimate is a constant that the caption sets: nearer to zero is nearer to the truth."""

    class Constant(ToyDenoiser):
        def epsilon(self, z, timestep, conditioning):
            word = conditioning["states"].view(-1, 1, 1, 1)
            offset = word * (1 + timestep.view(-1, 1, 1, 1) / 1000)
            return offset.float().expand_as(z).clone()

    attack = build_attack(name, {})
    z0, captions = np.zeros((6, 4, 16, 16), np.float32), ["cat", "dog"] * 3  # 0.25 and −0.5
    signals = measured(Constant(), z0, captions, attack.queries)
    reference = measured(Constant(), z0, ["dog"] * 6, attack.queries)
    score = attack.score(Evidence(tuple(IDS), signals, reference)).sort_index().to_numpy()
    assert score[::2].mean() > score[1::2].mean()


def test_coin_is_uniform_and_knows_its_seed():
    ids = tuple(f"i{number}" for number in range(4000))
    coin = build_attack("coin", {})
    one, other = coin.score(Evidence(ids, seed=1)), coin.score(Evidence(ids, seed=2))
    assert abs(one.mean() - 0.5) < 0.02 and abs(one.var() - 1 / 12) < 0.005
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.06
    assert one.equals(coin.score(Evidence(ids, seed=1)))


def test_a_row_names_its_module():
    assert attack_module("pia_t100", {"attack": "pia"}) == "pia"
    assert build_attack("pia_t100", {"attack": "pia", "timestep": 100}).queries[0].timestep == 100


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("los", {}, "attacks.los: no attack 'los'; did you mean 'loss'?"),
        ("loss", {"timestep": [3]}, "no parameter 'timestep'; did you mean 'timesteps'?"),
        ("pia", {"timestep": 1000}, "timestep must be in 0…999, got 1000"),
        ("pia", {"timestep": "soon"}, "timestep must be an integer, got 'soon'"),
        ("pia", {"norm": 3}, "norm must be one of 1, 2, 4, 5, got 3"),
        ("loss", {"timesteps": []}, "timesteps must name at least one"),
        ("loss", {"timesteps": [100, -1]}, "timestep must be in 0…999, got -1"),
        ("loss", {"draws": 0}, "draws must be a whole number from 1 up, got 0"),
        (
            "loss",
            {"condition": "both"},
            "condition must be one of caption, null, alt-<name>, got 'both'",
        ),
    ],
)
def test_bad_rows_say_what_was_expected(name, row, said):
    with pytest.raises(ConfigError) as error:
        build_attack(name, row)
    assert said in str(error.value)
