"""The classes of a class-conditional model, and which one a caption names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from mia.models.model_configs import INDEX, Configs
from mia.models.model_json import Config, ModelError, shown

KEY = "id2label"
NUMBER = re.compile(r"[0-9]{1,9}")
NAMED = 3  # nearest names in a message


def class_names(configs: Configs, count: int) -> dict[str, list[int]]:
    """Return the classes that bear each name, by the `id2label` of model_index.json.

    It holds "name, other name" by number. Each of these is a name, and so is the whole text. Names
    are as `plain` writes them. ImageNet has names of two classes, such as crane. A folder without
    `id2label` has no names.

    Args:
        configs: Of the folder.
        count: Number of classes.

    Raises:
        ModelError: A number is none of the classes, or a name is no text.
    """
    index = Config(configs.folder / INDEX, configs.index, {})
    given = index.get(KEY)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise index.wrong(KEY, "an object of names by number of a class")
    found: dict[str, set[int]] = {}
    for number, names in given.items():
        place = f"{index.path}: {KEY}: {shown(number)}"
        if not NUMBER.fullmatch(number) or int(number) >= count:
            raise ModelError(f"{place}: no class; expected a number from 0 to {count - 1}")
        if not isinstance(names, str) or not plain(names):
            raise ModelError(f"{place}: {shown(names)}; expected names, separated by commas")
        for name in filter(None, map(plain, [names, *names.split(",")])):
            found.setdefault(name, set()).add(int(number))
    return {name: sorted(numbers) for name, numbers in sorted(found.items())}


def plain(name: str) -> str:
    """Return a name as it is compared: small letters, no blanks around, single ones inside.

    >>> plain(" White  shark ")
    'white shark'
    """
    return " ".join(name.casefold().split())


def class_of(model: Mapping[str, Any], caption: str) -> int:
    """Return the class that a caption names: by its number or by a name of one class alone.

    Args:
        model: Contents of model.json, with `labels` and `class_count`.
        caption: Such as `207` or `golden retriever`.

    Raises:
        ModelError: It names no class, or several; the message says what is expected.
    """
    labels, count, name = model["labels"], model["class_count"], plain(caption)
    if NUMBER.fullmatch(name) and int(name) < count:
        return int(name)
    numbers = labels.get(name, [])
    if len(numbers) == 1:
        return numbers[0]
    if numbers:
        named = " and ".join(map(str, numbers))
        raise ModelError(f"a name of the classes {named}; expected the number of one of them")
    expected = f"expected a class: a number from 0 to {count - 1}"
    if not labels:
        raise ModelError(f"{expected} ({INDEX} names no classes)")
    near = difflib.get_close_matches(name, labels, NAMED, cutoff=0.0) if name else []
    nearest = f"; nearest: {', '.join(near)}" if near else ""
    raise ModelError(f"{expected}, or a name in {KEY} of {INDEX}{nearest}")


def caption_mistake(model: Mapping[str, Any], caption: str) -> str | None:
    """Return what is wrong with a caption of a class-conditional model; None if it names a class.

    The empty caption is wrong too: no class at all is what the condition `null` asks for.
    """
    try:
        class_of(model, caption)
    except ModelError as error:
        return str(error)
    return None
