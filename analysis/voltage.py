"""Voltage qualification rate (电压合格率): the share of monitored time inside the band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.limits import AT_REST, VoltageBand
from pipeline.block import Times
from pipeline.timegrid import from_numpy, local_day, local_days, to_numpy

SUPPLIED_SHARE = 0.1
"""Below this share of nominal there is no supply: such time is an outage and not monitored (GB/T 12325 counts
voltage deviation of a supply that is there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageStatistics:
    """How one phase kept to its band over one stretch of time."""

    starts_at: datetime
    ends_at: datetime
    monitored_minutes: float
    over_minutes: float
    under_minutes: float
    qualified_percent: float | None
    """``(1 - (over + under) / monitored) * 100``; None when nothing was monitored."""
    highest_v: float | None
    highest_at: datetime | None
    lowest_v: float | None
    lowest_at: datetime | None
    coverage: float
    """Monitored time over the whole stretch, outages and gaps left out: 0 to 1."""


def qualification(  # noqa: PLR0913 - a column, what it is judged by, and for what time
    taken_at: Times,
    volts: NDArray[np.floating],
    band: VoltageBand,
    *,
    stretch: tuple[datetime, datetime],
    hold_s: float,
    outages: Sequence[tuple[datetime, datetime]] = (),
) -> VoltageStatistics:
    """Return the qualification of one phase in ``stretch``, weighted by time.

    Each sample stands from its time to the next one, yet never longer than ``hold_s``; NaN is missing.
    The standard asks for 1-minute means; with 15-minute samples the figure is an approximation.

    Args:
        taken_at: UTC, rising; samples before the stretch may reach into it.
        volts: V, on the side of ``band``.
        band: What the voltage is judged against.
        stretch: From, to (exclusive).
        hold_s: How long a sample may stand alone, s: normally the sampling period.
        outages: Stretches without supply, in order and apart: no monitored time.
    """
    minutes = standing_minutes(taken_at, stretch=stretch, hold_s=hold_s, outages=outages)
    supplied = (volts >= SUPPLIED_SHARE * band.nominal_v) & (minutes > 0)
    weight = np.where(supplied, minutes, 0.0)
    monitored, whole = float(weight.sum()), (stretch[1] - stretch[0]).total_seconds() / 60.0
    over = float(weight[is_over(volts, band)].sum())
    under = float(weight[is_under(volts, band)].sum())
    highest, lowest = _extremes(volts, supplied)
    return VoltageStatistics(
        starts_at=stretch[0],
        ends_at=stretch[1],
        monitored_minutes=monitored,
        over_minutes=over,
        under_minutes=under,
        qualified_percent=100.0 * (1.0 - (over + under) / monitored) if monitored > 0 else None,
        highest_v=None if highest is None else float(volts[highest]),
        highest_at=None if highest is None else from_numpy(taken_at[highest]),
        lowest_v=None if lowest is None else float(volts[lowest]),
        lowest_at=None if lowest is None else from_numpy(taken_at[lowest]),
        coverage=monitored / whole if whole > 0 else 0.0,
    )


def daily_qualification(
    taken_at: Times, volts: NDArray[np.floating], band: VoltageBand, *, zone: ZoneInfo, hold_s: float
) -> dict[date, VoltageStatistics]:
    """Return :func:`qualification` for every local day that holds a sample time."""
    if len(taken_at) == 0:
        return {}
    days = local_days(from_numpy(taken_at[0]), from_numpy(taken_at[-1] + np.timedelta64(1, "us")), zone)
    return {
        day: qualification(taken_at, volts, band, stretch=local_day(day, zone), hold_s=hold_s) for day in days
    }


def is_over(volts: NDArray[np.floating], band: VoltageBand) -> NDArray[np.bool_]:
    """Tell which values are above the band; one at the limit is not."""
    return np.asarray(volts > band.high_v * (1.0 + AT_REST))


def is_under(volts: NDArray[np.floating], band: VoltageBand) -> NDArray[np.bool_]:
    """Tell which values are below the band; one at the limit is not."""
    return np.asarray(volts < band.low_v * (1.0 - AT_REST))


def standing_minutes(
    taken_at: Times,
    *,
    stretch: tuple[datetime, datetime],
    hold_s: float,
    outages: Sequence[tuple[datetime, datetime]] = (),
) -> NDArray[np.float64]:
    """Return for how many supplied minutes of ``stretch`` each sample stands."""
    hold = np.timedelta64(round(hold_s * 1_000_000), "us")
    following = np.append(taken_at[1:], taken_at[-1:] + hold)
    until = np.minimum(np.minimum(following, taken_at + hold), to_numpy(stretch[1]))
    since = np.minimum(np.maximum(taken_at, to_numpy(stretch[0])), until)
    return _supplied(until, outages) - _supplied(since, outages)


def _supplied(at: Times, outages: Sequence[tuple[datetime, datetime]]) -> NDArray[np.float64]:
    """Return minutes since 1970, less those of the outages up to each time."""
    minutes: NDArray[np.float64] = at.astype("datetime64[us]").astype(np.int64) / 60_000_000.0
    if not outages:
        return minutes
    edges = np.array([edge.timestamp() / 60.0 for outage in outages for edge in outage])
    lengths = np.diff(edges)[::2]
    gone = np.concatenate([[0.0], np.repeat(np.cumsum(lengths), 2)])[:-1]
    supplied: NDArray[np.float64] = minutes - np.interp(minutes, edges, gone)
    return supplied


def _extremes(
    volts: NDArray[np.floating], supplied: NDArray[np.bool_]
) -> tuple[int, int] | tuple[None, None]:
    """Return where the highest and the lowest voltage stand; the first where several are equal."""
    if not supplied.any():
        return None, None
    return int(np.where(supplied, volts, -np.inf).argmax()), int(np.where(supplied, volts, np.inf).argmin())
