"""Energy registers by rate in the digits of the wire: each 0.01 kWh goes to the rate that then ran.

So the rates add up to the total exactly at any time and no register ever runs back. The count begins when
the meter is first asked; what was before is spread as the model says, by largest remainder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pipeline.quantities import Quantity
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.tariffs import TariffPlan
from simulators.physics.registers import RATE_SHARES

COUNTS_PER_UNIT: Final = 100
"""Registers show 0.01 kWh."""
MIDNIGHTS_KEPT: Final = 400
"""Days for which the counts at midnight are kept once they were counted."""
COUNTED: Final = (
    Quantity.ACTIVE_ENERGY_IMPORT,
    Quantity.ACTIVE_ENERGY_EXPORT,
    Quantity.REACTIVE_ENERGY_Q1,
    Quantity.REACTIVE_ENERGY_Q2,
    Quantity.REACTIVE_ENERGY_Q3,
    Quantity.REACTIVE_ENERGY_Q4,
)
_RATES_OF: Final = {
    total: tuple(Quantity(f"{total.value}_t{n}") for n in range(1, 7)) for total in COUNTED[:2]
}

Counts = tuple[int, ...]
"""A register by rate, rate 1 first."""


def counts_of(value: float) -> int:
    """Return an energy in the register's last digit."""
    return round(value * COUNTS_PER_UNIT)


def apportioned(total: int, weights: Sequence[float]) -> Counts:
    """Split a whole number by weights so that the parts add up to it (largest remainder)."""
    whole = sum(weights)
    if whole <= 0:
        return (total, *(0 for _ in weights[1:]))
    quotas = [total * weight / whole for weight in weights]
    parts = [int(quota) for quota in quotas]
    missing = total - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - quotas[i])
    for i in by_remainder[:missing]:
        parts[i] += 1
    return tuple(parts)


class RateCounter:
    """Counts each register's units into the rate that runs."""

    __slots__ = ("_at", "_clock", "_counts", "_measuring", "_midnights", "_plan", "_rates")

    def __init__(self, measuring: Measuring, plan: TariffPlan, clock: MeterClock, rates: int) -> None:
        """Count by a tariff plan, into at least ``rates`` rates."""
        self._measuring, self._plan, self._clock = measuring, plan, clock
        self._rates = rates
        self._at: datetime | None = None
        self._counts: list[Counts] = []
        self._midnights: dict[datetime, list[Counts]] = {}

    def now(self, instant: datetime) -> Mapping[Quantity, Counts]:
        """Return each register by rate at the present instant; counting goes on to it."""
        if self._at is None:
            self._begin(instant)
        self._advance(instant)
        return dict(zip(COUNTED, self._counts, strict=True))

    def then(self, instant: datetime, wanted: Iterable[Quantity] = COUNTED) -> Mapping[Quantity, Counts]:
        """Return at least the wanted registers by rate at an instant of the past."""
        if self._at is None or not self._midnights or instant < next(iter(self._midnights)):
            shown = self._measuring.read(instant)
            return {quantity: self._spread_one(quantity, shown) for quantity in wanted}
        if instant >= self._at:
            return self.now(instant)
        midnight = max(at for at in self._midnights if at <= instant)
        counts, _ = self._walk(self._midnights[midnight], midnight, instant, keep=False)
        return dict(zip(COUNTED, counts, strict=True))

    def changed(self, instant: datetime, rates: int) -> None:
        """Count up to ``instant``, after which other tables or another number of rates hold."""
        self.now(instant)
        self._rates = rates

    def clear(self, instant: datetime) -> None:
        """Begin again at zero."""
        self._counts = [(0,) * self._rates for _ in COUNTED]
        self._at = instant

    def _begin(self, instant: datetime) -> None:
        local = (instant + self._clock.offset_at(instant)).astimezone(self._clock.zone)
        midnight = self._clock.true_at(local.replace(hour=0, minute=0, second=0, microsecond=0))
        self._at = min(midnight, instant)
        self._counts = self._spread(self._at)
        self._midnights = {self._at: self._counts}

    def _advance(self, instant: datetime) -> None:
        if self._at is None or instant <= self._at:
            return
        self._counts, self._at = self._walk(self._counts, self._at, instant, keep=True)

    def _walk(
        self, counts: list[Counts], start: datetime, end: datetime, *, keep: bool
    ) -> tuple[list[Counts], datetime]:
        """Credit what grew from ``start`` to ``end``, period by period; return counts and end."""
        at = start
        while at < end:
            border = min(self._plan.next_change(at), end)
            shown = self._measuring.read(border)
            if shown:
                counts = self._credited(counts, shown, self._plan.rate_at(at), border)
            at = border
            if keep and at < end and self._is_midnight(at):
                self._midnights[at] = counts
                while len(self._midnights) > MIDNIGHTS_KEPT:
                    del self._midnights[next(iter(self._midnights))]
        return counts, at

    def _is_midnight(self, instant: datetime) -> bool:
        local = (instant + self._clock.offset_at(instant)).astimezone(self._clock.zone)
        return local.hour == local.minute == local.second == 0

    def _credited(
        self, counts: list[Counts], shown: Mapping[Quantity, float], rate: int, at: datetime
    ) -> list[Counts]:
        credited: list[Counts] = []
        for quantity, held in zip(COUNTED, counts, strict=True):
            grown = counts_of(shown.get(quantity, 0.0)) - sum(held)
            if grown < 0:
                return self._spread(at)  # Another meter, or another model: its past is not ours.
            if grown:
                wide = held + (0,) * (max(rate, self._rates) - len(held))
                held = (*wide[: rate - 1], wide[rate - 1] + grown, *wide[rate:])  # noqa: PLW2901 - a tuple grows
            credited.append(held)
        return credited

    def _spread(self, instant: datetime) -> list[Counts]:
        """Return every register by rate as the model has it, made to add up."""
        shown = self._measuring.read(instant)
        return [self._spread_one(quantity, shown) for quantity in COUNTED]

    def _spread_one(self, quantity: Quantity, shown: Mapping[Quantity, float]) -> Counts:
        total = counts_of(shown.get(quantity, 0.0))
        own = [shown[q] for q in _RATES_OF.get(quantity, ()) if q in shown]
        weights = [max(weight, 0.0) for weight in own] if any(own) else list(RATE_SHARES.values())
        return apportioned(total, weights + [0.0] * (self._rates - len(weights)))
