"""Puts a service point's month together from the archive and from what its meters showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.limits import nominal_seen_v
from analysis.power_quality.archive_changes import archive_changes
from analysis.power_quality.point_month import (
    Columns,
    Instrument,
    MeterStatistics,
    PointMonth,
    QualityPoint,
)
from analysis.power_quality.recorded import Recorded, joined
from pipeline.block import Times
from pipeline.event_counts import event_totals
from pipeline.events import EventKind
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.records import NO_RECORDS, Records, TimedValues
from pipeline.registry import Installation, Meter, Registry, Role, Wiring
from pipeline.timegrid import to_numpy

USUAL_PERIODS_S: Final = (
    1,
    2,
    3,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    180,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    14400,
)
NEAR: Final = 0.1
"""A distance between readings within so much of a usual period is that period, jittered."""
HISTORY: Final = timedelta(days=400)
"""So far back the archive's changes are told: a year, and the month before it."""
LEVELS_KV: Final = (0.22, 0.38, 0.66, 1.14, 3.0, 6.0, 10.0, 20.0, 35.0, 66.0, 110.0, 220.0, 330.0, 500.0)
"""Nominal voltages of networks (GB/T 156, to be confirmed)."""
LEVEL_NEAR: Final = 0.12
_SIDES: Final[Mapping[str, tuple[bool, bool]]] = {"V": (False, True), "A": (True, False)}
"""Which ratios stand before a value of a unit: CT, PT."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POWER_UNITS: Final = frozenset({"kW", "kvar", "kVA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one meter showed, in any order; a value that is not to be trusted is NaN already."""

    taken_at: Times
    slot_at: Times
    """The scheduled instant; NaT where there is none, and the reading stands for the instant it was taken."""
    preference: NDArray[np.integer]
    """Of two readings for one instant the one with the smaller number counts."""
    values: Mapping[Quantity, Columns] = field(default_factory=dict)
    """Shape ``(n,)``; spectra ``(n, orders + 1)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of meters, whose ever they are."""

    electrical: Mapping[MeterId, Shown]
    spectra: Mapping[MeterId, Shown]
    told: Records = NO_RECORDS
    """Their events, statistics (single readings) and parameters."""
    recorded: Mapping[str, Sequence[Recorded]] = field(default_factory=dict)
    """What waveforms taken at service points told, oldest first."""
    primary: frozenset[str] = frozenset()
    """Profiles whose values are primary ones already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A local month, and the time up to which readings of it are due."""

    first: date
    starts_at: datetime
    ends_at: datetime
    now: datetime

    @property
    def due_until(self) -> datetime:
        """Where the month ends for now."""
        return min(self.ends_at, max(self.now, self.starts_at))


def main_stays(archive: Registry, service_point: str, month: Month) -> list[Installation]:
    """Return the main meters of a point in the month, oldest first; the id of a lone meter is a point's."""
    hung = archive.installations_of(service_point) or _alone(archive, MeterId(service_point))
    return [
        stay
        for stay in hung
        if stay.role is Role.MAIN
        and (stay.starts_at is None or stay.starts_at < month.ends_at)
        and (stay.ends_at is None or stay.ends_at > month.starts_at)
    ]


def _alone(archive: Registry, meter: MeterId) -> list[Installation]:
    if meter not in archive.meter_by_id:
        return []
    return archive.installations_by_meter.get(meter) or [Installation(meter=meter)]


def point_month(archive: Registry, service_point: str, month: Month, given: Given) -> PointMonth | None:
    """Return what is known of a point's month, on the primary side; None if no main meter hung there.

    Of meters that followed one another those wired as the last one count; the others' time is missing.

    Args:
        archive: As filed: the ratings of meters are those of their plates, on the secondary side.
        service_point: Its id, or that of a meter that stands alone.
        month: Which month, and until when it is known.
        given: What the meters showed and told.
    """
    stays = main_stays(archive, service_point, month)
    if not stays:
        return None
    point = _point(archive, service_point, stays[-1], month)
    same = [s for s in stays if archive.meter_by_id[s.meter].wiring is point.wiring]
    parts = [_Part(archive, stay, month, is_primary=stay.profile in given.primary) for stay in same]
    taken_at, values = _joined([part.of(given.electrical.get(part.stay.meter)) for part in parts])
    spectrum_at, orders = _joined([part.of(given.spectra.get(part.stay.meter)) for part in parts])
    meters = {stay.meter for stay in same}
    events = [
        r.event
        for r in given.told.events
        if r.meter in meters and _touches(r.event.starts_at, r.event.ends_at, month)
    ]
    held = [p for p in given.told.parameters if p.meter == stays[-1].meter]
    return PointMonth(
        point=point,
        month=month.first,
        starts_at=month.starts_at,
        ends_at=month.due_until,
        period_s=usual_period_s(taken_at) or 900.0,
        taken_at=taken_at,
        values=values,
        spectrum_period_s=usual_period_s(spectrum_at),
        spectrum_at=spectrum_at,
        spectra=orders,
        outages=_merged(
            [
                (e.starts_at, e.ends_at)
                for e in events
                if e.kind is EventKind.POWER_DOWN and e.ends_at is not None
            ],
            month,
        ),
        events=events,
        recorded=joined(given.recorded.get(service_point, ())).within(month.starts_at, month.due_until),
        statistics=_statistics(given.told.readings, stays[-1].meter, month, parts[-1].pt),
        parameters={
            p.name: p.value for p in sorted(held, key=lambda p: p.taken_at) if p.taken_at < month.ends_at
        },
        event_counts=event_totals(held, month.starts_at, month.due_until),
        changes=archive_changes(archive, service_point, month.starts_at - HISTORY, month.due_until),
    )


def usual_period_s(taken_at: Times) -> float | None:
    """Return how often something was read: the most frequent distance without jitter; None for one reading.

    Gaps make some distances longer and reads on demand some shorter; neither is the most frequent one.
    """
    steps = np.diff(taken_at) / np.timedelta64(1, "s")
    if not len(steps):
        return None
    usual = np.array(USUAL_PERIODS_S, dtype=np.float64)
    nearest = np.abs(np.log(steps[:, None] / usual)).argmin(axis=1)
    is_near = np.abs(steps / usual[nearest] - 1.0) <= NEAR
    periods, counts = np.unique(np.where(is_near, usual[nearest], np.round(steps)), return_counts=True)
    return float(periods[counts.argmax()])


def level_kv(kv: float) -> float:
    """Return the nominal voltage of the network that a voltage belongs to; itself where it fits none."""
    nearest = min(LEVELS_KV, key=lambda level: abs(kv / level - 1.0))
    return nearest if abs(kv / nearest - 1.0) <= LEVEL_NEAR else kv


@dataclass(frozen=True, slots=True)
class _Part:
    """One meter's stay within the month."""

    archive: Registry
    stay: Installation
    month: Month
    is_primary: bool

    def of(self, shown: Shown | None) -> tuple[Times, dict[Quantity, Columns]]:
        """Return its own readings, in order and once each, on the primary side."""
        if shown is None:
            return np.empty(0, dtype="datetime64[us]"), {}
        begin = max(filter(None, (self.stay.starts_at, self.month.starts_at)))
        end = min(filter(None, (self.stay.ends_at, self.month.due_until)))
        inside = np.flatnonzero((shown.taken_at >= to_numpy(begin)) & (shown.taken_at < to_numpy(end)))
        stands_for = np.where(np.isnat(shown.slot_at), shown.taken_at, shown.slot_at)
        order = inside[np.lexsort((shown.preference[inside], stands_for[inside]))]
        _, first, groups = np.unique(stands_for[order], return_index=True, return_inverse=True)
        times = shown.taken_at[order][first]
        ct, pt = self._ratios(times)
        return times, {
            quantity: _best(column[order], first, groups) * _factor(quantity, ct, pt, column.ndim)
            for quantity, column in shown.values.items()
        }

    def _ratios(self, times: Times) -> tuple[Columns, Columns]:
        ct, pt = np.ones(len(times)), np.ones(len(times))
        if self.is_primary:
            return ct, pt
        known = [r for r in self.archive.ratios if r.meter == self.stay.meter]
        for ratio in sorted(known, key=lambda r: r.starts_at or _LONG_AGO):
            rows = times >= to_numpy(ratio.starts_at or _LONG_AGO)
            if ratio.ends_at is not None:
                rows &= times < to_numpy(ratio.ends_at)
            ct[rows], pt[rows] = ratio.ct, ratio.pt
        return ct, pt

    @property
    def pt(self) -> float:
        """The ratio of what the meter shows at the month's end."""
        return 1.0 if self.is_primary else self.archive.ratio_of(self.stay.meter, self.month.due_until).pt


def _best(column: Columns, first: NDArray[np.intp], groups: NDArray[np.intp]) -> Columns:
    """Return of each instant's readings the first that has a value; what is no number is missing."""
    finite = np.where(np.isfinite(column), column, np.nan)
    best = finite[first]
    if len(first) < len(column):
        known = np.flatnonzero(~np.isnan(finite).reshape(len(column), -1).all(axis=1))[::-1]
        best[groups[known]] = finite[known]
    return best


def _factor(quantity: Quantity, ct: Columns, pt: Columns, ndim: int) -> Columns:
    of_current, of_voltage = _SIDES.get(quantity.unit, (False, False))
    if quantity.unit in _POWER_UNITS:
        of_current = of_voltage = True
    factor = np.where(of_current, ct, 1.0) * np.where(of_voltage, pt, 1.0)
    return factor if ndim == 1 else factor[:, None]


def _joined(parts: Sequence[tuple[Times, dict[Quantity, Columns]]]) -> tuple[Times, dict[Quantity, Columns]]:
    """Return the parts one after the other; what one meter does not show is missing in its part."""
    times = np.concatenate([part[0] for part in parts])
    quantities = dict.fromkeys(q for _, values in parts for q in values)
    found = {}
    for quantity in quantities:
        columns = [(len(own), values.get(quantity)) for own, values in parts]
        shapes = [column.shape[1:] for _, column in columns if column is not None]
        width = max(shapes)
        column = np.full((len(times), *width), np.nan)
        begin = 0
        for length, own in columns:
            if own is not None:
                place = (slice(begin, begin + length), *(slice(size) for size in own.shape[1:]))
                column[place] = own
            begin += length
        if not np.isnan(column).all():
            found[quantity] = column
    rising, order = np.unique(times, return_index=True)
    return rising, {quantity: column[order] for quantity, column in found.items()}


def _point(archive: Registry, service_point: str, stay: Installation, month: Month) -> QualityPoint:
    meter = archive.meter_by_id[stay.meter]
    ratio = archive.ratio_of(meter.id, month.due_until)
    nominal_v = nominal_seen_v(meter, ratio.pt) * ratio.pt
    place = archive.service_point_by_id.get(service_point)
    supply = next((s for s in archive.supplies if s.service_point == service_point), None)
    return QualityPoint(
        service_point=service_point,
        meter=meter.id,
        name=place.name if place else "",
        customer=place.customer if place else "",
        wiring=meter.wiring,
        zone=archive.zone_of(service_point),
        nominal_v=nominal_v,
        nominal_kv=level_kv(_line_voltage_v(meter, nominal_v) / 1000.0),
        ct=ratio.ct,
        pt=ratio.pt,
        rated_current_a=meter.rated_current_a * ratio.ct,
        max_demand_current_a=None if supply is None else supply.demand_current_a,
        supply=supply,
        point_class=None if supply is None else supply.point_class,
        capacitors_mvar=[] if supply is None else [kvar / 1000.0 for kvar in supply.capacitor_steps_kvar],
        agreed_band_percent=None if supply is None else supply.agreed_band_percent,
        instrument=Instrument(**{each.name: getattr(meter, each.name) for each in fields(Instrument)}),
    )


def _line_voltage_v(meter: Meter, nominal_v: float) -> float:
    return nominal_v * sqrt(3.0) if meter.wiring is Wiring.THREE_PHASE_FOUR_WIRE else nominal_v


def _touches(begin: datetime, end: datetime | None, month: Month) -> bool:
    return begin < month.due_until and (end is None or end > month.starts_at)


def _merged(stretches: Sequence[tuple[datetime, datetime]], month: Month) -> list[tuple[datetime, datetime]]:
    """Return the stretches within the month, those that overlap as one."""
    found: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(stretches):
        first, last = max(begin, month.starts_at), min(end, month.due_until)
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        elif first < last:
            found.append((first, last))
    return found


def _statistics(
    readings: Mapping[Quantity, TimedValues], meter: MeterId, month: Month, pt: float
) -> tuple[MeterStatistics, ...]:
    """Return what the meter had counted when it was read last in the month: of each phase, and of all."""

    def last(name: str) -> float | None:
        told = readings.get(Quantity(name))
        if told is None:
            return None
        inside = (told.taken_at >= to_numpy(month.starts_at)) & (told.taken_at < to_numpy(month.due_until))
        rows = [row for row in np.flatnonzero(inside).tolist() if told.meters[row] == meter]
        return float(told.values[rows[-1]]) if rows else None

    def volts(name: str) -> float | None:
        value = last(name)
        return None if value is None else value * pt

    def instant(name: str) -> datetime | None:
        seconds = last(name)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def counted(phase: str) -> MeterStatistics:
        part = f"_{phase.lower()}" if phase else ""
        return MeterStatistics(
            phase=phase,
            minutes_monitored=last(f"voltage_minutes_monitored{part}"),
            minutes_over=last(f"voltage_minutes_over{part}"),
            minutes_under=last(f"voltage_minutes_under{part}"),
            highest_v=volts(f"voltage_highest{part}"),
            highest_at=instant(f"voltage_highest{part}_at"),
            lowest_v=volts(f"voltage_lowest{part}"),
            lowest_at=instant(f"voltage_lowest{part}_at"),
        )

    found = (counted(phase) for phase in ("A", "B", "C", ""))
    return tuple(one for one in found if one != MeterStatistics(phase=one.phase))
