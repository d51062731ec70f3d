"""Names the slots that passed while no collector ran: each has a cause, and backfill knows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from collectors.scheduler import MISSED_MOST, BusPlan, first_done
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.timegrid import slot_start, slots
from storage.coverage import CoverageLedger, newest_slots
from storage.database import connect

LOOK_BACK: Final = timedelta(days=40)
"""A meter that was not read for longer begins anew."""


def note_missed(database_url: str, plans: Sequence[BusPlan], now: datetime) -> int:
    """Write what nobody asked for before ``now`` since the ledger's newest lines; return how many slots.

    It may be written later than ``now``, the start of a collector: newer lines change nothing.

    Raises:
        StorageError: If the database is away.
    """
    meters = [target.meter for plan in plans for target in plan.targets]
    with connect(database_url) as connection:
        newest = newest_slots(connection, meters, since=now - LOOK_BACK, until=now)
        entries = list(missed(plans, newest, now))
        CoverageLedger(connection).record(entries)
    return len(entries)


def missed(
    plans: Sequence[BusPlan], newest: Mapping[tuple[MeterId, Group], datetime], now: datetime
) -> Iterator[CoverageEntry]:
    """Yield the slots after the newest known one of each meter and group that will not be read any more."""
    for target in (target for plan in plans for target in plan.targets):
        for schedule in target.schedules:
            group, period = Group(schedule.group), timedelta(seconds=schedule.every_s)
            last = newest.get((target.meter, group))
            if last is None:
                continue
            done = first_done(now, schedule.every_s)
            begin = max(slot_start(last, schedule.every_s) + period, done - (MISSED_MOST - 1) * period)
            for slot_at in slots(begin, done + period, schedule.every_s):
                yield CoverageEntry(
                    meter=target.meter,
                    group=group,
                    slot_at=slot_at,
                    status=CoverageStatus.MISSING,
                    cause=Cause.NOT_ASKED,
                    attempts=0,
                )
