"""Gradients: by hand, against a plain loop, both ways the same, no image in another's row."""

import numpy as np
import pytest
import torch

from measured import measured
from mia.attacks.shared.lists import stacked
from mia.measuring.batch import Batch
from mia.models.families import module_of
from mia.models.folder import describe
from mia.noise import draw_noise
from mia.query import Query, grid
from mia.signals import gradient, masking
from mia.signals.shared.gradients import to_weights
from mia.signals.shared.lbfgs import minimised
from naive import Naive
from tiny_families import tiny, variants, with_tiny_model
from tiny_model import save_tiny_sd
from toy import ALPHA_BAR, SHAPE, WORDS
from weighted_toy import WeightedToy

SCALE, SHIFT = 0.5, (0.1, -0.2)
CAPTIONS = ["cat", "dog", ""]
Z0 = np.random.default_rng(1).standard_normal((3, *SHAPE)).astype(np.float32)
TOGETHER = Query("gradient", 99, further=(("timesteps", "99+599"),))


def noise_of(i, draw=0):
    return draw_noise(0, f"image{i}", draw, SHAPE).astype(np.float64)


def noised(i, t, draw=0):
    return np.sqrt(ALPHA_BAR[t]) * Z0[i] + np.sqrt(1 - ALPHA_BAR[t]) * noise_of(i, draw)


def residual(z, i, t, caption, draw=0):
    shift = np.array(SHIFT).reshape(-1, 1, 1)
    return SCALE * z + shift + 0.001 * t + WORDS[caption] - noise_of(i, draw)


def by_hand(i, t, caption, draw=0):
    """Gradients to scale, shift and z of the mean square of the residual."""
    z = noised(i, t, draw)
    error = residual(z, i, t, caption, draw)
    to_shift = 2 * error.sum((1, 2)) / error.size
    return 2 * (error * z).mean(), to_shift, 2 * SCALE * error / error.size, (error**2).mean()


@pytest.fixture(params=["at once", "one by one"])
def toy(request, monkeypatch):
    monkeypatch.setattr(to_weights, "SMALL", 100 if request.param == "at once" else 0)
    return WeightedToy(SCALE, SHIFT)


@pytest.mark.parametrize("condition", ["caption", "null"])
def test_gradient_is_as_worked_out_by_hand(toy, condition):
    table = measured(toy, Z0, CAPTIONS, grid("gradient", (99, 599), 2, condition))["gradient"]
    for i, caption in enumerate(CAPTIONS):
        for t in (99, 599):
            for draw in (0, 1):
                told = "" if condition == "null" else caption
                scale, shift, z, loss = by_hand(i, t, told, draw)
                rows = table.loc[f"image{i}"]
                row = rows[(rows["timestep"] == t) & (rows["draw"] == draw)].iloc[0]
                assert row["sq_norms"] == pytest.approx([scale**2, (shift**2).sum(), 0], rel=1e-5)
                assert row["sq_norm"] == pytest.approx(scale**2 + (shift**2).sum(), rel=1e-5)
                assert row["sq_input_norm"] == pytest.approx((z**2).sum(), rel=1e-5)
                assert row["loss"] == pytest.approx(loss, rel=1e-5)
    assert not any(weight.requires_grad for weight in toy.weights.parameters())
    assert all(weight.grad is None for weight in toy.weights.parameters())


def test_a_query_of_several_timesteps_adds_gradients_before_it_takes_norms(toy):
    table = measured(toy, Z0, CAPTIONS, [TOGETHER])["gradient"]
    for i, caption in enumerate(CAPTIONS):
        each = [by_hand(i, t, caption) for t in (99, 599)]
        scale, shift = (np.mean([found[n] for found in each], axis=0) for n in (0, 1))
        row = table.loc[f"image{i}"]
        assert row["sq_norms"] == pytest.approx([scale**2, (shift**2).sum(), 0], rel=1e-5)
        assert row["loss"] == pytest.approx(np.mean([found[3] for found in each]), rel=1e-5)
        assert np.isnan(row["sq_input_norm"])


def test_input_gradient_is_as_worked_out_by_hand():
    asked = grid("input_gradient", (99, 599), 1)
    table = measured(WeightedToy(SCALE, SHIFT), Z0, CAPTIONS, asked)["input_gradient"]
    for i, caption in enumerate(CAPTIONS):
        for t in (99, 599):
            _, _, z, loss = by_hand(i, t, caption)
            row = table.loc[f"image{i}"].set_index("timestep").loc[t]
            assert row["sq_norm"] == pytest.approx((z**2).sum(), rel=1e-5)
            assert row["loss"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("variant", ["paper", "code"])
def test_masking_is_as_worked_out_by_hand(variant):
    """Two of eight elements are masked: those with the largest |2 a r|."""
    query = Query("masking", 599, further=(("share", 0.3), ("variant", variant)))
    table = measured(WeightedToy(SCALE, SHIFT), Z0, CAPTIONS, [query])["masking"]
    for i, caption in enumerate(CAPTIONS):
        z, noise = noised(i, 599), noise_of(i)
        size = np.abs(residual(z, i, 599, caption))
        mask = size >= np.sort(size.flatten())[-2]
        hybrid = np.where(mask, noise, z if variant == "paper" else Z0[i])
        estimate = residual(hybrid, i, 599, caption) + noise
        target = noise if variant == "paper" else noise - Z0[i]
        expected = ((target - estimate)[mask] ** 2).mean()
        assert table.loc[f"image{i}", "sq_masked"] == pytest.approx(expected, rel=1e-4)


def test_noise_optimisation_finds_where_the_toys_error_vanishes():
    """r is a line in δ with slope a, so ‖r‖ has its least value, 0, at δ = −r/a."""
    query = Query("noise_optimisation", 99, further=(("steps", 20),))
    asked = [query, Query("noise_optimisation", 99, further=(("steps", 1),))]
    toy = WeightedToy(SCALE, SHIFT)
    table = measured(toy, Z0, CAPTIONS, asked)["noise_optimisation"]
    for i, caption in enumerate(CAPTIONS):
        start = residual(noised(i, 99), i, 99, caption)
        rows = table.loc[f"image{i}"].set_index("steps")
        assert rows["sq_start"].tolist() == pytest.approx([(start**2).mean()] * 2, rel=1e-5)
        assert rows.loc[1, "sq_error"] == rows.loc[1, "sq_start"] and rows.loc[1, "sq_move"] == 0
        assert rows.loc[20, "sq_error"] < 1e-3 * rows.loc[20, "sq_start"]
        assert rows.loc[20, "sq_move"] == pytest.approx((start**2).mean() / SCALE**2, rel=0.1)


def test_the_optimiser_solves_a_hard_problem_and_leaves_its_neighbours_alone():
    """Rosenbrock's valley from three starts: as SciPy finds it, and the same alone."""

    def valley(x):
        with torch.enable_grad():
            x = x.clone().requires_grad_()
            values = 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2
            return values.detach(), torch.autograd.grad(values.sum(), x)[0]

    start = torch.tensor([[-1.2, 1.0], [0.0, 0.0], [2.0, -1.0]], dtype=torch.float64)
    x, value, first = minimised(valley, start, 120)
    torch.testing.assert_close(x, torch.ones_like(x), rtol=0, atol=1e-4)
    assert (value < 1e-8).all() and torch.equal(first, valley(start)[0])
    for row in range(3):
        alone = minimised(valley, start[row : row + 1], 120)
        torch.testing.assert_close(alone[0], x[row : row + 1], rtol=0, atol=1e-12)


def test_at_the_least_value_nothing_moves():
    """The gradient is 0 there: no step has a direction."""
    flat = torch.zeros(2, 3, dtype=torch.float64)
    x, value, _ = minimised(lambda x: (x.square().sum(1), 2 * x), flat, 4)
    assert torch.equal(x, flat) and not value.any()


SIGNALS = [
    *grid("gradient", (99, 599), 2),
    TOGETHER,
    *grid("input_gradient", (99,), 1, "null"),
    *(Query("masking", 99, 0, "caption", (("share", 0.2), ("variant", v))) for v in ("code",)),
    Query("noise_optimisation", 99, further=(("steps", 4),)),
]


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    folder = save_tiny_sd(tmp_path_factory.mktemp("gradients") / "sd")
    return folder, module_of("stable_diffusion").load(describe(folder), "cpu")


LATENTS = np.random.default_rng(2).standard_normal((3, 4, 8, 8)).astype(np.float32)
TOLD = ["a red cat", "a blue dog", "two birds"]


def test_a_row_depends_on_no_other_image_and_no_batch(sd):
    together = measured(sd[1], LATENTS, TOLD, SIGNALS, size=7)
    alone = measured(sd[1], LATENTS[:1], TOLD[:1], SIGNALS, size=1)
    for name, table in alone.items():
        others = together[name].loc[["image0"]]
        for column in {*table} - {"timestep", "draw", "condition", "timesteps", "variant", "share"}:
            if column == "sq_norms":
                one, other = stacked(table[column]), stacked(others[column])
            else:
                one, other = table[column].to_numpy(), others[column].to_numpy()
            np.testing.assert_allclose(one, other, rtol=1e-4, err_msg=f"{name} {column}")


def test_gradients_are_those_of_a_plain_loop(sd):
    folder, denoiser = sd
    found = measured(denoiser, LATENTS, TOLD, [Query("gradient", 300), TOGETHER])["gradient"]
    naive = Naive(folder, None, LATENTS, TOLD)
    unet = naive.unet.requires_grad_(True)
    for i, caption in enumerate(TOLD):
        for timesteps in ((300,), (99, 599)):
            losses = []
            for t in timesteps:
                z = naive.noised(naive.z0[i], t, naive.noise(i, 0)).float()
                estimate = unet(z[None], t, naive.states(caption)).sample[0]
                losses.append((estimate - naive.noise(i, 0).float()).square().mean())
            gradients = torch.autograd.grad(torch.stack(losses).mean(), list(unet.parameters()))
            expected = np.array([float(each.double().square().sum()) for each in gradients])
            rows = found.loc[f"image{i}"]
            norms = stacked(rows.loc[rows["timestep"] == timesteps[0], "sq_norms"])[0]
            np.testing.assert_allclose(norms, expected, rtol=1e-3, atol=1e-9 * expected.sum())


def given(denoiser, model, rows=2, timesteps=(100, 500)):
    torch.manual_seed(1)
    with torch.no_grad():
        if model["condition"] == "text":
            told = denoiser.embed(["a red cat", "a blue dog"])
        else:
            told = denoiser.null.repeated(rows)
        told = denoiser.of_images(told, [(32, 48)] * rows)
    z = torch.randn(rows, len(timesteps), *denoiser.latent_shape)
    return to_weights.Given(
        z, torch.tensor([timesteps] * rows), torch.randn(rows, *denoiser.latent_shape), told
    )


@pytest.mark.parametrize("family", with_tiny_model())
def test_both_ways_agree_for_every_family(family, tmp_path):
    save = next(iter(variants(family).values()))
    torch.manual_seed(0)
    save(tmp_path / family)
    model = describe(tmp_path / family, options=getattr(tiny(family), "OPTIONS", {}))
    denoiser = module_of(family).load(model, "cpu")
    assert [name for name, _ in denoiser.weights.named_parameters()] == model["tensors"]
    for timesteps in ((100,), (100, 500)):
        rows = given(denoiser, model, timesteps=timesteps)
        with torch.enable_grad():
            one = to_weights.at_once(denoiser, rows)
            other = to_weights.one_by_one(denoiser, rows)
        for mine, theirs in zip(one[:2], other[:2], strict=True):
            scale = theirs.abs().max() * 1e-5
            torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=float(scale))
        if len(timesteps) == 1:
            torch.testing.assert_close(one[2], other[2], rtol=1e-5, atol=0)


def test_on_a_gpu_gradients_are_asked_for_in_no_other_layout(sd):
    """What epsilon does on CUDA, on tensors of the CPU: vmap knows no channels-last layout."""
    from types import SimpleNamespace

    folder, plain = sd
    model = describe(folder)
    denoiser = module_of("stable_diffusion").load(model, "cpu")
    denoiser.weights  # noqa: B018 - loaded on the CPU
    rows = given(plain, model)
    denoiser.device = SimpleNamespace(type="cuda")
    with torch.enable_grad():
        found = to_weights.at_once(denoiser, rows)
        expected = to_weights.at_once(plain, rows)
    torch.testing.assert_close(found[1], expected[1])


class Cramped(WeightedToy):
    """Room for two rows at a time, and for none with `least`."""

    def __init__(self, most):
        super().__init__(SCALE, SHIFT)
        self.most = most

    def epsilon(self, z, timestep, conditioning):
        if len(z) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().epsilon(z, timestep, conditioning)


def test_a_backward_pass_that_does_not_fit_is_halved_and_batches_stay_as_large():
    ids = [f"image{number}" for number in range(3)]
    query = Query("input_gradient", 99)
    tables = []
    for denoiser in (WeightedToy(SCALE, SHIFT), Cramped(1)):
        batch = Batch(denoiser, ids, torch.from_numpy(Z0), CAPTIONS, 0, 8)
        from mia.signals import input_gradient

        tables.append(
            torch.cat([input_gradient.measure(batch, rows) for rows in batch.slices([query])])
        )
        assert batch.evals == 3 and batch.size == 8
    torch.testing.assert_close(*tables, rtol=0, atol=0)
    with pytest.raises(torch.OutOfMemoryError):
        measured(Cramped(0), Z0, CAPTIONS, [query])


def test_passes_are_as_many_as_are_promised(monkeypatch):
    """Forward passes are counted by the batch, backward ones by torch itself."""
    counted = []
    run = torch.autograd.graph._engine_run_backward

    def watched(tensors, *others, **named):
        counted.append(1)
        return run(tensors, *others, **named)

    for module in ("torch.autograd", "torch.autograd.graph"):
        monkeypatch.setattr(f"{module}._engine_run_backward", watched)
    monkeypatch.setattr(to_weights, "SMALL", 0)
    for query in SIGNALS:
        import importlib

        signal = importlib.import_module(f"mia.signals.{query.signal}")
        batch = Batch(WeightedToy(), ["image0"], torch.from_numpy(Z0[:1]), ["cat"], 0, 8)
        counted.clear()
        for rows in batch.slices([query]):
            signal.measure(batch, rows)
        assert batch.evals == len(signal.predictions(query))
        assert len(counted) == signal.backwards(query)


def test_a_mask_has_one_element_at_least():
    query = Query("masking", 99, further=(("share", 0.01), ("variant", "paper")))
    table = measured(WeightedToy(), Z0, CAPTIONS, [query])["masking"]
    assert (table["sq_masked"] > 0).all()
    assert len(masking.predictions(query)) == 2 and masking.backwards(query) == 1


def test_timesteps_of_a_query_that_names_none_are_its_own():
    assert gradient.timesteps(Query("gradient", 7)) == (7,)
    assert gradient.backwards(TOGETHER) == len(gradient.predictions(TOGETHER)) == 2
