"""Legends lie within their figures: what stands out of an SVG is cut off in a page."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mia.report.figures import costs, losses, roc, timesteps
from mia.report.figures.scores import draw as draw_scores

LONG = ["noise_aggregation", "logistic_losses_boosting", "dubinski_classifier", "blind_embedding"]
ROOM = 0.02  # of a figure's width on either side, for letters a little wider than matplotlib's


def scores():
    rng = np.random.default_rng(0)
    return {name: (rng.normal(size=90) + 1, rng.normal(size=90)) for name in LONG}


def by_timestep(**columns):
    rows = [
        {"condition": condition, "timestep": timestep, "value": 0.5, "low": 0.4, "high": 0.6}
        for condition in losses.CONDITIONS
        for timestep in (100, 500)
    ]
    return pd.DataFrame(rows).assign(**columns)


def by_cost():
    numbers = {"evals": [1, 2, 5, 5], "value": [0.6, 0.7, 0.65, 0.6], "low": 0.5, "high": 0.8}
    return pd.DataFrame(numbers, index=LONG)


FIGURES = {
    "roc": lambda: roc.draw(scores(), dict.fromkeys(LONG, "grey-box"), LONG, (90, 90), 0.95),
    "scores": lambda: draw_scores(scores()),
    "costs": lambda: costs.draw(by_cost(), 0.95, (0.45, 0.55)),
    "timesteps": lambda: timesteps.draw(by_timestep(), 0.95, (0.45, 0.55)),
    "losses": lambda: losses.draw(
        pd.concat([by_timestep(what=what) for what in ("member", "nonmember", "gap")]), 0.95
    ),
}


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_a_legend_lies_within_its_figure(draw):
    figure = draw()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (legend,) = figure.legends
    box = legend.get_window_extent(canvas.get_renderer())
    assert box.x0 / figure.bbox.width > ROOM and box.x1 / figure.bbox.width < 1 - ROOM
    assert box.y0 >= 0 and box.y1 <= figure.bbox.height
