"""The average price of a bill as the sheet shows it."""

from __future__ import annotations

from decimal import Decimal

from analysis.settlement.average_price import DECIMALS, price_parts
from analysis.settlement.bill import Bill
from analysis.settlement.rounding import rounded


def average_price(bill: Bill) -> Decimal | None:
    """Return yuan/kWh of a bill, what interim bills took included; None without energy."""
    parts = price_parts(bill)
    if parts is None:
        return None
    return rounded(Decimal(parts.price.numerator) / Decimal(parts.price.denominator), DECIMALS)
