"""A collector's own work as samples, out of the sections of its counters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from collectors.counters import BusCounters
from collectors.spool import SpoolCounters
from collectors.subscriber import SubscriberCounters
from services.counters import Counters, drops
from services.landing import LandingCounters
from services.metrics.catalogue import COMMIT
from services.metrics.exposition import Sample, bounded


def collector_samples(owner: str, spool_limit_bytes: int, counters: Counters) -> Iterator[Sample]:
    """Yield everything.

    Args:
        owner: The name of this process in the lease rows.
        spool_limit_bytes: What its spool may hold.
        counters: What it counts.

    Raises:
        StorageError: If the spool cannot be read.
    """
    yield Sample("kilowatch_collector_info", 1.0, (owner,))
    sections = counters.read()
    landing, buses, mqtt = sections.get("landing"), sections.get("buses"), sections.get("mqtt")
    if isinstance(landing, LandingCounters):
        yield from landing_samples(landing, spool_limit_bytes)
    if isinstance(buses, tuple):
        yield from bus_samples(buses)
    if isinstance(mqtt, SubscriberCounters):
        yield from mqtt_samples(mqtt)
    queue = sections.get("queue")
    if isinstance(queue, Mapping):
        yield Sample("kilowatch_queue_entries", queue["waiting"])
        yield Sample("kilowatch_queue_limit_entries", queue["room"])
    for cause, number in drops(sections).items():
        yield Sample("kilowatch_dropped", number, (cause,))


def landing_samples(landing: LandingCounters, spool_limit_bytes: int) -> Iterator[Sample]:
    """Yield what the database and the spool took."""
    for result, rows in asdict(landing.report).items():
        yield Sample("kilowatch_readings", rows, (result,))
    yield Sample(COMMIT.name, landing.commits)
    yield Sample("kilowatch_commits_failed", landing.failed_commits)
    yield Sample("kilowatch_commits_slow", landing.slow_commits)
    if landing.spool is not None:
        yield Sample("kilowatch_spool_behind", landing.behind)
        yield Sample("kilowatch_spool_limit_bytes", spool_limit_bytes)
        yield from _spool_samples(landing.spool)


def _spool_samples(spool: SpoolCounters) -> Iterator[Sample]:
    yield Sample("kilowatch_spool_records", spool.waiting)
    yield Sample("kilowatch_spool_bytes", spool.used_bytes)
    yield Sample("kilowatch_spool_readings", spool.put, ("put",))
    yield Sample("kilowatch_spool_readings", spool.drained, ("drained",))


def bus_samples(buses: Sequence[BusCounters]) -> Iterator[Sample]:
    """Yield what the buses did; those beyond the first two hundred by name are one."""
    label = bounded([bus.bus for bus in buses])
    sums: defaultdict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
    watched_s: defaultdict[str, float] = defaultdict(float)
    for bus in buses:
        watched_s[label(bus.bus)] += bus.watched_s
        for name, value, labels in _of_bus(bus, label(bus.bus)):
            sums[name, labels] += value
    for (name, labels), total in sums.items():
        yield Sample(name, total, labels)
    for told, watched in watched_s.items():
        if watched:
            used = min(1.0, sums["kilowatch_bus_busy_seconds", (told,)] / watched)
            yield Sample("kilowatch_bus_utilisation_ratio", used, (told,))


def _of_bus(bus: BusCounters, told: str) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    yield "kilowatch_bus_owned", bus.owned, (told,)
    yield "kilowatch_bus_busy_seconds", bus.busy_s, (told,)
    yield "kilowatch_exchanges", bus.answered, (told, "answered")
    yield "kilowatch_exchanges", bus.refused, (told, "refused")
    yield "kilowatch_exchanges", bus.exchanges - bus.answered - bus.refused, (told, "unanswered")
    yield "kilowatch_exchange_retries", bus.retries, (told,)
    yield "kilowatch_line_opened", bus.opened, (told,)
    yield "kilowatch_breaker_open_meters", bus.silent, (told,)
    for reason, frames in bus.dropped.items():
        yield "kilowatch_frames_dropped", frames, (reason.value,)


def mqtt_samples(mqtt: SubscriberCounters) -> Iterator[Sample]:
    """Yield what came of the messages."""
    yield Sample("kilowatch_mqtt_connected", mqtt.connected)
    yield Sample("kilowatch_mqtt_lag_seconds", mqtt.lag_s)
    yield Sample("kilowatch_mqtt_waiting_messages", mqtt.waiting)
    for result in ("received", "acknowledged", "superseded", "dropped"):
        yield Sample("kilowatch_mqtt_messages", getattr(mqtt, result), (result,))
    yield Sample("kilowatch_mqtt_connections", mqtt.connections)
    yield Sample("kilowatch_mqtt_failed_batches", mqtt.failed_batches)
