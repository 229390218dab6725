import json
import re
import subprocess
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.stats import spearmanr

from made_up_results import ATTACKS, TARGETS, build
from mia import storage
from mia.report.figures import correlations, costs, roc, timesteps
from mia.report.figures.losses import summarise
from mia.report.figures.scores import edges, shares
from mia.report.figures.shared import selection
from mia.report.figures.shared.colours import ROLES
from mia.report.figures.shared.loss_data import per_picture
from mia.report.figures.shared.shelf import known_figures
from mia.report.figures.shared.style import message, to_svg
from mia.stages import figures as stage
from mia.stats.metrics import published_tpr_at_fpr
from mia.stats.no_signal import tpr_band_at


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    build(folder)
    return folder


OF_SCORES, OF_LOSSES = ([one.name for one in known_figures([of])] for of in ("scores", "losses"))
EVALS = {name: evals for name, (_, _, evals) in ATTACKS.items()}
SETTINGS = {"confidence": 0.95, "resamples": 200, "seed": 0, "evals": EVALS}


def draw(results, target, out, **replaced):
    """The figures of scores."""
    options = {
        "scores": sorted(map(str, results.glob(f"scores/{target}/*.parquet"))),
        "metrics": sorted(map(str, results.glob(f"metrics/{target}/*.json"))),
    } | replaced
    return run_stage("figures", results, target, out, OF_SCORES, options)


def draw_losses(results, target, out, **replaced):
    paths = sorted(map(str, results.glob(f"queries/{target}/*/denoise/*.parquet")))
    options = {"losses": paths} | replaced
    return run_stage("loss_figures", results, target, out, OF_LOSSES, options)


def run_stage(stage, results, target, out, figures, options):
    options = {
        "target": [target],
        "membership": [str(results / f"targets/{target}/membership.parquet")],
        "settings": [json.dumps(SETTINGS)],
        "output": [str(out / f"{target}-{figure}.svg") for figure in sorted(figures)],
    } | options
    line = [word for name, words in options.items() for word in (f"--{name}", *words)]
    return subprocess.run(
        [sys.executable, "-m", f"mia.stages.{stage}", *line],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "workflow", "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def drawn(results, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    for run in (draw(results, "emoji-fair", out), draw_losses(results, "emoji-fair", out)):
        assert run.returncode == 0, run.stderr
    return {path.stem.split("-")[-1]: path.read_text() for path in out.glob("*.svg")}


def test_curve_is_the_largest_tpr_within_the_limit():
    rng = np.random.default_rng(1)
    member, nonmember = rng.integers(0, 9, 50).astype(float), rng.integers(0, 7, 40).astype(float)
    allowed = np.arange(41)
    scores = np.concatenate([member, nonmember])
    truth = np.repeat([True, False], [50, 40])
    expected = [published_tpr_at_fpr(scores, truth, k / 40).tpr for k in allowed]
    np.testing.assert_allclose(roc.tpr_at(member, nonmember, allowed), expected)


def test_no_signal_band_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    allowed = np.array([1, 5, 20, 60])
    low, high = tpr_band_at(120, 100, allowed, 0.9)
    inside = [
        (low <= rates) & (rates <= high)
        for rates in (
            roc.tpr_at(rng.normal(size=120), rng.normal(size=100), allowed) for _ in range(1500)
        )
    ]
    covered = np.mean(inside, axis=0)
    assert (covered > 0.88).all() and (covered < 0.985).all(), covered


def test_attacks_on_the_model_never_share_a_look():
    access = {f"a{i}": "grey-box" for i in range(15)} | {"blind": "model-free"}
    looks = roc.looks(access, ["a14", "a3"])
    assert len({str((look["color"], look["linestyle"])) for look in looks.values()}) == 16
    assert looks["a3"]["linestyle"] == looks["a14"]["linestyle"] == "-"


def test_every_score_is_in_the_histogram():
    scores = np.append(np.random.default_rng(0).normal(size=300), [-50.0, 80.0])
    assert shares(scores, edges(scores)).sum() == pytest.approx(1)


def loss_rows(member, loss, timestep=100, draw=0, **others):
    names = [f"{member}{i}" for i in range(len(loss))]
    known = {"image_id": names, "member": member, "timestep": timestep, "draw": draw}
    return pd.DataFrame(known | {"loss_caption": loss} | others)


def test_losses_average_draws_then_pictures():
    rows = [
        loss_rows(True, [1.0, 3.0], draw=0),
        loss_rows(True, [3.0, 5.0], draw=1),
        loss_rows(True, [3.0, 5.0], draw=1),  # measured for another attack too
        loss_rows(False, [6.0, 8.0], draw=0, loss_null=[1.0, float("nan")]),
    ]
    losses = per_picture(rows)
    alone = losses["image_id"].drop_duplicates()
    alone = pd.Series(alone.to_numpy(), index=alone)
    summary = summarise(losses, alone, 0.95).set_index("what")
    assert set(summary["condition"]) == {"loss_caption"}
    assert summary.loc["member", "value"] == 3
    assert summary.loc["gap", "value"] == 4
    half = 1.959964 * np.hypot(1, 1)
    assert summary.loc["gap", "low"] == pytest.approx(4 - half, abs=1e-4)
    assert summarise(losses, alone.str.rstrip("01"), 0.95).empty  # one group on each side


def test_figures_name_every_attack_and_say_what_they_show(drawn):
    for figure in ("scores", "correlations"):
        assert set(ATTACKS) <= set(texts_of(drawn[figure]))
    for name in ATTACKS:
        assert f'id="curve-{name}"' in drawn["roc"] or f'id="spare-{name}"' in drawn["roc"]
        assert re.search(rf"{name} \d", drawn["roc"].partition("</desc>")[0])
    for svg in drawn.values():
        assert re.search(r'<svg role="img"[^>]*>\s*<title>[^<]+emoji-fair', svg)
        assert re.search(r"<desc>[^<]{60,}</desc>", svg)
    assert "no signal" in drawn["roc"]
    assert "with caption" in drawn["losses"] and "no caption" in drawn["losses"]


def texts_of(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_roc_names_the_curves_that_are_seen_and_keeps_the_others(drawn):
    seen = set(re.findall(r'<g id="curve-(\w+)"', drawn["roc"]))
    waiting = set(re.findall(r'<g display="none" id="spare-(\w+)"', drawn["roc"]))
    assert seen | waiting == set(ATTACKS) and not seen & waiting
    assert set(texts_of(drawn["roc"])) & set(ATTACKS) == seen
    assert len([name for name in seen if ATTACKS[name][0] != "model-free"]) == selection.MOST
    assert len([name for name in seen if name.startswith("blind_")]) == 1


def ranked(*scores):
    """Reported rows of four images, every other a member."""
    return pd.DataFrame({"score": scores, "member": [True, False] * 2, "block": 0})


def test_the_strongest_attacks_and_the_hardest_baseline_are_seen_first(monkeypatch):
    good, fair, bad = (1, 0, 1, 0), (1, 0, 0, 0), (0, 1, 0, 1)
    scores = {"weak": ranked(*fair), "strong": ranked(*good), "upside_down": ranked(*bad)}
    scores |= {"near": ranked(*fair), "far": ranked(*bad)}
    access = dict.fromkeys(scores, "grey-box") | dict.fromkeys(("near", "far"), "model-free")
    monkeypatch.setattr(selection, "MOST", 1)
    assert selection.shown(scores, access, ["near", "far"]) == ["strong", "far"]
    monkeypatch.setattr(selection, "MOST", 2)
    assert selection.shown(scores, access, ["near", "far"]) == ["weak", "strong", "far"]


def test_auc_by_timestep_is_that_of_the_smaller_loss():
    member, nonmember = loss_rows(True, [1.0, 3.0]), loss_rows(False, [2.0, 4.0])
    losses = per_picture([member, nonmember])
    group = pd.Series(losses["image_id"].to_numpy(), index=losses["image_id"])
    (row,) = timesteps.aucs(losses, group, 0.95).itertuples()
    assert (row.timestep, row.value) == (100, 0.75)  # 1 < 2, 1 < 4, 3 < 4; not 3 < 2
    assert 0 <= row.low < 0.75 < row.high <= 1
    alone = timesteps.aucs(losses[losses["member"]], group, 0.95)
    assert alone.empty


def test_correlations_are_spearmans_with_like_attacks_side_by_side():
    rng = np.random.default_rng(0)
    base = rng.normal(size=60)
    scores = {"a": base, "x": rng.integers(0, 5, 60), "b": np.exp(base), "still": np.ones(60)}
    found = correlations.spearman({name: pd.Series(values) for name, values in scores.items()})
    assert found.loc["a", "b"] == pytest.approx(1)
    assert found.loc["a", "x"] == pytest.approx(spearmanr(base, scores["x"]).statistic)
    assert found["still"].isna().all()
    assert abs(list(found).index("a") - list(found).index("b")) == 1


def test_names_above_their_intervals_never_meet():
    rows = {f"attack_{i}": (10 ** (0.04 * i), 0.6 + 0.01 * i) for i in range(8)}
    table = pd.DataFrame(rows, index=["evals", "value"]).T
    figure = costs.draw(
        table.assign(low=table["value"] - 0.05, high=table["value"] + 0.05), 0.95, (0.45, 0.55)
    )
    (axes,) = figure.axes
    drawer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(drawer) for text in axes.texts]
    assert len(boxes) == 8
    assert not [1 for a, b in combinations(boxes, 2) if a.overlaps(b)]


def test_figures_load_nothing_and_stay_small(drawn):
    for svg in drawn.values():
        others = re.sub(r'xmlns(:xlink)?="[^"]*"', "", svg)
        assert "http" not in others and "DOCTYPE" not in others
        assert len(svg) < 100_000


def test_figures_use_only_colours_with_a_role(drawn):
    for svg in drawn.values():
        used = set(re.findall(r"#[0-9a-f]{6}\b", re.sub(r"url\([^)]*\)|href=\"[^\"]*\"", "", svg)))
        assert used <= set(ROLES.values()), used - set(ROLES.values())


def test_equal_inputs_give_equal_bytes(results, drawn, tmp_path):
    for again in (draw, draw_losses):
        assert again(results, "emoji-fair", tmp_path).returncode == 0
    again = {path.stem.split("-")[-1]: path.read_text() for path in tmp_path.glob("*.svg")}
    assert again == drawn and set(drawn) == {*OF_SCORES, *OF_LOSSES}


def test_only_the_evaluation_fold_is_drawn(results):
    membership = storage.read(results / "targets/web/membership.parquet")
    path = results / "scores/web/loss.parquet"
    scores = stage.read_scores([path], membership)
    shown = membership[membership["kept"] & (membership["fold"] == "evaluation")]
    assert [len(side) for side in scores.sides["loss"]] == [
        shown["member"].sum(),
        (~shown["member"]).sum(),
    ]
    assert scores.access == {"loss": "grey-box"}


def test_target_without_losses_says_so(results, tmp_path):
    assert "web" in TARGETS
    run = draw_losses(results, "web", tmp_path, losses=[])
    assert run.returncode == 0, run.stderr
    for figure in OF_LOSSES:
        assert "no curve to draw" in (tmp_path / f"web-{figure}.svg").read_text()


def test_missing_score_is_named(results, tmp_path):
    path = tmp_path / "loss.parquet"
    source = results / "scores/web/loss.parquet"
    table, about = storage.read(source), storage.metadata(source)
    storage.write(table.iloc[1:], path, about)
    run = draw(results, "web", tmp_path, scores=[str(path)])
    assert run.returncode == 1
    assert table["image_id"].iloc[0] in run.stderr and str(path) in run.stderr
    assert "Traceback" not in run.stderr


def test_words_in_a_figure_are_escaped():
    svg = to_svg(message("x"), "<b>", r"\1 <script>")
    assert "<title>&lt;b&gt;</title>" in svg and r"\1 &lt;script&gt;" in svg
