"""The month's voltage qualification (电压合格率, identifiers 0310) of a simulated meter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import on_wiring
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.steps import STEP

UPPER_LIMIT: Final = "04000E03"
LOWER_LIMIT: Final = "04000E04"
TENTHS: Final = 10
MONTHS: Final = 12
MINUTES: Final = round(STEP.total_seconds() / 60)
"""What one look stands for."""
TOTAL: Final = ""


@dataclass(slots=True)
class VoltageMonth:
    """What was seen of one phase, or of all together, in one month."""

    monitored_min: int = 0
    over_min: int = 0
    under_min: int = 0
    highest: tuple[float, datetime] | None = None
    lowest: tuple[float, datetime] | None = None

    @property
    def pass_percent(self) -> float:
        """The share of minutes within the limits."""
        outside = self.over_min + self.under_min
        return 100.0 * (self.monitored_min - outside) / self.monitored_min if self.monitored_min else 100.0

    def see(self, at: datetime, volts: float, upper_v: float, lower_v: float) -> None:
        """Take in what the voltage was for one step."""
        self.monitored_min += MINUTES
        self.over_min += MINUTES * (volts > upper_v)
        self.under_min += MINUTES * (volts < lower_v)
        self.note(at, volts)

    def note(self, at: datetime, volts: float) -> None:
        """Remember extremes."""
        if self.highest is None or volts > self.highest[0]:
            self.highest = (volts, at)
        if self.lowest is None or volts < self.lowest[0]:
            self.lowest = (volts, at)


class VoltageStatistics:
    """Counts the minutes of each month in which voltages were within the limits 04000E03 and 04000E04."""

    __slots__ = ("_clock", "_months", "_parameters", "_voltages")

    def __init__(self, wiring: Wiring, parameters: Parameters, clock: MeterClock) -> None:
        """Start with nothing seen."""
        self._parameters, self._clock = parameters, clock
        named = {phase: on_wiring(Quantity(f"voltage_{phase}"), wiring) for phase in "abc"}
        self._voltages = {phase: q for phase, q in named.items() if q is not None}
        self._months: dict[tuple[int, str], VoltageMonth] = {}

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        """Take in a quarter of an hour."""
        volts = {phase: shown[q] for phase, q in self._voltages.items() if q in shown}
        if not is_step or not volts:
            return
        month = self._month(at - STEP)  # A look stands for the quarter of an hour that it ends.
        upper_v = self._parameters.number(UPPER_LIMIT) / TENTHS
        lower_v = self._parameters.number(LOWER_LIMIT) / TENTHS
        for phase, value in volts.items():
            self._of(month, phase).see(at, value, upper_v, lower_v)
        # All together: over when any phase is over, else under when any is under.
        highest, lowest = max(volts.values()), min(volts.values())
        whole = self._of(month, TOTAL)
        whole.see(at, highest if highest > upper_v else lowest, upper_v, lower_v)
        whole.note(at, highest)
        whole.note(at, lowest)

    def month(self, now: datetime, back: int, phase: str) -> VoltageMonth | None:
        """Return this month (0) or the n-th before, of a phase or of all (empty); None when unseen."""
        return self._months.get((self._month(now) - back, phase))

    def clear(self) -> None:
        """Begin again."""
        self._months.clear()

    def _of(self, month: int, phase: str) -> VoltageMonth:
        return self._months.setdefault((month, phase), VoltageMonth())

    def _month(self, at: datetime) -> int:
        local = (at + self._clock.offset_at(at)).astimezone(self._clock.zone)
        return local.year * MONTHS + local.month
