"""Validates and estimates the intervals in the database, and tells which bills late readings change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.bills import TouchedBill, touched_bills
from pipeline.model import EVERYTHING
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy, slot_start
from pipeline.validation import Validated, rules_for, validate
from pipeline.validation_days import first_judged
from pipeline.vee_limits import LIMITS
from pipeline.vee_window import Finding, VeeWindow
from services.derive import MINUTES, batches
from services.recent_finals import Batch, RecentFinals
from services.settings import Settings, load_settings
from services.vee_windows import vee_windows
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.events import power_downs
from storage.finals import FinalChanges, given_out
from storage.intervals import interval_series
from storage.meter_parameters import parameter_readings
from storage.registry import load_registry
from storage.vee_findings import Judged, save_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentVee:
    """What one run over the database found and changed."""

    findings: Sequence[Finding]
    changed: int
    """Final intervals that are new or another version."""
    bills: Sequence[TouchedBill]


def vee_recent(days: int, settings: Settings | None = None, now: datetime | None = None) -> RecentVee:
    """Validate the last ``days`` days, store findings and what stands in for what is missing.

    What a person edited is left as it is, and so is what is final for good as long as its raw interval is. A
    gap is filled by the runs in whose days it begins, with the days before them as history: give it more days
    than gaps are long. Run it after the intervals were derived; running it again changes nothing, nor does a
    run on a later day once the days of asking are over and no raw interval has changed.
    """
    settings = settings or load_settings()
    until = slot_start(now or utc_now(), MINUTES * 60)
    primary = primary_profiles(settings)
    findings: list[Finding] = []
    bills: list[TouchedBill] = []
    changed = 0
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        for meters in batches(registry):
            batch = Batch(
                meters=[meter.id for meter in meters],
                since=until - timedelta(days=days),
                until=until,
                primary=primary,
            )
            for found, changes in _batch(connection, registry, batch):
                findings += found
                changed += len(changes)
                bills += _changed_bills(registry, changes)
    return RecentVee(findings=findings, changed=changed, bills=bills)


def as_table(bills: Sequence[TouchedBill]) -> list[dict[str, object]]:
    """Return the bills as rows for people."""
    return [asdict(bill) for bill in bills]


def _changed_bills(registry: Registry, changes: FinalChanges) -> list[TouchedBill]:
    """Return the bills of which something was given out before: a first estimate changes none."""
    known = np.flatnonzero(np.isfinite(changes.before)).tolist()
    return touched_bills(
        registry,
        [changes.meters[row] for row in known],
        changes.starts_at[known],
        changes.before[known],
        changes.after[known],
        changes.energy,
    )


def _batch(
    connection: Connection, registry: Registry, batch: Batch
) -> Iterator[tuple[Sequence[Finding], FinalChanges]]:
    """Yield what was found and changed of some meters, one energy after the other."""
    raw = interval_series(
        connection,
        scope=EVERYTHING,
        starts_at=batch.since,
        ends_at=batch.until,
        minutes=MINUTES,
        meters=batch.meters,
    )
    earlier = given_out(connection, raw, starts_at=batch.since, ends_at=batch.until, minutes=MINUTES)
    downs = power_downs(
        connection, scope=EVERYTHING, starts_at=batch.since, ends_at=batch.until, meters=batch.meters
    )
    held = parameter_readings(connection, scope=EVERYTHING, ends_at=batch.until, meters=batch.meters)
    windows = vee_windows(
        registry, raw, MINUTES, batch.primary, finals=earlier, power_downs=downs, parameters=held
    )
    finals = RecentFinals(connection, registry, batch)
    for window in windows:
        validated = validate(window)
        save_findings(connection, _judged(window, validated), validated.findings, now=batch.until)
        yield validated.findings, finals.of_the_whole(window)
    for changes in finals.of_gaps():
        yield (), changes


def _judged(window: VeeWindow, validated: Validated) -> Judged:
    starts_at = from_numpy(window.starts_at[0])
    ends_at = from_numpy(window.starts_at[-1]) + timedelta(minutes=window.minutes)
    looking_back = first_judged(window, LIMITS)
    later = ends_at if looking_back is None else from_numpy(window.starts_at[looking_back])
    return Judged(
        meters=window.meters,
        energy=window.energy,
        starts_at=starts_at,
        ends_at=ends_at,
        minutes=window.minutes,
        rules={
            rule.name: later if rule.looks_back else starts_at
            for rule in rules_for(window)
            if rule.name not in validated.unchecked
        },
    )
