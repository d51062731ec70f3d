"""What episodes show: curves before, within and after, days in a table, energy and its correction."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.hysteresis import Stretch
from detectors.stretches import curve, number
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Json

MOST_POINTS = 500
MARGIN_SLOTS = 96
MARGIN_DAYS = 7
_NOTHING = 1e-9
LEAST_SHARE = 0.25
"""Share of its true power that a slot must have shown: a smaller one times its factor is mostly rounding."""


def slot_curves(  # noqa: PLR0913 - what is drawn and how
    window: MeterMatrix,
    stretch: Stretch,
    curves: Mapping[str, NDArray[np.floating]],
    *,
    unit: str,
    limits: Mapping[str, float] | None = None,
    margin: int = MARGIN_SLOTS,
) -> dict[str, Json]:
    """Return curves of one meter as a page draws them: some slots before and after, and their limits.

    ``curves`` holds columns of shape (meters, slots) by their labels: what was judged first, then what it is
    compared with (the other phases, the neighbours). Long stretches are thinned to ``MOST_POINTS``.
    """
    last = len(window.starts_at)
    shown = np.arange(max(stretch.first - margin, 0), min(stretch.end + margin, last))
    return {
        "unit": unit,
        "minutes": window.minutes,
        "limits": {name: number(value, 2) for name, value in (limits or {}).items()},
        "lines": {
            name: curve(window.starts_at, column[stretch.row], shown, MOST_POINTS)
            for name, column in curves.items()
        },
        "each_point": "highest slot" if len(shown) > MOST_POINTS else "slot",
    }


def day_rows(
    daily: DailyRows,
    stretch: Stretch,
    columns: Mapping[str, NDArray[np.floating]],
    *,
    margin: int = MARGIN_DAYS,
) -> list[Json]:
    """Return a row a local day, some days before and after included, with columns of shape (meters, days)."""
    shown = range(max(stretch.first - margin, 0), min(stretch.end + margin, len(daily.days)))
    return [
        {
            "day": str(daily.days[day]),
            "verdict": "abnormal" if stretch.first <= day < stretch.end else "",
            **{name: number(column[stretch.row, day]) for name, column in columns.items()},
        }
        for day in shown
    ]


def energy_kwh(window: MeterMatrix, stretch: Stretch) -> float | None:
    """Return the known energy that was metered in a stretch of slots; None where none is known."""
    kwh = window.import_kwh[stretch.row, stretch.first : stretch.end]
    return number(float(np.nansum(kwh))) if np.isfinite(kwh).any() else None


def correction(
    window: MeterMatrix,
    stretch: Stretch,
    true_kw: NDArray[np.floating],
    shown_kw: NDArray[np.floating],
    *,
    how: str,
) -> dict[str, Json]:
    """Return the correction (更正系数、追补电量) of energy that wrong wiring left out.

    Args:
        window: The window; the metered energy of the stretch is corrected slot by slot.
        stretch: Where it went on.
        true_kw: What the right wiring would have shown at each slot of the stretch, primary side.
        shown_kw: What the meter showed.
        how: The true expression in words.

    The factor is true over metered energy. A slot that metered next to nothing of its true power gives that
    power for its length. Slots with an unknown power take the factor of the known ones; without any it is
    unknown.
    """
    where = slice(stretch.first, stretch.end)
    hours = window.minutes / 60.0
    metered = window.import_kwh[stretch.row, where]
    known = np.isfinite(true_kw) & np.isfinite(shown_kw)
    flows = known & (np.abs(shown_kw) > np.maximum(LEAST_SHARE * np.abs(true_kw), _NOTHING))
    counted = flows & np.isfinite(metered)
    true = np.where(known, true_kw * hours, np.nan)
    true[counted] = metered[counted] * true_kw[counted] / shown_kw[counted]
    base = np.where(np.isfinite(metered), metered, shown_kw * hours)
    true_kwh, metered_kwh = float(np.nansum(true)), float(np.nansum(np.where(known, base, 0.0)))
    factor = true_kwh / metered_kwh if metered_kwh > _NOTHING else None
    unknown_kwh = float(np.nansum(np.where(known, 0.0, metered)))
    missing = true_kwh - metered_kwh + (0.0 if factor is None else (factor - 1.0) * unknown_kwh)
    return {
        "factor": None if factor is None else number(factor, 4),
        "metered_kwh": number(metered_kwh + unknown_kwh),
        "missing_kwh": number(missing) if known.any() else None,
        "slots_known": int(known.sum()),
        "slots": stretch.end - stretch.first,
        "how": how,
    }
