"""Arithmetic counted without memory: by hand for small layers, by order for published models."""

import json
import shutil

import pytest
import torch
from torch import nn
from torch.nn import functional

from mia.commands.benchmarks.models import sd14
from mia.cost.arithmetic import STABLE_DIFFUSION
from mia.models.flops import counted, flops
from mia.models.folder import describe
from mia.models.model_json import ModelError
from mia.models.training.outline import save_outline
from tiny_families import tiny, with_tiny_model
from tiny_model import SETTINGS

FAMILIES = with_tiny_model()


class Attention(nn.Module):
    """One layer of attention, as diffusers calls it."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(3))

    def forward(self, x, states):
        q, k, v = (layer(y) for layer, y in zip(self.layers, (x, states, states), strict=True))
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v)


@pytest.mark.parametrize("heads", [1, 4])
def test_attention_is_counted_as_by_hand(heads):
    """Projections of 6 and twice 10 tokens; then each of 6 meets 10, over and back."""
    rows, tokens, keys, width = 3, 6, 10, 8
    with torch.device("meta"):
        layer = Attention(width, heads)
        x, states = torch.zeros(rows, tokens, width), torch.zeros(rows, keys, width)
        found = counted(lambda: layer(x, states))
    projections = 2 * rows * (tokens + 2 * keys) * width * width
    assert found == projections + 2 * (2 * rows * tokens * keys * width)


@pytest.mark.parametrize(("stride", "side"), [(1, 16), (2, 8)])
@pytest.mark.parametrize("groups", [1, 4])
def test_a_convolution_is_counted_as_by_hand(stride, side, groups):
    with torch.device("meta"):
        layer = nn.Conv2d(4, 12, 3, stride, padding=1, groups=groups)
        found = counted(lambda: layer(torch.zeros(2, 4, 16, 16)))
    assert found == 2 * 2 * side * side * 12 * (4 // groups) * 9


def test_a_linear_layer_is_counted_as_by_hand():
    with torch.device("meta"):
        layer = nn.Linear(5, 7)
        assert counted(lambda: layer(torch.zeros(3, 5))) == 2 * 3 * 5 * 7


def test_stable_diffusion_has_the_published_order():
    """0.34 to 0.40 T multiplications an eval are published for its U-Net at 64 × 64."""
    with torch.device("meta"):
        unet, states = sd14().eval(), torch.zeros(1, 77, 768)
        z, timestep = torch.zeros(1, 4, 64, 64), torch.tensor([1])
        found = counted(lambda: unet(z, timestep, encoder_hidden_states=states))
    assert found == STABLE_DIFFUSION.per_eval
    assert 0.34e12 < found / 2 < 0.41e12
    assert 1 < STABLE_DIFFUSION.per_encoding / found < 2


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Family to the folder of its tiny model, each saved once."""
    folders = {}

    def folder(family):
        if family not in folders:
            folders[family] = tmp_path_factory.mktemp("flops") / family
            torch.manual_seed(0)
            tiny(family).save(folders[family])
        return folders[family]

    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_counted_from_its_json_files_alone(family, saved, tmp_path):
    folder = shutil.copytree(saved(family), tmp_path / family)
    described = describe(folder)
    whole = flops(folder)
    for path in folder.rglob("*.safetensors*"):
        path.unlink()
    assert flops(folder) == flops(folder, described["options"]) == whole
    assert whole.per_eval > 1e5
    assert (whole.per_encoding > 0) == (described["vae"]["kind"] != "pixels")


def test_a_training_is_counted_as_the_model_that_it_makes(saved, tmp_path):
    save_outline(SETTINGS, tmp_path / "outline")
    assert not list((tmp_path / "outline").rglob("*.safetensors"))
    assert flops(tmp_path / "outline") == flops(saved("stable_diffusion"))


def edited(folder, part, **changes):
    path = folder / part / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_four_times_the_latents_cost_four_times_the_convolutions(saved, tmp_path):
    folder = shutil.copytree(saved("stable_diffusion"), tmp_path / "m")
    before = flops(folder).per_eval
    edited(folder, "unet", sample_size=16)
    assert 3.9 < flops(folder).per_eval / before < 5  # attention to itself costs sixteen times


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers_per_block": 10**9}, "layers_per_block: 1000000000; expected whole numbers"),
        ({"cross_attention_dim": 7}, "cross_attention_dim: 7; expected 32"),
        ({"block_out_channels": [30, 30]}, "no unet can be built"),
    ],
)
def test_what_cannot_be_counted_is_named(changes, said, saved, tmp_path):
    folder = shutil.copytree(saved("stable_diffusion"), tmp_path / "m")
    edited(folder, "unet", **changes)
    with pytest.raises(ModelError, match=said):
        flops(folder)
