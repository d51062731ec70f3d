"""A month's harmonics (谐波) phase by phase, as blocks of columns: what is sound of what the meter gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.connection import connection
from analysis.power_quality.consistency import Consistency, consistency
from analysis.power_quality.judgement import Reason
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.block import Times
from pipeline.quantities import Quantity
from pipeline.registry import Wiring

Bools = NDArray[np.bool_]

THD: Final = "thd"
"""Subject of the total distortion; an order's is ``h5``."""
LOWEST_ORDER: Final = 2
"""Columns 0 and 1 of a spectrum are the constant part and the fundamental itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """What one measuring element is called: a phase, or on a 3P3W meter the line whose voltage it sees."""

    voltage: str
    current: str
    suffix: str
    """Of its quantities."""


_ELEMENTS: Final = {
    Wiring.ONE_PHASE: (Element(voltage="A", current="A", suffix="a"),),
    Wiring.THREE_PHASE_FOUR_WIRE: tuple(
        Element(voltage=phase, current=phase, suffix=phase.lower()) for phase in "ABC"
    ),
    # Uab with Ia and Ucb with Ic; zero sequence and with it most of orders 3, 9, 15 is not in line voltages.
    Wiring.THREE_PHASE_THREE_WIRE: (
        Element(voltage="AB", current="A", suffix="a"),
        Element(voltage="BC", current="C", suffix="c"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseColumns:
    """Readings of several phases and orders at the same times."""

    phases: tuple[str, ...]
    """All that the wiring has: one that the meter does not give has no readings."""
    orders: tuple[int, ...]
    """0 is the total."""
    at: Times
    expected: int
    """Readings that the supplied time of the month should have."""
    dark: Bools
    """Readings that show no supply at all: none are expected there."""
    period_s: float
    values: Sequence[Columns]
    """One of shape ``(orders, len(at))`` a phase; NaN is missing or unsound."""
    unit: str
    reasons: Sequence[Reason] = ()
    """What is to be said of these readings: how they are named, which are unsound and why."""

    def subject(self, place: int) -> str:
        """Return what the order at one place is called in a judgement."""
        return f"h{self.orders[place]}" if self.orders[place] else THD


@lru_cache(maxsize=1)  # every harmonic check asks it of the same month, one after the other
def sound_readings(month: PointMonth) -> Consistency:
    """Return what of the month may be judged: every harmonic check looks at this and at nothing else.

    Without supply a meter gives no harmonics, whatever its registers show. Those of a voltage that is lost
    are those of what its circuit picks up; the current of its element flows through another circuit.
    """
    sound, faults = consistency(month), connection(month)
    masks, reasons = dict(sound.masks), dict(sound.reasons)
    without_supply = _no_supply(month, faults.dark)
    for element in elements(month):
        volts = Quantity(f"voltage_{element.voltage.lower()}")
        lost = faults.dark | faults.lost.get(volts, np.bool_(False))  # noqa: FBT003 - numpy's own
        why = (*faults.reasons_of(volts), *without_supply)
        for what, gone, told in (("voltage", lost, why), ("current", faults.dark, without_supply)):
            for kind in ("thd", "harmonic"):
                quantity = Quantity(f"{what}_{kind}_{element.suffix}")
                mask = gone if kind == "thd" else at_spectra(month, gone)
                if mask.any() and (quantity in month.values or quantity in month.spectra):
                    masks[quantity] = mask | masks.get(quantity, np.zeros(len(mask), dtype=np.bool_))
                    reasons[quantity] = (*reasons.get(quantity, ()), *told)
    return replace(sound, masks=masks, reasons=reasons)


def _no_supply(month: PointMonth, dark: Bools) -> tuple[Reason, ...]:
    minutes = round(float(dark.sum()) * month.period_s / 60.0)
    return (Reason(key="no_supply", parameters={"minutes": minutes}),) if minutes else ()


def at_spectra(month: PointMonth, readings: Bools) -> Bools:
    """Return what holds of the electrical reading nearest to each spectrum, if one is near enough."""
    if not readings.any():
        return np.zeros(len(month.spectrum_at), dtype=np.bool_)
    place, near = nearest(month.taken_at, month.spectrum_at, month.period_s)
    return near & readings[place] if len(readings) else near


def nearest(times: Times, at: Times, tolerance_s: float) -> tuple[NDArray[np.intp], Bools]:
    """Return for each of ``at`` the place of the nearest of ``times``, and whether it is near enough."""
    if not len(times):
        return np.zeros(len(at), np.intp), np.zeros(len(at), np.bool_)
    after = np.searchsorted(times, at).clip(max=len(times) - 1)
    before = (after - 1).clip(min=0)
    place = np.where(np.abs(times[before] - at) <= np.abs(times[after] - at), before, after)
    return place, np.abs(times[place] - at) <= np.timedelta64(round(tolerance_s * 1e6), "us")


def elements(month: PointMonth) -> tuple[Element, ...]:
    """Return the measuring elements that the meter's wiring has."""
    return _ELEMENTS[month.point.wiring]


def voltage_distortion(sound: Consistency) -> PhaseColumns | None:
    """Return THD_U by phase: the meter's register, or the sum of its orders; None where it gives neither."""
    return _distortion(sound, "voltage")


def voltage_orders(sound: Consistency) -> PhaseColumns | None:
    """Return HRU_h by phase and order; None where the meter gives no voltage spectrum."""
    return _orders(sound, "voltage")


def current_orders(sound: Consistency) -> PhaseColumns | None:
    """Return HRI_h, % of the fundamental, by phase and order; None where the meter gives no such spectrum."""
    return _orders(sound, "current")


def current_distortion(sound: Consistency) -> PhaseColumns | None:
    """Return THD_I by phase: the meter's register, or the sum of its orders; None where it gives neither."""
    return _distortion(sound, "current")


def _orders(sound: Consistency, what: str) -> PhaseColumns | None:
    month = sound.month
    phases = elements(month)
    quantities = [Quantity(f"{what}_harmonic_{element.suffix}") for element in phases]
    given = {
        q: column
        for q in quantities
        if (column := sound.sound(q)) is not None and column.shape[1] > LOWEST_ORDER
    }
    if not given or not len(month.spectrum_at):
        return None
    orders = tuple(range(LOWEST_ORDER, max(column.shape[1] for column in given.values())))
    period_s = month.spectrum_period_s or month.period_s
    dark = at_spectra(month, connection(month).dark)
    return PhaseColumns(
        phases=_names(month, what),
        orders=orders,
        at=month.spectrum_at,
        expected=month.expected_supplied(period_s, month.spectrum_at[dark]),
        dark=dark,
        period_s=period_s,
        values=[_in_rows(given.get(q), len(orders), len(month.spectrum_at)) for q in quantities],
        unit="%",
        reasons=_reasons(sound, what, quantities, given),
    )


def _in_rows(column: Columns | None, orders: int, readings: int) -> Columns:
    """Return a phase's orders as rows, without a copy where it has them all; what it lacks is missing."""
    if column is not None and column.shape[1] == orders + LOWEST_ORDER:
        return column[:, LOWEST_ORDER:].T
    rows = np.full((orders, readings), np.nan)
    if column is not None:
        rows[: column.shape[1] - LOWEST_ORDER] = column[:, LOWEST_ORDER:].T
    return rows


def _distortion(sound: Consistency, what: str) -> PhaseColumns | None:
    month = sound.month
    quantities = [Quantity(f"{what}_thd_{element.suffix}") for element in elements(month)]
    given = {
        q: column for q in quantities if (column := sound.sound(q)) is not None and not np.isnan(column).all()
    }
    if not given:
        return _summed(_orders(sound, what))
    missing, dark = np.full(len(month.taken_at), np.nan), connection(month).dark
    return PhaseColumns(
        phases=_names(month, what),
        orders=(0,),
        at=month.taken_at,
        expected=month.expected_supplied(month.period_s, month.taken_at[dark]),
        dark=dark,
        period_s=month.period_s,
        values=[given.get(q, missing)[None] for q in quantities],
        unit="%",
        reasons=_reasons(sound, what, quantities, given),
    )


def _summed(orders: PhaseColumns | None) -> PhaseColumns | None:
    """Return the total that orders make, which lacks what lies above the last one."""
    if orders is None:
        return None
    told = Reason(key="thd_of_orders", parameters={"highest": orders.orders[-1]})
    return replace(
        orders,
        orders=(0,),
        values=[_totals(rows)[None] for rows in orders.values],
        reasons=(told, *orders.reasons),
    )


def _totals(rows: Columns) -> Columns:
    """Return the root of the sum of squares of each reading's orders; NaN where it has none."""
    totals = np.sqrt(np.nansum(np.square(rows), axis=0))
    return np.where(np.isnan(rows).all(axis=0), np.nan, totals)


def _names(month: PointMonth, what: str) -> tuple[str, ...]:
    return tuple(e.voltage if what == "voltage" else e.current for e in elements(month))


def _reasons(
    sound: Consistency, what: str, wanted: Sequence[Quantity], given: Iterable[Quantity]
) -> tuple[Reason, ...]:
    of_lines = what == "voltage" and sound.month.point.wiring is Wiring.THREE_PHASE_THREE_WIRE
    # What is unsound from end to end is not absent: its own reasons tell of it.
    absent = [q for q in wanted if q not in set(given) and q not in sound.reasons]
    return (
        *((Reason(key="line_voltages"),) if of_lines else ()),
        *(Reason(key="absent", parameters={"quantity": q.value}) for q in absent),
        *sound.reasons_for(wanted),
    )
