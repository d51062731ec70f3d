"""As what the writing of a parameter is remembered (编程记录), and what its record keeps of before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.events import EventKind
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.events import EVENTS
from simulators.dlt645.parameters import Parameters

NUMBERED: Final = 0x30
"""DI2 of programming, clears and covers, which DI1 tells apart."""
ALL: Final = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Programming:
    """A kind of programming that has records of its own."""

    kind: EventKind
    starts_with: tuple[str, ...]
    """Identifiers that belong to it, or how they begin, DI3 first."""
    field: str
    """What the record calls what was before."""
    kept: tuple[str, ...]
    """The parameters that are kept, one after the other."""


_SETS: Final = ("0401", "0402")
_ZONES: Final = tuple(f"{half}0000" for half in _SETS)
_PERIODS: Final = tuple(f"{half}00{number:02X}" for half in _SETS for number in range(1, 9))
_DAYS: Final = ("04000B01", "04000B02", "04000B03")
_COMBINATION: Final = "combination word before"
PROGRAMMINGS: Final = (
    Programming(kind=EventKind.ZONE_TABLE_PROGRAMMING, starts_with=_ZONES, field="zone", kept=_ZONES),
    Programming(kind=EventKind.PERIOD_TABLE_PROGRAMMING, starts_with=_PERIODS, field="period", kept=_PERIODS),
    Programming(
        kind=EventKind.WEEKEND_PROGRAMMING,
        starts_with=("040008",),
        field="weekend period table before",
        kept=("04000802",),
    ),
    *(
        Programming(kind=kind, starts_with=(di,), field=_COMBINATION, kept=(di,))
        for di, kind in (
            ("04000601", EventKind.ACTIVE_COMBINATION_PROGRAMMING),
            ("04000602", EventKind.REACTIVE_COMBINATION_1_PROGRAMMING),
            ("04000603", EventKind.REACTIVE_COMBINATION_2_PROGRAMMING),
        )
    ),
    Programming(
        kind=EventKind.SETTLEMENT_DAY_PROGRAMMING, starts_with=_DAYS, field="settlement day", kept=_DAYS
    ),
)


def programming_of(wire: bytes) -> Programming | None:
    """Return the records that the writing of an identifier (DI0 first) goes to besides the common ones."""
    di = wire[::-1].hex().upper()
    return next((found for found in PROGRAMMINGS if di.startswith(found.starts_with)), None)


def before(programming: Programming, parameters: Parameters) -> bytes:
    """Return what a record keeps, as the parameters stand now."""
    return b"".join(parameters.content(di) for di in programming.kept)


def kinds_of(which: bytes) -> set[EventKind]:
    """Return the kinds of events that ``FF DI1 DI2 DI3`` means in an event clear (1B); none for no event.

    DI1 tells programming and its neighbours apart and means nothing else; FF is all of them.
    """
    _, low, high, family = which
    if family != EVENTS:
        item = lookup(bytes((0x01, 0x00, 0x01, family))) or lookup(bytes((0x01, 0x00, 0x00, family)))
        return set() if item is None or item.row.event is None else {item.row.event}
    lows = range(ALL) if (high, low) == (NUMBERED, ALL) else (low if high == NUMBERED else 0,)
    items = [lookup(bytes((0x00, code, high, EVENTS))) for code in lows]
    return {item.row.event for item in items if item is not None and item.row.event is not None}
