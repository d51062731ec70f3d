"""A service point's final intervals over a billing month, and the demand that they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from analysis.settlement.billing_month import DemandReading, PointIntervals, RegisterSource
from analysis.settlement.demand import is_of_its_time
from analysis.settlement.interval_demand import DEMAND_DECIMALS, shown_demand
from pipeline.block import Times
from pipeline.model import DOUBTED, MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Role
from pipeline.timegrid import from_numpy, slot_grid
from services.point_energies import point_energies
from services.settle_book import NEAR, Book
from services.settle_edges import NO_REGISTER
from services.settle_pairs import Stretch
from storage.columns import NUMBER_OF_ORIGIN
from storage.intervals import IntervalColumns
from storage.matrices import energies_at_slots, other_energies


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinedUp:
    meters: Sequence[MeterId]
    starts_at: Times
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthIntervals:
    """A month's intervals of a service point, main meters minus sub-meters, and those of each meter."""

    point: PointIntervals | None = None
    """None where nothing is known."""
    by_meter: Mapping[MeterId, PointIntervals] = field(default_factory=dict)


def month_intervals(
    registry: Registry, book: Book, service_point: str, span: tuple[datetime, datetime]
) -> MonthIntervals:
    """Return what a point and its meters used slot by slot."""
    meters = sorted({i.meter for i in registry.installations_of(service_point) if i.role is not Role.CHECK})
    intervals = book.intervals(meters, *span)
    if not len(intervals):
        return MonthIntervals()
    minutes = int(intervals.minutes[0])
    lined_up = _LinedUp(meters=meters, starts_at=slot_grid(*span, minutes), minutes=minutes)
    kwh, _, quality = energies_at_slots(intervals, meters, lined_up.starts_at, minutes)
    possible = np.abs(kwh) < NO_REGISTER
    kwh, quality = np.where(possible, kwh, np.nan), np.where(possible, quality, "N")
    active = _of_point(registry, lined_up, service_point, kwh, quality)
    if active is None:
        return MonthIntervals()
    others = other_energies(intervals, ("import_kvarh", "export_kvarh"), meters, lined_up.starts_at, minutes)
    reactive = {
        name: found[0]
        for name, values in others.items()
        if (found := _of_point(registry, lined_up, service_point, values, quality)) is not None
    }
    own = [
        (kwh[row], quality[row], {name: values[row] for name, values in others.items()})
        for row in range(len(meters))
    ]
    point, *each = (
        PointIntervals(
            starts_at=lined_up.starts_at,
            minutes=minutes,
            import_kwh=import_kwh,
            quality=letters,
            import_kvarh=kvarh.get("import_kvarh"),
            export_kvarh=kvarh.get("export_kvarh"),
            version=_newest(intervals),
        )
        for import_kwh, letters, kvarh in [(*active, reactive), *own]
    )
    return MonthIntervals(point=point, by_meter=dict(zip(meters, each, strict=True)))


def demands(
    book: Book,
    stretches: Sequence[Stretch],
    intervals: PointIntervals | None,
    span: tuple[datetime, datetime],
) -> list[DemandReading]:
    """Return the maximum demands of a billing month: the meters' own, else the one that intervals show.

    A meter's own counts where it kept one at its settlement or daily freeze as its stretch ended. Where one
    of several meters has none, where a ratio changed, or where a sub-meter is taken off (their maxima are of
    different times), or is of another month, the intervals of the whole point say it. What is of another
    month and has no intervals in its place is left to the bill to refuse.
    """
    own = [_kept(book, stretch) for stretch in stretches]
    one_ratio = len({stretch.placed for stretch in stretches}) == len(stretches)
    no_subs = all(stretch.sign > 0 for stretch in stretches)
    kept = [demand for demand in own if demand is not None]
    elsewhen = [demand for demand in kept if not is_of_its_time(demand)]
    if kept and len(kept) == len(own) and one_ratio and no_subs and not elsewhen:
        return kept
    shown = None if intervals is None or not stretches else _shown(stretches[0].placed.meter, intervals, span)
    return elsewhen if shown is None else [shown]


def _of_point(
    registry: Registry,
    lined_up: _LinedUp,
    service_point: str,
    values: NDArray[np.float64],
    quality: NDArray[np.str_],
) -> tuple[NDArray[np.float64], NDArray[np.str_]] | None:
    found = point_energies(registry, lined_up, values, quality)
    return next(((e.kwh, e.quality) for e in found if e.name == service_point), None)


def _newest(intervals: IntervalColumns) -> int:
    return 1 if intervals.versions is None else int(intervals.versions.max(initial=0)) + 1


def _kept(book: Book, stretch: Stretch) -> DemandReading | None:
    """Return the demand of a settlement freeze at the stretch's end: that of the period, whenever read."""
    readings = book.readings(stretch.placed.meter, stretch.ends_at - NEAR, stretch.ends_at + NEAR)
    frozen = readings.origin == NUMBER_OF_ORIGIN[Origin.SETTLEMENT_FREEZE]
    doubted = (readings.quality & int(DOUBTED)) != 0
    rows = np.flatnonzero(frozen & ~doubted & np.isfinite(readings.values[Quantity.MAX_DEMAND_IMPORT]))
    if not len(rows):
        return None
    row = int(rows[0])
    at = float(readings.values[Quantity.MAX_DEMAND_IMPORT_AT][row])
    return DemandReading(
        meter=stretch.placed.meter,
        kw=_kw(float(readings.values[Quantity.MAX_DEMAND_IMPORT][row])),
        at=from_numpy(np.datetime64(round(at * 1e6), "us")) if np.isfinite(at) else None,
        factor=stretch.factor,
        sign=stretch.sign,
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
    )


def _shown(
    meter: MeterId, intervals: PointIntervals, span: tuple[datetime, datetime]
) -> DemandReading | None:
    """Return the demand that intervals show, as a reading on the primary side."""
    shown = shown_demand(intervals, *span)
    if shown is None:
        return None
    return DemandReading(meter=meter, kw=shown.kw, at=shown.at, source=RegisterSource.ESTIMATED)


def _kw(value: float) -> Decimal:
    return Decimal(str(round(value, DEMAND_DECIMALS)))
