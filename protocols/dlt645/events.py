"""Turns event records (事件记录) and counters of DL/T 645 into typed events, and plans which to ask for.

A meter keeps the last ten records of each kind and phase, and counts them all: the counters come first,
then only the records that are there. Meters of 2013 keep the same under codes of their own (``10`` to
``1F``); their single items are described, records come from the family ``03`` that both have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.events import EventCount, EventKind, MeterEvent
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.catalogue_rows import Axis, Row, rows
from protocols.dlt645.describe import describe
from protocols.dlt645.questions import read_query
from protocols.dlt645.values import bcd_to_int, bytes_to_instant
from protocols.session import Query

EVENTS: Final = 0x03
"""DI3 of the standard's events."""
RECORDS_KEPT: Final = 10
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    # What the code in the place of DI1 counts, from 1 on, by the axis of the row.
    "phase": ("a", "b", "c"),
    "six": ("forward", "reverse", "q1", "q2", "q3", "q4"),
}
_STARTS: Final = ("start", "time", "clock before")
"""Names of the field that says when it began, or happened."""
_END: Final = "end"


def event_of(item: Item, content: bytes, zone: ZoneInfo) -> MeterEvent | None:
    """Return the event in a record; None for what is no record, or one without a time.

    Args:
        item: What was asked.
        content: The data after the identifier, as much as came.
        zone: Of the meter's clock.
    """
    kind = item.row.event
    if kind is None or item.wire[3] != EVENTS or _is_counter(item.row):
        return None
    times = {
        field.name: bytes_to_instant(content[field.start : field.stop], zone)
        for field in item.fields
        if field.name in (*_STARTS, _END) and field.stop <= len(content)
    }
    starts_at = next((times[name] for name in _STARTS if name in times), None)
    if starts_at is None:
        return None
    return MeterEvent(
        kind=kind,
        part=_part(item),
        number=item.wire[0],
        starts_at=starts_at,
        ends_at=times.get(_END),
        values={
            told.name: told.value for told in describe(item, content) if told.text and told.name not in times
        },
    )


def counts_of(item: Item, content: bytes) -> tuple[EventCount, ...]:
    """Return what the counters of an event say; none for a record, and none for digits that are no number."""
    kind = item.row.event
    if kind is None or item.wire[3] != EVENTS or not _is_counter(item.row):
        return ()
    numbers = [
        _number(content[field.start : field.stop]) for field in item.fields if field.stop <= len(content)
    ]
    has_minutes = any(field.unit == "min" for field in item.fields)
    step = 2 if has_minutes else 1
    parts = PARTS[_axis_name(kind)] if _axis_name(kind) else ("",)
    return tuple(
        EventCount(kind=kind, part=part, count=count, minutes=minutes)
        for part, count, minutes in zip(
            parts,
            numbers[::step],
            numbers[1::step] if has_minutes else [None] * len(numbers),
            strict=False,  # an answer may end early
        )
        if count is not None
    )


def counter_queries(kinds: Collection[EventKind] = ()) -> tuple[Query, ...]:
    """Return the questions for the counters of these kinds; of all kinds when none is named."""
    items = [lookup(_wire((*row.tokens[:3], 0))) for row in rows(4) if row.event and _is_counter(row)]
    return tuple(
        read_query(item.wire, item.element_length)
        for item in items
        if item is not None and item.wire[3] == EVENTS and (not kinds or item.row.event in kinds)
    )


def record_queries(counts: Sequence[EventCount], newest: int = RECORDS_KEPT) -> tuple[Query, ...]:
    """Return the questions for the newest records that the counters promise.

    Args:
        counts: What the meter counted.
        newest: At most so many of each kind and part, 1 to 10.
    """
    queries = []
    for count in counts:
        row = _record_rows().get(count.kind)
        if row is None:
            continue
        place = [_code(token, count.part) for token in row.tokens[:3]]
        for number in range(1, min(count.count, newest, RECORDS_KEPT) + 1):
            wire = _wire((*place, number))
            item = lookup(wire)
            queries += [] if item is None else [read_query(wire, item.element_length)]
    return tuple(queries)


def _is_counter(row: Row) -> bool:
    return row.tokens[-1] == 0


@cache
def _record_rows() -> Mapping[EventKind, Row]:
    found = [row for row in rows(4) if row.event and row.tokens[0] == EVENTS and not _is_counter(row)]
    return {row.event: row for row in found if row.event is not None}


def _axis_name(kind: EventKind) -> str:
    """Return the axis in the place of DI1 of the kind's records; empty where they are the whole meter's."""
    row = _record_rows().get(kind)
    place = row.tokens[2] if row else 0
    return place.name if isinstance(place, Axis) else ""


def _part(item: Item) -> str:
    place = item.row.tokens[2]
    return PARTS[place.name][item.wire[1] - 1] if isinstance(place, Axis) else ""


def _code(token: object, part: str) -> int:
    if isinstance(token, Axis):
        return PARTS[token.name].index(part) + 1
    return token if isinstance(token, int) else 0


def _wire(codes: Sequence[object]) -> bytes:
    return bytes(code for code in reversed(codes) if isinstance(code, int))


def _number(raw: bytes) -> int | None:
    try:
        return bcd_to_int(raw)
    except ValueError:  # absent (FF) or no digits
        return None
