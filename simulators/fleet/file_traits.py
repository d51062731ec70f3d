"""Reads from a fleet file in what a DL/T 645 meter differs from the standard: each trait is a key."""

from __future__ import annotations

from dataclasses import fields, replace

from simulators.dlt645.status import WORDS
from simulators.dlt645.traits import STANDARD, Traits
from simulators.fleet.file_moments import read_moment
from simulators.fleet.plan import Moment, TraitsPlan
from simulators.fleet.toml_entry import TomlEntry

LAST_WORD = 0xFFFF


def read_traits(meter: TomlEntry) -> TraitsPlan:
    """Take a meter's traits; one without any is as the standard says.

    Raises:
        ConfigError: Naming the entry and the key that is wrong.
    """
    entry = meter.table("traits")
    given: dict[str, bool | int | float] = {}
    for trait in fields(Traits):
        usual = getattr(STANDARD, trait.name)
        if isinstance(usual, bool):
            given[trait.name] = entry.get(trait.name, bool, usual)
        elif isinstance(usual, int):
            given[trait.name] = entry.count(trait.name, usual, least=0)
        elif isinstance(usual, float):
            given[trait.name] = entry.get(trait.name, float, usual)
    plan = TraitsPlan(
        fixed=replace(STANDARD, **given, status_words=_status_words(entry)),  # type: ignore[arg-type]  # own types
        missing_freezes=entry.numbers("missing_freezes"),
        clock_jumps=tuple(_jump(jump) for jump in entry.entries("clock_jumps")),
    )
    entry.done()
    return plan


def _status_words(entry: TomlEntry) -> tuple[int, ...]:
    words = entry.numbers("status_words") or STANDARD.status_words
    if len(words) != WORDS or not all(0 <= word <= LAST_WORD for word in words):
        raise entry.wrong("status_words", f"must be {WORDS} numbers from 0 to 0xFFFF, not {list(words)}")
    return words


def _jump(entry: TomlEntry) -> tuple[Moment, float]:
    jump = read_moment(entry, "days_ago", "at"), entry.need("by_s", float)
    entry.done()
    return jump
