"""Which quantity a foreign name and unit mean, by a table of usual names; what is not in it stays open."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.quantities import Quantity

UNIT_OPTIONAL = frozenset({"V", "A", "Hz", "1", "deg", "%", "°C"})
"""Units that a list may leave out: nobody counts these in thousands. Power and energy come in both."""
_WORD = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+|[^\W\d_a-zA-Z]+|%|°")
_ENDING = re.compile(r"[_ \[(]+([A-Za-z%°]+)[\])]*$")
_PHASED = ("voltage", "current")
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A quantity, and the factor from the list's unit to ours."""

    quantity: Quantity
    factor: float


@dataclass(frozen=True, slots=True)
class Names:
    """The table, with each name as words."""

    stems: Mapping[Words, str]
    phases: Sequence[tuple[Words, str]]
    """The longest first, so that L1-L2 is not taken for L1."""
    empty: frozenset[str]
    units: Mapping[str, Mapping[str, float]]


@cache
def usual_names() -> Names:
    """Return the table, read once."""
    folder = resources.files("protocols.modbus.importers")
    table = tomllib.loads(folder.joinpath("names.toml").read_text(encoding="utf-8"))
    phases = [(words_of(name), phase) for phase, names in table["phases"].items() for name in names]
    return Names(
        stems={words_of(name): stem for stem, names in table["stems"].items() for name in names},
        phases=sorted(phases, key=lambda entry: -len(entry[0])),
        empty=frozenset(table["words"]["empty"]),
        units=table["units"],
    )


def words_of(name: str) -> Words:
    """Return the small words of a name: ``activePower_L1`` and ``Active power L1`` are the same."""
    return tuple(word.lower() for word in _WORD.findall(name))


def meaning_of(
    name: str, unit: str, *, one_phase: bool, assumed: Mapping[str, str] | None = None
) -> Meaning | str:
    """Return what a field measures, or why that is open.

    Args:
        name: The field's name.
        unit: Its unit; empty where the list has none.
        one_phase: The device measures one phase only, so a voltage without a phase is that of A.
        assumed: The units that a person gave for lists without them, by our unit: ``{"kW": "W"}``.
    """
    names = usual_names()
    quantity, said = _quantity(name, names, one_phase=one_phase)
    if quantity is None:
        return "no quantity is called so"
    unit = unit or said or (assumed or {}).get(quantity.unit, "")
    if not unit:
        return Meaning(quantity, 1.0) if quantity.unit in UNIT_OPTIONAL else _unit_open(quantity, names)
    factor = names.units.get(quantity.unit, {}).get(unit)
    return f"unit {unit} is none of {quantity}" if factor is None else Meaning(quantity, factor)


def has_other_phases(fields: Collection[str]) -> bool:
    """Say whether any name speaks of phase B or C."""
    return any(_phase(words_of(name), usual_names())[1] in {"b", "c", "bc", "ca", "ab"} for name in fields)


def _unit_open(quantity: Quantity, names: Names) -> str:
    known = " or ".join(names.units.get(quantity.unit, {quantity.unit: 1.0}))
    return f"{quantity}, but its unit is not said: {known}"


def _quantity(name: str, names: Names, *, one_phase: bool) -> tuple[Quantity | None, str]:
    """Return the quantity, and the unit that the name itself ends with."""
    words = words_of(name)
    found = _look_up(words, names, one_phase=one_phase)
    if found is not None:
        return found, ""
    match = _ENDING.search(name)
    said = _unit_named(match.group(1), names) if match else ""
    if match is None or not said:
        return None, ""
    return _look_up(words_of(name[: match.start()]), names, one_phase=one_phase), said


def _unit_named(ending: str, names: Names) -> str:
    """Return the unit that a name ends with; ``_kwh`` is kWh, but ``_mw`` may be milli or mega."""
    units = {unit for table in names.units.values() for unit in table}
    lower = {unit.lower(): unit for unit in units if unit[0] not in "mM"}
    return ending if ending in units else lower.get(ending.lower(), "")


def _look_up(words: Words, names: Names, *, one_phase: bool) -> Quantity | None:
    rest, phase = _phase(words, names)
    stem = names.stems.get(rest) or names.stems.get(tuple(w for w in rest if w not in names.empty))
    if stem is None:
        return None
    if not phase and stem in _PHASED and one_phase:
        phase = "a"
    try:
        return Quantity(f"{stem}_{phase}" if phase else stem)
    except ValueError:
        return None


def _phase(words: Words, names: Names) -> tuple[Words, str]:
    """Return the words without those that name a phase, and the phase; empty for none."""
    for sought, phase in names.phases:
        for start in range(len(words) - len(sought) + 1):
            if words[start : start + len(sought)] == sought and len(words) > len(sought):
                return words[:start] + words[start + len(sought) :], phase
    return words, ""
