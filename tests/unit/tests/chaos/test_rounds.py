"""The rounds of the chaos run hang on the seed alone and strike every kind of part."""

from __future__ import annotations

from tests.chaos.rounds import KINDS, rounds

VICTIMS = {kind.peer: [f"{kind.peer}-1", f"{kind.peer}-2"] for kind in KINDS}


def test_the_same_seed_gives_the_same_rounds() -> None:
    assert rounds(30, 7, VICTIMS) == rounds(30, 7, VICTIMS)
    assert rounds(30, 7, VICTIMS) != rounds(30, 8, VICTIMS)


def test_the_first_rounds_strike_every_kind_of_part_once() -> None:
    for seed in range(20):
        struck = [one.kind.peer for one in rounds(len(VICTIMS), seed, VICTIMS)]
        assert sorted(struck) == sorted(VICTIMS)


def test_every_way_to_strike_comes_before_any_comes_again() -> None:
    first = [one.kind for one in rounds(len(KINDS), 3, VICTIMS)]
    assert len(set(first)) == len(KINDS)


def test_a_strike_is_held_as_long_as_its_kind_says() -> None:
    for one in rounds(60, 5, VICTIMS):
        least, most = one.kind.hold_s
        assert least <= one.hold_s <= most
        assert one.victim in VICTIMS[one.kind.peer]
