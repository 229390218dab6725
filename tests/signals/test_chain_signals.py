"""Signals that walk or look at pixels, by hand on the toy denoiser and an exact toy VAE."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from measured import evidence, measured
from mia.config.attacks import build_attack
from mia.models.conditioning import Conditioning
from mia.noise import draw_noise
from mia.query import Query
from mia.signals import chain
from mia.signals.captions import importance, shuffled
from mia.signals.neighbours import changed
from mia.signals.shared.ssim import ssim
from naive import naive_ssim
from toy import ALPHA_BAR, SHAPE, ToyAutoencoder, ToyDenoiser, toy_epsilon

CAPTIONS = ["cat", "dog", "cat"]
Z0 = np.random.default_rng(1).standard_normal((3, *SHAPE)).astype(np.float32)
PIXELS = np.random.default_rng(2).uniform(-1, 1, (3, 3, 16, 16)).astype(np.float32)


def noised(z0, timestep, noise):
    return np.sqrt(ALPHA_BAR[timestep]) * z0 + np.sqrt(1 - ALPHA_BAR[timestep]) * noise


def ddim(z, epsilon, now, then):
    clean = (z - np.sqrt(1 - ALPHA_BAR[now]) * epsilon) / np.sqrt(ALPHA_BAR[now])
    return np.sqrt(ALPHA_BAR[then]) * clean + np.sqrt(1 - ALPHA_BAR[then]) * epsilon


def noise_of(i, draw):
    return draw_noise(0, f"image{i}", draw, SHAPE).astype(np.float64)


def climb(i, caption, last, step):
    z, t = Z0[i].astype(np.float64), 0
    while t < last:
        z, t = ddim(z, toy_epsilon(z, t, caption), t, t + step), t + step
    return z


def scores_of(row, **parts):
    attack = build_attack("row", row)
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries, **parts)
    return attack.score(evidence(signals, alpha_bar=ALPHA_BAR)).to_numpy()


@pytest.mark.parametrize(("timestep", "step"), [(100, 10), (90, 10), (100, 50), (0, 10)])
def test_secmi_is_the_round_trip_error_of_two_real_ddim_steps(timestep, step):
    score = scores_of({"attack": "secmi", "timestep": timestep, "step": step})
    expected = []
    for i, caption in enumerate(CAPTIONS):
        z = climb(i, caption, timestep, step)
        up = ddim(z, toy_epsilon(z, timestep, caption), timestep, timestep + step)
        back = ddim(up, toy_epsilon(up, timestep + step, caption), timestep + step, timestep)
        expected.append(-((back - z) ** 2).mean())
    np.testing.assert_allclose(score, expected, rtol=1e-3)


@pytest.mark.parametrize("cells", [2, 3, 99])
def test_the_error_map_is_the_round_trip_error_of_each_cell(cells):
    """As many cells as asked, cut as evenly as can be; a latent of fewer elements keeps each."""
    query = Query("inversion", 100, further=(("map", cells), ("step", 10)))
    table = measured(ToyDenoiser(), Z0, CAPTIONS, [query])["inversion"]
    for i, caption in enumerate(CAPTIONS):
        z = climb(i, caption, 100, 10)
        up = ddim(z, toy_epsilon(z, 100, caption), 100, 110)
        error = np.abs(ddim(up, toy_epsilon(up, 110, caption), 110, 100) - z)
        high, wide = (min(cells, side) for side in SHAPE[1:])
        cuts = [
            error[:, _cell(r, high, SHAPE[1]), _cell(c, wide, SHAPE[2])].mean(axis=(1, 2))
            for r in range(high)
            for c in range(wide)
        ]
        found = table.loc[f"image{i}", "error_map"]
        np.testing.assert_allclose(found, np.stack(cuts, axis=1).ravel(), rtol=2e-3, atol=1e-7)
        assert found.dtype == np.float32


def _cell(number, cells, side):
    return slice(number * side // cells, -(-(number + 1) * side // cells))


def test_one_chain_serves_every_timestep_of_its_grid():
    from mia.signals import inversion

    further = (("step", 10),)
    queries = [Query("inversion", t, further=further) for t in range(0, 101, 10)]
    assert len(frozenset().union(*map(inversion.predictions, queries))) == 12


def test_pia_is_secmi_with_one_jump_where_the_schedule_starts_at_one():
    """With ᾱ_0 = 1 the jump 0 → t with ε̂_0 is PIA's point; on SD's schedule it is near."""

    class FromOne(ToyDenoiser):
        alpha_bar = torch.cat([torch.ones(1, dtype=torch.float64), ToyDenoiser.alpha_bar[1:]])

    further = (("step", 200),)
    queries = [Query("inversion", 0, further=further), Query("proximal", 200)]
    for denoiser, within in ((FromOne(), 1e-5), (ToyDenoiser(), 0.2)):
        tables = measured(denoiser, Z0, CAPTIONS, queries)
        node, gap = tables["inversion"]["l2_node"], tables["proximal"]["l2_gap"]
        np.testing.assert_allclose(node, gap, rtol=within)
    assert not np.allclose(node, gap, rtol=1e-4)


@pytest.mark.parametrize("guidance", [1.0, 7.5, 100.0])
def test_latent_error_is_that_of_a_real_guided_step(guidance):
    row = {"attack": "latent_error", "timesteps": [101], "draws": 2, "guidance": guidance}
    expected = []
    for i, caption in enumerate(CAPTIONS):
        errors = []
        for draw in (0, 1):
            z = noised(Z0[i].astype(np.float64), 101, noise_of(i, draw))
            null = toy_epsilon(z, 101, "")
            epsilon = null + guidance * (toy_epsilon(z, 101, caption) - null)
            errors.append(((ddim(z, epsilon, 101, 1) - Z0[i]) ** 2).mean())
        expected.append(-np.mean(errors))
    np.testing.assert_allclose(scores_of(row), expected, rtol=1e-4)


CHAIN = {"visits": "41:21:-10", "start": 60, "guidance": 7.5, "shift": 0.0, "state": "moved"}


@pytest.mark.parametrize("guidance", [0.0, 7.5])
@pytest.mark.parametrize("state", ["moved", "fixed"])
def test_chain_by_hand(guidance, state):
    further = {**CHAIN, "guidance": guidance, "state": state, "decode": 1}
    queries = [Query("chain", t, 1, "both", tuple(sorted(further.items()))) for t in (41, 31, 21)]
    table = measured(ToyDenoiser(), Z0, CAPTIONS, queries, pixels=PIXELS)["chain"]
    for i, caption in enumerate(CAPTIONS):
        noise = noise_of(i, 1)
        first = z = noised(Z0[i].astype(np.float64), 60, noise)
        for t in (41, 31, 21):
            estimate = toy_epsilon(z, t, caption)
            null = toy_epsilon(z, t, "")
            epsilon = null + guidance * (estimate - null) if guidance else estimate
            z = ddim(z, epsilon, t, t - 10)
            row = table.loc[f"image{i}"].set_index("timestep").loc[t]
            assert row["model_loss"] == pytest.approx(((noise - estimate) ** 2).mean(), rel=1e-4)
            assert row["latent_error"] == pytest.approx(((z - Z0[i]) ** 2).mean(), rel=1e-3)
            decoded = ToyAutoencoder().decode(torch.from_numpy(z[None]).float())[0].numpy()
            gap = 255 * (PIXELS[i] + 1) / 2 - np.round(255 * (decoded.clip(-1, 1) + 1) / 2)
            assert row["pixel_error"] == pytest.approx(np.abs(gap).mean(), rel=1e-3)
            z = first if state == "fixed" else z


def test_an_unguided_chain_is_told_what_its_query_says():
    """Side by side, and at as many evals as are promised."""
    further = tuple(sorted({**CHAIN, "guidance": 0.0, "decode": 0}.items()))
    told = {"caption": CAPTIONS, "null": [""] * 3, "alt-other": ["dog", "cat", ""]}
    queries = [Query("chain", t, 0, of, further) for of in told for t in (41, 31)]
    assert len(frozenset().union(*map(chain.predictions, queries))) == 6
    others = {"other": told["alt-other"]}
    tables = measured(ToyDenoiser(), Z0, CAPTIONS, queries, pixels=PIXELS, alternates=others)
    for condition, captions in told.items():
        table = tables["chain"]
        table = table[table["condition"] == condition]
        for i, caption in enumerate(captions):
            noise, z = noise_of(i, 0), noised(Z0[i].astype(np.float64), 60, noise_of(i, 0))
            for t in (41, 31):
                estimate = toy_epsilon(z, t, caption)
                z = ddim(z, estimate, t, t - 10)
                row = table.loc[f"image{i}"].set_index("timestep").loc[t]
                loss = ((noise - estimate) ** 2).mean()
                assert row["model_loss"] == pytest.approx(loss, rel=1e-4)
                assert row["latent_error"] == pytest.approx(((z - Z0[i]) ** 2).mean(), rel=1e-3)


def test_text_shift_moves_the_caption_and_not_the_null():
    further = tuple(sorted({**CHAIN, "shift": 0.5, "decode": 0}.items()))
    plain = tuple(sorted({**CHAIN, "decode": 0}.items()))
    queries = [Query("chain", 41, 0, "both", f) for f in (further, plain)]
    table = measured(ToyDenoiser(), Z0, CAPTIONS, queries, pixels=PIXELS)["chain"]
    shifted, unshifted = table[table["shift"] == 0.5], table[table["shift"] == 0]
    for i, caption in enumerate(CAPTIONS):
        amount = 0.5 * draw_noise(0, f"image{i}:text", 0, (1, 1)).item()
        noise, z = noise_of(i, 0), noised(Z0[i].astype(np.float64), 60, noise_of(i, 0))
        loss = ((noise - toy_epsilon(z, 41, caption) - amount) ** 2).mean()
        assert shifted.loc[f"image{i}", "model_loss"] == pytest.approx(loss, rel=1e-4)
        assert unshifted.loc[f"image{i}", "model_loss"] != pytest.approx(loss, rel=1e-4)
    assert shifted["pixel_error"].isna().all()


def test_aggregation_by_hand():
    score = scores_of({"attack": "noise_aggregation"})
    for i, caption in enumerate(CAPTIONS):
        z, estimates = noised(Z0[i].astype(np.float64), 80, noise_of(i, 0)), []
        for t, then in zip((80, 64, 48, 32, 16), (64, 48, 32, 16, 0), strict=True):
            estimates.append(toy_epsilon(z, t, caption))
            z = ddim(z, estimates[-1], t, then)
        pairs = [((a - b) ** 2).mean() for n, a in enumerate(estimates) for b in estimates[:n]]
        assert score[i] == pytest.approx(-np.log(np.mean(pairs)), rel=1e-3)


def test_pfami_by_hand():
    row = {"attack": "pfami", "timesteps": [100], "crops": [0.75, 0.5], "draws": 2}
    score = scores_of(row, pixels=PIXELS)
    vae = ToyAutoencoder()
    for i, caption in enumerate(CAPTIONS):
        changes = []
        for draw in (0, 1):
            noise = noise_of(i, draw)
            own_z = noised(Z0[i].astype(np.float64), 100, noise)
            own = ((noise - toy_epsilon(own_z, 100, caption)) ** 2).mean()
            for share in (0.75, 0.5):
                crop = changed(torch.from_numpy(PIXELS[i : i + 1]), "crop", share)
                z = noised(vae.encode(crop)[0].double().numpy(), 100, noise)
                near = ((noise - toy_epsilon(z, 100, caption)) ** 2).mean()
                changes.append((near - own) / own)
        assert score[i] == pytest.approx(np.mean(changes), rel=1e-4)


def test_crops_keep_the_middle_and_flips_mirror():
    pixels = torch.zeros(1, 3, 16, 16)
    pixels[..., 4:12, 4:12] = 1
    assert changed(pixels, "crop", 0.5).min() > 0.99
    ramp = torch.arange(16.0).expand(1, 3, 16, 16) / 16
    assert torch.equal(changed(ramp, "flip", 1), ramp.flip(-1))


def test_rediffuse_and_structural_compare_the_decoded_latent():
    for row, latent in (
        ({"attack": "rediffuse"}, lambda i, c: one_jump(i, c, 50)),
        ({"attack": "structural"}, lambda i, c: climb(i, c, 100, 50)),
    ):
        score = scores_of(row, pixels=PIXELS)
        for i, caption in enumerate(CAPTIONS):
            z = torch.from_numpy(latent(i, caption)[None]).float()
            decoded = ToyAutoencoder().decode(z)[0].numpy().clip(-1, 1)
            assert score[i] == pytest.approx(naive_ssim(PIXELS[i], decoded), abs=1e-4)


def one_jump(i, caption, t):
    z = noised(Z0[i].astype(np.float64), t, noise_of(i, 0))
    return (z - np.sqrt(1 - ALPHA_BAR[t]) * toy_epsilon(z, t, caption)) / np.sqrt(ALPHA_BAR[t])


def test_ssim_of_equal_pictures_is_one():
    picture = torch.rand(2, 1, 20, 20, dtype=torch.float64)
    torch.testing.assert_close(ssim(picture, picture), torch.ones(2, dtype=torch.float64))


def test_low_pass_columns_are_the_filtered_distances():
    query = [
        Query("denoise", 300, 0),
        Query("proximal", 200),
        Query("inversion", 100, further=(("step", 10),)),
    ]
    tables = measured(ToyDenoiser(), np.tile(Z0, (1, 1, 8, 8)), CAPTIONS, query)
    noise = draw_noise(0, "image0", 0, (2, 16, 16)).astype(np.float64)
    z = noised(np.tile(Z0[0], (1, 8, 8)).astype(np.float64), 300, noise)
    spectrum = np.fft.fft2(noise - toy_epsilon(z, 300, "cat"))
    frequency = np.abs(np.fft.fftfreq(16) * 16)
    box = np.outer(frequency <= 1, frequency <= 1)
    low = np.fft.ifft2(spectrum * np.where(box, 1, 0.2)).real
    row = tables["denoise"].loc["image0"]
    assert row["low_loss_caption"] == pytest.approx((low**2).mean(), rel=1e-4)
    assert (tables["denoise"]["low_loss_caption"] < tables["denoise"]["loss_caption"]).all()
    assert (tables["inversion"]["low_l2_node"] <= tables["inversion"]["l2_node"]).all()
    assert (tables["proximal"]["low_l4_gap"] > 0).all()


WEIGHTS = {"red": 1.0, "cat": 4.0, "a": 0.0, "on": 0.5, "mat": 2.0}


class Wordy(ToyDenoiser):
    """A caption's state is the sum of its words' weights."""

    def embed(self, captions):
        sums = [sum(WEIGHTS[word] for word in caption.split()) for caption in captions]
        states = torch.tensor(sums, dtype=torch.float32).view(-1, 1, 1) / 10
        return Conditioning({"states": states})


def test_clid_reductions():
    holder = SimpleNamespace(denoiser=Wordy(), learnt={})
    values = importance(holder, "a red cat on mat")
    np.testing.assert_allclose(values, [0, 0.1, 0.4, 0.05, 0.2], atol=1e-6)
    assert sorted(shuffled("a red cat on mat", "x").split()) == sorted(
        ["a", "red", "cat", "on", "mat"]
    )
    assert shuffled("a red cat on mat", "x") == shuffled("a red cat on mat", "x")


def test_clid_th_by_hand():
    captions = ["a red cat on mat", "cat on mat", "red cat"]
    attack = build_attack("clid_th", {"alpha": 0.9})
    signals = measured(Wordy(), Z0, captions, attack.queries)
    ids = [f"image{i}" for i in range(3)]
    found = evidence(signals)
    fitted = attack.fit(found, pd.Series([True, False, True], ids))
    reduced = {
        "drop-30": ["a red on", "on mat", "red"],
        "drop-50": ["a red on", "on", "red"],
        "drop-70": ["a", "on", "red"],
    }
    # round(0.3·5)=2, round(0.5·5)=2, round(0.7·5)=4 words go, the most important first.
    contrast, closeness = [], []
    for i, caption in enumerate(captions):
        texts = [names[i] for names in reduced.values()] + [""]

        def loss(text, i=i):
            state = Wordy().embed([text])["states"].item()
            values = []
            for t in (440, 450, 460):
                noise = noise_of(i, 0)
                z = noised(Z0[i].astype(np.float64), t, noise)
                values.append(((noise - toy_epsilon(z, t, "") - state) ** 2).mean())
            return np.mean(values)

        contrast.append(np.mean([loss(text) for text in texts]) - loss(caption))
        closeness.append(-loss(caption))

    def scaled(values):
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        return (np.array(values) - middle) / (high - low)

    expected = 0.9 * scaled(contrast) + 0.1 * scaled(closeness)
    np.testing.assert_allclose(fitted.score(found), expected, rtol=1e-3, atol=1e-4)
    assert set(fitted.fitted) == {"alpha", "scales"}
