"""What each verdict lets a reader conclude of a target, and what it does not."""

from __future__ import annotations

GAIN = (
    "What speaks about the model is the gain of the same attack over a comparable model that saw "
    "neither set, on the same images."
)

VERDICTS = {
    "FAIR": {
        "short": "No blind baseline tells the two sets apart by more than the margin.",
        "can": "The sets are alike, up to the margin, in all that the baselines look at. An attack "
        "that finds more than they foresee most likely picks up something the model keeps of its "
        "training images. Where a control model is given, its gain over the control decides.",
        "cannot": "Differences between the sets that none of the blind baselines looks for are not "
        "ruled out, and an attack may read one. " + GAIN,
    },
    "BY DESIGN": {
        "short": "One seeded random split made both sets: they are exchangeable by construction.",
        "can": "An attack that passes the test of the collection reads the model, but for one "
        "split in a hundred: chance alone decided which image was trained on. Whether it is above "
        "the blind baselines makes no difference.",
        "cannot": "That other models, or other images, would give the same numbers. A blind "
        "baseline beyond chance here is luck of the split, and no objection to an attack.",
    },
    "UNDECIDED": {
        "short": "The blind baselines neither clear the two sets nor convict them.",
        "can": "The verdict says how far apart the sets may be, and how many images would decide. "
        "Attack numbers may be read beside the blind baselines.",
        "cannot": "That an attack above every blind baseline has found memory: a baseline that "
        "sees less of a difference than the attack cannot clear it. " + GAIN,
    },
    "UNKNOWN": {
        "short": "There are scores alone and no images, so nobody can tell here whether the two "
        "sets are comparable.",
        "can": "How well these scores part the two columns of labels, and how sure that is.",
        "cannot": "That the model was trained on either column, or was not: a difference between "
        "the sets gives such scores as well, and nothing here looks for one.",
    },
    "NOT FAIR": {
        "short": "A classifier that never saw the model tells the two sets apart.",
        "can": "The sets differ. Attack numbers here, taken alone, measure the sets.",
        "cannot": "From an AUC alone, anything about what the model remembers: a test that ignores "
        "the model does well too, so a high AUC is no sign of leakage and a low one no sign of "
        "safety. " + GAIN,
    },
}

CONTROL = {
    "can": "The model saw neither set, so nothing that an attack finds here is memory. An attack "
    "beyond chance here is luck, reads a difference of the sets, or is at fault.",
    "cannot": "What the same attacks find where the model was trained on one side: numbers there "
    "are to be read beside these.",
}


def conclusions(verdict: str, control: bool) -> dict[str, str]:
    """Return what a target allows one to conclude: `short`, `can` and `cannot`.

    Args:
        verdict: On its two sets.
        control: Whether its model was trained on neither.
    """
    words = VERDICTS.get(verdict, VERDICTS["UNDECIDED"])
    return {**words, **CONTROL} if control else words
