"""Backfill (补抄): fetches what the database misses out of the meters' own memories."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.scheduler import BusPlan
from collectors.targets import MeterBackfill
from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.model import EVERYTHING, MeterId, Origin, Snapshot
from pipeline.quantities import Group
from protocols.profile import Profile
from services.bus_reading import BusReading, Station
from services.store import Entry
from storage.database import connect
from storage.gaps import Span, load_record_gaps

CHUNK = timedelta(days=5)
"""One request round: what is fetched is stored after each, so that a kill costs little."""
EMPTY_MOST = 2
"""A meter that holds nothing for so many pieces in a row is not asked for older ones."""
ROUNDS = 3
"""What a bad line has cost is asked for again, this many times in all."""


async def backfill(plan: BusPlan, since: datetime, until: datetime, station: Station) -> BusReading:
    """Fetch what the database misses of ``[since, until)`` and the meters of a bus hold."""
    total = BusReading(bus=plan.owner.bus.id)
    failures = 0
    for _ in range(ROUNDS):
        await station.store.drain()
        profiles = {target.meter: station.profiles[target.meter] for target in plan.targets}
        gaps = await asyncio.to_thread(_gaps, station.database_url, profiles, since, until)
        reading = await _fetch(plan, gaps, station)
        total, failures = total + reading, reading.failures
        if not failures:
            break
    return replace(total, failures=failures)


async def _fetch(plan: BusPlan, gaps: Mapping[MeterId, Sequence[Span]], station: Station) -> BusReading:
    """Ask each meter in turn for its newest gap, then for the next older ...: all fill up side by side."""
    total = BusReading(bus=plan.owner.bus.id)
    empty: Counter[MeterId] = Counter()
    longest = max((len(spans) for spans in gaps.values()), default=0)
    for place in range(longest):
        for target in plan.targets:
            spans = gaps.get(target.meter, ())
            if place >= len(spans) or empty[target.meter] >= EMPTY_MOST:
                continue
            fetched = await plan.owner.backfill_meter(target, *spans[place])
            nothing = not fetched.snapshots and fetched.cause is None
            empty[target.meter] = empty[target.meter] + 1 if nothing else 0
            await station.store.put(Entry(snapshots=fetched.snapshots, coverage=_lines(fetched)))
            total += BusReading(
                bus=plan.owner.bus.id,
                records=len(fetched.snapshots),
                failures=int(fetched.cause is not None),
            )
    return total


def _lines(fetched: MeterBackfill) -> list[CoverageEntry]:
    """A load record answers a scheduled instant that was missed; other instants were never due."""
    records = [s for s in fetched.snapshots if s.origin is Origin.LOAD_RECORD]
    return [line for record in records for line in _lines_of(record)]


def _lines_of(record: Snapshot) -> list[CoverageEntry]:
    groups = {quantity.group for quantity in record.values} & {Group.REGISTER, Group.ELECTRICAL}
    return [
        CoverageEntry(
            meter=record.meter, group=group, slot_at=record.taken_at, status=CoverageStatus.BACKFILLED
        )
        for group in sorted(groups)
    ]


def _gaps(
    database_url: str, profiles: Mapping[MeterId, Profile], since: datetime, until: datetime
) -> dict[MeterId, list[Span]]:
    """Return the gaps in ``[since, until)`` of the meters that keep load records, in chunks."""
    keeping = {meter: profile for meter, profile in profiles.items() if profile.load_record_minutes}
    if not keeping:
        return {}
    held = timedelta(days=min(profile.load_record_days for profile in keeping.values()))
    with connect(database_url) as connection:
        gaps = load_record_gaps(
            connection,
            scope=EVERYTHING,
            starts_at=max(since, until - held),
            ends_at=until,
            minutes={meter: profile.load_record_minutes or 0 for meter, profile in keeping.items()},
        )
    return {meter: chunks(spans) for meter, spans in gaps.items()}


def chunks(spans: Sequence[Span]) -> list[Span]:
    """Cut spans into pieces of at most ``CHUNK``, the newest first: what is newest is wanted most."""
    pieces: list[Span] = []
    for starts_at, ends_at in reversed(spans):
        at = ends_at
        while at > starts_at:
            pieces.append((max(starts_at, at - CHUNK), at))
            at -= CHUNK
    return pieces
