"""The difference bill (退补电费): what a bill that was made again adds to the one that was given out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from analysis.settlement.bill import Bill, BillLine
from pipeline.errors import DataError

Key: TypeAlias = tuple[str, str, str, str | None, str, datetime | None, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """What changed of one item, period and stretch of the bill."""

    item: str
    name_zh: str
    name_en: str
    period: str | None
    unit: str
    starts_at: datetime | None
    ends_at: datetime | None
    quantity_before: Decimal
    quantity_after: Decimal
    amount_before: Decimal
    amount_after: Decimal

    @property
    def amount(self) -> Decimal:
        """What is to be paid more; below 0 it is paid back."""
        return self.amount_after - self.amount_before


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceBill:
    """All that changed between two bills of the same month; empty where nothing did."""

    service_point: str
    month: str
    lines: Sequence[DifferenceLine]
    energy_kwh: Decimal
    tax: Decimal
    currency: str

    @property
    def amount(self) -> Decimal:
        """The sum of its lines: the new bill's amount less the old one's."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not self.lines and not self.energy_kwh and not self.tax


def difference_bill(old: Bill, new: Bill) -> DifferenceBill:
    """Return what ``new`` adds to ``old``, line by line, in the order of the new bill.

    Raises:
        DataError: If the bills are not of the same service point, month and currency.
    """
    whose = [(bill.service_point, bill.month, bill.currency) for bill in (old, new)]
    if whose[0] != whose[1]:
        raise DataError(
            f"no difference between bills of {whose[0]} and {whose[1]}: both must be of one point and month"
        )
    before, after = _sums(old.lines), _sums(new.lines)
    lines = []
    for key in dict.fromkeys([*after, *before]):
        was, now = before.get(key, _NOTHING), after.get(key, _NOTHING)
        if was != now:
            lines.append(_line(key, was, now))
    return DifferenceBill(
        service_point=new.service_point,
        month=new.month,
        lines=lines,
        energy_kwh=new.energy_kwh - old.energy_kwh,
        tax=new.tax - old.tax,
        currency=new.currency,
    )


_NOTHING = (Decimal(0), Decimal(0))


def _sums(lines: Sequence[BillLine]) -> Mapping[Key, tuple[Decimal, Decimal]]:
    """Return quantity and amount by item, period and stretch; layers of one capacity are added."""
    found: dict[Key, tuple[Decimal, Decimal]] = {}
    for line in lines:
        key = (
            line.item,
            line.name_zh,
            line.name_en,
            line.period,
            line.unit,
            line.starts_at,
            line.ends_at,
        )
        quantity, amount = found.get(key, _NOTHING)
        found[key] = (quantity + line.quantity, amount + line.amount)
    return found


def _line(key: Key, was: tuple[Decimal, Decimal], now: tuple[Decimal, Decimal]) -> DifferenceLine:
    item, name_zh, name_en, period, unit, starts_at, ends_at = key
    return DifferenceLine(
        item=item,
        name_zh=name_zh,
        name_en=name_en,
        period=period,
        unit=unit,
        starts_at=starts_at,
        ends_at=ends_at,
        quantity_before=was[0],
        quantity_after=now[0],
        amount_before=was[1],
        amount_after=now[1],
    )
