"""What shifting load (移峰填谷) from the dearest to the cheapest hours saves, within the present maximum."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.load.advice import Advice, advice, cents, exact
from analysis.load.levels import AdviceLevels
from analysis.load.tariff_shares import energy_price, slot_periods
from pipeline.block import Times
from pipeline.tariff import Period, Tariff
from pipeline.tariff_periods import PERIODS
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]


def shifting(
    import_kwh: Floats, starts_at: Times, zone: ZoneInfo, tariff: Tariff, levels: AdviceLevels
) -> Advice | None:
    """Return what a part of the energy of the dearest hours would cost less in the cheapest ones.

    Not more than the cheap hours can take without a new maximum. None where the tariff has no such hours in
    the span, or nothing could be moved. Prices are those of the month in which the span begins.
    """
    month = from_numpy(starts_at[0]).astimezone(zone).month
    numbers = slot_periods(starts_at, zone, [tariff])
    there = np.isfinite(import_kwh) & (numbers >= 0)
    priced = {
        period: price
        for place, period in enumerate(PERIODS)
        if (there & (numbers == place)).any() and (price := energy_price(tariff, period, month)) is not None
    }
    if len(set(priced.values())) < 2:  # noqa: PLR2004 - dear and cheap
        return None
    dear, cheap = max(priced, key=priced.__getitem__), min(priced, key=priced.__getitem__)
    dear_kwh, room_kwh = _room(import_kwh, there, numbers, (dear, cheap))
    moved = min(levels.shift_share * dear_kwh, room_kwh)
    if moved <= 0:
        return None
    moved_kwh = exact(moved)
    return advice(
        "shift",
        saving_yuan=cents(moved_kwh * (priced[dear] - priced[cheap])),
        quantities={
            "moved_kwh": float(moved_kwh),
            "dear_kwh": dear_kwh,
            "shift_share": levels.shift_share,
            "cheap_room_kwh": room_kwh,
        },
        prices={"dear_yuan_per_kwh": priced[dear], "cheap_yuan_per_kwh": priced[cheap]},
        words={"dear": dear.value, "cheap": cheap.value},
        coverage=float(there.mean()),
    )


def _room(
    import_kwh: Floats,
    there: NDArray[np.bool_],
    numbers: NDArray[np.int64],
    periods: tuple[Period, Period],
) -> tuple[float, float]:
    """Return the energy of the dear hours, and what the cheap ones could take below the highest slot."""
    dear, cheap = (there & (numbers == PERIODS.index(period)) for period in periods)
    highest = float(import_kwh[there].max())
    return float(import_kwh[dear].sum()), float((highest - import_kwh[cheap]).sum())
