"""Windows of readings for the tests of detectors and statistics."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.area.day_hours import DayHours
from pipeline.block import MeterMatrix, Times
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.timegrid import slot_grid

SHANGHAI = ZoneInfo("Asia/Shanghai")
STEEL_FROM = datetime(2018, 3, 1, tzinfo=SHANGHAI)
STEEL_DAYS = 35
_STEEL = Path(__file__).parent / "data" / "steel_15min_35d.csv"


def steel_kwh() -> NDArray[np.float64]:
    """Return 35 days of a real steel plant, kWh per 15 minutes, from local midnight (``STEEL_FROM``)."""
    with _STEEL.open(newline="") as file:
        return np.array([float(row["kwh"]) for row in csv.DictReader(file)])


def steel_kva() -> NDArray[np.complex128]:
    """Return the same 35 days as mean kW + j kvar of the slots, lagging above 0."""
    with _STEEL.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kvarh = [float(row["lagging_kvarh"]) - float(row["leading_kvarh"]) for row in rows]
    return 4.0 * (steel_kwh() + 1j * np.array(kvarh))


def grid(starts_at: datetime, days: float, minutes: int = 15) -> Times:
    """Return the slot starts of so many days."""
    return slot_grid(starts_at, starts_at + timedelta(days=days), minutes)


def window(  # noqa: PLR0913 - a window has many columns
    starts_at: Times,
    kwh: Mapping[str, ArrayLike],
    *,
    quality: Mapping[str, ArrayLike] | None = None,
    step_kwh: float = 0.01,
    power_kw: Mapping[str, ArrayLike] | None = None,
    values: Mapping[Quantity, ArrayLike] | None = None,
    minutes: int = 15,
) -> MeterMatrix:
    """Return a matrix from rows by meter; where energy is NaN the quality is ``N``, else ``A``."""
    meters = [MeterId(name) for name in kwh]
    energy = _rows(meters, kwh, len(starts_at))
    letters = np.where(np.isnan(energy), "N", "A")
    for row, meter in enumerate(meters):
        if quality is not None and meter in quality:
            letters[row] = quality[meter]
    return MeterMatrix(
        meters=meters,
        starts_at=starts_at,
        minutes=minutes,
        values={q: np.asarray(v, dtype=np.float32) for q, v in (values or {}).items()},
        import_kwh=energy,
        quality=letters,
        step_kwh=np.full(len(meters), step_kwh),
        power_kw=_rows(meters, power_kw or {}, len(starts_at)),
    )


def volts(
    starts_at: Times,
    values: Mapping[Quantity, ArrayLike],
    meters: Sequence[str] = ("m",),
    step_kwh: float = 0.01,
) -> MeterMatrix:
    """Return a matrix of voltages only: shape (meters, slots) each."""
    return window(starts_at, dict.fromkeys(meters, np.nan), values=values, step_kwh=step_kwh)


def _rows(meters: Sequence[MeterId], values: Mapping[str, ArrayLike], slots: int) -> NDArray[np.float64]:
    rows = np.full((len(meters), slots), np.nan)
    for row, meter in enumerate(meters):
        if meter in values:
            rows[row] = values[meter]
    return rows


def hours(days: int) -> DayHours:
    """Return the hours of so many days of 24, in slots of an hour."""
    return DayHours.of(grid(STEEL_FROM, days, 60), 60, SHANGHAI)
