"""Maximum demand (最大需量) of a simulated meter by register and rate, with the time it happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pipeline.quantities import Quantity
from simulators.dlt645.history import STEP
from simulators.dlt645.registers import BY_RATE
from simulators.dlt645.settlement import SettlementDays
from simulators.dlt645.tariffs import TariffPlan

HOURS_PER_STEP: Final = STEP / timedelta(hours=1)
SETTLEMENTS_KEPT: Final = 12

Peak = tuple[float, datetime]
"""kW or kvar, and the true end of its quarter of an hour."""
Peaks = dict[tuple[int, int], Peak]
"""By DI2 of the register and rate; rate 0 is the total."""


class DemandBook:
    """Keeps the greatest quarter of an hour of each register, and those of the settlement periods before."""

    __slots__ = ("_before", "_days", "_passed", "_plan", "_present", "_reset_at")

    def __init__(self, plan: TariffPlan, days: SettlementDays) -> None:
        """Start with no demand."""
        self._plan, self._days = plan, days
        self._before: tuple[datetime, Mapping[Quantity, float]] | None = None
        self._present: Peaks = {}
        self._passed: list[Peaks] = []
        self._reset_at: datetime | None = None

    @property
    def was_reset(self) -> bool:
        """True when the present period does not reach back to its settlement day."""
        return self._reset_at is not None

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        """Take in a quarter of an hour."""
        if not is_step:
            return
        before, self._before = self._before, (at, shown)
        if before is None or not shown or not before[1] or at - before[0] != STEP:
            return
        rate = self._plan.rate_at(before[0])
        for code, quantity in BY_RATE.items():
            if quantity in shown and quantity in before[1]:
                grown = (shown[quantity] - before[1][quantity]) / HOURS_PER_STEP
                self._compare((code, 0), grown, at)
                self._compare((code, rate), grown, at)
        if self._days.settles_between(before[0], at):
            self._passed = [self._present, *self._passed][:SETTLEMENTS_KEPT]
            self._present = {}
            self._reset_at = None

    def reset(self, now: datetime) -> None:
        """Begin again (需量清零)."""
        self._present = {}
        self._reset_at = now

    def peaks(self, settlement: int) -> Peaks | None:
        """Return the peaks of the present period (0) or of the n-th before; None for one that is not kept."""
        if settlement == 0:
            return self._present
        return self._passed[settlement - 1] if settlement <= len(self._passed) else None

    def _compare(self, key: tuple[int, int], value: float, at: datetime) -> None:
        held = self._present.get(key)
        if value > 0 and (held is None or value > held[0]):
            self._present[key] = (value, at)


def rates_of(peaks: Peaks, code: int, rates: int) -> Sequence[Peak | None]:
    """Return the total's peak and those of rates 1 to ``rates``; None where there was no demand."""
    return [peaks.get((code, rate)) for rate in range(rates + 1)]
