"""Maximum demand (最大需量) of a simulated meter by register and rate, with the time it happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from pipeline.quantities import Quantity
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.registers import BY_RATE
from simulators.dlt645.settlement import SettlementDays
from simulators.dlt645.steps import STEP, floored
from simulators.dlt645.tariffs import TariffPlan

PERIOD: Final = "04000103"
"""需量周期 in minutes."""
SLIDE: Final = "04000104"
"""滑差时间 in minutes."""
HOUR: Final = timedelta(hours=1)
SETTLEMENTS_KEPT: Final = 12
SAME_KW: Final = 1e-6
"""Far below the last digit: of two equal demands the first one stands."""

Peak = tuple[float, datetime]
"""kW or kvar, and the true end of its period."""
Peaks = dict[tuple[int, int], Peak]
"""By DI2 of the register and rate; rate 0 is the total."""


class DemandBook:
    """Keeps the greatest demand of each register, and those of the settlement periods before."""

    __slots__ = (
        "_begins",
        "_days",
        "_parameters",
        "_passed",
        "_plan",
        "_present",
        "_reset_at",
        "_rises",
        "_seen",
    )

    def __init__(self, parameters: Parameters, plan: TariffPlan, days: SettlementDays) -> None:
        """Start with no demand."""
        self._parameters, self._plan, self._days = parameters, plan, days
        self._seen: deque[tuple[datetime, Mapping[Quantity, float]]] = deque()
        self._present: Peaks = {}
        self._passed: list[Peaks] = []
        self._reset_at: datetime | None = None
        self._rises: list[tuple[datetime, tuple[int, int], float]] = []
        self._begins: list[datetime] = []

    @property
    def was_reset(self) -> bool:
        """True when the present period does not reach back to its settlement day."""
        return self._reset_at is not None

    @property
    def period(self) -> timedelta:
        """Over how long the power is averaged."""
        return timedelta(minutes=max(self._parameters.number(PERIOD), 1))

    @property
    def slide(self) -> timedelta:
        """How often such a time ends: less than the period where the blocks slide (滑差式)."""
        return min(timedelta(minutes=max(self._parameters.number(SLIDE), 1)), self.period)

    @property
    def is_by_quarters(self) -> bool:
        """Whether demand is that of whole quarters of an hour."""
        return self.period == self.slide == STEP

    def marks(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield when demand ends in ``(start, end)`` beside the quarters of an hour."""
        slide = self.slide
        if not slide % STEP:
            return
        at = floored(start, slide) + slide
        while at < end:
            if at != floored(at, STEP):
                yield at
            at += slide

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        """Take in what registers show at the end of a period; other moments do not count."""
        del is_step
        if not shown:
            self._seen.clear()  # Without power a period does not come to its end.
            return
        if at != floored(at, self.slide):
            return
        begin = at - self.period
        while self._seen and self._seen[0][0] < begin:
            self._seen.popleft()
        latest = self._seen[-1][0] if self._seen else at
        if self._seen and self._seen[0][0] == begin:
            self._measure(*self._seen[0], at, shown)
        self._seen.append((at, shown))
        if self._days.settles_between(latest, at):
            self._passed = [self._present, *self._passed][:SETTLEMENTS_KEPT]
            self._begin_again(at)
            self._reset_at = None

    def reset(self, now: datetime) -> None:
        """Begin again (需量清零)."""
        self._begin_again(now)
        self._reset_at = now

    def peaks(self, settlement: int) -> Peaks | None:
        """Return the peaks of the present period (0) or of the n-th before; None for one that is not kept."""
        if settlement == 0:
            return self._present
        return self._passed[settlement - 1] if settlement <= len(self._passed) else None

    def peaks_at(self, instant: datetime) -> Peaks:
        """Return what :meth:`peaks` gave for the present period at a true time."""
        begin = max((at for at in self._begins if at <= instant), default=None)
        until_then = takewhile(lambda rise: rise[0] <= instant, self._rises)
        return {key: (value, at) for at, key, value in until_then if begin is None or at > begin}

    def _measure(
        self, begin: datetime, before: Mapping[Quantity, float], at: datetime, shown: Mapping[Quantity, float]
    ) -> None:
        rate = self._plan.rate_at(begin)
        hours = (at - begin) / HOUR
        for code, quantity in BY_RATE.items():
            if quantity in shown and quantity in before:
                demand = (shown[quantity] - before[quantity]) / hours
                self._compare((code, 0), demand, at)
                self._compare((code, rate), demand, at)

    def _compare(self, key: tuple[int, int], value: float, at: datetime) -> None:
        held = self._present.get(key)
        if value > 0 and (held is None or value - held[0] > SAME_KW):
            self._present[key] = (value, at)
            self._rises.append((at, key, value))

    def _begin_again(self, at: datetime) -> None:
        self._present = {}
        self._begins.append(at)


def rates_of(peaks: Peaks, code: int, rates: int) -> Sequence[Peak | None]:
    """Return the total's peak and those of rates 1 to ``rates``; None where there was no demand."""
    return [peaks.get((code, rate)) for rate in range(rates + 1)]
