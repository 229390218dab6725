"""A generated grid of targets, with everything that a page says of each."""

from __future__ import annotations

from itertools import product

from mia.claimed import as_claimed
from mia.commands.terminal import of_target
from mia.evaluation.answer_rows import BETWEEN, answer_row
from mia.evaluation.comparison import speaks_of_model
from mia.evaluation.gain import Gain
from mia.report.pages.findings import brief, findings
from mia.report.pages.verdict_texts import conclusions

VERDICTS = ("FAIR", "BY DESIGN", "NOT FAIR", "UNDECIDED", "UNKNOWN")
GAINS = {  # low, value, high and whether it is found
    "above": (0.05, 0.10, 0.15, True),
    "below": (-0.02, 0.0, 0.02, False),
    "undecided": (-0.05, 0.02, 0.09, False),
}
GRID = [
    *product(
        VERDICTS,
        ("none", "one", "several"),  # control models
        ("passes", "misses", "beyond", "not beyond", "twin"),  # the test of the collection
        GAINS,
        ("yes", "undecided", "no"),  # above_chance of the other test
        (False, True),  # claimed
        (False, True),  # trained on neither
        (6, 5000),  # images a side
    )
]


def target(verdict, control, test, gain, chance, claimed, neither, size):
    """Everything that a page says of a target with one strong attack and one that sees nothing."""
    passes, by_design = test != "misses", verdict == "BY DESIGN"
    low = 0.62 if chance == "yes" else 0.3 if chance == "no" else 0.45
    excess = None if verdict == "UNKNOWN" else 0.001 if test in ("beyond", "twin") else 0.6
    about = {"access": "grey-box", "auc_low": low, "auc": low + 0.05, "auc_high": low + 0.1}
    about |= {"blind": False, "flags": [], "p_twin": None, "auc_blind_twin": None}
    about |= {"n_nonmember": size}
    rows = [{**about, "attack": "loss", "above_chance": chance}]
    rows.append({**about, "attack": "pia", "above_chance": "undecided", "auc_low": 0.4, "auc": 0.5})
    p = {"loss": 0.001 if passes else 0.4, "pia": 0.9}
    tested = [
        {"attack": name, "p_family": p[name], "p_excess": excess if name == "loss" else 0.9}
        | {"size": size, "smallest_gap": 0.25, "images_needed": None}
        for name in p
    ]
    if verdict == "UNKNOWN":
        tested = [{**row, "p_excess": None} for row in tested]
    gains = {}
    if control != "none":
        ends = dict(zip(("low", "value", "high", "found"), GAINS[gain], strict=True))
        nothing = dict(zip(("low", "value", "high", "found"), GAINS["below"], strict=True))
        for name, one in (("loss", ends), ("pia", nothing)):
            most = one["high"] + (0.02 if control == "several" else 0)
            numbers = {"auc_control": 0.5, "p": 0.001 if one["found"] else 0.4, "smallest": 0.04}
            known = {"control": "base", "on": {"base": 0.5}, "most": most}
            gains[name] = Gain(**known, **numbers, **one)
    for row in rows:
        gained = gains.get(row["attack"])
        row["gain"] = "n/a" if gained is None else "yes" if gained.found else "undecided"
        if gained is not None:
            row |= {"auc_control": 0.5, "auc_gain": gained.value}
            row |= {"auc_gain_low": gained.low, "auc_gain_high": gained.high}
        if test == "twin":
            row |= {"auc_blind_twin": 0.6, "p_twin": 0.5}
        said = "yes" if test == "beyond" and row["attack"] == "loss" else "undecided"
        said = speaks_of_model(said, verdict, gained)
        row["above_blind"] = "n/a" if verdict in ("NOT FAIR", "UNKNOWN") else said
    audit = {"target": "t", "verdict": verdict, "margin": 0.03}
    answer = answer_row(rows, tested, gains, audit, neither, claimed)
    rows = [{**row, "answer": answer["answer"]} for row in rows]
    cells = {name: "" if value is None else str(value) for name, value in answer.items()}
    cells = {
        name: cells.get(name, "") for name in ("auc_gain", "auc_gain_low", "auc_gain_high")
    } | cells
    worded = as_claimed if claimed else str
    return {
        "answer": answer["answer"],
        "row": answer,
        "rows": rows,
        "controlled": bool(gains),
        "passes": passes or bool(gains and gains["loss"].found),
        "by_design": by_design,
        "reasons": answer["reasons"].split(BETWEEN),
        "findings": worded(findings(rows, verdict)),
        "brief": worded(brief(rows, verdict)),
        "words": {key: worded(text) for key, text in conclusions(verdict, neither).items()},
        "terminal": worded(" ".join(of_target(cells, verdict, 400))),
    }


PAGES = [(case, target(*case)) for case in GRID]
