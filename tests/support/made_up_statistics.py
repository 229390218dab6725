"""Made-up rows, in the real form, of what stands folded in below a target's table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import ttest_ind

from made_up_pictures import HOSTILE
from mia.evaluation import answer_rows as answers
from mia.evaluation import epsilon
from mia.evaluation.set_test import doubt
from mia.stats import no_signal


def numbers(attack: str, auc: float, members: int, nonmembers: int, bound: float | None) -> list:
    """Further measures and the privacy bound of one attack, as rows of tables/metrics.csv.

    A perfect score of a blind baseline has no carried threshold and no draws: no such row.
    """
    size, blind = (members, nonmembers), attack.startswith("blind")

    def row(metric, value, note, band=("", ""), half=None, **more):
        ends = {} if half is None else {"low": value - half, "high": value + half}
        bands = {"chance_low": band[0], "chance_high": band[1]}
        return {"metric": metric, "value": value, "note": note, **ends, **bands, **more}

    partial = no_signal.partial_auc_band(*size, 0.1, 0.95)
    rows = [row("partial_auc", auc - 0.05, "standardised", partial, 0.02, limit=0.1)]
    if not blind:
        band = no_signal.balanced_accuracy_band(*size, 0.3 + 0.01 * len(attack), 0.95)
        rows.append(row("balanced_accuracy", auc - 0.01, "best on calibration", band, 0.03))
    lead = no_signal.advantage_band(*size, 0.95)
    rows.append(row("advantage", abs(2 * auc - 1), "optimistic", lead))
    if attack.startswith("loss"):
        rows.append(row("auc_between_draws", 0.0153599, "of 2 single draws"))
    if not blind:
        rows.append(row("repeat_difference", 2.1e-6, "of the 16 images measured twice"))
    meaning = f"lower bound at δ = 1e-05; {epsilon.MEANING.format(tail=0.05)}"
    note = epsilon.NOT_RANDOMISED if bound is None else meaning
    if bound is not None and not blind and attack != "coin":
        rows.append(row("epsilon_together", 0.9 * bound, "with those of all attacks", n=min(size)))
    return [*rows, row("epsilon", "" if bound is None else bound, note, n=min(size))]


def set_test_rows(
    target: str, scores: Mapping[str, pd.DataFrame], access: Mapping[str, str]
) -> list[dict]:
    """The test of a target's collection, as rows of tables/set_test.csv.

    Args:
        target: Its name; on `web`, `pian` has no number at all and a hostile note; on `emoji-fair`
            no blind baseline passes.
        scores: Attack to evaluation rows: columns score, member.
        access: Attack to access.
    """
    sides = {
        name: [rows.loc[rows["member"] == member, "score"].to_numpy() for member in (True, False)]
        for name, rows in scores.items()
    }
    p = {name: ttest_ind(*pair, alternative="greater").pvalue for name, pair in sides.items()}
    blind = [name for name in scores if name.startswith("blind")]
    if target == "emoji-fair":
        p |= dict.fromkeys(blind, 0.28)
    least, note = min(p[name] for name in blind), doubt([p[name] for name in blind])
    table = []
    for name, pair in sides.items():
        row = {"target": target, "attack": name, "access": access[name], "blind_p": least}
        row["note"] = "blind baseline" if name in blind else note
        if (target, name) == ("web", "pian"):
            table.append({**row, "size": len(pair[0]), "blind_p": "", "note": HOSTILE})
            continue
        adjusted = "" if name in blind else min(1.0, p[name] * len(scores))
        gap = np.mean(pair[0]) - np.mean(pair[1])
        whole = {"size": len(pair[0]), "difference": gap, "p": p[name], "p_family": adjusted}
        whole |= {"smallest_gap": 0.25, "images_needed": 140, "false_alarms": 0.012}
        if name not in blind:
            whole |= {"excess": 0.9 * gap, "p_excess": min(1.0, 2 * p[name] * len(scores))}
        table.append({**row, **whole})
        for size, power in ((10, 0.083), (200, 0.717)):
            ends = {"power_low": power - 0.03, "power_high": power + 0.2}
            table.append({**row, "size": size, "power": power, **ends})
    return table


def answer_rows(targets: Mapping[str, tuple], summary: list[dict], tested: list[dict]) -> list:
    """The answers, as rows of tables/answers.csv; that of `web` has a share and a hostile note."""
    rows = []
    for name, (verdict, *_) in targets.items():
        audit = {"target": name, "verdict": verdict, "margin": 0.03}
        mine = [[row for row in table if row["target"] == name] for table in (summary, tested)]
        wholes = [
            row
            for row in mine[1]
            if row["access"] != "model-free" and row.get("p_family") not in (None, "")
        ]
        row = answers.answer_row(mine[0], wholes, {}, audit, name == "emoji-null", name == "web")
        if name == "web":
            row |= {"share_used": 0.42, "share_low": 0.3, "share_high": 0.55, "share_note": HOSTILE}
        rows.append(row)
    return rows
