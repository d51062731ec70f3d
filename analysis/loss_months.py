"""The line loss of a month (月线损): the sums of its judged days, and how it stands to the month before."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from analysis.line_loss import AreaDay, LossVerdict

LEAST_SHARE = 0.5
"""Of a month's days that must be judged, else nothing is said of it: own choice."""
RISEN_DAYS = 3
"""Days above the usual that make a month one that rises: practice of master stations, to be confirmed."""
HIGH_PERCENT, NEGATIVE_PERCENT = 10.0, -1.0
"""As for days (:class:`analysis.line_loss.LineLossNumbers`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaMonth:
    """One local month of an area: sums over the days that are judged, kWh."""

    month: date
    """Its first day."""
    verdict: LossVerdict
    judged_days: int
    days: int
    """Of the whole month, whether or not there is data of them."""
    energy_in_kwh: float
    energy_out_kwh: float
    fed_in_kwh: float
    filled_kwh: float
    """Of the energy out, what stands in for missing members and missing slots."""
    filled_in_kwh: float
    """Of the energy in, what stands in for missing slots of the supply."""
    loss_kwh: float
    loss_percent: float | None
    technical_kwh: float
    unexplained_kwh: float
    missing: tuple[tuple[str, int], ...]
    """Members with the number of days on which they are missing, most days first."""
    change_points: float | None = None
    """Of the rate, against the month before."""
    change_kwh_a_day: float | None = None
    """Of the loss of a mean judged day."""

    @property
    def day_coverage(self) -> float:
        """Return the share of the month's days that are judged."""
        return self.judged_days / self.days


def area_months(days: Sequence[AreaDay]) -> list[AreaMonth]:
    """Return the months of days, oldest first, each compared with the one before if both can be judged."""
    months: list[AreaMonth] = []
    for first in sorted({day.day.replace(day=1) for day in days}):
        month = _month(first, [day for day in days if day.day.replace(day=1) == first])
        months.append(_compared(month, months[-1] if months else None))
    return months


def _month(first: date, days: Sequence[AreaDay]) -> AreaMonth:
    judged = [day for day in days if day.loss_kwh is not None]
    injected = sum(day.energy_in_kwh or 0.0 for day in judged)
    loss = sum(day.loss_kwh or 0.0 for day in judged)
    missing = Counter(point for day in days for point in day.missing)
    month = AreaMonth(
        month=first,
        verdict=LossVerdict.UNKNOWN,
        judged_days=len(judged),
        days=monthrange(first.year, first.month)[1],
        energy_in_kwh=injected,
        energy_out_kwh=sum(day.energy_out_kwh or 0.0 for day in judged),
        fed_in_kwh=sum(day.fed_in_kwh for day in judged),
        filled_kwh=sum(day.filled_kwh or 0.0 for day in judged),
        filled_in_kwh=sum(day.filled_in_kwh or 0.0 for day in judged),
        loss_kwh=loss,
        loss_percent=100.0 * loss / injected if injected > 0 else None,
        technical_kwh=sum(day.technical_kwh or 0.0 for day in judged),
        unexplained_kwh=sum(day.unexplained_kwh or 0.0 for day in judged),
        missing=tuple(sorted(missing.items(), key=lambda pair: (-pair[1], pair[0]))),
    )
    return replace(month, verdict=_verdict(month, judged, len(days)))


def _verdict(month: AreaMonth, judged: Sequence[AreaDay], held: int) -> LossVerdict:
    """Return what is said of a month; of one that is still going on, by the days that there are."""
    if month.loss_percent is None or len(judged) < LEAST_SHARE * held:
        return LossVerdict.UNKNOWN
    if month.loss_percent < NEGATIVE_PERCENT:
        return LossVerdict.NEGATIVE
    if month.loss_percent > HIGH_PERCENT:
        return LossVerdict.HIGH
    risen = sum(day.verdict is LossVerdict.RISES for day in judged)
    return LossVerdict.RISES if risen >= RISEN_DAYS else LossVerdict.NORMAL


def _compared(month: AreaMonth, before: AreaMonth | None) -> AreaMonth:
    if before is None or LossVerdict.UNKNOWN in {month.verdict, before.verdict}:
        return month
    if month.loss_percent is None or before.loss_percent is None:
        return month
    a_day = month.loss_kwh / month.judged_days - before.loss_kwh / before.judged_days
    return replace(month, change_points=month.loss_percent - before.loss_percent, change_kwh_a_day=a_day)
