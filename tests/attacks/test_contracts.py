"""Attacks and signals against their contracts, which alone know what is optional."""

import re
from dataclasses import fields
from difflib import get_close_matches
from importlib import import_module

import pytest

from mia.attacks.shared import contract as attack
from mia.attacks.shared.external import External
from mia.config.attacks import build_attack, known_attacks
from mia.fingerprint import PACKAGE, imports
from mia.query import Query
from mia.signals.shared import contract as signal

SIGNALS = sorted(path.stem for path in (PACKAGE / "signals").glob("[!_]*.py"))
HOOKS = (attack.Learns, attack.LearnsFromReferences, attack.Tells, attack.Stacks, attack.OffersGrid)
CONTRACTS = [PACKAGE / room / "shared" / "contract.py" for room in ("attacks", "signals")]


def public(names) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def members(*protocols) -> set[str]:
    return set().union(*(public(vars(protocol)) for protocol in protocols))


ATTACK = {*members(attack.Entry, attack.Attack, *HOOKS), "traits"}
OPTIONAL_OF_SIGNALS = {
    *("NEEDS_PIXELS", "LISTS", "answered_by", "narrow"),
    *("backwards", "generations", "compares_embeddings", "reads_words", "list_numbers", "keeping"),
}
OPTIONAL = {
    *(field.name for field in fields(attack.Traits)),
    *members(*HOOKS),
    "traits",
    *OPTIONAL_OF_SIGNALS,
}


@pytest.mark.parametrize("name", known_attacks())
def test_an_attack_keeps_its_contract(name):
    """All that it shows are parameters and members of the contract, so none can be misspelt."""
    built = build_attack(name, {})
    assert isinstance(built, attack.Attack)
    traits = attack.traits_of(built)
    assert isinstance(traits, attack.Traits)
    assert {*traits.beside, *traits.controls} <= {*known_attacks()} - {name}
    mine = import_module(f"mia.attacks.{name}").Attack
    declared = {name for base in mine.__mro__ for name in vars(base).get("__annotations__", ())}
    inherited = {name for base in mine.__mro__[1:] for name in public(vars(base))}
    assert public(vars(mine)) <= ATTACK | declared | inherited


def test_scores_from_a_file_are_an_entry_on_their_targets_alone():
    external = External("scores.csv", ("mine",))
    assert isinstance(external, attack.Entry) and not isinstance(external, attack.Attack)
    assert attack.traits_of(external).targets == ("mine",)


def test_a_misspelt_trait_is_refused():
    with pytest.raises(TypeError, match="reads_image"):
        attack.Traits(reads_image=True)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_keeps_its_contract(name):
    module = import_module(f"mia.signals.{name}")
    assert isinstance(module, signal.Signal)
    assert tuple(map(str, module.MEASURES)) == module.MEASURES
    traits = signal.traits_of(module)
    assert isinstance(traits.needs_pixels, bool)
    query = Query(name, 100, condition="caption", further=(("decode", 0),))
    words = Query(name, 100, further=(("shift", 0.1),))
    assert all(isinstance(other, Query) for other in traits.answered_by(query))
    assert isinstance(traits.backwards(query), int)
    assert isinstance(traits.list_numbers(query, 10), int)
    assert not {*traits.lists} & {*module.MEASURES}
    assert ("LISTS" in vars(module)) == bool({"list_numbers", "keeping"} & {*vars(module)})
    assert isinstance(traits.keeping(query), Query)
    assert isinstance(traits.generations(query), int)
    assert isinstance(traits.reads_words(words), bool)
    assert isinstance(traits.compares_embeddings(query), bool)
    assert ("answered_by" in vars(module)) == ("narrow" in vars(module))
    own = public(vars(module)) - OPTIONAL_OF_SIGNALS - members(signal.Signal)
    likely = {near for near in own if get_close_matches(near, OPTIONAL_OF_SIGNALS, cutoff=0.8)}
    assert not likely, "misspelt?"


@pytest.mark.parametrize("name", SIGNALS)
def test_an_edit_of_the_contract_measures_nothing_again(name):
    assert signal.__name__ not in imports(f"mia.signals.{name}")


def test_contracts_import_the_words_of_the_science_alone():
    for module in (attack, signal):
        assert imports(module.__name__) <= {"mia.query", "mia.evidence"}


def test_only_the_contracts_look_up_what_is_optional():
    looked_up = rf"(?:get|has)attr\(.*[\"'](?:{'|'.join(OPTIONAL)})[\"']"
    for path in [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "rules").glob("*.smk")]:
        if path not in CONTRACTS:
            assert not re.findall(looked_up, path.read_text(encoding="utf-8")), path
