"""Validates and estimates the intervals in the database, and tells which bills late readings change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.bills import TouchedBill, touched_bills
from pipeline.model import EVERYTHING
from pipeline.registry import Meter, Registry
from pipeline.timegrid import from_numpy, slot_start, to_numpy
from pipeline.validation import Validated, rules_for, validate
from pipeline.validation_days import first_judged
from pipeline.vee import finalise
from pipeline.vee_limits import LIMITS
from pipeline.vee_window import Finding, VeeWindow
from services.derive import MINUTES, batches
from services.settings import Settings, load_settings
from services.vee import final_columns
from services.vee_windows import vee_windows
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.events import power_downs
from storage.finals import FinalChanges, given_out, save_finals
from storage.intervals import IntervalColumns, interval_series
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

    What a person edited is left as it is. Run it after the intervals were derived; running it again changes
    nothing.
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
            span = until - timedelta(days=days), until
            for found, changes in _batch(connection, registry, meters, span, primary):
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
    connection: Connection,
    registry: Registry,
    meters: Sequence[Meter],
    span: tuple[datetime, datetime],
    primary: frozenset[str],
) -> Iterator[tuple[Sequence[Finding], FinalChanges]]:
    """Yield what was found and changed in each window of some meters."""
    raw = interval_series(
        connection,
        scope=EVERYTHING,
        starts_at=span[0],
        ends_at=span[1],
        minutes=MINUTES,
        meters=[meter.id for meter in meters],
    )
    earlier = given_out(connection, raw, starts_at=span[0], ends_at=span[1], minutes=MINUTES)
    downs = power_downs(
        connection,
        scope=EVERYTHING,
        starts_at=span[0],
        ends_at=span[1],
        meters=[meter.id for meter in meters],
    )
    held = parameter_readings(
        connection, scope=EVERYTHING, ends_at=span[1], meters=[meter.id for meter in meters]
    )
    windows = vee_windows(registry, raw, MINUTES, primary, finals=earlier, power_downs=downs, parameters=held)
    for window in windows:
        validated = validate(window)
        save_findings(connection, _judged(window, validated), validated.findings, now=span[1])
        yield validated.findings, _save(connection, window, raw, span[1])


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


def _save(connection: Connection, window: VeeWindow, raw: IntervalColumns, made_at: datetime) -> FinalChanges:
    """Store the final intervals of slots that have a raw one: what nobody derived yet is not final either."""
    until = to_numpy(made_at) - np.timedelta64(LIMITS.final_after_days, "D")
    finals = final_columns(window, finalise(window, final_before=until))
    versions = np.zeros(len(raw), dtype=np.int16) if raw.versions is None else raw.versions
    version_of = dict(
        zip(zip(raw.meters, raw.starts_at.tolist(), strict=True), versions.tolist(), strict=True)
    )
    keys = list(zip(finals.meters, finals.starts_at.tolist(), strict=True))
    kept = [place for place, key in enumerate(keys) if key in version_of]
    raw_versions = np.array([version_of[keys[place]] for place in kept], dtype=np.int16)
    return save_finals(connection, finals.take(kept), raw_versions, made_at=made_at)
