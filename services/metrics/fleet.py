"""The fleet as samples: asked of the database at most once in a few seconds, however often it is fetched."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from psycopg_pool import PoolTimeout

from pipeline.errors import SchemaMissingError, StorageError
from pipeline.model import Severity
from services.metrics.alarms import alarm_samples
from services.metrics.catalogue import DATABASE_UP
from services.metrics.exposition import Sample, bounded
from storage import fleet_figures as figures
from storage.database import Connection
from storage.fleet_figures import FreshnessFigures, ReadFigures
from storage.migrate import status

KEPT_S: Final = 10.0
PUSHING: Final = "(push)"
NOWHERE: Final = "(none)"


class FleetMetrics:
    """Asks and remembers; while one request asks the others wait for its answer."""

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        now: Callable[[], datetime],
        *,
        kept_s: float = KEPT_S,
    ) -> None:
        """Take where connections come from and what the time is."""
        self._connect = connect
        self._now = now
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._samples: Sequence[Sample] = ()

    def samples(self) -> Sequence[Sample]:
        """Return the figures, at most a few seconds old; a database that is away is one of them."""
        with self._lock:
            if time.monotonic() - self._asked_at > self._kept_s:
                self._samples = self._ask()
                self._asked_at = time.monotonic()
            return self._samples

    def _ask(self) -> Sequence[Sample]:
        began = time.monotonic()
        found: list[Sample] = []
        try:
            with self._connect() as connection:
                found.extend(fleet_samples(connection, self._now()))
        except SchemaMissingError:
            return found
        except (StorageError, PoolTimeout):
            return [Sample(DATABASE_UP.name, 0.0)]
        return [*found, Sample("kilowatch_figures_seconds", time.monotonic() - began)]


def fleet_samples(connection: Connection, now: datetime) -> Iterator[Sample]:
    """Ask and yield everything.

    Raises:
        StorageError: If the database is away, or has no schema.
    """
    yield Sample(DATABASE_UP.name, 1.0)
    schema = status(connection)
    yield Sample("kilowatch_schema_version", schema.version)
    yield Sample("kilowatch_migrations_pending", len(schema.pending))
    totals = figures.totals(connection, now)
    yield Sample("kilowatch_database_size_bytes", totals.size_bytes)
    yield Sample("kilowatch_installed_meters", totals.installed_meters)
    yield Sample("kilowatch_waiting_read_requests", totals.waiting_requests)
    yield Sample("kilowatch_leased_buses", totals.leased_buses)
    latest = figures.latest_reads(connection, now)
    yield from read_samples(latest.reads)
    yield from freshness_samples(latest.freshness)
    for count in latest.missing:
        yield Sample("kilowatch_missing_reads", count.number, (count.kind,))
    for kind in figures.open_episodes(connection, now):
        labels = (kind.detector, Severity(kind.severity).name.lower(), kind.verdict)
        yield Sample("kilowatch_open_episodes", kind.number, labels)
    for count in figures.unmatched_by_reason(connection, now):
        yield Sample("kilowatch_unmatched_messages", count.number, (count.kind,))
    yield from alarm_samples(connection, now)


def read_samples(reads: Sequence[ReadFigures]) -> Iterator[Sample]:
    """Yield success rates by group, bus and area, and ages; nothing due has no rate, which is not 0 %."""
    yield from _rates("kilowatch_group_success_ratio", reads, lambda read: read.quantity_group)
    yield from _rates("kilowatch_bus_success_ratio", reads, lambda read: read.bus or PUSHING)
    yield from _rates("kilowatch_area_success_ratio", reads, lambda read: read.area or NOWHERE)
    yield from _newest("kilowatch_bus_newest_age_seconds", reads, lambda read: read.bus or PUSHING)
    yield from _newest("kilowatch_area_newest_age_seconds", reads, lambda read: read.area or NOWHERE)
    meters: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    for read in reads:
        if not read.due:
            continue
        meters[read.quantity_group] += read.meters
        silent[read.quantity_group] += read.silent
    for group, number in meters.items():
        yield Sample("kilowatch_group_meters", number, (group,))
        yield Sample("kilowatch_group_silent_meters", silent[group], (group,))


def freshness_samples(freshness: Sequence[FreshnessFigures]) -> Iterator[Sample]:
    """Yield ages; where nothing came at all there is none."""
    for group in freshness:
        yield Sample("kilowatch_group_period_seconds", group.period_s, (group.quantity_group,))
        for name, age_s in (("newest", group.newest_age_s), ("median", group.median_age_s)):
            if age_s is not None:
                yield Sample(f"kilowatch_group_{name}_age_seconds", age_s, (group.quantity_group,))


def _rates(name: str, reads: Sequence[ReadFigures], key: Callable[[ReadFigures], str]) -> Iterator[Sample]:
    label = bounded([*{key(read) for read in reads}])
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for read in reads:
        counted = sums[label(key(read))]
        counted[0] += read.arrived
        counted[1] += read.due
    for value, (arrived, due) in sums.items():
        if due:
            yield Sample(name, arrived / due, (value,))


def _newest(name: str, reads: Sequence[ReadFigures], key: Callable[[ReadFigures], str]) -> Iterator[Sample]:
    label = bounded([*{key(read) for read in reads}])
    ages: dict[str, float] = {}
    for read in reads:
        if read.newest_age_s is not None:
            value = label(key(read))
            ages[value] = min(read.newest_age_s, ages.get(value, math.inf))
    for value, age_s in ages.items():
        yield Sample(name, age_s, (value,))
