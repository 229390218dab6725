"""The report's standing texts: what a newcomer has to know to read a number."""

from __future__ import annotations

ABOVE_BLIND = {
    "yes": "better than every blind baseline, beyond chance",
    "no": "worse than a blind baseline, beyond chance",
    "undecided": "within chance, or nothing clears the sets of a difference",
    "n/a": "not asked: a baseline itself, no baseline to compare with, or the sets are NOT FAIR",
}

ACCESS = {
    "model-free": "no model",
    "black-box": "outputs",
    "grey-box": "denoiser",
    "white-box": "weights",
    "external": "not known",
}

FAILURES = {
    "bad_url": "not a web address",
    "private_address": "not a public address",
    "no_sha256": "without a published sha256",
    "not_found": "not found (404)",
    "forbidden": "forbidden (403)",
    "gone": "gone (410)",
    "rate_limited": "rate limited",
    "server_error": "server error",
    "timeout": "timed out",
    "dns": "no such server",
    "connection": "connection failed",
    "not_an_image": "not an image",
    "truncated": "cut short",
    "too_large": "too many bytes",
    "too_many_pixels": "too many pixels",
    "bad_redirect": "redirected to nowhere",
    "not_reached": "not reached in time",
    "changed": "not the published bytes",
    "missing_file": "file missing",
    "unreadable_file": "file not readable",
    "no_image": "without an image",
    "unsupported": "in a format that is not opened here",
    "bad_name": "under a name that is not UTF-8",
    "excluded": "left out on request",
    "not_finite": "not made, as the model’s output is not finite",
    "failed": "failed otherwise",
}

LEFT_OUT = {  # why attacks were left out on a target; first, by what its model is told
    "class": "The model is told a class, and these attacks change the words of a caption.",
    "none": "The model is told nothing of an image, and these attacks read a caption.",
    "no_model": "They ask a model, and this target has none.",
    "no_images": "They look at images, and a set of this target has captions alone.",
    "scores_only": "This target has scores alone; its rows are the columns of its table.",
}

# By the kind of a target that is not full: what stands in place of its model, its sides and its
# galleries.
NO_MODEL = {
    "audit only": "audit only: the two sets are judged and no model is asked",
    "scores only": "scores only: made elsewhere, by models that are not known here",
}
NO_IMAGES = "– (scores only: no images are known here)"
NO_GALLERY = {
    "audit only": "no attack here ranks by a model",
    "scores only": "no images are known here",
}

PAIRS = {
    "exact": "the same file",
    "near": "nearly the same image",
    "mirror": "a mirror image",
    "embedding": "alike by their embeddings",
    "review": "a little beyond the limits (noted, never dropped)",
    "caption": "the same caption (noted, never dropped)",
}


def glossary(confidence: float, margin: float) -> list[tuple[str, str]]:
    """Return (word, what it means) in reading order.

    Args:
        confidence: Level of the intervals, in (0, 1).
        margin: Largest |AUC - 0.5| of a blind baseline that still counts as fair.
    """
    level = f"{100 * confidence:g}"
    return [
        (
            "Member, nonmember",
            "A member is an image the model was trained on; a nonmember is a comparable image "
            "that it was not trained on. An attack gives every image a score: higher means more "
            "member-like. Where nobody knows, the page says claimed image.",
        ),
        (
            "Answer",
            "Whether a whole collection was used to train this model, as one of five: what an "
            "attack finds counts as far as a difference of the sets does not explain it.",
        ),
        (
            "AUC",
            "Take one member and one nonmember at random: the AUC is how often the attack gives "
            "the member the higher score. 0.5 is a coin toss, 1 is always right. Below 0.5 the "
            "attack is wrong more often than right; that is shown as it is, never turned round.",
        ),
        (
            "TPR at 10 %, 1 % or 0.1 % FPR",
            "Let the attack call at most so many of the nonmembers members by mistake (the false "
            "positive rate): how many of the members does it then find (the true positive rate)? "
            "Without any signal it finds about as many in a hundred. This is the number that "
            "matters to someone who must not be wrong often. The smaller the limit, the fewer "
            "nonmembers the number rests on. Each target leads with the smallest limit that allows "
            "ten.",
        ),
        (
            "Interval",
            f"The range after a number. With other images of the same kind, and this same trained "
            f"model, {level} of 100 such ranges cover the true value. Where a range includes what "
            "chance gives, the number alone shows nothing.",
        ),
        (
            "Blind baseline",
            "A classifier that sees images or captions but never the model. It cannot know what "
            "the model has learnt. If it can tell members from nonmembers all the same, the two "
            "sets differ by themselves, and any attack may be living off that difference.",
        ),
        (
            "Verdict",
            f"Whether the two sets are comparable. FAIR: the range of every blind baseline lies "
            f"within 0.5 ± {margin:g}. NOT FAIR: that of one lies wholly outside. UNDECIDED: too "
            "few images to tell, or a baseline beyond the margin that may be luck. BY DESIGN: one "
            "random split made both sets. UNKNOWN: there are no images to audit.",
        ),
        (
            "Above blind",
            "Whether an attack does better than every blind baseline on the same images, beyond "
            "chance, however many comparisons the target has. A “yes” speaks for memory where the "
            "sets are FAIR. Where they are UNDECIDED it proves nothing: an attack may read a "
            "difference that no baseline sees. Where they are BY DESIGN it is not needed: there "
            "it is enough that the attack passes the test of the collection.",
        ),
        (
            "Reads",
            "What an attack may look at: no model; a model's outputs; its denoiser, the network "
            "that guesses the noise in an image; or its weights.",
        ),
        (
            "Evals",
            "What an attack costs: passes through the denoising network per image, if it were "
            "run alone. Shared: its part of the bill where attacks that ask the same question "
            "split it.",
        ),
        (
            "Learnt from, reported on",
            "No attack is reported on an image that it has learnt from. Attacks that learn nothing "
            "are reported on all images. Those that learn, blind baselines among them, score each "
            "of six blocks by what they learnt from the blocks before it, and are reported on all "
            "but the first.",
        ),
    ]
