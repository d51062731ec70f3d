"""Checks one suspension for the customer's sheet: its maximum with time, its energy, and how it was kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from analysis.suspension_check import Outcome, SuspensionCheck, outcome_of
from detectors.stretches import slot_end
from detectors.thresholds import at_point
from detectors.usage.service_point_load import service_point_load
from detectors.usage.suspended_load import SuspendedLoad, slots_of
from detectors.usage.suspension_findings import Debounce, findings
from detectors.usage.suspension_terms import load_limit
from pipeline.block import MeterMatrix
from pipeline.contracts import Suspension
from pipeline.model import Verdict
from pipeline.registry import Registry, Role
from pipeline.timegrid import from_numpy


def check_suspension(
    window: MeterMatrix, registry: Registry, suspension: Suspension, now: datetime
) -> SuspensionCheck:
    """Return what a window shows of a suspension, judged as :class:`SuspendedLoad` judges it.

    One without load of which the window holds only a part is not told to be kept. One that lasts is looked at
    as far as the window reaches.
    """
    rule = at_point(SuspendedLoad(), registry, suspension.service_point, suspension.starts_at)
    limit = load_limit(suspension, floor_kw=rule.floor_kw, partial_factor=rule.partial_factor)
    slots = slots_of(window, suspension)
    if not any(stay.role is Role.MAIN for stay in registry.installations_of(suspension.service_point)):
        return SuspensionCheck(
            suspension=suspension, outcome=Outcome.NO_METER, limit=limit.kw, unit=limit.unit
        )
    if slots.stop <= slots.start:
        return SuspensionCheck(
            suspension=suspension, outcome=Outcome.NOT_BEGUN, limit=limit.kw, unit=limit.unit
        )
    load = service_point_load(window, registry, suspension.service_point, slots)
    if load is None:
        return SuspensionCheck(
            suspension=suspension, outcome=Outcome.UNKNOWN, limit=limit.kw, unit=limit.unit
        )
    zone = registry.zone_of(suspension.service_point)
    debounce = Debounce(trigger_slots=int(rule.trigger_slots), late_slots=int(rule.late_slots))
    found = findings(load, suspension, limit, zone, debounce)
    above = np.flatnonzero(found.above)
    first_above = from_numpy(load.starts_at[int(above[0])]) if len(above) else None
    known = found.judged & load.actual & np.isfinite(load.kwh)
    top = int(np.where(known, load.kwh, -np.inf).argmax()) if known.any() else None
    inside = found.inside & np.isfinite(load.kwh)
    verdicts = [day.verdict for day in found.days]
    uncovered = _uncovered(window, suspension, now)
    outcome = outcome_of(suspension, verdicts, first_above)
    return SuspensionCheck(
        suspension=suspension,
        outcome=Outcome.UNKNOWN if outcome is Outcome.KEPT and uncovered else outcome,
        limit=limit.kw,
        unit=limit.unit,
        max_kw=None if top is None else float(load.kw[top]),
        max_at=None if top is None else from_numpy(load.starts_at[top]),
        kwh=float(load.kwh[inside].sum()) if inside.any() else None,
        first_above=first_above,
        days_above=verdicts.count(Verdict.ABNORMAL),
        days_unknown=verdicts.count(Verdict.UNKNOWN),
        days=len(verdicts),
        uncovered=uncovered,
    )


def _uncovered(window: MeterMatrix, suspension: Suspension, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return the parts of a suspension before and after the window, of a slot at least."""
    begins = from_numpy(window.starts_at[0])
    ends = slot_end(window.starts_at, len(window.starts_at) - 1, window.minutes)
    passed = ends if suspension.ends_at is None else min(suspension.ends_at, now)
    parts = ((suspension.starts_at, min(begins, passed)), (max(ends, suspension.starts_at), passed))
    slot = timedelta(minutes=window.minutes)
    return [(since, until) for since, until in parts if until - since >= slot]
