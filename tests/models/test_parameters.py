"""The size of a model that the page states."""

from diffusers import StableDiffusionPipeline

from mia.fingerprint import closure
from mia.models.folder import describe
from mia.models.parameters import denoiser_parameters


def test_it_is_the_number_of_the_denoisers_weights(tiny_sd):
    unet = StableDiffusionPipeline.from_pretrained(tiny_sd, safety_checker=None).unet
    expected = sum(weight.numel() for weight in unet.parameters())
    assert denoiser_parameters(describe(tiny_sd)) == expected


def test_no_measured_number_depends_on_it():
    numeric = closure(["mia.denoisers.stable_diffusion", "mia.measuring.batch"])
    assert "mia.models.weight_files" in numeric and "mia.models.parameters" not in numeric
