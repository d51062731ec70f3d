"""Backfill (补抄): fetches what the database misses out of the meters' own memories."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collectors.scheduler import BusPlan
from collectors.targets import MeterBackfill
from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.model import EVERYTHING, MeterId, Origin, Snapshot
from pipeline.quantities import Group
from protocols.profile import Profile
from services.bus_reading import BusReading, Station
from services.store import Entry
from storage.coverage import mark_not_stored
from storage.database import connect
from storage.gaps import Span, load_record_gaps

CHUNK = timedelta(days=5)
"""One request round: what is fetched is stored after each, so that a kill costs little."""
EMPTY_MOST = 2
"""A meter that holds nothing for so many long pieces in a row is not asked for older ones."""
HOLE_MOST = timedelta(days=1)
"""A shorter piece that a meter holds nothing for may be a power cut: it does not mark its memory's end."""
ROUNDS = 3
"""What a bad line has cost is asked for again, this many times in all."""
SETTLED_AFTER = timedelta(hours=1)
"""A meter has written its record of an instant by then; what it does not hold is not stored."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


async def backfill(plan: BusPlan, since: datetime, until: datetime, station: Station) -> BusReading:
    """Fetch what the database misses of ``[since, until)`` and the meters of a bus hold."""
    total = BusReading(bus=plan.owner.bus.id)
    failed: Collection[MeterId] = ()
    failures = 0
    for _ in range(ROUNDS):
        await station.store.drain()
        profiles = {target.meter: station.profiles[target.meter] for target in plan.targets}
        gaps = await asyncio.to_thread(_gaps, station.database_url, profiles, since, until)
        reading, failed = await _fetch(plan, gaps, station)
        total, failures = total + reading, reading.failures
        if not failures:
            break
    await station.store.drain()
    told = [target.meter for target in plan.targets if target.meter not in failed]
    await asyncio.to_thread(_not_stored, station.database_url, told, since, until - SETTLED_AFTER)
    return replace(total, failures=failures)


async def _fetch(
    plan: BusPlan, gaps: Mapping[MeterId, Sequence[Span]], station: Station
) -> tuple[BusReading, set[MeterId]]:
    """Ask each meter in turn for its newest gap, then for the next older ...: all fill up side by side.

    Returns what came, and the meters that did not answer everything.
    """
    failed: set[MeterId] = set()
    total = BusReading(bus=plan.owner.bus.id)
    empty: Counter[MeterId] = Counter()
    longest = max((len(spans) for spans in gaps.values()), default=0)
    for place in range(longest):
        for target in plan.targets:
            spans = gaps.get(target.meter, ())
            if place >= len(spans) or empty[target.meter] >= EMPTY_MOST:
                continue
            fetched = await plan.owner.backfill_meter(target, *spans[place])
            if fetched.snapshots:
                empty[target.meter] = 0
            elif fetched.cause is None and _length(spans[place]) >= HOLE_MOST:
                empty[target.meter] += 1
            if fetched.cause is not None:
                failed.add(target.meter)
            await station.store.put(Entry(snapshots=fetched.snapshots, coverage=_lines(fetched)))
            total += BusReading(
                bus=plan.owner.bus.id,
                records=len(fetched.snapshots),
                failures=int(fetched.cause is not None),
            )
    return total, failed


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
    begins = {meter: max(since, _memory_begins(profile, until)) for meter, profile in keeping.items()}
    with connect(database_url) as connection:
        gaps = load_record_gaps(
            connection,
            scope=EVERYTHING,
            starts_at=min(begins.values()),
            ends_at=until,
            minutes={meter: profile.load_record_minutes or 0 for meter, profile in keeping.items()},
        )
    return {meter: chunks(_since(begins[meter], spans)) for meter, spans in gaps.items()}


def _not_stored(database_url: str, meters: Sequence[MeterId], since: datetime, until: datetime) -> None:
    with connect(database_url) as connection:
        mark_not_stored(connection, meters, starts_at=since, ends_at=until)


def _memory_begins(profile: Profile, until: datetime) -> datetime:
    """Return how far back a meter of this model can be asked; without limit where that is not known."""
    return until - timedelta(days=profile.load_record_days) if profile.load_record_days else _LONG_AGO


def _since(begin: datetime, spans: Sequence[Span]) -> list[Span]:
    return [(max(begin, starts_at), ends_at) for starts_at, ends_at in spans if ends_at > begin]


def _length(span: Span) -> timedelta:
    return span[1] - span[0]


def chunks(spans: Sequence[Span]) -> list[Span]:
    """Cut spans into pieces of at most ``CHUNK``, the newest first: what is newest is wanted most."""
    pieces: list[Span] = []
    for starts_at, ends_at in reversed(spans):
        at = ends_at
        while at > starts_at:
            pieces.append((max(starts_at, at - CHUNK), at))
            at -= CHUNK
    return pieces
