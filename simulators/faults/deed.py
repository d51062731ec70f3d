"""What a fault does: its words for people, its keys in a fleet file, and one pure function on a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from pipeline.plugins import PluginRegistry
from pipeline.registry import Wiring
from simulators.physics.window import Window
from simulators.physics.world import World

ALL_WIRINGS = tuple(Wiring)
THREE_PHASE = (Wiring.THREE_PHASE_FOUR_WIRE, Wiring.THREE_PHASE_THREE_WIRE)
FOUR_WIRE = (Wiring.THREE_PHASE_FOUR_WIRE,)
ONE_PHASE = (Wiring.ONE_PHASE,)
ANY_LINE = ("dlt645", "modbus", "mqtt")
BUSES = ("dlt645", "modbus")


class Stake(StrEnum):
    """Which energy a truth record gives."""

    NONE = "none"
    DRAWN = "drawn in the stretch"
    UNMETERED = "drawn, but not through the meter"
    UNCOUNTED = "not counted by the register of active import; below 0: counted too much"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a fault in a fleet file."""

    name: str
    what: str
    unit: str = "1"
    default: float | str | None = None
    """None must be given."""
    least: float = 0.0
    most: float = float("inf")
    words: Sequence[str] = ()
    """What a text may be; empty for numbers and for free text."""
    is_text: bool = False


class Given:
    """The values of a fault's keys, checked when the file was read."""

    def __init__(self, values: Mapping[str, float | str]) -> None:
        """Keep them."""
        self._values = values

    def number(self, name: str) -> float:
        """Return a number."""
        return float(self._values[name])

    def text(self, name: str) -> str:
        """Return a text."""
        return str(self._values[name])


Act: TypeAlias = Callable[[World, Window, Given], World]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One kind of fault, or its innocent look-alike."""

    what: str
    zh: str
    detector: str
    """A name in :data:`simulators.faults.detector_numbers.DETECTORS`."""
    twin: str
    """Its innocent look-alike, and how to write it."""
    act: Act
    keys: Sequence[Key] = ()
    also: Sequence[str] = ()
    """Other detectors that may rightly speak up."""
    stake: Stake = Stake.NONE
    innocent: bool = False
    """It is a look-alike itself unless the file says ``twin = false``."""
    wirings: Sequence[Wiring] = ALL_WIRINGS
    lines: Sequence[str] = ANY_LINE
    """Protocols over which it can be done."""
    at_customers: bool = False
    """It changes what is drawn, so it is done to customers and not to meters that sum others up."""
    needs_current: bool = False
    """Its phase is one with a current terminal: not phase b of a three-wire meter."""

    def phases(self, wiring: Wiring) -> str:
        """Return the phases that its key ``phase`` may name on a meter of this wiring."""
        if wiring is Wiring.ONE_PHASE:
            return "a"
        return "ac" if self.needs_current and wiring is Wiring.THREE_PHASE_THREE_WIRE else "abc"


deeds: PluginRegistry[Deed] = PluginRegistry("simulators.faults.deeds")
"""Every deed by the name that a fleet file uses."""


def described_key(key: Key) -> str:
    """Return a key as people read it: its name, and its default or that it must be given."""
    if key.default is None:
        return f"{key.name} (needed)"
    default = key.default if key.is_text else f"{key.default:g}"
    return f'{key.name} = "{default}"' if key.is_text else f"{key.name} = {default}"
