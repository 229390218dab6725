"""Every grey-box attack against its naive loop on a tiny Stable Diffusion saved to disk."""

import numpy as np
import pandas as pd
import pytest
import torch

import naive
from measured import evidence, measured
from mia.config.attacks import build_attack, known_attacks
from mia.denoisers.stable_diffusion import StableDiffusion
from mia.models.autoencoder import Autoencoder
from mia.models.folder import describe
from mia.models.objective import to_epsilon

CAPTIONS = ["a red cat", "a blue dog", "", "two birds and a very long caption that is cut off"]
ROWS = [
    *(({"attack": name}, getattr(naive, name)) for name in known_attacks() if hasattr(naive, name)),
    *(
        (
            {"attack": "dubinski", "setting": s, "loss": which, "timestep": t, "draws": 2},
            lambda n, i, s=s, which=which, t=t: naive.dubinski(n, i, s, which, t, 2),
        )
        for s, which, t in [
            (1, "latent", 271),
            (1, "pixel", 281),
            (2, "model", 41),
            (2, "latent", 51),
            (5, "model", 281),
            (13, "latent", 601),
            (14, "model", 301),
            (15, "latent", 101),
            (16, "model", 801),
            (16, "latent", 401),
            (16, "pixel", 101),
        ]
    ),
]
ROWS += [
    ({"attack": "gradient_norm", "of": "input"}, naive.input_norm),
    (
        {"attack": "gradient_masking", "variant": "code"},
        lambda n, i: naive.gradient_masking(n, i, "code"),
    ),
]
ROWS = [row for row in ROWS if row[0] != {"attack": "dubinski"}]
ROWS.append(({"attack": "sima", "timestep": 200, "draws": 3, "norm": 2}, naive.sima_noised))
ROWS += [
    (
        {"attack": name, "timesteps": [100, 300, 500], "draws": 1, "space": space},
        lambda n, i, name=name, space=space: getattr(naive, f"{name}_in")(n, i, space),
    )
    for name in ("loss", "clid_null", "guidance_norm")
    for space in ("sample", "velocity")
]


@pytest.fixture(scope="module")
def parts(tiny_sd):
    model = describe(tiny_sd)
    pixels = np.random.default_rng(0).uniform(-1, 1, (4, 3, 16, 16)).astype(np.float32)
    vae = Autoencoder(model["vae"], "cpu")
    z0 = vae.encode(torch.from_numpy(pixels)).numpy()
    loop = naive.Naive(tiny_sd, pixels, z0, CAPTIONS)
    about = {"alpha_bar": np.array(model["alpha_bar"]), "tensors": model["tensors"]}
    return StableDiffusion(model, "cpu"), vae, loop, about


def test_every_grey_box_attack_has_a_loop():
    grey = {name for name in known_attacks() if build_attack(name, {}).access == "grey-box"}
    # What clid_th and clid_vec learn from is clid_null's and the captions signal's, what
    # dubinski_classifier, pfami_nns and secmi_nns learn from is that of the attacks of those names.
    # All others learn from losses, or from references. Each is worked out by hand elsewhere.
    learnt = {"cdi", "clid_th", "clid_vec", "dubinski_classifier", "logistic_losses", "lsa"}
    learnt |= {"bavaria", "lira", "pfami_nns", "quantile", "secmi_nns", "stack"}
    assert grey - learnt <= {row["attack"] for row, _ in ROWS}


@pytest.mark.parametrize(("row", "formula"), ROWS, ids=[str(row) for row, _ in ROWS])
def test_attack_equals_its_loop(parts, row, formula):
    denoiser, vae, loop, about = parts
    attack = build_attack("row", row)
    z0 = loop.z0.float().numpy()
    signals = measured(
        denoiser, z0, CAPTIONS, attack.queries, size=5, pixels=loop.pixels, autoencoder=vae
    )
    score = attack.score(evidence(signals, signals, **about)).to_numpy()
    expected = [formula(loop, i) for i in range(4)]
    np.testing.assert_allclose(score, expected, rtol=1e-4, atol=1e-7)


def test_a_timestep_is_chosen_where_members_score_highest():
    """`auto` looks at the fitting images alone and keeps the sign."""
    attack = build_attack("loss", {"timesteps": "auto", "grid": [100, 300, 500], "draws": 1})
    ids = pd.Index([f"i{n}" for n in range(8)], name="image_id")
    member = pd.Series([True, False] * 4, ids)
    rows = [
        {"image_id": i, "timestep": t, "draw": 0, "condition": "caption", "loss_caption": value}
        for t, gap in ((100, 0.0), (300, -1.0), (500, 2.0))
        for n, i in enumerate(ids)
        for value in [5.0 + 0.1 * n + (0.0 if member[i] else gap)]
    ]
    found = evidence({"denoise": pd.DataFrame(rows).set_index("image_id")})
    assert len(attack.queries) == 3
    fitted = attack.fit(found, member.iloc[:6])
    assert fitted.fitted == {"timestep": 500}
    assert fitted.score(found).loc["i0"] == -5.0


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_every_prediction_type_gives_the_same_noise_estimate(kind):
    """A model that outputs v or x0 for a known ε is read as that ε."""
    alpha_bar = torch.tensor([0.9, 0.2], dtype=torch.float64)
    x0, eps = torch.randn(2, 2, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    a, b = (part.view(2, 1, 1, 1).float() for part in (alpha_bar.sqrt(), (1 - alpha_bar).sqrt()))
    outputs = {"epsilon": eps, "v_prediction": a * eps - b * x0, "sample": x0}
    result = to_epsilon(outputs[kind], a * x0 + b * eps, alpha_bar, kind)
    torch.testing.assert_close(result, eps, rtol=1e-4, atol=1e-5)
