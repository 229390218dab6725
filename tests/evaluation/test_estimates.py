"""A model whose estimates beat none is sound; one asked the wrong way is found and named."""

import json
import sys

import pandas as pd
import pytest

from known_latents import IMAGES, SHAPE, best, latents
from measured import measured
from mia import storage
from mia.evaluation import estimates, flags
from mia.evaluation.summary import OF_MODEL, _of_model
from mia.models.objective import to_epsilon
from mia.query import dump as dumped
from mia.query import grid, load
from mia.stages import gather
from toy import ALPHA_BAR, ToyDenoiser

MODEL = {"name": "mine", "alpha_bar": ALPHA_BAR.tolist(), "prediction_type": "epsilon"}
TIMESTEPS = (50, 100, 450, 700, 900)


class Model(ToyDenoiser):
    """The best noise estimate for `latents()`, told as `output`, read as `declared`.

    `share` of it is learnt; the rest is a fixed map of z_t that no training has touched.
    """

    latent_shape = SHAPE

    def __init__(self, output="epsilon", declared="epsilon", share=1.0, broken=None):
        self.output, self.declared, self.share, self.broken = output, declared, share, broken

    def epsilon(self, z, timestep, conditioning):
        alpha_bar = self.alpha_bar[timestep.long()].float().view(-1, 1, 1, 1)
        _, noise = best(z, alpha_bar)
        noise = self.share * noise + (1 - self.share) * 0.3 * z.flip(-1)
        if self.broken:
            return self.broken(z, noise)
        image = (z - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()
        told = {
            "epsilon": noise,
            "v_prediction": alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * image,
            "sample": image,
        }
        return to_epsilon(told[self.output], z, alpha_bar.flatten(), self.declared)


def judged(denoiser, z0=None, timesteps=TIMESTEPS, condition="caption", model=MODEL):
    z0 = latents() if z0 is None else z0
    queries = [query for t in timesteps for query in grid("denoise", [t], 1, condition)]
    rows = measured(denoiser, z0, ["cat"] * len(z0), queries)["denoise"]
    return estimates.judge(estimates.compare(rows.reset_index(), model))


SOUND = {
    "trained": Model(),
    "barely trained": Model(share=0.7),
    "hardly trained at all": Model(share=0.4),
    "v, barely trained, declared so": Model("v_prediction", "v_prediction", share=0.7),
    "v, hardly trained at all, declared so": Model("v_prediction", "v_prediction", share=0.4),
    "v, declared so": Model("v_prediction", "v_prediction"),
    "sample, declared so": Model("sample", "sample"),
}
FAULTY = {
    "v declared epsilon": Model("v_prediction"),
    "sample declared epsilon": Model("sample"),
    "random weights": Model(broken=lambda z, _: 0.3 * z.flip(-1).roll(1, 1)),
    "weights of zero": Model(broken=lambda z, _: 0 * z),
    "a sign turned": Model(broken=lambda _, noise: -noise),
    "a column of large numbers": Model(broken=lambda _, noise: 4 * noise),
}


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_a_sound_model_is_left_alone(name, scale):
    denoiser = SOUND[name]
    model = {**MODEL, "prediction_type": denoiser.declared}
    found = judged(denoiser, latents(scale), model=model)
    assert (found["judged"], found["worse"], found["other"]) == (True, [], [])
    assert estimates.sentences("mine", [found]) == []


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("condition", ["caption", "null", "both"])
def test_a_model_asked_the_wrong_way_is_found(name, condition):
    found = judged(FAULTY[name], condition=condition)
    assert {entry["timestep"] for entry in found["worse"]} <= {450, 700, 900}
    assert 900 in {entry["timestep"] for entry in found["worse"]}
    told = {entry["condition"] for entry in found["worse"]}
    assert told == ({"caption", "null"} if condition == "both" else {condition})
    said, *more = estimates.sentences("mine", [judged(Model()), found])
    assert said.startswith("mine removes no noise: at t = ") and "scaling_factor" in said
    assert [("fit v_prediction" in line) for line in more] == [True] * (name in MISTOLD)


MISTOLD = {
    "v declared epsilon": Model("v_prediction"),
    "epsilon declared v": Model("epsilon", "v_prediction"),
    "epsilon, barely trained, declared v": Model("epsilon", "v_prediction", share=0.9),
}


@pytest.mark.parametrize("name", MISTOLD)
@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("condition", ["caption", "both"])
def test_answers_that_fit_another_prediction_type_are_found(name, scale, condition):
    denoiser = MISTOLD[name]
    model = {**MODEL, "prediction_type": denoiser.declared}
    found = judged(denoiser, latents(scale), condition=condition, model=model)
    assert found["other"] and {entry["other"] for entry in found["other"]} == {denoiser.output}
    assert all(entry["other_loss"] < entry["loss"] for entry in found["other"])
    said = estimates.sentences("mine", [found])[-1]
    assert said.startswith(f"The answers of mine fit {denoiser.output} better than")


@pytest.mark.parametrize(
    ("scale", "worse", "said"),
    [(1 / 0.18215, True, "3"), (3.0, False, ""), (0.18215, False, "0.03"), (0.01, False, "0.0001")],
)
def test_latents_of_another_size_are_named(scale, worse, said):
    """Without their scaling factor, too large; scaled twice, too small, and the loss stays low."""
    found = judged(Model(), latents(scale))
    assert bool(found["worse"]) >= worse and found["other"] == []
    *_, line = estimates.sentences("mine", [judged(Model()), found])
    assert f"The latents of mine have a mean square of {said}" in line
    assert "the VAE's scaling_factor" in line


def test_what_a_false_prediction_type_would_give_is_algebra_on_the_row():
    """Read as v, the answers of the v model have the loss of the same model told as epsilon."""
    found = judged(Model("v_prediction"), timesteps=[600])
    rows = measured(Model(), latents(), ["cat"] * IMAGES, grid("denoise", [600], 1))["denoise"]
    (entry,) = found["other"]
    assert entry["other"] == "v_prediction" and entry["images"] == IMAGES
    assert entry["other_loss"] == pytest.approx(rows["loss_caption"].mean(), rel=1e-3)


def test_little_noise_other_captions_and_single_images_are_not_judged():
    broken = FAULTY["weights of zero"]
    for found in (judged(broken, timesteps=[1, 50, 100, 300]), judged(broken, latents()[:1])):
        assert found == {"judged": False, "worse": [], "other": [], "latents": None}
    (said,) = estimates.sentences("mine", [found])
    assert "was not checked" in said and "loss: {timesteps: [900]}" in said
    rows = pd.DataFrame({"condition": ["alt-x"], "timestep": 900})
    assert estimates.compare(rows, MODEL) == []


def test_gather_says_so_before_anything_is_scored(tmp_path, monkeypatch, capsys):
    queries = load(dumped(grid("denoise", [50, 900], 1)))
    rows = measured(FAULTY["v declared epsilon"], latents(), ["cat"] * IMAGES, queries)["denoise"]
    rows = rows.reset_index()
    names = {query.timestep: query.name for query in queries}
    rows = rows.assign(key=rows["image_id"], query=rows["timestep"].map(names))
    storage.write(rows.assign(device="cpu", repeat=False), tmp_path / "denoise/000.parquet")
    storage.write_json(MODEL, tmp_path / "model.json")
    line = ["gather", "--model", str(tmp_path / "model.json"), "--set", "s", "--settings"]
    line.append(json.dumps({"queries": dumped(queries), "shards": ["000"]}))
    line += ["--signals", str(tmp_path), "--folder"]
    monkeypatch.setattr(sys, "argv", [*line, str(tmp_path / "queries")])
    gather.main()
    assert "warning: mine removes no noise: at t = 900 (caption)" in capsys.readouterr().err
    found = storage.read_json(tmp_path / "queries/estimates.json")
    assert found["judged"] and [entry["timestep"] for entry in found["worse"]] == [900]


@pytest.mark.parametrize(
    ("access", "flagged"),
    [("grey-box", True), ("black-box", True), ("model-free", False), ("external", False)],
)
def test_rows_that_read_the_model_bear_the_flag(access, flagged):
    assert set(estimates.FLAGS) == set(OF_MODEL) <= flags.MEANINGS.keys()
    for flag in OF_MODEL:
        audit = {**{key: [] for key in OF_MODEL}, flag: ["mine"]}
        assert _of_model({"access": access}, audit) == [flag] * flagged
    assert _of_model({"access": access}, {key: [] for key in OF_MODEL}) == []
