"""Attacks on gradients: features by hand, layers, what is told, chance where nothing differs."""

import importlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize

from measured import evidence, measured
from mia.attacks.shared import classifiers
from mia.attacks.shared.gradient_norms import log_norms, squared_norms
from mia.attacks.shared.layers import kept
from mia.config.attacks import build_attack, build_attacks
from mia.config.errors import ConfigError
from mia.evidence import Evidence
from mia.models.families import module_of
from mia.models.folder import describe
from mia.query import Query
from mia.stats.metrics import auc
from naive import Naive
from tiny_families import tiny, variants
from tiny_model import save_tiny_sd
from toy import ALPHA_BAR

TENSORS = ("conv_in.weight", "mid.attn1.to_k.weight", "mid.attn2.to_k.weight")
LEARNING = {
    "gsa1": {},
    "gsa2": {"timesteps": [99, 199]},
    "lsa": {},
    "trajectory": {"timesteps": [99, 199, 299]},
}


def rows(norms, timesteps=(99, 199)):
    """A table `gradient` of one image: squared norms at each timestep."""
    place = {"timestep": timesteps, "draw": 0, "condition": "caption"}
    index = pd.Index(["a"] * len(timesteps), name="image_id")
    table = pd.DataFrame({**place, "sq_norm": [sum(each) for each in norms]}, index)
    return table.assign(sq_norms=[np.array(each) for each in norms])


def test_features_are_logs_of_the_mean_of_norms():
    """By hand: norms 2 and 4, then 1 and 3; norms are averaged, not their squares."""
    found = evidence({"gradient": rows([[4.0, 1.0, 9.0], [16.0, 9.0, 9.0]])}, tensors=TENSORS)
    expected = dict(zip(TENSORS, np.log([3, 2, 3]), strict=True))
    assert log_norms(found, "all").loc["a"].to_dict() == pytest.approx(expected)
    del expected[TENSORS[2]]
    assert log_norms(found, "no-cross").loc["a"].to_dict() == pytest.approx(expected)


def test_the_total_norm_is_that_of_the_layers_asked_for():
    found = evidence({"gradient": rows([[4.0, 1.0, 9.0], [16.0, 9.0, 9.0]])}, tensors=TENSORS)
    for layers, squares in (("all", (14, 34)), ("no-cross", (5, 25))):
        attack = build_attack("gradient_norm", {"timesteps": [99, 199], "layers": layers})
        assert attack.score(found)["a"] == pytest.approx(-np.log(squares).mean() / 2)


def test_gsa1_asks_for_one_gradient_of_all_timesteps_and_gsa2_for_each():
    together = build_attack("gsa1", {"timesteps": [99, 599]}).queries
    assert together == (Query("gradient", 99, further=(("timesteps", "99+599"),)),)
    each = build_attack("gsa2", {"timesteps": [99, 599], "condition": "null"}).queries
    assert each == tuple(Query("gradient", t, condition="null") for t in (99, 599))


def test_norms_of_another_model_are_refused():
    found = evidence({"gradient": rows([[4.0, 1.0], [16.0, 9.0]])}, tensors=TENSORS)
    with pytest.raises(ValueError, match="lists of 2 numbers; expected one for each of the 3"):
        squared_norms(found, "all")


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("gsa1", {"timesteps": [99, 1000]}, "timestep must be in 0…999, got 1000"),
        ("gsa1", {"classifier": "forest"}, "must be one of logistic, boosting"),
        ("gsa2", {"layers": "attn2"}, "layers must be one of all, no-cross, got 'attn2'"),
        ("gradient_norm", {"of": "latent"}, "of must be one of weights, input"),
        ("gradient_norm", {"of": "input", "layers": "no-cross"}, "of the input's gradient"),
        ("gradient_masking", {"share": 1.0}, "share must be between 0 and 1, got 1.0"),
        ("gradient_masking", {"variant": "mine"}, "variant must be one of paper, code"),
        ("noise_optimisation", {"steps": 0}, "steps must be a whole number from 1 up, got 0"),
        ("noise_optimisation", {"feature": "loss"}, "feature must be one of error, move"),
        ("trajectory", {"condition": "both"}, "condition must be one of caption, null"),
    ],
)
def test_bad_parameters_are_named(name, row, said):
    with pytest.raises(ConfigError, match=said):
        build_attack(name, row)


def test_a_stack_reads_no_gradients():
    attacks = build_attacks({"stack": {}, "gsa2": {}, "lsa": {}})
    assert set(attacks["stack"].queries) == set(attacks["lsa"].queries)
    with pytest.raises(ConfigError, match="'gsa2' is no entry that queries"):
        build_attacks({"stack": {"entries": ["gsa2"]}, "gsa2": {}, "lsa": {}})


# Layers

# What reads the text, or what the model is told in its place, on each tiny model.
READS_WHAT_IS_TOLD = {
    "stable_diffusion": ("attn2",),
    "stable_diffusion_xl": ("attn2", "add_embedding"),
    "kandinsky_v22_combined": ("add_k_proj", "add_v_proj", "add_embedding", "encoder_hid_proj"),
    "pixart_alpha": ("attn2", "caption_projection"),
    "pixart_sigma": ("attn2", "caption_projection"),
    "sana": ("attn2", "caption_projection", "caption_norm"),
    "stable_diffusion3": ("add_k_proj", "context_embedder", "norm1_context", "text_embedder"),
    "flux": ("add_k_proj", "context_embedder", "norm1_context", "text_embedder", "ff_context"),
    "dit": ("class_embedder",),
    "ddpm": (),
    "ldm": (),
}


@pytest.mark.parametrize("family", READS_WHAT_IS_TOLD)
def test_no_cross_leaves_out_what_reads_what_the_model_is_told(family, tmp_path):
    save = next(iter(variants(family).values()))
    save(tmp_path / family)
    tensors = describe(tmp_path / family, options=getattr(tiny(family), "OPTIONS", {}))["tensors"]
    left_out = [
        name for name, keep in zip(tensors, kept(tensors, "no-cross"), strict=True) if not keep
    ]
    for part in READS_WHAT_IS_TOLD[family]:
        named = [name for name in tensors if part in name]
        assert named and set(named) <= set(left_out)
    assert bool(left_out) == bool(READS_WHAT_IS_TOLD[family]) and len(left_out) < len(tensors)
    assert kept(tensors, "all").all()


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    folder = save_tiny_sd(tmp_path_factory.mktemp("white_box") / "sd")
    model = describe(folder)
    return folder, model, module_of("stable_diffusion").load(model, "cpu")


Z0 = np.random.default_rng(2).standard_normal((2, 4, 8, 8)).astype(np.float32)


def test_no_cross_closes_the_direct_channel_of_the_caption(sd):
    """Where cross-attention adds nothing to the image, no other gradient knows the caption."""
    _, model, denoiser = sd
    silenced = [n for n in model["tensors"] if ".attn2.to_out.0.weight" in n]
    weights = dict(denoiser.weights.named_parameters())
    kept_values = {name: weights[name].clone() for name in silenced}
    for name in silenced:
        weights[name].zero_()
    asked = [Query("gradient", 300)]
    tables = [
        measured(denoiser, Z0, [caption] * 2, asked) for caption in ("a red cat", "two birds")
    ]
    for name, values in kept_values.items():
        weights[name].copy_(values)
    for layers, same in (("no-cross", True), ("all", False)):
        one, other = (
            squared_norms(evidence(table, tensors=model["tensors"]), layers) for table in tables
        )
        assert np.allclose(one, other, rtol=1e-6, atol=0) == same


def test_an_optimised_latent_is_about_as_good_as_scipys(sd):
    """SciPy's L-BFGS-B with five iterations, as CDI has it, on one image at a time."""
    folder, _, denoiser = sd
    query = Query("noise_optimisation", 100, further=(("steps", 6),))
    table = measured(denoiser, Z0, ["a red cat"] * 2, [query])["noise_optimisation"]
    naive = Naive(folder, None, Z0, ["a red cat"] * 2)
    for i in range(2):
        noise = naive.noise(i, 0).float()
        z, states = naive.noised(naive.z0[i], 100, noise), naive.states("a red cat")

        def error(move, z=z, noise=noise, states=states):
            move = torch.from_numpy(move).view_as(z).requires_grad_()
            estimate = naive.unet((z + move)[None].float(), 100, states).sample[0]
            value = (estimate - noise).norm()
            return value.item(), torch.autograd.grad(value, move)[0].flatten().double().numpy()

        start = error(np.zeros(z.numel()))[0]
        found = minimize(
            error, np.zeros(z.numel()), jac=True, method="L-BFGS-B", options={"maxiter": 5}
        )
        row = table.loc[f"image{i}"]
        left = np.sqrt(row["sq_error"] * z.numel())
        assert np.sqrt(row["sq_start"] * z.numel()) == pytest.approx(start, rel=1e-4)
        assert left < start and start - left > 0.5 * (start - found.fun)


# Chance, and power

N, FITTED = 80, 40
IDS = [f"image{number:02d}" for number in range(N)]
MEMBER = pd.Series(np.arange(N) % 2 == 0, pd.Index(IDS, name="image_id"))


def made_up(name, row, seed, gap=0.0, learnt=MEMBER):
    """Evidence for an attack's queries: log-normal sizes, smaller by `gap` for what is `learnt`."""
    generator, tensors = np.random.default_rng(seed), [f"block.{n}.weight" for n in range(6)]
    hard, signals = generator.normal(size=(N, 1)), {}
    for query in build_attack("row", {"attack": name, **row}).queries:
        lower = hard - gap * learnt.to_numpy()[:, None]
        norms = np.exp(lower + generator.normal(size=(N, 6)) / 2)
        table = pd.DataFrame({**query.fields()}, MEMBER.index)
        if query.signal == "denoise":
            table["loss_caption"] = norms[:, 0]
        else:
            table = table.assign(sq_norms=list(norms), sq_norm=norms.sum(1))
            table = table.assign(loss=norms[:, 1], sq_input_norm=norms[:, 2])
        signals.setdefault(query.signal, []).append(table)
    tables = {signal: pd.concat(parts) for signal, parts in signals.items()}
    about = {"alpha_bar": ALPHA_BAR, "tensors": tuple(tensors), "seed": seed}
    return Evidence(tuple(IDS), tables, **about)


def area(name, row, seed, gap=0.0):
    found = made_up(name, row, seed, gap)
    attack = build_attack("row", {"attack": name, **row})
    fitted = attack.fit(found.of_images(IDS[:FITTED]), MEMBER.iloc[:FITTED])
    left = IDS[FITTED:]
    score = fitted.score(found.of_images(left)).loc[left]
    return auc(score.to_numpy(), MEMBER.loc[left].to_numpy())


@pytest.mark.parametrize("name", LEARNING)
def test_it_learns_from_references_alone(name):
    """As GSA's paper has it: models that learnt a half each, and no label of the target."""
    row = {**LEARNING[name], "learns_from": "references"}
    halves = [np.roll(np.repeat([True, False], N // 2), n * N // 8) for n in range(4)]
    sides = {f"r{n}": pd.Series(half, MEMBER.index) for n, half in enumerate(halves)}
    models = {
        model: made_up(name, row, seed, 1.5, learnt).signals
        for seed, (model, learnt) in enumerate(sides.items(), start=10)
    }
    known = pd.DataFrame({model: np.where(learnt, "in", "out") for model, learnt in sides.items()})
    found = replace(
        made_up(name, row, 1, 1.5),
        references=models,
        reference_membership=known.set_axis(MEMBER.index),
    )
    attack = build_attack("row", {"attack": name, **row}).fit_references(found.without_target())
    assert auc(attack.score(found).loc[IDS].to_numpy(), MEMBER.to_numpy()) > 0.7


@pytest.mark.parametrize("name", LEARNING)
def test_an_attack_that_learns_is_at_chance_where_the_sides_do_not_differ(name, monkeypatch):
    """A two-sided test at 1 % of each of 100 areas on 20 + 20 images (standard deviation 0.092).

    Two penalties and two folds in place of eleven and five save time; no area is fairer by it.
    """
    monkeypatch.setattr(classifiers, "PENALTIES", (1e-3, 1e-1))
    monkeypatch.setattr(classifiers, "FOLDS", 2)
    areas = np.array([area(name, LEARNING[name], seed) for seed in range(100)])
    spread = np.sqrt((N - FITTED + 1) / (12 * ((N - FITTED) / 2) ** 2))
    assert (np.abs(areas - 0.5) < 2.576 * spread).sum() >= 95
    assert abs(areas.mean() - 0.5) < 4 * spread / 10


@pytest.mark.parametrize("name", LEARNING)
def test_an_attack_that_learns_finds_smaller_gradients(name):
    assert np.mean([area(name, LEARNING[name], seed, gap=2.0) for seed in range(4)]) > 0.8


@pytest.mark.parametrize(
    ("name", "row", "column"),
    [
        ("gradient_norm", {}, "sq_norms"),
        ("gradient_norm", {"of": "input"}, "sq_norm"),
        ("gradient_masking", {}, "sq_masked"),
        ("noise_optimisation", {}, "sq_error"),
        ("noise_optimisation", {"feature": "move"}, "sq_move"),
    ],
)
def test_what_learns_nothing_takes_smaller_for_a_member(name, row, column):
    attack = build_attack("row", {"attack": name, **row})
    signal = attack.queries[0].signal
    index = pd.Index(["a", "b"], name="image_id")
    values = [np.array([1.0]), np.array([2.0])] if column == "sq_norms" else [1.0, 2.0]
    assert column in (*importlib.import_module(f"mia.signals.{signal}").MEASURES, "sq_norms")
    table = pd.DataFrame({"draw": 0, column: pd.Series(values, index)}, index)
    found = replace(evidence({signal: table}), tensors=("conv_in.weight",))
    assert attack.score(found)["a"] > attack.score(found)["b"]
