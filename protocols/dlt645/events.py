"""Turns event records (事件记录) and counters of DL/T 645 into typed events, and plans which to ask for.

A meter keeps the last ten records of each kind and phase, and counts them all: the counters come first,
then only the records that are there. Meters of 2013 keep the same under codes of their own (``10`` to
``1F``), item by item: there the start of an event stands for its record. Only what the family ``03`` lacks,
such as trips of the relay, is asked for under these codes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.events import EventCount, EventKind, MeterEvent
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.catalogue_rows import Axis, Row
from protocols.dlt645.describe import describe
from protocols.dlt645.identifier_files import rows
from protocols.dlt645.questions import read_query
from protocols.dlt645.values import bcd_to_int, bytes_to_instant
from protocols.session import Query

EVENTS: Final = 0x03
"""DI3 of the standard's events."""
TWIN_COUNT: Final = (0x00, 0x01)
"""DI1 and DI0 of the counter in a family of 2013."""
TWIN_START: Final = 0x01
"""DI1 of the start."""
RECORDS_KEPT: Final = 10
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    # What the code in the place of DI1 counts, from 1 on, by the axis of the row.
    "phase": ("a", "b", "c"),
    "six": ("forward", "reverse", "q1", "q2", "q3", "q4"),
}
_PART_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "a": ("phase A", "A相"),
    "b": ("phase B", "B相"),
    "c": ("phase C", "C相"),
    "forward": ("forward", "正向"),
    "reverse": ("reverse", "反向"),
    "q1": ("quadrant I", "第一象限"),
    "q2": ("quadrant II", "第二象限"),
    "q3": ("quadrant III", "第三象限"),
    "q4": ("quadrant IV", "第四象限"),
}
_STARTS: Final = ("start", "time", "clock before")
"""Names of the field that says when it began, or happened."""
_END: Final = "end"


def event_of(item: Item, content: bytes, zone: ZoneInfo) -> MeterEvent | None:
    """Return the event in a record; None for what is no record, several phases' at once, or has no time.

    Args:
        item: What was asked.
        content: The data after the identifier, as much as came.
        zone: Of the meter's clock.
    """
    kind = item.row.event
    if kind is None or not _is_record(item.row) or item.is_block:
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
    if kind is None or not _is_counter(item.row):
        return ()
    numbers = [
        _number(content[field.start : field.stop]) for field in item.fields if field.stop <= len(content)
    ]
    has_minutes = any(field.unit == "min" for field in item.fields)
    step = 2 if has_minutes else 1
    axis = _axis_name(kind) if item.wire[3] == EVENTS else item.axis
    parts = PARTS[axis] if axis else (_part(item),)
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


def words_of_event(kind: EventKind, part: str = "") -> tuple[str, str]:
    """Return what people call an event, in English and Chinese, with its phase or direction."""
    row = _by_kind(_is_counter)[kind]
    english, chinese = row.name.removesuffix(": count"), row.zh.removesuffix("总次数")
    told = _PART_WORDS.get(part)
    return (f"{english}, {told[0]}", f"{chinese}({told[1]})") if told else (english, chinese)


def event_asked(query: Query) -> tuple[EventKind, str] | None:
    """Return the kind and the part that a question for a counter or a record is about; None for others."""
    item = lookup(bytes.fromhex(query.what)[::-1])
    return None if item is None or item.row.event is None else (item.row.event, _part(item))


def counter_queries(kinds: Collection[EventKind] = ()) -> tuple[Query, ...]:
    """Return the questions for the counters of these kinds; of all kinds when none is named."""
    items = [lookup(_wire(row.tokens)) for row in _by_kind(_is_counter).values()]
    return tuple(
        read_query(item.wire, item.element_length)
        for item in items
        if item is not None and (not kinds or item.row.event in kinds)
    )


def record_queries(counts: Sequence[EventCount], newest: int = RECORDS_KEPT) -> tuple[Query, ...]:
    """Return the questions for the newest records that the counters promise.

    Args:
        counts: What the meter counted.
        newest: At most so many of each kind and part, 1 to 10.
    """
    queries = []
    for count in counts:
        row = _by_kind(_is_record).get(count.kind)
        if row is None:
            continue
        place = [_code(token, count.part) for token in row.tokens[:3]]
        for number in range(1, min(count.count, newest, RECORDS_KEPT) + 1):
            wire = _wire((*place, number))
            item = lookup(wire)
            queries += [] if item is None else [read_query(wire, item.element_length)]
    return tuple(queries)


def _is_counter(row: Row) -> bool:
    return row.tokens[-1] == 0 if row.tokens[0] == EVENTS else row.tokens[2:] == TWIN_COUNT


def _is_record(row: Row) -> bool:
    return not _is_counter(row) if row.tokens[0] == EVENTS else row.tokens[2] == TWIN_START


@cache
def _by_kind(wanted: Callable[[Row], bool]) -> Mapping[EventKind, Row]:
    """Return the rows of one sort by what they tell of: of the family 03 wherever it has one."""
    found = [row for row in rows(4) if row.event is not None and wanted(row)]
    found.sort(key=lambda row: row.tokens[0] == EVENTS)
    return {row.event: row for row in found if row.event is not None}


def _place(row: Row) -> int:
    """Return which code of an identifier is the phase."""
    return 2 if row.tokens[0] == EVENTS else 1


def _axis_name(kind: EventKind) -> str:
    """Return the axis in the place of DI1 of the kind's records; empty where they are the whole meter's."""
    row = _by_kind(_is_record).get(kind)
    place = row.tokens[_place(row)] if row else 0
    return place.name if isinstance(place, Axis) else ""


def _part(item: Item) -> str:
    at = _place(item.row)
    place = item.row.tokens[at]
    return PARTS[place.name][item.wire[3 - at] - 1] if isinstance(place, Axis) else ""


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
