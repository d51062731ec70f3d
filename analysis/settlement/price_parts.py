"""What an average price (售电均价) is made of: flat price, hours of use, power factor, basic charge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from analysis.settlement.bill import Bill, BillLine
from pipeline.tariff import Period

BASIC = ("basic_capacity", "basic_demand")
POWER_FACTOR = "power_factor"
KWH = "kWh"


class Part(StrEnum):
    """What yuan of a bill are for."""

    PRICE = "price"
    """All energy as if it had been used in flat hours (电价水平)."""
    MIX = "mix"
    """What was more or less for using it in other hours (峰谷结构)."""
    DEMAND = "demand"
    """The basic charge (基本电费): on few kWh it weighs more."""
    POWER_FACTOR = "power_factor"
    """力调电费."""
    OTHER = "other"
    """What is neither: fixed charges, steps, shares of amounts."""


def price_parts(bill: Bill) -> Mapping[str, Decimal]:
    """Return the yuan of a bill by part; they add up to its amount exactly.

    The flat price of an item is that of its line of flat hours; where there is none, the mean of its prices.
    """
    found = dict.fromkeys([part.value for part in Part], Decimal(0))
    by_item: dict[tuple[str, object], list[BillLine]] = defaultdict(list)
    for line in bill.lines:
        if line.unit == KWH:
            by_item[line.item, line.starts_at].append(line)
        elif line.item in BASIC:
            found[Part.DEMAND] += line.amount
        elif line.item == POWER_FACTOR:
            found[Part.POWER_FACTOR] += line.amount
        else:
            found[Part.OTHER] += line.amount
    for lines in by_item.values():
        flat = _flat_price(lines)
        level = sum((flat * line.quantity for line in lines), Decimal(0))
        found[Part.PRICE] += level
        found[Part.MIX] += sum((line.amount for line in lines), Decimal(0)) - level
    return found


def average_price(bill: Bill) -> Decimal | None:
    """Return yuan/kWh of a bill, to four decimals; None without energy."""
    if bill.energy_kwh <= 0:
        return None
    return (bill.amount / bill.energy_kwh).quantize(Decimal("0.0001"))


def _flat_price(lines: Sequence[BillLine]) -> Decimal:
    flat = [line.price for line in lines if line.period == Period.FLAT]
    prices = flat or [line.price for line in lines]
    return sum(prices, Decimal(0)) / len(prices)
