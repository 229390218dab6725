"""Which emoji are one family by their code points: what deduplication is scored against.

Codes are those of `mia.images.sources.shared.openmoji`: hexadecimal code points joined by `-`.
"""

from __future__ import annotations

SKIN_TONES = frozenset({"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"})
VARIATION = "FE0F"

# Two people of different skin tones are spelt person by person; alike, by one code point.
SPELLINGS = {
    "1F468-200D-1F430-200D-1F468": "1F46F-200D-2642",
    "1F469-200D-1F430-200D-1F469": "1F46F-200D-2640",
    "1F9D1-200D-1F430-200D-1F9D1": "1F46F",
    "1F468-200D-1F91D-200D-1F468": "1F46C",
    "1F469-200D-1F91D-200D-1F468": "1F46B",
    "1F469-200D-1F91D-200D-1F469": "1F46D",
    "1F468-200D-1FAEF-200D-1F468": "1F93C-200D-2642",
    "1F469-200D-1FAEF-200D-1F469": "1F93C-200D-2640",
    "1F9D1-200D-1FAEF-200D-1F9D1": "1F93C",
    "1F9D1-200D-2764-200D-1F48B-200D-1F9D1": "1F48F",
    "1F9D1-200D-2764-200D-1F9D1": "1F491",
    "1FAF1-200D-1FAF2": "1F91D",
}

GENDERS = ("-200D-2640", "-200D-2642")
PERSONS = {
    "1F468": "1F9D1",  # man, woman: person
    "1F469": "1F9D1",
    "1F466": "1F9D2",  # boy, girl: child
    "1F467": "1F9D2",
    "1F474": "1F9D3",  # old man, old woman: older person
    "1F475": "1F9D3",
    "1F934": "1FAC5",  # prince, princess: person with crown
    "1F478": "1FAC5",
    "1F483": "1F57A",  # woman dancing, man dancing
    "1FAC3": "1FAC4",  # pregnant man, pregnant woman: pregnant person
    "1F930": "1FAC4",
    "1F46C": "1F46B",  # two men, two women: a couple holding hands
    "1F46D": "1F46B",
}
PEOPLE = {
    "1F385": "1F9D1-200D-1F384",  # Santa Claus, Mrs. Claus: Mx Claus
    "1F936": "1F9D1-200D-1F384",
    "1F9D1-200D-1F91D-200D-1F9D1": "1F46B",
    "1F9D1-200D-2764-200D-1F48B-200D-1F9D1": "1F48F",
    "1F9D1-200D-2764-200D-1F9D1": "1F491",
}


def family(code: str) -> str:
    """Return the emoji without skin tones: what all skin-tone variants of one emoji share.

    Versions of another gender are other families. U+FE0F is left out, so that a variant and its
    base agree; a skin tone standing alone is its own family.

    >>> family("1F44B-1F3FB"), family("1F575-FE0F-200D-2642-FE0F"), family("1F3FB")
    ('1F44B', '1F575-200D-2642', '1F3FB')
    >>> family("1F469-1F3FB-200D-1F91D-200D-1F468-1F3FC")  # woman and man holding hands
    '1F46B'
    """
    points = [point for point in code.split("-") if point != VARIATION]
    toneless = "-".join(point for point in points if point not in SKIN_TONES)
    return SPELLINGS.get(toneless, toneless or "-".join(points))


def concept(code: str) -> str:
    """Return the emoji without skin tones and without gender: man, woman and person are one.

    >>> concept("1F468-200D-1F692") == concept("1F9D1-1F3FF-200D-1F692")  # firefighters
    True
    >>> concept("1F575-1F3FB-200D-2640-FE0F")
    '1F575'
    """
    name = family(code)
    for gender in GENDERS:
        name = name.replace(gender, "")
    name = "-".join(PERSONS.get(point, point) for point in name.split("-"))
    return PEOPLE.get(name, name)


def has_skin_tone(code: str) -> bool:
    """Say whether an image is a skin-tone variant of another.

    >>> has_skin_tone("1F44B-1F3FB"), has_skin_tone("1F44B"), has_skin_tone("1F3FB")
    (True, False, False)
    """
    return bool(SKIN_TONES.intersection(code.split("-")[1:]))
