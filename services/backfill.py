"""Backfill (补抄): fetches what the database misses out of the meters' own memories."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.scheduler import BusPlan
from collectors.targets import MeterBackfill, Target
from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.frames import RawMessage
from pipeline.model import EVERYTHING, MeterId, Origin, Quality, Snapshot
from pipeline.quantities import Group, Quantity
from protocols.profile import Profile
from protocols.session import Remembers
from services.bus_reading import BusReading, Station
from services.clock_reading import read_clock
from services.memory_gaps import memory_gaps
from services.store import Entry
from storage.coverage import mark_misplaced, mark_not_stored
from storage.database import connect
from storage.gaps import Span
from storage.readings import latest_values

EMPTY_MOST = 2
"""A meter that holds nothing for so many long pieces in a row is not asked for older ones."""
HOLE_MOST = timedelta(days=1)
"""A shorter piece that a meter holds nothing for may be a power cut: it does not mark its memory's end."""
ROUNDS = 3
"""What a bad line has cost is asked for again, this many times in all."""
SETTLED_AFTER = timedelta(hours=1)
"""A meter has written its record of an instant by then; what it does not hold is not stored."""
CLOCK_KNOWN_FOR = timedelta(days=7)
"""An offset that was measured longer ago says nothing of the clock today."""


async def backfill(plan: BusPlan, since: datetime, until: datetime, station: Station) -> BusReading:
    """Fetch what the database misses of ``[since, until)`` and the meters of a bus hold."""
    total = BusReading(bus=plan.owner.bus.id)
    failed: Collection[MeterId] = ()
    failures = 0
    profiles = {target.meter: station.profiles[target.meter] for target in plan.targets}
    wrong = await _wrong_clocks(plan, station, profiles, until)
    for _ in range(ROUNDS):
        await station.store.drain()
        gaps = await asyncio.to_thread(
            memory_gaps, station.database_url, plan.targets, profiles, since, until
        )
        reading, failed = await _fetch(plan, gaps, station, wrong)
        total, failures = total + reading, reading.failures
        if not failures:
            break
    await station.store.drain()
    told = [target.meter for target in plan.targets if target.meter not in failed]
    await asyncio.to_thread(_settle, station.database_url, told, wrong, since, until - SETTLED_AFTER)
    return replace(total, failures=failures)


async def _fetch(
    plan: BusPlan,
    gaps: Mapping[MeterId, Sequence[Span]],
    station: Station,
    wrong_clocks: Collection[MeterId],
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
            await station.store.put(_entry(fetched, is_misplaced=target.meter in wrong_clocks))
            total += BusReading(
                bus=plan.owner.bus.id,
                records=len(fetched.snapshots),
                failures=int(fetched.cause is not None),
            )
    return total, failed


def _entry(fetched: MeterBackfill, *, is_misplaced: bool) -> Entry:
    """Return what to store; records by a wrong clock are flagged and answer no slot."""
    raw = _raw(fetched)
    if not is_misplaced:
        return Entry(snapshots=fetched.snapshots, coverage=_lines(fetched), raw=raw)
    suspect = [s._replace(quality=s.quality | Quality.CLOCK_SUSPECT) for s in fetched.snapshots]
    return Entry(snapshots=suspect, raw=raw)


def _raw(fetched: MeterBackfill) -> list[RawMessage]:
    """Return the bytes of the answers, under the times by which their readings are found again.

    An answer may hold records that another answer gave as well, or that were stored before: each may tell of
    whatever was fetched.
    """
    if not fetched.snapshots:
        return []
    return [
        RawMessage(
            received_at=received_at,
            tells=(fetched.snapshots[0].taken_at, fetched.snapshots[-1].taken_at),
            source=fetched.bus,
            meters=(fetched.meter,),
            frames=frames,
        )
        for received_at, frames in fetched.frames.items()
    ]


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


async def _wrong_clocks(
    plan: BusPlan, station: Station, profiles: Mapping[MeterId, Profile], until: datetime
) -> frozenset[MeterId]:
    """Return the meters whose load records belong to another slot than the one that they name.

    A clock that is off by more than half a period puts a record nearer to a neighbouring instant. One that
    nobody has read lately is read now.
    """
    half_s = {meter: (profile.load_record_minutes or 0) * 60 / 2 for meter, profile in profiles.items()}
    keeping = [target for target in plan.targets if half_s[target.meter]]
    offsets_s = await asyncio.to_thread(_known_offsets_s, station.database_url, keeping, until)
    for target in keeping:
        if target.meter not in offsets_s and isinstance(target.driver, Remembers):
            offset_s = await read_clock(plan.owner, target, station.store.put)
            offsets_s |= {} if offset_s is None else {target.meter: offset_s}
    return frozenset(meter for meter, offset_s in offsets_s.items() if abs(offset_s) > half_s[meter])


def _known_offsets_s(database_url: str, targets: Sequence[Target], until: datetime) -> dict[MeterId, float]:
    with connect(database_url) as connection:
        known = latest_values(
            connection,
            [Quantity.CLOCK_OFFSET],
            scope=EVERYTHING,
            since=until - CLOCK_KNOWN_FOR,
            meters=[target.meter for target in targets],
        )
    return {clock.meter: clock.value for clock in known if isinstance(clock.value, float)}


def _settle(
    database_url: str,
    told: Sequence[MeterId],
    wrong: Collection[MeterId],
    since: datetime,
    until: datetime,
) -> None:
    """Say of what is still missing why: the meter's clock, or that it holds nothing."""
    with connect(database_url) as connection:
        misplaced = [meter for meter in told if meter in wrong]
        mark_misplaced(connection, misplaced, starts_at=since, ends_at=until)
        right = [meter for meter in told if meter not in wrong]
        mark_not_stored(connection, right, starts_at=since, ends_at=until)


def _length(span: Span) -> timedelta:
    return span[1] - span[0]
