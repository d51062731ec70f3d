"""Finds the fewest questions: blocks where several of their values are wanted, single items where not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from pipeline.timegrid import local_day, local_days
from protocols.dlt645.catalogue import Item, lookup, measured_items
from protocols.dlt645.decoding import on_wiring
from protocols.dlt645.memory import DAILY_FREEZE, FREEZE_TIME
from protocols.dlt645.questions import FREEZE_OF_DAY, MAX_DATA, read_query
from protocols.dlt645.records import blocks_per_answer
from protocols.dlt645.values import parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Query

RATES_USUAL: Final = 7
"""Total and six rates: more is allowed by the standard, and kept nowhere here."""

_SUMS: Final = {
    # Import is QI + QII, export QIII + QIV; who wants the sums needs their parts.
    Quantity.REACTIVE_ENERGY_IMPORT: (Quantity.REACTIVE_ENERGY_Q1, Quantity.REACTIVE_ENERGY_Q2),
    Quantity.REACTIVE_ENERGY_EXPORT: (Quantity.REACTIVE_ENERGY_Q3, Quantity.REACTIVE_ENERGY_Q4),
}


def parts_of(wanted: Collection[Quantity]) -> set[Quantity]:
    """Return what to ask for: sums that no identifier holds are replaced by their parts."""
    return {part for quantity in wanted for part in _SUMS.get(quantity, (quantity,))}


def present_queries(
    wanted: Collection[Quantity],
    wiring: Wiring,
    refused: Collection[str] = (),
    version: Version = VERSION_2007,
) -> Sequence[Query]:
    """Return the fewest questions that bring the wanted present values."""
    left = set(wanted)
    items = [item for item in measured_items(version.identifier_bytes) if item.di not in refused]
    singles = [item for item in items if not item.is_block]
    chosen: list[Item] = []
    for block in (item for item in items if item.is_block):
        members = _members(block, wiring) & left
        found = [_single(quantity, wiring, singles) for quantity in members]
        if members and (None in found or len({item.di for item in found if item is not None}) > 1):
            chosen.append(block)
            left -= members
    for quantity in sorted(left):
        single = _single(quantity, wiring, singles)
        if single is not None and single not in chosen:
            chosen.append(single)
    clock = _clock_queries(refused, version) if Quantity.CLOCK_OFFSET in left else ()
    return (
        *(read_query(item.wire, _content_bytes(item), version=version) for item in chosen),
        *clock,
    )


def _members(item: Item, wiring: Wiring) -> set[Quantity]:
    return {named for q in item.quantities if (named := on_wiring(q, wiring)) is not None}


def _single(quantity: Quantity, wiring: Wiring, singles: Sequence[Item]) -> Item | None:
    return next((item for item in singles if quantity in _members(item, wiring)), None)


def _content_bytes(item: Item) -> int:
    return item.element_length * min(len(item.suffixes), RATES_USUAL if item.spectrum is None else 21)


def _clock_queries(refused: Collection[str], version: Version) -> Sequence[Query]:
    parts = (read_query(version.date, 4, version=version), read_query(version.time, 3, version=version))
    if version.date_and_time is not None:
        whole = read_query(version.date_and_time, 7, version=version)
        if whole.what not in refused:
            return (whole,)
    return tuple(query for query in parts if query.what not in refused)


def load_record_queries(
    starts_at: datetime, ends_at: datetime, *, minutes: int, load_class: int, zone: ZoneInfo
) -> Iterator[Query]:
    """Yield the questions for the load records of one class in ``[starts_at, ends_at)``.

    Each asks from a time on for as many blocks as fit into one frame (request: N mm hh DD MM YY).
    """
    wire = bytes((0x01, 0x00, load_class, 0x06))
    form = parse_format("YYMMDDhhmm")
    at = _first_slot(starts_at, minutes, zone)
    while at < ends_at:
        slots = -((at - ends_at) // timedelta(minutes=minutes))
        count = min(blocks_per_answer(load_class), slots)
        local = at.astimezone(zone)
        query = read_query(wire, MAX_DATA, bytes((count,)) + time_to_bytes(local, form))
        # One name for each time: a collector that plans again must not take it for a question asked before.
        yield replace(query, what=f"{query.what} {local:%Y-%m-%d %H:%M}")
        at += count * timedelta(minutes=minutes)


def _first_slot(starts_at: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the first instant from ``starts_at`` on at which the meter stores: multiples from midnight."""
    local = starts_at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = -((midnight - local) // timedelta(minutes=minutes))
    return (midnight + steps * timedelta(minutes=minutes)).astimezone(UTC)


def freeze_queries(
    starts_at: datetime, ends_at: datetime, items: Sequence[int], zone: ZoneInfo, days: int
) -> Iterator[Query]:
    """Yield the questions for the daily freezes at the local midnights in ``[starts_at, ends_at)``.

    The newest freeze's time comes first, so that the session can tell the number of each day; then day by day
    into the past, time before values; at the end the newest time again, which proves that no midnight has
    moved the numbers (see ``FreezeMemory``).

    Args:
        starts_at: Start of the gap.
        ends_at: End of the gap.
        items: II of ``05 06 II nn``.
        zone: Zone of the meter's clock.
        days: At most so many freezes, the newest.
    """
    inside = [
        day for day in local_days(starts_at, ends_at, zone) if starts_at <= local_day(day, zone)[0] < ends_at
    ]
    if not inside:
        return
    yield NEWEST_FREEZE
    # Asked twice for the first day: the first answer shows how many freezes are missing since.
    yield _freeze_query(FREEZE_TIME, inside[-1], " first")
    for day in reversed(inside[-days:]):
        yield _freeze_query(FREEZE_TIME, day)
        for item in items:
            yield _freeze_query(item, day)
    yield replace(NEWEST_FREEZE, what=NEWEST_FREEZE.what + " again")


def _freeze_query(kind: int, day: date, remark: str = "") -> Query:
    wire = FREEZE_OF_DAY + bytes((kind,)) + DAILY_FREEZE
    item = lookup(b"\x01" + wire[1:])
    return replace(
        read_query(wire, _content_bytes(item) if item else MAX_DATA, day.isoformat().encode("ascii")),
        what=f"{wire[:0:-1].hex().upper()} {day}{remark}",
    )


NEWEST_FREEZE: Final = read_query(b"\x01\x00" + DAILY_FREEZE, 5)
"""Asks the time of the newest daily freeze."""
