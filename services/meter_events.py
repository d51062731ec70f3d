"""Fetches what meters recorded by themselves (事件记录): counters, records that are new, parameters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence

from collectors.poller import Plan, Poll
from collectors.scheduler import BusPlan
from collectors.targets import Target
from pipeline.events import EventCount, MeterEvent
from pipeline.model import MeterId
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.events import RECORDS_KEPT, counter_queries, record_queries
from protocols.dlt645.version import VERSION_2007
from protocols.session import Answer, Query
from services.meter_parameters import keep_parameters
from services.wiring import utc_now
from storage.database import connect
from storage.events import CountedEvent, EventsCounted, events_counted, write_events

_log = logging.getLogger("kilowatch.events")


async def fetch_events(plan: BusPlan, database_url: str) -> int:
    """Fetch the new events of every meter of a bus that keeps any; return how many rows that changed.

    Their parameters are read too, where that is due.

    Live slots and people's reads go first: a question is asked when nobody else wants the bus.

    Raises:
        StorageError: If the database is away.
    """
    changed = 0
    for target in plan.targets:
        if not isinstance(target.driver, Dlt645Driver) or target.driver.version is not VERSION_2007:
            continue
        known = await asyncio.to_thread(_counted, database_url, target.meter)
        counts = await _counts(plan, target)
        events = await _new_events(plan, target, counts, known)
        changed += await asyncio.to_thread(_write, database_url, target.meter, events)
        await keep_parameters(plan, target, counts, database_url)
    return changed


async def _counts(plan: BusPlan, target: Target) -> list[EventCount]:
    counted = await plan.owner.ask_by_turns(target, _without_refused(counter_queries()))
    _warn_of(counted, target)
    return [count for count in _told(counted) if isinstance(count, EventCount)]


async def _new_events(
    plan: BusPlan, target: Target, counted: Sequence[EventCount], known: EventsCounted
) -> list[CountedEvent]:
    counts = [count for count in counted if count.count]
    wanted = [query for count in counts for query in record_queries([count], records_wanted(count, known))]
    recorded = await plan.owner.ask_by_turns(target, _without_refused(wanted))
    _warn_of(recorded, target)
    totals = {(count.kind, count.part): count.count for count in counts}
    return [
        CountedEvent(
            event=event,
            count=total - event.number + 1 if (total := totals.get((event.kind, event.part))) else None,
            received_at=utc_now(),
        )
        for event in _told(recorded)
        if isinstance(event, MeterEvent)
    ]


def records_wanted(count: EventCount, known: EventsCounted) -> int:
    """Return how many records to read: those that are new, and the newest, which may have ended since.

    A count below the one that is stored says that the meter was cleared: all its records are new.
    """
    new = count.count - known.get((count.kind, count.part), 0)
    return RECORDS_KEPT if new < 0 else max(1, min(RECORDS_KEPT, new))


def _warn_of(poll: Poll, target: Target) -> None:
    if poll.cause:
        _log.warning("events missing", extra={"meter": target.meter, "cause": poll.cause})


def _without_refused(queries: Sequence[Query]) -> Plan:
    return lambda refused: [query for query in queries if query.what not in refused]


def _told(poll: Poll) -> Iterator[MeterEvent | EventCount]:
    for outcome in poll.outcomes:
        if isinstance(outcome.event, Answer):
            yield from outcome.event.events


def _counted(database_url: str, meter: MeterId) -> EventsCounted:
    with connect(database_url) as connection:
        return events_counted(connection, meter)


def _write(database_url: str, meter: MeterId, events: Sequence[CountedEvent]) -> int:
    with connect(database_url) as connection:
        return write_events(connection, meter, events)
