"""Average selling price (售电均价): what a kWh of a bill cost, and why it differs from another bill's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from analysis.power_factor import standards
from analysis.settlement.bill import Bill, BillLine
from analysis.settlement.market import ITEM as MARKET
from analysis.settlement.rounding import rounded
from pipeline.tariff import MarketEnergy, Period, Tariff

DECIMALS = 6
"""Of prices and effects, yuan/kWh."""
HUNDRED = 100


class Effect(StrEnum):
    """Why one average price is not the other."""

    PRICE = "price"
    """Other prices of the periods: a new tariff, another class, other market prices."""
    MIX = "mix"
    """Other shares of the periods (时段结构)."""
    STEPS = "steps"
    POWER_FACTOR = "power_factor"
    BASIC = "basic"
    """Another basic charge: capacity or demand, its price, what rested."""
    USE = "use"
    """The same basic charge over more or fewer kWh (利用小时)."""
    OTHER = "other"
    """Fixed charges and added tax."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceParts:
    """What an average price is made of, exactly; amounts in yuan, prices in yuan/kWh."""

    kwh: Fraction
    shares: Mapping[str, Fraction] = field(hash=False)
    """Of each period in the energy."""
    prices: Mapping[str, Fraction] = field(hash=False)
    """What a kWh of each period cost, charges at one price included."""
    steps: Fraction
    power_factor: Fraction
    basic: Fraction
    other: Fraction

    @property
    def price(self) -> Fraction:
        """The average price."""
        energy = sum((self.shares[period] * self.prices[period] for period in self.shares), Fraction(0))
        return energy + (self.steps + self.power_factor + self.basic + self.other) / self.kwh

    @property
    def shown_price(self) -> Decimal:
        """The average price, rounded to :data:`DECIMALS`."""
        return _decimal(self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """The average price of a bill against a reference, and the effects that lead from one to the other."""

    price: Decimal
    reference: Decimal
    effects: Mapping[Effect, Decimal] = field(hash=False)
    """Yuan/kWh; they add up to ``price - reference`` exactly."""

    @property
    def main_effect(self) -> Effect:
        """The effect that explains most of the change in its direction."""
        sign = 1 if self.price >= self.reference else -1
        return max(Effect, key=lambda effect: sign * self.effects[effect])


def price_parts(bill: Bill) -> PriceParts | None:
    """Return what a bill's average price is made of; None without energy.

    What interim bills took is part of the month's price, so their lines are left out.
    """
    if not bill.energy_kwh:
        return None
    kwh = Fraction(bill.energy_kwh)
    by_period: dict[str, Fraction] = defaultdict(Fraction)
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for line in bill.lines:
        kind = _kind(line)
        if kind == "energy" and line.period is not None:
            by_period[line.period] += Fraction(line.amount)
        elif line.item == MARKET:
            for period, part in _market_kwh(line).items():
                by_period[period] += Fraction(line.amount) * part
        else:
            sums[kind] += Fraction(line.amount)
    common = sums["energy"] / kwh
    used = {period: Fraction(part) for period, part in bill.energy_by_period.items() if part}
    return PriceParts(
        kwh=kwh,
        shares={period: part / kwh for period, part in used.items()},
        prices={period: by_period[period] / part + common for period, part in used.items()},
        steps=sums["steps"],
        power_factor=sums["power_factor"],
        basic=sums["basic"],
        other=sums["other"],
    )


def price_change(now: PriceParts, reference: PriceParts) -> PriceChange:
    """Return why two average prices differ.

    A product's change is shared by means: of p = sum of share x price, the price effect is mean share x
    change of price, the mix effect is change of share x mean price; of basic charge x 1/kWh likewise. A
    period that one bill lacks counts at the other's price, so that it is an effect of the mix. Rounding to
    :data:`DECIMALS` is left to the largest effect.
    """
    price = mix = Fraction(0)
    for period in {**now.shares, **reference.shares}:
        share = (reference.shares.get(period, Fraction(0)), now.shares.get(period, Fraction(0)))
        known = (reference.prices.get(period), now.prices.get(period))
        before = known[0] if known[0] is not None else known[1] or Fraction(0)
        after = known[1] if known[1] is not None else before
        price += (share[0] + share[1]) / 2 * (after - before)
        mix += (share[1] - share[0]) * (before + after) / 2
    each = (1 / reference.kwh, 1 / now.kwh)
    exact = {
        Effect.PRICE: price,
        Effect.MIX: mix,
        Effect.STEPS: now.steps * each[1] - reference.steps * each[0],
        Effect.POWER_FACTOR: now.power_factor * each[1] - reference.power_factor * each[0],
        Effect.BASIC: (now.basic - reference.basic) * (each[0] + each[1]) / 2,
        Effect.USE: (each[1] - each[0]) * (now.basic + reference.basic) / 2,
        Effect.OTHER: now.other * each[1] - reference.other * each[0],
    }
    return _shown(now, reference, exact)


def median_parts(parts: Sequence[PriceParts]) -> PriceParts | None:
    """Return the parts whose average price is the median of a class, the lower of two; None of none."""
    ordered = sorted(parts, key=lambda one: (one.price, one.kwh))
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def lowest_price(tariff: Tariff, calendar_month: int, market: Sequence[MarketEnergy] = ()) -> Decimal | None:
    """Return the least that a kWh can cost: all of it in the cheapest period, at the best power factor.

    An average price below it is impossible, whoever worked it out; None where the tariff has no price, or
    steps make energy cheaper.
    """
    if any(step.added < 0 for step in tariff.steps):
        return None
    charges = [c for c in tariff.charges if not c.months or calendar_month in c.months]
    schedules = [s for s in tariff.schedules if not s.months or calendar_month in s.months]
    used = {span.period for schedule in schedules for span in schedule.spans} | {Period.FLAT}
    sums = []
    for period in used:
        prices = [
            min(
                [price, *(m.price for m in market if m.item == c.item and m.period in {None, period})],
                default=price,
            )
            for c in charges
            if (price := c.price_in(period)) is not None
        ]
        if prices and len(prices) == len(charges):
            sums.append(sum(prices, Decimal(0)))
    if not sums:
        return None
    return min(sums) * (1 - _best_reward() if tariff.power_factor else 1)


def _best_reward() -> Decimal:
    """Return the largest reward of any standard, as a part of the bill."""
    best = Decimal(0)
    for standard in standards():
        place, percent = Decimal(str(standard.value)), Decimal(0)
        for step in standard.reward:
            percent += (Decimal(str(step.to)) - place) * HUNDRED * Decimal(str(step.percent))
            place = Decimal(str(step.to))
        best = max(best, percent / HUNDRED)
    return best


def _kind(line: BillLine) -> str:
    if line.item.startswith("step_"):
        return "steps"
    if line.item.startswith("basic_"):
        return "basic"
    if line.item == "interim":
        return "interim"
    if line.unit == "kWh":
        return "energy"
    return "power_factor" if line.item == "power_factor" else "other"


def _market_kwh(line: BillLine) -> Mapping[str, Fraction]:
    """Return which part of a market line lies in each period."""
    parts = {
        period.value: Fraction(str(line.basis[f"{period.value}_kwh"]))
        for period in Period
        if f"{period.value}_kwh" in line.basis
    }
    whole = sum(parts.values(), Fraction(0))
    return {period: part / whole for period, part in parts.items()}


def _shown(now: PriceParts, reference: PriceParts, exact: Mapping[Effect, Fraction]) -> PriceChange:
    price, before = now.shown_price, reference.shown_price
    effects = {effect: _decimal(value) for effect, value in exact.items()}
    largest = max(Effect, key=lambda effect: abs(effects[effect]))
    effects[largest] += price - before - sum(effects.values(), Decimal(0))
    return PriceChange(price=price, reference=before, effects=effects)


def _decimal(value: Fraction) -> Decimal:
    return rounded(Decimal(value.numerator) / Decimal(value.denominator), DECIMALS)
