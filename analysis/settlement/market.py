"""Energy bought on the market (直购电): how much of each cell it is, and its lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.allocation import Cell
from analysis.settlement.bill import BillFinding, BillLine
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, finding, plain, refusal
from analysis.settlement.priced import Billed, Priced, amount_of
from analysis.settlement.rounding import rounded, shares
from analysis.settlement.segments import Segment
from pipeline.tariff import EnergyCharge, MarketEnergy, Period

ITEM = "market"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPart:
    """What of the month was bought on the market."""

    taken: Mapping[tuple[str, Cell], Decimal]
    """Energy by the item whose price it replaces, and cell."""
    lines: Sequence[Priced]
    findings: Sequence[BillFinding]


def market_part(month: BillingMonth, segments: Sequence[Segment], billed: Billed) -> MarketPart:
    """Return the market's part; each purchase is shared among its cells as what is left of them."""
    taken: dict[tuple[str, Cell], Decimal] = defaultdict(Decimal)
    lines: list[Priced] = []
    findings: list[BillFinding] = []
    for bought in _in_order(month) if segments else ():
        if not _usable(bought, segments):
            about = {"service_point": bought.service_point, "name": bought.name, "item": bought.item}
            findings.append(refusal(Code.MARKET_UNUSABLE, **about))
            continue
        pool = [cell for cell in _ordered(billed.kwh) if bought.period in {None, cell[1]}]
        left = [billed.kwh[cell] - taken[bought.item, cell] for cell in pool]
        wanted = _wanted(bought, sum((billed.kwh[cell] for cell in pool), Decimal(0)), segments)
        takes = min(wanted, sum(left, Decimal(0)))
        if takes < wanted:
            findings.append(finding(Code.MARKET_OVER_ENERGY, name=bought.name, kwh=wanted, of=takes))
        if not takes:
            continue
        decimals = max(segment.tariff.kwh_decimals for segment in segments)
        parts = dict(zip(pool, shares(takes, [float(kwh) for kwh in left], decimals), strict=True))
        for cell, kwh in parts.items():
            taken[bought.item, cell] += kwh
        lines += [
            line
            for segment in segments
            if (
                line := _line(
                    bought, segment, billed, {c: k for c, k in parts.items() if c[0] == segment.number}
                )
            )
        ]
    return MarketPart(taken=dict(taken), lines=lines, findings=findings)


def _in_order(month: BillingMonth) -> Iterable[MarketEnergy]:
    """Return the month's purchases: those of one period first, as they have the fewest places to go."""
    mine = [m for m in month.market if m.service_point == month.service_point and m.month == month.month]
    return sorted(
        mine,
        key=lambda m: (m.period is None, m.period or "", m.kwh is None, m.item, m.name, m.price, m.kwh or 0),
    )


def _usable(bought: MarketEnergy, segments: Sequence[Segment]) -> bool:
    if bought.kwh is not None and bought.kwh < 0:
        return False
    if bought.share is not None and not 0 <= bought.share <= 1:
        return False
    return all(charge_of(segment, bought.item) is not None for segment in segments)


def charge_of(segment: Segment, item: str) -> EnergyCharge | None:
    """Return the charge of an item in force in a segment; None where there is none."""
    return next((charge for charge in charges_of(segment) if charge.item == item), None)


def charges_of(segment: Segment) -> list[EnergyCharge]:
    """Return the charges in force in a segment's calendar month, as its tariff orders them."""
    return [c for c in segment.tariff.charges if not c.months or segment.calendar_month in c.months]


def _wanted(bought: MarketEnergy, pool_kwh: Decimal, segments: Sequence[Segment]) -> Decimal:
    decimals = max(segment.tariff.kwh_decimals for segment in segments)
    if bought.kwh is not None:
        return rounded(bought.kwh, decimals)
    return pool_kwh if bought.share is None else rounded(pool_kwh * bought.share, decimals)


def _ordered(cells: Iterable[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: (cell[0], list(Period).index(cell[1])))


def _line(
    bought: MarketEnergy, segment: Segment, billed: Billed, parts: Mapping[Cell, Decimal]
) -> Priced | None:
    kwh = sum(parts.values(), Decimal(0))
    charge = charge_of(segment, bought.item)
    if not kwh or charge is None:
        return None
    registers = sorted({index for cell in parts for index in billed.registers.get(cell, ())})
    line = BillLine(
        item=ITEM,
        name_zh=bought.name,
        name_en=bought.name,
        period=None if bought.period is None else bought.period.value,
        quantity=kwh,
        unit="kWh",
        price=bought.price,
        amount=amount_of(segment.tariff, kwh, bought.price),
        starts_at=segment.part[0],
        ends_at=segment.part[1],
        basis={
            "replaces": bought.item,
            **{f"{period.value}_kwh": plain(part) for (_, period), part in parts.items() if part},
        },
        registers=registers,
    )
    return Priced(line=line, segment=segment.number, power_factor=charge.power_factor)
