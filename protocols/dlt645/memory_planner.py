"""Plans what to fetch of a meter's memory (补抄): load records, daily freezes, past settlement periods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.timegrid import local_day, local_days
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.memory import DAILY_FREEZE, FREEZE_TIME
from protocols.dlt645.planner import clock_queries, content_bytes
from protocols.dlt645.questions import (
    FREEZE_OF_DAY,
    MAX_DATA,
    PAST_PERIOD,
    SETTLEMENT_PROGRAMMING,
    read_query,
)
from protocols.dlt645.records import blocks_per_answer
from protocols.dlt645.settlement import Day, settlements_between
from protocols.dlt645.values import parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_1997, VERSION_2007
from protocols.session import Query

MONTHS_1997: Final = (1, 2)
"""How many months back a meter of 1997 tells: the last, and the one before."""
CLOCK_1997: Final = (VERSION_1997.date, VERSION_1997.time)


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
        read_query(wire, content_bytes(item) if item else MAX_DATA, day.isoformat().encode("ascii")),
        what=f"{wire[:0:-1].hex().upper()} {day}{remark}",
    )


NEWEST_FREEZE: Final = read_query(b"\x01\x00" + DAILY_FREEZE, 5)
"""Asks the time of the newest daily freeze."""


def settlement_queries(  # noqa: PLR0913 - a stretch of time, what to ask, and how this meter is set
    starts_at: datetime,
    ends_at: datetime,
    *,
    items: Sequence[bytes],
    days: Sequence[Day],
    zone: ZoneInfo,
    refused: Collection[str] = (),
) -> Iterator[Query]:
    """Yield the questions for the settlement periods that were closed in ``[starts_at, ends_at)``.

    The meter's clock, its settlement days and when they were programmed come first, so that the session can
    tell the number of each period; programming and clock again at the end prove that nothing moved these
    numbers (``SettlementMemory``).

    Args:
        starts_at: Start of the gap.
        ends_at: End of the gap.
        items: Identifiers in wire order, for code 00 of the period.
        days: When this meter's periods are expected to end; what the meter says of itself dates the records.
        zone: Zone of the meter's clock.
        refused: What this meter does not answer.
    """
    closed = settlements_between(starts_at, ends_at, days, zone)
    clock = clock_queries(refused)
    if not closed or not clock:
        return
    yield from clock
    yield from (read_query(day, 2) for day in VERSION_2007.settlement_days)
    programming = read_query(SETTLEMENT_PROGRAMMING, 16)
    at_end = clock if programming.what in refused else (programming, *clock)
    yield programming
    for instant in closed:
        for wire in items:
            item = lookup(b"\x01" + wire[1:])
            query = read_query(
                PAST_PERIOD + wire[1:],
                content_bytes(item) if item else MAX_DATA,
                instant.isoformat().encode("ascii"),
            )
            yield replace(
                query, what=f"{wire[:0:-1].hex().upper()} {instant.astimezone(zone):%Y-%m-%d %H:%M}"
            )
    yield from (replace(query, what=f"{query.what} settled") for query in at_end)


def month_queries(  # noqa: PLR0913 - as settlement_queries
    starts_at: datetime,
    ends_at: datetime,
    *,
    items: Sequence[bytes],
    days: Sequence[Day],
    zone: ZoneInfo,
    refused: Collection[str] = (),
) -> Iterator[Query]:
    """Yield the questions for the months that a meter of 1997 keeps, if one was closed in the gap.

    It keeps two, each with identifiers of its own (DI1 bits 3 and 2). Clock, reading day (抄表日) and the
    clock again at the end date them as the periods of 2007 are dated.

    Args:
        starts_at: Start of the gap.
        ends_at: End of the gap.
        items: Identifiers of the present registers in wire order.
        days: When this meter's months are expected to end.
        zone: Zone of the meter's clock.
        refused: What this meter does not answer.
    """
    clock = clock_queries(refused, VERSION_1997)
    if not settlements_between(starts_at, ends_at, days, zone) or len(clock) != len(CLOCK_1997):
        return
    yield from clock
    yield from (read_query(day, 2, version=VERSION_1997) for day in VERSION_1997.settlement_days)
    for months_ago in MONTHS_1997:
        for wire in items:
            past = month_of_1997(wire, months_ago)
            item = lookup(past)
            yield read_query(past, content_bytes(item) if item else MAX_DATA, version=VERSION_1997)
    yield from (replace(query, what=f"{query.what} settled") for query in clock)


def month_of_1997(wire: bytes, months_ago: int) -> bytes:
    """Return the identifier of a register as it stood so many months ago, DI0 first."""
    return bytes((wire[0], wire[1] | months_ago << 2))
