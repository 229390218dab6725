"""All channels together: each one's log odds, weighed by logistic regression."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mia.blind import caption, embedding, image, metadata, source, surface, text
from mia.blind.classifier import Classifier

if TYPE_CHECKING:
    import pandas as pd

CHANNELS = {
    "caption": caption,
    "surface": surface,
    "image": image,
    "metadata": metadata,
    "source": source,
}
EMBEDDED = {"embedding": embedding, "text": text}  # where the audit is given a model
OF_FILES = ("image", "metadata", "embedding")  # channels that need an image
FOLDS = 5


@dataclass(frozen=True)
class Stack:
    """Fitted channels and the regression that weighs them.

    Args:
        classifiers: Channel to classifier, fitted on all rows given.
        out_of_fold: Log odds of those rows, a column a channel, each from classifiers that have
            not learnt from the row or its group.
        weights: Logistic regression on `out_of_fold`, both classes weighing alike.
    """

    classifiers: Mapping[str, Classifier]
    out_of_fold: pd.DataFrame
    weights: Any

    def channels(self, images: pd.DataFrame) -> pd.DataFrame:
        """Return the log odds of manifest rows, a column a channel."""
        import pandas as pd

        return pd.DataFrame({n: c.log_odds(images) for n, c in self.classifiers.items()})

    def log_odds(self, images: pd.DataFrame) -> pd.Series:
        """Return the log odds of manifest rows by all channels together."""
        import pandas as pd

        return pd.Series(self.weights.decision_function(self.channels(images)), images.index)


def fit(
    images: pd.DataFrame, member: pd.Series, seed: int, channels: Sequence[str] = tuple(CHANNELS)
) -> Stack:
    """Return all channels fitted, and their weights fitted on log odds out of fold.

    Args:
        images: Manifest rows, `group` among the columns; more than those of `member` may be given.
        member: Whether each is a member, bool; its index names the rows to learn from.
        seed: Of the folds and of the channels.
        channels: Names in `CHANNELS` and `EMBEDDED`.
    """
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    known = CHANNELS | EMBEDDED
    images = images.loc[member.index]
    fold = _folds(images["group"], member, seed)
    held = pd.DataFrame(0.0, index=images.index, columns=list(channels))
    for number in fold.unique():
        inside, rest = images[fold == number], member[fold != number]
        if rest.nunique() == 2:
            for name in channels:
                classifier = known[name].fit(images, rest, seed)
                held.loc[inside.index, name] = classifier.log_odds(inside)
    weights = LogisticRegression(class_weight="balanced").fit(held, member.to_numpy(dtype=bool))
    classifiers = {name: known[name].fit(images, member, seed) for name in channels}
    return Stack(classifiers, held, weights)


def readable(images: pd.DataFrame) -> tuple[str, ...]:
    """Return the channels that manifest rows have values for.

    Those of `EMBEDDED` need columns, and those of `OF_FILES` an image of every row.
    """
    embedded = [name for name, channel in EMBEDDED.items() if channel.features(images).shape[1]]
    channels = (*CHANNELS, *embedded)
    if images["bytes"].isna().any():
        return tuple(name for name in channels if name not in OF_FILES)
    return channels


def _folds(group: pd.Series, member: pd.Series, seed: int) -> pd.Series:
    """Return the fold number of each row: a hash deals whole groups, each class equally."""
    first = group[~group.duplicated()]
    digests = first.map(lambda name: hashlib.sha256(f"{seed}:stack:{name}".encode()).hexdigest())
    place = digests.groupby(member.loc[first.index]).rank(method="first").astype(int) % FOLDS
    return group.map(dict(zip(first, place, strict=True)))
