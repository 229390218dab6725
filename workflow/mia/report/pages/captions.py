"""What stands below each figure of the page, figures in reading order."""

from __future__ import annotations

CAPTIONS = {
    "roc": "How many members each attack finds (up) when it may wrongly accuse so many nonmembers "
    "(right). Both axes are logarithmic, because the left edge matters: few false accusations. "
    "The grey band is where attacks without any signal land at this number of pictures, the thin "
    "line is chance. Drawn at first: at most six attacks on the model, those that rank best on the "
    "calibration half, and the blind baseline farthest from chance.",
    "costs": "What a query buys: AUC against passes through the network per picture. Named are the "
    "attacks that no cheaper one beats on these very pictures, which flatters them a little; "
    "attacks of one cost stand side by side.",
    "correlations": "Which attacks see the same. Blue: two rank the pictures alike; orange: one "
    "ranks them against the other; fuller is stronger. Attacks that agree this much are not "
    "independent evidence, and some pictures are hard for all.",
    "losses": "How well the model removes noise from members and from nonmembers, by amount of "
    "noise; below, the difference. Above zero, members are easier: the trace loss attacks use.",
    "timesteps": "The same as an AUC: how often a random member has the smaller loss of the two. "
    "The highest point is no result: a timestep chosen here is chosen on the pictures it is "
    "reported on.",
    "scores": "The scores of members (filled) and nonmembers (outlined). The less the two overlap, "
    "the better the attack; where they coincide it knows nothing. Outermost bars hold all beyond.",
}

LEFT = ("roc", "costs", "correlations")
"""Figures of attacks side by side; the others are about pictures and stand on the right."""
