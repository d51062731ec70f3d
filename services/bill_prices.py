"""Turns bills into the prices that are judged (售电均价), and asks load curves to bear out hours of use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any  # Any: JSON

from analysis.settlement.average_price import DECIMALS, price_parts
from analysis.settlement.bill import Bill
from analysis.settlement.mix_check import is_mix_proven
from analysis.settlement.period_days import PeriodDay
from analysis.settlement.rounding import rounded
from pipeline.records import BilledPrice
from pipeline.tariff_periods import PERIODS


def billed_price(bill: Bill, *, is_proven: bool | None = None) -> BilledPrice | None:
    """Return the price of a bill; None without energy, or where it must not be given out anyway."""
    parts = price_parts(bill)
    if parts is None or not bill.is_final:
        return None
    price = Decimal(parts.price.numerator) / Decimal(parts.price.denominator)
    return BilledPrice(
        service_point=bill.service_point,
        month=bill.month,
        starts_at=bill.starts_at,
        ends_at=bill.ends_at,
        kwh=bill.energy_kwh,
        price=rounded(price, DECIMALS),
        shares=parts.shares,
        prices=parts.prices,
        steps=parts.steps,
        power_factor=parts.power_factor,
        basic=parts.basic,
        other=parts.other,
        is_mix_proven=is_proven,
    )


def is_document_proven(document: Mapping[str, Any]) -> bool | None:  # Any: JSON
    """Tell whether the days of a stored bill bear out its hours of use."""
    days = [
        PeriodDay(
            day=date.fromisoformat(day["day"]),
            kwh=tuple(float(day["kwh"].get(period.value, 0.0)) for period in PERIODS),
            slots=day["slots"],
            missing=day["missing"],
            estimated=day["estimated"],
        )
        for day in document["basis"]["days"]
    ]
    billed = {period: Decimal(str(kwh)) for period, kwh in document["energy_by_period"].items()}
    return is_mix_proven(billed, days)
