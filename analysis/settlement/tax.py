"""Tax of a bill, included in its prices or added to them, and what interim bills already took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.bill import BillLine
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import plain
from analysis.settlement.priced import Priced, amount_of, unit_of_money
from analysis.settlement.rounding import rounded
from analysis.settlement.segments import Segment
from pipeline.tariff import Tariff

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """The tax within the lines, and the lines that add it."""

    lines: Sequence[Priced]
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimPart:
    """What is taken off, and the tax within it."""

    lines: Sequence[BillLine]
    tax: Decimal


def tax_of(segments: Sequence[Segment], priced: Sequence[Priced]) -> Tax:
    """Return the tax; segments of the same rate share a line."""
    groups: dict[tuple[Decimal, bool], list[Segment]] = {}
    for segment in segments:
        groups.setdefault((segment.tariff.tax_percent, segment.tariff.tax_included), []).append(segment)
    lines: list[Priced] = []
    amount = Decimal(0)
    for (percent, included), those in groups.items():
        numbers = {segment.number for segment in those}
        taxed = sum((item.line.amount for item in priced if item.segment in numbers), Decimal(0))
        tariff = those[0].tariff
        if included:
            amount += _within(taxed, tariff)
            continue
        line = BillLine(
            item="tax",
            quantity=taxed,
            unit=unit_of_money(tariff),
            price=percent / HUNDRED,
            amount=amount_of(tariff, taxed, percent / HUNDRED),
            basis={"percent": plain(percent)},
        )
        amount += line.amount
        if percent:
            lines.append(Priced(line=line, segment=those[0].number, power_factor=False))
    return Tax(lines=lines, amount=amount)


def interim_lines(month: BillingMonth, segments: Sequence[Segment]) -> InterimPart:
    """Return a line that takes off each bill of a part of the month that was given out before."""
    if not segments:
        return InterimPart(lines=(), tax=Decimal(0))
    tariff = segments[0].tariff
    bills = sorted(month.interim, key=lambda bill: (bill.starts_at, bill.ends_at, bill.amount))
    lines = [
        BillLine(
            item="interim",
            quantity=bill.amount,
            unit=unit_of_money(tariff),
            price=Decimal(-1),
            amount=-rounded(bill.amount, tariff.amount_decimals),
            starts_at=bill.starts_at,
            ends_at=bill.ends_at,
            basis={"kwh": plain(bill.kwh)},
        )
        for bill in bills
    ]
    return InterimPart(lines=lines, tax=sum((_within(bill.amount, tariff) for bill in bills), Decimal(0)))


def _within(amount: Decimal, tariff: Tariff) -> Decimal:
    """Return the tax within an amount."""
    return rounded(amount * tariff.tax_percent / (HUNDRED + tariff.tax_percent), tariff.amount_decimals)
