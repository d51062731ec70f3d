"""What a customer's own load curve costs by two tariffs (高价低接): the yuan at stake of a wrong class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from analysis.settlement.energy_price import curve_price
from detectors.stretches import number
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Json
from pipeline.registry import Registry
from pipeline.timegrid import to_numpy

UNKNOWN_TIME_DAYS = 90
"""Three months, where nobody knows since when: 供电营业规则, 1996; the edition of 2024 to be confirmed."""
TIMES = Decimal(3)
"""The difference made up, and twice that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDifference:
    """What is known of the difference, for evidence, and what the archive lacks to tell more."""

    facts: Mapping[str, Json] = field(default_factory=dict)
    wanted: Sequence[str] = ()


def usual_tariff(tariffs: Sequence[str | None]) -> str | None:
    """Return the tariff that most contracts of a class name; of two as frequent the first by name."""
    counted = Counter(tariff for tariff in tariffs if tariff is not None)
    return min(counted, key=lambda tariff: (-counted[tariff], tariff), default=None)


def price_difference(  # noqa: PLR0913, PLR0917 - one customer, and the two tariffs that are compared
    window: MeterMatrix,
    daily: DailyRows,
    registry: Registry,
    row: int,
    first: int,
    own: str | None,
    other: str | None,
) -> PriceDifference:
    """Return what the curve of a meter since a day costs by its own and by the other class's tariff.

    Energy charges alone: basic charge and power factor are the bill's matter.
    """
    begins, ends = daily.span(row, first, len(daily.days))
    inside = (window.starts_at >= to_numpy(begins)) & (window.starts_at < to_numpy(ends))
    kwh = window.actual_kwh()[row, inside]
    prices: list[Decimal] = []
    wanted: list[str] = []
    for tariff in (own, other):
        if tariff is None:
            continue
        version = registry.tariff_of(tariff, begins)
        price = (
            None if version is None else curve_price(version, window.starts_at[inside], daily.zones[row], kwh)
        )
        if price is None:
            wanted.append(f"[[tariff]] {tariff}: charges")
        else:
            prices.append(price)
    if own is None or other is None or wanted:
        return PriceDifference(wanted=list(dict.fromkeys(wanted)))
    used, days = float(np.nansum(kwh)), float(daily.coverage[row, first:].sum())
    assumed = used / days * UNKNOWN_TIME_DAYS if days else 0.0
    apart = max(prices[1] - prices[0], Decimal(0))
    return PriceDifference(
        facts={
            "filed_tariff": own,
            "looks_tariff": other,
            "filed_yuan_kwh": float(round(prices[0], 4)),
            "looks_yuan_kwh": float(round(prices[1], 4)),
            "three_months_kwh": number(assumed, 1),
            "three_months_yuan": float(round(apart * TIMES * Decimal(str(assumed)), 2)),
        }
    )
