"""How often a meter counted events of its voltages (电压事件总次数), kept as parameters that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pipeline.events import EventCount, EventKind
from pipeline.model import MeterId
from pipeline.records import ParameterReading

VOLTAGE_KINDS: Final = frozenset(
    {
        EventKind.VOLTAGE_LOSS,
        EventKind.UNDERVOLTAGE,
        EventKind.OVERVOLTAGE,
        EventKind.PHASE_BREAK,
        EventKind.ALL_VOLTAGE_LOSS,
        EventKind.POWER_DOWN,
    }
)
"""What a meter records of its supply."""
_PARTS: Final = ("", "a", "b", "c")


def _name(what: str, kind: EventKind, part: str) -> str:
    return "_".join(filter(None, (f"event_{what}", kind.value, part)))


_BY_NAME: Final[Mapping[str, tuple[EventKind, str]]] = MappingProxyType(
    {_name("count", kind, part): (kind, part) for kind in sorted(VOLTAGE_KINDS) for part in _PARTS}
)
"""Names of parameters at rest (``meter_parameter.name``): ``event_count_undervoltage_a``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTotal:
    """How often something had happened when a stretch of time ended, since the meter was cleared."""

    kind: EventKind
    part: str = ""
    count: int
    minutes: int | None = None
    new: int | None = None
    """Of them those of the stretch; None where the counter was not read before it, or cleared in it."""


def count_readings(
    meter: MeterId, taken_at: datetime, counts: Iterable[EventCount]
) -> Iterator[ParameterReading]:
    """Yield what a meter counted of its voltages as parameters."""
    for count in counts:
        if count.kind not in VOLTAGE_KINDS:
            continue
        told = {"count": count.count, "minutes": count.minutes}
        for what, value in told.items():
            if value is not None:
                name = _name(what, count.kind, count.part)
                yield ParameterReading(meter=meter, name=name, taken_at=taken_at, value=float(value))


def event_totals(
    readings: Sequence[ParameterReading], starts_at: datetime, ends_at: datetime
) -> list[EventTotal]:
    """Return the counters of one meter that were read since ``starts_at``, as they stood at ``ends_at``.

    Args:
        readings: Its parameters; readings after the stretch show that a counter went on to stand there.
        starts_at: Where the stretch begins.
        ends_at: Exclusive.
    """
    by_name: dict[str, list[ParameterReading]] = {}
    for reading in sorted(readings, key=lambda reading: reading.taken_at):
        by_name.setdefault(reading.name, []).append(reading)
    found = []
    for name, (kind, part) in _BY_NAME.items():
        own = by_name.get(name, [])
        count, before = _last(own, ends_at), _last(own, starts_at)
        if count is None or own[-1].taken_at < starts_at:
            continue
        minutes = _last(by_name.get(_name("minutes", kind, part), []), ends_at)
        new = None if before is None or before > count else count - before
        found.append(EventTotal(kind=kind, part=part, count=count, minutes=minutes, new=new))
    return found


def _last(readings: Sequence[ParameterReading], until: datetime) -> int | None:
    """Return what was read last before an instant."""
    values = [reading.value for reading in readings if reading.taken_at < until]
    return round(values[-1]) if values else None
