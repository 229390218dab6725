"""Schedules against those of diffusers: betas without signal at the end, and continuous times."""

import diffusers
import numpy as np
import pytest
import torch

from mia.models.component_configs import of_scheduler
from mia.models.model_json import ModelError
from mia.models.noise_schedule import noise_schedule
from mia.models.objective import objective
from mia.signals.shared.ddim import move

RESCALING = (
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "DDIMScheduler",
    "DDPMScheduler",
)
BETAS = {
    "Stable Diffusion's": {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
    },
    "DDPM's": {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"},
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
}
RESCALE = "rescale_betas_zero_snr"


def schedule(scheduler, folder):
    """What is read from the files that a scheduler saves of itself."""
    scheduler.save_pretrained(folder / "scheduler")
    index = {"scheduler": ["diffusers", type(scheduler).__name__]}
    return noise_schedule(of_scheduler(folder, index))


@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize("kind", RESCALING)
def test_betas_are_rescaled_as_the_scheduler_rescales_them(kind, betas, tmp_path):
    named = {RESCALE: True, "prediction_type": "v_prediction", **BETAS[betas]}
    scheduler = getattr(diffusers, kind)(**named)
    found = schedule(scheduler, tmp_path)
    expected = scheduler.alphas_cumprod.double().numpy()
    assert found.prediction_type == "v_prediction" and found.alpha_bar[-1] == 2**-24
    assert expected[-1] in (0.0, 2**-24)
    np.testing.assert_allclose(found.alpha_bar[:-1], expected[:-1], rtol=2e-3, atol=1e-7)
    plain = schedule(getattr(diffusers, kind)(**{**named, RESCALE: False}), tmp_path).alpha_bar
    assert found.alpha_bar[0] == pytest.approx(plain[0], rel=1e-12)
    assert (found.alpha_bar[1:-1] < plain[1:-1]).all() and (found.alpha_bar > 0).all()


def test_an_estimate_without_signal_is_finite(tmp_path):
    named = {RESCALE: True, "prediction_type": "v_prediction", **BETAS["Stable Diffusion's"]}
    found = schedule(diffusers.EulerDiscreteScheduler(**named), tmp_path)
    alpha_bar = torch.from_numpy(found.alpha_bar)
    asked = objective({"prediction_type": found.prediction_type}, alpha_bar)
    z, output, last = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([999, 998])
    estimate = asked.epsilon(output, z, last)
    assert estimate.isfinite().all()
    assert move(z, estimate, alpha_bar[999], alpha_bar[0]).isfinite().all()
    torch.testing.assert_close(estimate[0], z[0], rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("EulerDiscreteScheduler", "yes", 'rescale_betas_zero_snr: "yes"; expected true or false'),
        ("DDIMScheduler", 1, "rescale_betas_zero_snr: 1; expected true or false"),
        ("PNDMScheduler", True, "true; expected false: PNDMScheduler does not read it"),
        ("LMSDiscreteScheduler", True, "true; expected false: LMSDiscreteScheduler does not read"),
    ],
)
def test_a_rescaling_that_nothing_reads_is_refused(kind, value, said, tmp_path):
    scheduler = getattr(diffusers, kind)()
    scheduler.register_to_config(**{RESCALE: value})
    with pytest.raises(ModelError, match=said):
        schedule(scheduler, tmp_path)


@pytest.mark.parametrize("value", [False, None])
@pytest.mark.parametrize("kind", ["PNDMScheduler", "DDIMScheduler"])
def test_no_rescaling_leaves_the_betas(kind, value, tmp_path):
    scheduler = getattr(diffusers, kind)(**BETAS["Stable Diffusion's"])
    plain = scheduler.alphas_cumprod.double().numpy()
    scheduler.register_to_config(**{RESCALE: value})
    np.testing.assert_allclose(schedule(scheduler, tmp_path).alpha_bar, plain, rtol=1e-4)


# Euler's scheduler with continuous times, as CosXL's is where it is no EDM by name.


def continuous(prediction_type="v_prediction"):
    return diffusers.EulerDiscreteScheduler(
        **BETAS["Stable Diffusion's"],
        prediction_type=prediction_type,
        timestep_type="continuous",
        use_karras_sigmas=True,
        sigma_min=0.002,
        sigma_max=120.0,
    )


@pytest.mark.parametrize("step", [0, 2, 4])
def test_continuous_times_are_asked_and_read_as_the_scheduler_does(step, tmp_path):
    scheduler, at = continuous(), 400
    found = schedule(scheduler, tmp_path)
    assert (found.prediction_type, found.sigma_data) == ("edm_v_prediction", 1.0)
    scheduler.set_timesteps(6)
    now, then = (scheduler.sigmas[step + ahead].double() for ahead in (0, 1))
    alpha_bar = torch.from_numpy(found.alpha_bar.copy())
    alpha_bar[at], alpha_bar[at - 1] = 1 / (1 + now**2), 1 / (1 + then**2)
    model = {"prediction_type": found.prediction_type, "sigma_data": found.sigma_data}
    ours = objective(model, alpha_bar)
    z, output, time = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8), scheduler.timesteps[step]
    noisy = z * (1 + now**2).sqrt().float()  # x0 + σ ε
    latent, told = ours.asked(z, torch.tensor([at]))
    torch.testing.assert_close(told[0], time, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(latent, scheduler.scale_model_input(noisy, time))
    estimate = ours.epsilon(output, z, torch.tensor([at]))
    moved = move(z, estimate, alpha_bar[at], alpha_bar[at - 1]) * (1 + then**2).sqrt()
    expected = scheduler.step(output, time, noisy).prev_sample
    torch.testing.assert_close(moved.float(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["EulerDiscreteScheduler", "DDIMScheduler"])
def test_times_are_discrete_where_the_scheduler_says_so(kind, tmp_path):
    """Noise estimates have discrete times in any case; DDIM does not read `timestep_type`."""
    scheduler = continuous("epsilon")
    if kind == "DDIMScheduler":
        scheduler = diffusers.DDIMScheduler(prediction_type="v_prediction")
        scheduler.register_to_config(timestep_type="continuous")
    assert schedule(scheduler, tmp_path).prediction_type in ("epsilon", "v_prediction")
