"""How long measuring takes: by speeds measured here, else by the peak of a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mia.config.experiment import Experiment
from mia.cost.arithmetic import Arithmetic
from mia.cost.cards import CARDS, SHARE, peak
from mia.cost.signals import SignalCost
from mia.cost.speeds import Speed, speeds
from mia.signals.shared.evals import BACKWARD

LINE = "{:<17} {:<21}{:>15}{:>14}{:>11}  {}".format
SMALL = 1e10  # FLOP of one eval, below which a GPU waits for its next instruction


@dataclass(frozen=True)
class Pace:
    """How fast a model is.

    Args:
        seconds: Of one eval; None if nobody knows.
        basis: What it rests on, or why it is not known.
    """

    seconds: float | None
    basis: str


class Hours:
    """Times of measuring, one job after the other.

    Args:
        experiment: The config.
        results: Its folder of results.
        card: A GPU of `CARDS` that is asked for in place of what was measured here.
    """

    def __init__(self, experiment: Experiment, results: Path, card: str | None = None) -> None:
        measure = experiment.config["measure"]
        self.dtype, self._asked = measure["dtype"], card
        self._named = card or measure.get("card")
        self.arithmetic = Arithmetic(experiment, results)
        models = experiment.config["models"]
        self._speeds = speeds(results, models, measure["device"], self.dtype)

    def pace(self, model: str) -> Pace:
        """Return how fast a model is.

        It is the speed of the GPU that is asked for; else the model's own, measured here; else that
        of another model, by their arithmetic; else that of the GPU that the config names.
        """
        if self._asked:
            return self.on(self._asked, model)
        if own := self._speeds.get(model):
            return Pace(1 / own.evals, f"measured here: {_rate(own)}")
        for other in reversed(self._speeds.values()):
            if pace := self._scaled(model, other):
                return pace
        if self._named:
            return self.on(self._named, model)
        return Pace(None, "no speed was measured here and no GPU is named: see below")

    def on(self, card: str, model: str) -> Pace:
        """Return how fast a model is on a GPU, at `SHARE` of its peak."""
        counted, most, gpu = self.arithmetic.of(model), peak(card, self.dtype), card.upper()
        if most is None:
            return Pace(None, f"not known: the {gpu} has no {self.dtype} arithmetic of its own")
        if counted.flops is None:
            return Pace(None, counted.basis)
        basis = f"{SHARE:.0%} of the {most / 1e12:,.0f} TFLOP/s of one {gpu} in {self.dtype}"
        return Pace(counted.flops.per_eval / (SHARE * most), _joined(basis, counted.basis))

    def _scaled(self, model: str, other: Speed) -> Pace | None:
        mine, theirs = self.arithmetic.of(model), self.arithmetic.of(other.model)
        if mine.flops is None or theirs.flops is None:
            return None
        ratio = mine.flops.per_eval / theirs.flops.per_eval
        basis = f"{other.model}, measured here: {_rate(other)}; scaled by FLOP"
        return Pace(ratio / other.evals, _joined(basis, mine.basis))


def time_lines(hours: Hours, todo: Mapping[tuple[str, str], list[SignalCost]]) -> list[str]:
    """Return the lines that say how long each pair of model and image set takes, and all together.

    Args:
        hours: Of the config.
        todo: What is to be measured, by model and image set.
    """
    evals = {pair: sum(_forward(cost) for cost in costs) for pair, costs in todo.items()}
    evals = {pair: count for pair, count in evals.items() if count}
    if not evals:
        return []
    lines = [LINE("model", "image set", "evals", "TFLOP/eval", "hours", "basis")]
    seconds: list[float | None] = []
    for (model, image_set), count in evals.items():
        flops, pace = hours.arithmetic.of(model).flops, hours.pace(model)
        seconds.append(None if pace.seconds is None else count * pace.seconds)
        each = f"{flops.per_eval / 1e12:.3g}" if flops else "?"
        lines.append(LINE(model, image_set, f"{count:,}", each, in_hours(seconds[-1]), pace.basis))
    known = [time for time in seconds if time is not None]
    whole = in_hours(sum(known)) if known else "?"
    least = "without those that are not known" if 0 < len(known) < len(seconds) else ""
    lines.append(LINE("together", "", f"{sum(evals.values()):,}", "", whole, least))
    if not known:
        lines += _on_each_card(hours, evals)
    return [*lines, *_not_counted(hours, todo, evals)]


def in_hours(seconds: float | None) -> str:
    """Return a time in hours, with two digits that count.

    >>> in_hours(7_200), in_hours(40), in_hours(400_000), in_hours(4), in_hours(None)
    ('2.0', '0.011', '111', '<0.01', '?')
    """
    if seconds is None:
        return "?"
    hours = seconds / 3600
    if hours < 0.01:
        return "<0.01"
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:#.2g}"


def _on_each_card(hours: Hours, evals: Mapping[tuple[str, str], int]) -> list[str]:
    found = []
    for card in CARDS:
        paces = {model: hours.on(card, model).seconds for model, _ in evals}
        each = [paces[model] for model, _ in evals]
        if all(each):
            times = zip(evals.values(), each, strict=True)
            whole = sum(count * (pace or 0) for count, pace in times)
            found.append(f"{card.upper()} {in_hours(whole)}")
    if not found:
        return []
    start = f"Hours on one GPU at {SHARE:.0%} of its peak in {hours.dtype}"
    return [f"{start}: {', '.join(found)}."]


def _not_counted(
    hours: Hours,
    todo: Mapping[tuple[str, str], list[SignalCost]],
    evals: Mapping[tuple[str, str], int],
) -> list[str]:
    counted = {model: hours.arithmetic.of(model).flops for model, _ in evals}
    ratios = [f.per_encoding / f.per_eval for f in counted.values() if f and f.per_encoding]
    said = f"; to encode one takes about as long as {max(ratios):.2g} evals" if ratios else ""
    lines = [f"Preparing and encoding images is not counted{said}. Jobs are counted in a row."]
    if any(flops and flops.per_eval < SMALL for flops in counted.values()):
        lines.append("Small models do not reach such a share of a GPU, and take longer on one.")
    if any(cost.backwards for costs in todo.values() for cost in costs):
        lines.append(f"A backward pass is counted as {BACKWARD} evals.")
    if any(cost.generations for costs in todo.values() for cost in costs):
        lines.append("To decode and compare generations is not counted: their evals are.")
    return lines


def _forward(cost: SignalCost) -> int:
    return cost.evals + BACKWARD * cost.backwards


def _rate(speed: Speed) -> str:
    digits = f"{speed.evals:,.0f}" if speed.evals >= 100 else f"{speed.evals:.3g}"
    return f"{digits} evals/s on {speed.device}"


def _joined(*texts: str) -> str:
    return "; ".join(filter(None, texts))
