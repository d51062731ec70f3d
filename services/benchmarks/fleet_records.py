"""What the meters of the benchmark's fleet told one by one: events, single readings, parameters, reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np

from detectors.catalogue import Needs
from detectors.suppression import OUTAGE
from pipeline.block import MeterMatrix
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Group, Quantity
from pipeline.records import BilledPrice, EventRecord, ParameterReading, Records, TimedValues
from pipeline.timegrid import from_numpy
from services.benchmarks.fleet_months import STOPPED_EVERY, FleetMonths

PARAMETERS: Final = {
    "voltage_loss_trigger": 171.6,
    "voltage_loss_restore": 187.0,
    "voltage_loss_current": 0.025,
    "pt_ratio": 1.0,
    "programming_count": 3.0,
    "zone_table": 17.0,
}
"""As meters hold them, the first and the last time that each was read."""
LOST_EVERY: Final = 50
"""One read in so many was not answered."""
CLOCK_S: Final = 0.3
"""How far clocks are off, as a standard deviation."""


def told(fleet: FleetMonths, needs: Needs, suppressed_by: Sequence[str]) -> Records:
    """Return the records that a detector names, or that suppress it."""
    begin = from_numpy(fleet.starts_at[0])
    wants_events = needs.events or OUTAGE in suppressed_by
    return Records(
        events=list(_events(fleet.meters, begin)) if wants_events else (),
        readings=_readings(fleet, needs.readings),
        parameters=list(_parameters(fleet.meters, begin)) if needs.parameters else (),
        outcomes=list(_outcomes(fleet, begin)) if needs.outcomes else (),
        bills=list(_bills(fleet.meters, begin.year)) if needs.bills else (),
    )


def each_once(window: MeterMatrix) -> int:
    """Look at every record once: the least that anybody does who judges them. Return how many there are."""
    records = window.records
    one_by_one: Sequence[Sequence[EventRecord | ParameterReading | CoverageEntry]] = (
        records.events,
        records.parameters,
        records.outcomes,
    )
    count = sum(sum(entry.meter is not None for entry in entries) for entries in one_by_one)
    count += sum(bill.price is not None for bill in records.bills)
    for series in records.readings.values():
        count += sum(meter is not None for meter in series.meters)
    return count


def _events(meters: Sequence[MeterId], begin: datetime) -> Iterator[EventRecord]:
    """Yield a short outage a meter, and a cover that was open where somebody was to work."""
    for place, meter in enumerate(meters):
        down = begin + timedelta(days=10, minutes=place)
        up = down + timedelta(minutes=2)
        yield EventRecord(
            meter=meter,
            event=MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=down, ends_at=up),
        )
        if place % STOPPED_EVERY == 0:
            at = begin + timedelta(days=3, hours=2)
            closed = at + timedelta(hours=1)
            kind = EventKind.TERMINAL_COVER_OPEN
            yield EventRecord(
                meter=meter, event=MeterEvent(kind=kind, number=1, starts_at=at, ends_at=closed)
            )


def _readings(fleet: FleetMonths, wanted: Sequence[Quantity]) -> Mapping[Quantity, TimedValues]:
    """Return a reading a day, five minutes after local midnight: clock offset, demand so far this month."""
    per_day = 24 * 60 // 15
    days = len(fleet.starts_at) // per_day
    ends = fleet.starts_at[::per_day][1:days] + np.timedelta64(5, "m")
    mean_kw = fleet.kw.sum(axis=0)[:, : days * per_day] / fleet.ratio[:, None]
    most = np.maximum.accumulate(mean_kw, axis=1)[:, per_day - 1 :: per_day][:, : days - 1]
    reached = np.array(
        [np.searchsorted(np.maximum.accumulate(row), found) for row, found in zip(mean_kw, most, strict=True)]
    )
    at_s = (fleet.starts_at[reached] + np.timedelta64(15, "m")).astype("datetime64[s]").astype(np.float64)
    values = {
        Quantity.CLOCK_OFFSET: np.random.default_rng(2).normal(0.0, CLOCK_S, most.shape),
        Quantity.MAX_DEMAND_IMPORT: np.round(most, 4),
        Quantity.MAX_DEMAND_IMPORT_AT: at_s,
    }
    meters = [meter for meter in fleet.meters for _ in range(most.shape[1])]
    taken_at = np.tile(ends, len(fleet.meters))
    return {q: TimedValues(meters=meters, taken_at=taken_at, values=values[q].ravel()) for q in wanted}


def _parameters(meters: Sequence[MeterId], begin: datetime) -> Iterator[ParameterReading]:
    for meter in meters:
        for name, value in PARAMETERS.items():
            for day in (1, 29):
                at = begin + timedelta(days=day)
                yield ParameterReading(meter=meter, name=name, taken_at=at, value=value)


def _bills(meters: Sequence[MeterId], year: int) -> Iterator[BilledPrice]:
    """Yield the bills of a year: prices of the customers apart by some percent."""
    random = np.random.default_rng(3)
    for meter in meters:
        for month in range(1, 13):
            kwh, basic = Decimal(round(random.uniform(2e3, 4e3))), round(random.uniform(200, 300))
            yield BilledPrice(
                service_point=str(meter),
                month=f"{year}-{month:02d}",
                starts_at=datetime(year, month, 1, tzinfo=UTC),
                ends_at=datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC),
                kwh=kwh,
                price=Decimal("0.6") + basic / kwh,
                shares={"flat": Fraction(1)},
                prices={"flat": Fraction(3, 5)},
                basic=Fraction(basic),
            )


def _outcomes(fleet: FleetMonths, begin: datetime) -> Iterator[CoverageEntry]:
    """Yield the line of the ledger of every hour."""
    hours = [begin + timedelta(hours=hour) for hour in range(len(fleet.starts_at) // 4)]
    group = Group.ELECTRICAL
    for place, meter in enumerate(fleet.meters):
        for number, at in enumerate(hours, start=place * 7):
            lost = number % LOST_EVERY == 0
            status, cause = (CoverageStatus.MISSING, Cause.NO_ANSWER) if lost else (CoverageStatus.GOT, None)
            yield CoverageEntry(meter=meter, group=group, slot_at=at, status=status, cause=cause)
