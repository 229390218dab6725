"""Models distilled to few steps are refused by their published name, before a weight is read."""

import shutil

import pytest

from mia.models.distilled_names import distilled_name
from mia.models.folder import describe, require_usable
from mia.models.model_json import ModelError
from model_edits import GONE, keys

INDEX, UNET, NAME = "model_index.json", "unet/config.json", "_name_or_path"
CACHED = "/home/me/.cache/huggingface/hub/models--stabilityai--{}/snapshots/0123abcd/unet"

DISTILLED = [
    *("sd-turbo", "sdxl-turbo", "SDXL-Turbo", "sdxlturbo", "stable-diffusion-3.5-large-turbo"),
    *("dreamshaper-xl-v2-turbo", "TurboVisionXL", "RealVisXL_V4.0_Lightning", "SDXL-Lightning"),
    *(
        "LCM_Dreamshaper_v7",
        "lcm-sdxl",
        "PixArt-LCM-XL-2-1024-MS",
        "FLUX.1-schnell",
        "sdxs-512-0.9",
    ),
    *("Hyper-SD", "Hyper_SDXL_8steps", "HyperSD", "DMD2", "Segmind-VegaRT", "flash-sd", "YOSO"),
    *("instaflow_0_9B_from_sd_1_5", "perflow-sd15-dreamshaper", "Sana_Sprint_1.6B_1024px"),
]
OTHERS = [
    *("stable-diffusion-v1-4", "stable-diffusion-xl-base-1.0", "FLUX.1-dev", "SSD-1B", "cosxl"),
    *(
        "playground-v2.5-1024px-aesthetic",
        "NoobAI-XL-Vpred-1.0",
        "CommonCanvas-XL-C",
        "bk-sdm-small",
    ),
    # A word inside another, or one of two that belong together.
    *("turbot-photos", "enlightning-art", "lightnings", "hyperrealistic-sd", "Hyper-Realism", ""),
    *("flash-photography", "calcmodel", "sanaa", "Nitro-Diffusion", "turbocharger", "sprint-cars"),
]


@pytest.mark.parametrize("name", DISTILLED)
def test_a_distilled_models_name_is_known(name):
    assert distilled_name(name)


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_let_through(name):
    assert distilled_name(name) is None


@pytest.fixture
def folder(tiny_sd, tmp_path):
    return shutil.copytree(tiny_sd, tmp_path / "model")


@pytest.mark.parametrize("file", [INDEX, UNET])
@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("stabilityai/sd-turbo", "sd-turbo: 'turbo'"),
        ("SimianLuo/LCM_Dreamshaper_v7", "LCM_Dreamshaper_v7: 'lcm'"),
        (CACHED.format("sdxl-turbo"), "sdxl-turbo: 'turbo'"),
        ("C:\\hub\\models--ByteDance--SDXL-Lightning\\snapshots\\a", "'lightning' in its name"),
    ],
)
def test_a_folder_that_was_made_from_a_distilled_model_is_refused(source, word, file, folder):
    keys(file, **{NAME: source})(folder)
    for look in (describe, require_usable):
        with pytest.raises(ModelError) as caught:
            look(folder)
        line = str(caught.value)
        assert line.startswith(f"{folder / file}: {NAME}: ") and word in line
        assert "distilled to few steps" in line and line.endswith("if it is not, remove the key")


@pytest.mark.parametrize(
    "source",
    [
        "/home/me/lightning/turbo",  # a folder of one's own
        "./sdxl-turbo",
        "../lcm/model",
        "sd-turbo",
        "output/lightning-run",
        "lightning_logs/version_0/checkpoint",
        "turbo/stable-diffusion",  # an owner
        CACHED.format("stable-diffusion-xl-base-1.0"),
        "runwayml/stable-diffusion-v1-5",
        "",
        None,
        GONE,
        3,
    ],
)
@pytest.mark.parametrize("file", [INDEX, UNET])
def test_a_folder_of_ones_own_may_be_called_anything(source, file, folder):
    keys(file, **{NAME: source})(folder)
    require_usable(folder)


def test_parts_that_are_not_asked_may_come_from_a_distilled_model(folder):
    for part in ("vae", "text_encoder"):
        keys(f"{part}/config.json", **{NAME: "stabilityai/sdxl-turbo"})(folder)
    require_usable(folder)


@pytest.mark.parametrize("name", ["sdxl-turbo", "lcm", "lightning/schnell"])
def test_the_path_of_a_folder_says_nothing(name, folder, tmp_path):
    moved = tmp_path / name
    moved.parent.mkdir(exist_ok=True)
    require_usable(folder.rename(moved))


def test_a_folder_in_the_hubs_cache_has_its_models_name(folder, tmp_path):
    cached = tmp_path / "hub" / "models--stabilityai--sd-turbo" / "snapshots" / "0123"
    cached.parent.mkdir(parents=True)
    folder.rename(cached)
    with pytest.raises(ModelError, match=r"sd-turbo: 'turbo' in its name: dist.*`source: p"):
        require_usable(cached)
