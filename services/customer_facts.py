"""Gathers what the large-customer sheet tells of one customer, from the database or from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analysis.load.summary import LoadSummary, SubjectKind
from analysis.settlement.bill import Bill
from analysis.suspension_check import SuspensionCheck
from detectors.usage.service_point_load import service_point_load
from detectors.usage.suspension_check import check_suspension
from pipeline.block import MeterMatrix
from pipeline.contracts import Suspension
from pipeline.model import Episode, MeterId
from pipeline.quantities import Quantity
from pipeline.records import TimedValues
from pipeline.registry import Registry, Role
from pipeline.timegrid import local_clock, local_month, to_numpy
from reports.customers.facts import CustomerFacts, ForecastFacts, LoadedDay, PointFacts, QualityMonth
from services.load import month_span
from services.load_parts import Part, summaries

SUSPENSIONS_BACK = timedelta(days=396)
"""Thirteen months: a year, and the month itself."""
JUST_ENDED = timedelta(days=31)
"""As long as the next month can be: until then a month is the last one that is over."""
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One customer's part of everything."""

    customer: str
    archive: Registry
    """Of this customer alone."""
    first: date
    """Of the month."""
    now: datetime
    matrix: MeterMatrix
    """The month's slots of all meters, or more."""
    registers: Mapping[Quantity, TimedValues] = field(default_factory=dict)
    suspended: Mapping[str, MeterMatrix] = field(default_factory=dict)
    """The slots of each suspension by its id; one without an entry is looked for in ``matrix``."""
    bills: Mapping[str, Sequence[Bill]] = field(default_factory=dict)
    """By service point, oldest first."""
    quality: Mapping[str, QualityMonth] = field(default_factory=dict)
    forecasts: Mapping[MeterId, ForecastFacts] = field(default_factory=dict)
    episodes: Sequence[Episode] = ()
    primary: frozenset[str] = frozenset()
    from_files: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the customer's first service point."""
        return self.archive.zone_of(self.archive.service_points[0].id)


def facts_of(gathered: Gathered) -> CustomerFacts:
    """Return what the sheet tells."""
    loads = _loads(gathered)
    return CustomerFacts(
        customer=gathered.customer,
        month=f"{gathered.first:%Y-%m}",
        zone=gathered.zone,
        made_at=gathered.now,
        points=[_point(gathered, point.id, loads) for point in gathered.archive.service_points],
        episodes=sorted(gathered.episodes, key=lambda e: (-e.severity, e.starts_at, e.id)),
        from_files=gathered.from_files,
    )


def recent_suspensions(archive: Registry, until: datetime, now: datetime) -> list[Suspension]:
    """Return the suspensions that the sheet tells of: those of the thirteen months before an instant.

    Of a month that has just ended also those that began since: who reads it today asks what is today.
    """
    latest = now if until <= now < until + JUST_ENDED else until
    return [
        each
        for each in archive.suspensions
        if each.starts_at < latest and (each.ends_at is None or each.ends_at > until - SUSPENSIONS_BACK)
    ]


def _point(gathered: Gathered, point: str, loads: Mapping[str, LoadSummary]) -> PointFacts:
    archive = gathered.archive
    begins, ends = local_month(gathered.first.year, gathered.first.month, archive.zone_of(point))
    at = min(ends, max(gathered.now, begins)) - datetime.resolution
    contract = archive.contract_of(point, at)
    tariff = None if contract is None or contract.tariff is None else archive.tariff_of(contract.tariff, at)
    placed = [i for i in archive.installed_at(gathered.now) if i.service_point == point]
    mains = [i.meter for i in placed if i.role is Role.MAIN]
    return PointFacts(
        point=archive.service_point_by_id[point],
        contract=contract,
        tariff=tariff,
        suspensions=[
            _check(gathered, s)
            for s in recent_suspensions(archive, ends, gathered.now)
            if s.service_point == point
        ],
        load=loads.get(point),
        days=_days(gathered, point, (begins, ends)),
        bills=gathered.bills.get(point, ()),
        quality=gathered.quality.get(point),
        forecasts=[
            gathered.forecasts[meter] for meter in dict.fromkeys(mains) if meter in gathered.forecasts
        ],
    )


def _check(gathered: Gathered, suspension: Suspension) -> SuspensionCheck:
    window = gathered.suspended.get(suspension.id, gathered.matrix)
    return check_suspension(window, gathered.archive, suspension, gathered.now)


def _loads(gathered: Gathered) -> dict[str, LoadSummary]:
    if not len(gathered.matrix.meters):
        return {}
    part = Part(
        registry=gathered.archive,
        matrix=gathered.matrix,
        registers=gathered.registers,
        kinds=frozenset({SubjectKind.SERVICE_POINT}),
    )
    span = month_span(gathered.first, gathered.now)
    found = summaries([part], span, gathered.primary)
    return {one.name: one for one in found if one.kind is SubjectKind.SERVICE_POINT}


def _days(gathered: Gathered, point: str, span: tuple[datetime, datetime]) -> list[LoadedDay]:
    """Return lowest, mean and highest load of the month's local days, those without values too."""
    starts_at = gathered.matrix.starts_at
    first, end = (int(np.searchsorted(starts_at, to_numpy(edge))) for edge in span)
    load = (
        service_point_load(gathered.matrix, gathered.archive, point, slice(first, end))
        if end > first
        else None
    )
    if load is None or not np.isfinite(load.kwh).any():
        return []
    numbers, _ = local_clock(load.starts_at, gathered.archive.zone_of(point))
    found = []
    for number in np.unique(numbers):
        kw = load.kw[numbers == number]
        known = kw[np.isfinite(kw)]
        day = _EPOCH + timedelta(days=int(number))
        low, mean, high = (float(f(known)) if len(known) else None for f in (np.min, np.mean, np.max))
        found.append(LoadedDay(day=day, low=low, mean=mean, high=high))
    return found
