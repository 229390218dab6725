"""The page on attacks: what each computes, asks for, reads and costs, as its module says."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from types import ModuleType
from typing import Any

from mia.access import MODEL_FREE, reads_model
from mia.attacks.shared.contract import Entry, Learns, Stacks, traits_of
from mia.attacks.shared.cost import Cost, costs
from mia.config.attacks import build_attack
from mia.query import Query
from mia.signals.shared.evals import backwards, generations
from mia.told_captions import reads_own_caption

LISTED = 8  # queries that are named one by one; more are counted

HEAD = """\
Generated from the modules in `workflow/mia/attacks` by `make docs`; edit a module, not this page.

# Attacks

A file in `workflow/mia/attacks` is an attack; its name is what a config calls it. Every score is
higher for pictures that look more like members; the sign is fixed in the module, before any data
is seen. [One more attack](../examples/add_an_attack.md) takes about twenty lines. A config can
have several entries of one attack:

```yaml
attacks:
  loss: {}                                        # the module `loss` with its defaults
  loss_late: {attack: loss, timesteps: [700]}     # the same module with another parameter
```

A parameter means the same in every attack:

- `timestep`, `timesteps`: steps of the training schedule, 0 (least noise) to 999. `auto` chooses
  one of `grid` by AUC on images that it is not reported on; the choice is written into the metrics
  file.
- `draws`: how many noise tensors each picture gets at each step.
- `condition`: the text the model is given: `caption` (the picture's own), `null` (none) or
  `alt-<name>` (another caption that the image set declares as `alternates`).
- `captions`: whose captions the model is told, in every attack that reads the picture's own: `own`,
  or a control. `fixed` tells the neutral caption "an image" for every picture, and `fixed:<text>`
  another text. `shuffled` deals the captions of each side of the target anew among that side, so
  that no picture keeps its own. `swapped` gives members captions of nonmembers and the reverse;
  the smaller side's captions are given several times. The formula, the noise and the condition
  `null` stay the same. A control is no attack: it shows what the attack reads
  ([how to read it](reading.md#caption-controls)). A stack reads no control.
- `learns_from`: whose labels an attack that learns is fitted on: those of the `target`, or those of
  its `references`, models of which it is known for each image whether they were trained on it
  ([how to give some](targets.md#references-and-shadow-models)). So learn the attacks of the
  literature with shadow models. Then the attack reads no label of the target and is reported on all
  images.
- `norm`: the p of a p-norm.
- `layers`, of attacks on gradients to the weights: `all`, or `no-cross`, without the tensors that
  read what the model is told ([the list](../workflow/mia/attacks/shared/layers.py)).
- `space`: which error is averaged: of the noise (`epsilon`, what the papers do), of the image
  (`sample`) or of the velocity of flow matching (`velocity`). It is algebra on the same estimates
  and says how much each timestep counts: (1−ᾱ)/ᾱ times the error of the noise is that of the image,
  (1 + √((1−ᾱ)/ᾱ))² times is that of the velocity. At one timestep, in a ratio and in a classifier
  on logs nothing depends on it, so only attacks that average plain errors have it.

A timestep means an amount of noise, given by ᾱ: a noised latent is √ᾱ x0 + √(1−ᾱ) ε. Models of flow
matching (such as SD3 and FLUX), whose noise levels have no numbers, are asked at the ᾱ that Stable
Diffusion has at a timestep, so `timestep: 100` is the same noise on all of them. A model with a
schedule of its own is asked at the ᾱ of that schedule.

Of attacks with reference models, RMIA (Zarifzadeh et al. 2024, arXiv 2312.03262) is not here, as it
is a transform of one that is. It scores an image by the share of nonmembers whose ratio of the
target's signal to the references' mean signal lies below the image's own. With one reference and
1/loss as the signal, that is the rank of `loss_ratio` among nonmembers: up to ties the same AUC and
the same TPR, on a scale that reads like 1 − FPR. With several references it is the rank of the
ratio to the harmonic mean of their losses. Only its correction of the mean by a constant, which is
tuned on a second reference, is something else.

What a model is told of an image decides which attacks exist on its targets:

- a text: all;
- a class (its caption is the class): all but those that change the words of a caption, or tell the
  neutral one;
- nothing: all that contrast no two conditions and read no caption, nor another in its place. They
  run with `condition: null` by themselves; an entry that gives another is an error.

An *eval* is one pass of one latent through the denoiser, a U-Net or a transformer. A backward pass,
which takes a gradient, costs about two evals and is counted apart. The numbers here
are for one picture, default parameters, and the attack alone; attacks that ask the same share the
answer (column `evals_shared` of `tables/summary.csv`). What the reference model is asked counts
too; of an attack that learns from several references, one is counted here, and all in the tables.

A control shows what an attack would find without memory. A *control model* was not trained on the
members: the target's key `control` names it, and the tables have its AUC and the gain over it.
*Other captions* is the same row with `captions: shuffled`, `fixed` or `swapped`. The other controls
are rows of their own, which read less.
"""


def page(
    modules: Mapping[str, ModuleType], predictions: Callable[[Query], frozenset[Hashable]]
) -> str:
    """Return the page as Markdown.

    Args:
        modules: Attack name to module.
        predictions: Query to identifiers of the single U-Net evaluations that answer it.
    """
    rows = ["| attack | access | reads | evals | backward passes | generations | controls |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- |")
    cards = []
    for name, module in modules.items():
        attack = build_attack(name, {})
        cost = costs({name: attack}, predictions, backwards, generations)[name]
        link = f"[`{name}`](#{name})"
        passes = f"{cost.evals_alone} | {cost.backwards} | {cost.generations}"
        about = f"{attack.access} | {_reads(attack)} | {passes} | {_controls(name, attack)}"
        rows.append(f"| {link} | {about} |")
        cards.append(card(name, module, cost))
    return "\n".join([HEAD, *rows, "", *cards])


def card(name: str, module: ModuleType, cost: Cost) -> str:
    """Return one attack's section."""
    attack = build_attack(name, {})
    title, _, note = (inspect.getdoc(module) or "").partition("\n")
    computes, _, more = (inspect.getdoc(module.Attack) or "").partition("\n")
    lines = [
        f"## {name}",
        "",
        title,
        "",
        f"- **Computes**: {computes}",
        f"- **Source**: {attack.source}",
        f"- **Access**: {attack.access}; reads {_reads(attack)}",
        f"- **Parameters**: {_parameters(module.Attack)}",
        f"- **Queries**: {_queries(attack.queries)}; evals per picture: {cost.evals_alone}"
        + (f", and {cost.backwards} backward passes" if cost.backwards else "")
        + (f"; {cost.generations} generations" if cost.generations else ""),
    ]
    lines += ["", *_paragraph(more)] if more.strip() else []
    lines += ["", *_paragraph(note)] if note.strip() else []
    return "\n".join(lines) + "\n"


def _parameters(attack: type) -> str:
    public = [field for field in fields(attack) if field.init and not field.name.startswith("_")]
    listed = ", ".join(f"`{field.name}: {_value(field.default)}`" for field in public)
    return listed or "none"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _queries(queries: tuple[Query, ...]) -> str:
    if len(queries) > LISTED:
        counts = Counter(query.signal for query in queries)
        return ", ".join(f"{count} of `{signal}`" for signal, count in counts.items())
    return ", ".join(f"`{query.path}`" for query in queries) or "none"


def _reads(attack: Entry) -> str:
    stacks, traits = isinstance(attack, Stacks), traits_of(attack)
    signals = "the signals of other entries" if stacks else "the model's signals"
    what = [signals] if attack.queries and reads_model(attack.access) else []
    what += ["the reference's signals"] if traits.reads_reference else []
    what += ["references' signals and labels"] if traits.reads_references else []
    what += ["pictures and captions"] if traits.reads_images else []
    what += ["`audit.embedding`"] if traits.needs_embeddings else []
    what += ["labels of calibration pictures"] if isinstance(attack, Learns) else []
    return ", ".join(what) or "nothing"


def _controls(name: str, attack: Entry) -> str:
    if attack.access == MODEL_FREE:
        return "none: it is one" if name == "coin" else "`coin`"
    traits = traits_of(attack)
    captions = any(map(reads_own_caption, attack.queries)) and not isinstance(attack, Stacks)
    what = ["a control model", *(["other captions"] if captions else [])]
    return ", ".join([*what, *(f"`{other}`" for other in (*traits.beside, *traits.controls))])


def _paragraph(text: str) -> list[str]:
    return text.strip().splitlines()
