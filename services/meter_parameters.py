"""Reads the parameters that meters hold (参数): once a day, and at once after somebody programmed one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from collectors.poller import Poll
from collectors.scheduler import BusPlan
from collectors.targets import Target
from pipeline.event_counts import count_readings
from pipeline.events import EventCount, EventKind
from pipeline.model import MeterId
from pipeline.records import ParameterReading
from protocols.dlt645.kept_parameters import KEPT, PROGRAMMING_COUNT, parameter_of, parameter_queries
from protocols.session import Answer, Query
from services.wiring import utc_now
from storage.database import connect
from storage.meter_parameters import parameters_read_at, write_parameters

EVERY: Final = timedelta(days=1)
"""How old a reading may be before the parameters are read again."""
_log = logging.getLogger("kilowatch.events")


async def keep_parameters(
    plan: BusPlan, target: Target, counts: Sequence[EventCount], database_url: str
) -> int:
    """Store how often a meter was programmed and its voltages failed, and where due what it holds.

    Returns what is new.

    Raises:
        StorageError: If the database is away.
    """
    programmed = [count.count for count in counts if count.kind is EventKind.PROGRAMMING]
    counted = [_reading(target.meter, PROGRAMMING_COUNT, float(count)) for count in programmed]
    failed = list(count_readings(target.meter, utc_now(), counts))
    changed, read_at = await asyncio.to_thread(_noted, database_url, target.meter, counted, failed)
    if not changed and not is_due(read_at, utc_now()):
        return changed
    poll = await plan.owner.ask_by_turns(target, _all_but)
    if poll.cause:
        _log.warning("parameters missing", extra={"meter": target.meter, "cause": poll.cause})
    told = [_reading(target.meter, name, value) for name, value in _told(poll)]
    return changed + await asyncio.to_thread(_write, database_url, told)


def is_due(read_at: datetime | None, now: datetime) -> bool:
    """Tell whether the parameters of a meter are to be read, by when they were read last."""
    return read_at is None or now - read_at >= EVERY


def _all_but(refused: Collection[str]) -> Sequence[Query]:
    return [query for query in parameter_queries() if query.what not in refused]


def _told(poll: Poll) -> Iterator[tuple[str, float]]:
    for outcome in poll.outcomes:
        told = parameter_of(outcome.event) if isinstance(outcome.event, Answer) else None
        if told is not None:
            yield told


def _reading(meter: MeterId, name: str, value: float) -> ParameterReading:
    return ParameterReading(meter=meter, name=name, taken_at=utc_now(), value=value)


def _write(database_url: str, readings: Sequence[ParameterReading]) -> int:
    with connect(database_url) as connection:
        return write_parameters(connection, readings)


def _noted(
    database_url: str,
    meter: MeterId,
    counted: Sequence[ParameterReading],
    failed: Sequence[ParameterReading],
) -> tuple[int, datetime | None]:
    """Store the counters; return whether the programming's moved, and when parameters were read last."""
    with connect(database_url) as connection:
        write_parameters(connection, failed)
        changed = write_parameters(connection, counted)
        return changed, parameters_read_at(connection, meter, list(KEPT.values()))
