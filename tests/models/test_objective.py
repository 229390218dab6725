"""Flow matching in the coordinates of all signals: exact, on Stable Diffusion's noise levels."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from mia.models.noise_schedule import GRID
from mia.models.objective import Flow
from mia.signals.shared.ddim import move

SHAPE = (3, 4, 8, 8)
# σ to ᾱ, worked out by hand from ᾱ = (1−σ)² / ((1−σ)² + σ²).
LEVELS = {0.05: 0.997, 0.1: 0.988, 0.2: 0.941, 0.3: 0.845, 0.5: 0.5, 0.7: 0.155, 0.9: 0.012}


def alpha_bar_of(sigma):
    return (1 - sigma) ** 2 / ((1 - sigma) ** 2 + sigma**2)


def flow(sigmas):
    """The objective on a grid of just these noise levels."""
    return Flow(alpha_bar_of(torch.tensor(sigmas, dtype=torch.float64)))


def drawn():
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(SHAPE, generator=generator, dtype=torch.float64) for _ in range(2))


def rows(values):
    return values.view(-1, 1, 1, 1)


def test_epsilon_is_exact_for_the_true_velocity():
    """z = √ᾱ x0 + √(1−ᾱ) ε is handed over as (1−σ) x0 + σ ε, and v = ε − x0 is read as ε."""
    x0, eps = drawn()
    sigma = torch.tensor([0.03, 0.5, 0.93], dtype=torch.float64)
    objective, at = flow(sigma.tolist()), torch.arange(3)
    alpha_bar = rows(objective.alpha_bar)
    z = alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * eps
    x, time = objective.asked(z, at)
    expected = (1 - rows(sigma)) * x0 + rows(sigma) * eps
    torch.testing.assert_close(x, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(time, (1000 * sigma).float(), rtol=1e-6, atol=0)
    torch.testing.assert_close(objective.epsilon(eps - x0, z, at), eps, rtol=1e-12, atol=1e-12)


def test_the_clean_image_and_the_loss_of_any_answer():
    """x̂0 is z_σ − σ v̂, and ‖ε̂ − ε‖² is (1−σ)² ‖v̂ − v‖²."""
    x0, eps = drawn()
    answer = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sigma = torch.tensor([0.1, 0.4, 0.8], dtype=torch.float64)
    objective, at = flow(sigma.tolist()), torch.arange(3)
    alpha_bar = rows(objective.alpha_bar)
    z = alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * eps
    x, _ = objective.asked(z, at)
    estimate = objective.epsilon(answer, z, at)
    clean = (z - (1 - alpha_bar).sqrt() * estimate) / alpha_bar.sqrt()
    torch.testing.assert_close(clean, x - rows(sigma) * answer, rtol=1e-12, atol=1e-12)
    lost = (answer - (eps - x0)).square().mean((1, 2, 3)) * (1 - sigma) ** 2
    found = (estimate - eps).square().mean((1, 2, 3))
    torch.testing.assert_close(found, lost, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("now", "then"), [(0.9, 0.5), (0.5, 0.45), (0.2, 0.6)])
def test_a_deterministic_step_is_an_euler_step(now, then):
    x0, eps = drawn()
    answer = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    objective = flow([now, then])
    at, to = objective.alpha_bar
    z = at.sqrt() * x0 + (1 - at).sqrt() * eps
    estimate = objective.epsilon(answer, z, torch.zeros(3, dtype=torch.long))
    moved = move(z, estimate, at, to) * ((1 - then) ** 2 + then**2) ** 0.5
    euler = (1 - now) * x0 + now * eps + (then - now) * answer
    torch.testing.assert_close(moved, euler, rtol=1e-12, atol=1e-12)


def test_noise_levels_of_the_flow_and_of_stable_diffusion():
    """`timestep: 100` is the same noise level on every model; σ = 1 is never asked for."""
    sigma = torch.tensor([*LEVELS], dtype=torch.float64)
    np.testing.assert_allclose(alpha_bar_of(sigma), [*LEVELS.values()], atol=5e-4)
    objective = flow([*LEVELS])
    torch.testing.assert_close(objective.sigma(torch.arange(7)), sigma, rtol=1e-12, atol=0)
    grid = Flow(torch.from_numpy(np.cumprod(1 - GRID)))
    found = grid.sigma(torch.arange(1000))
    at = [100, 200, 450]
    np.testing.assert_allclose(grid.alpha_bar[100], 0.894, atol=1e-3)
    np.testing.assert_allclose(found[at], [0.256, 0.364, 0.578], atol=1e-3)
    assert (found.diff() > 0).all() and 0 < found[0] < found[-1] < 0.94


def test_times_are_those_of_the_scheduler():
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(7)
    objective = flow(scheduler.sigmas[1:-1].double().tolist())
    _, time = objective.asked(torch.zeros(6, 1, 1, 1), torch.arange(6))
    torch.testing.assert_close(time, scheduler.timesteps[1:], rtol=1e-6, atol=1e-3)
