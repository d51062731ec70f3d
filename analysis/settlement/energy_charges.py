"""Lines of energy: each charge by period, steps, and what is charged whatever is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from analysis.settlement.allocation import Cell
from analysis.settlement.bill import BillFinding, BillLine
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, plain, refusal
from analysis.settlement.market import charges_of
from analysis.settlement.priced import Billed, Priced, Step, amount_of
from analysis.settlement.segments import Segment, whole_days
from pipeline.tariff import Each, EnergyCharge, FixedCharge, Period, StepsOver

DAYS_OF_YEAR = 365


def energy_charges(
    segments: Sequence[Segment], billed: Billed, taken: Mapping[tuple[str, Cell], Decimal]
) -> Step:
    """Return a line for each segment, charge and period; one for all periods where a charge has one price.

    Args:
        segments: The month's segments.
        billed: Its energy.
        taken: Energy by item and cell that the market supplied instead.
    """
    lines: list[Priced] = []
    findings: list[BillFinding] = []
    for segment in segments:
        cells = [(segment.number, period) for period in Period if (segment.number, period) in billed.kwh]
        if not charges_of(segment) and any(billed.kwh[cell] for cell in cells):
            findings.append(_no_price(segment, "", ""))
        for charge in charges_of(segment):
            for period, group in _groups(charge, cells):
                kwh = sum(
                    (billed.kwh[c] - taken.get((charge.item, c), Decimal(0)) for c in group), Decimal(0)
                )
                price = charge.price if period is None else charge.price_in(period)
                if not kwh:
                    continue
                if price is None:
                    findings.append(_no_price(segment, charge.item, period or ""))
                    continue
                lines.append(_energy_line(segment, charge, period, kwh, price, group, billed))
    return Step(lines=lines, findings=findings)


def _groups(charge: EnergyCharge, cells: Sequence[Cell]) -> list[tuple[Period | None, list[Cell]]]:
    if not charge.prices:
        return [(None, list(cells))]
    return [(cell[1], [cell]) for cell in cells]


def _no_price(segment: Segment, item: str, period: str) -> BillFinding:
    return refusal(Code.PRICE_MISSING, item=item, period=period, tariff=segment.tariff.id)


def _energy_line(  # noqa: PLR0913, PLR0917 - what a line is made of
    segment: Segment,
    charge: EnergyCharge,
    period: Period | None,
    kwh: Decimal,
    price: Decimal,
    cells: Sequence[Cell],
    billed: Billed,
) -> Priced:
    losses = sum((billed.losses.get(cell, Decimal(0)) for cell in cells), Decimal(0))
    supplied = sum((billed.kwh[cell] for cell in cells), Decimal(0)) - kwh
    allocated = {billed.allocated[cell] for cell in cells if cell in billed.allocated}
    basis = {
        "tariff": segment.tariff.id,
        **({"allocated_by": ", ".join(sorted(allocated))} if allocated else {}),
        **({"losses_kwh": plain(losses)} if losses else {}),
        **({"market_kwh": plain(supplied)} if supplied else {}),
    }
    line = BillLine(
        item=charge.item,
        name_zh=charge.name_zh,
        name_en=charge.name_en,
        period=None if period is None else period.value,
        quantity=kwh,
        unit="kWh",
        price=price,
        amount=amount_of(segment.tariff, kwh, price),
        starts_at=segment.part[0],
        ends_at=segment.part[1],
        basis=basis,
        registers=sorted({index for cell in cells for index in billed.registers.get(cell, ())}),
    )
    return Priced(line=line, segment=segment.number, power_factor=charge.power_factor)


def step_charges(month: BillingMonth, segments: Sequence[Segment], billed: Billed) -> list[Priced]:
    """Return what steps (阶梯) add: the kWh of the month, or of the year so far, in the order of segments."""
    lines = []
    calendar_month = int(month.month.split("-")[1])
    before = Decimal(0)
    for segment in segments:
        steps = sorted(
            (s for s in segment.tariff.steps if not s.months or calendar_month in s.months),
            key=lambda step: step.above_kwh,
        )
        over_year = segment.tariff.steps_over == StepsOver.YEAR
        begins = before + (month.billed_before_kwh if over_year else Decimal(0))
        ends = begins + billed.of_segment(segment.number)
        before += billed.of_segment(segment.number)
        for place, step in enumerate(steps):
            to = steps[place + 1].above_kwh if place + 1 < len(steps) else ends
            kwh = min(ends, to) - max(begins, step.above_kwh)
            if kwh <= 0:
                continue
            line = BillLine(
                item=f"step_{place + 2}",
                quantity=kwh,
                unit="kWh",
                price=step.added,
                amount=amount_of(segment.tariff, kwh, step.added),
                starts_at=segment.part[0],
                ends_at=segment.part[1],
                basis={
                    "above_kwh": plain(step.above_kwh),
                    "from_kwh": plain(begins),
                    "to_kwh": plain(ends),
                    "over": segment.tariff.steps_over.value,
                },
                registers=sorted(
                    {
                        i
                        for cell, found in billed.registers.items()
                        if cell[0] == segment.number
                        for i in found
                    }
                ),
            )
            lines.append(Priced(line=line, segment=segment.number, power_factor=True))
    return lines


def fixed_charges(month: BillingMonth, segments: Sequence[Segment]) -> list[Priced]:
    """Return what is charged whatever is used; segments with the same charge share a line."""
    found: dict[FixedCharge, list[Segment]] = {}
    for segment in segments:
        for charge in segment.tariff.fixed:
            found.setdefault(charge, []).append(segment)
    lines = []
    for charge, owners in found.items():
        days = sum(len(segment.days) for segment in owners)
        of_days = {Each.DAY: 1, Each.MONTH: whole_days(month), Each.YEAR: DAYS_OF_YEAR}[charge.each]
        line = BillLine(
            item=charge.item,
            name_zh=charge.name_zh,
            name_en=charge.name_en,
            quantity=Decimal(1),
            unit=charge.each.value,
            price=charge.price,
            days=days,
            of_days=of_days,
            amount=amount_of(owners[0].tariff, Decimal(1), charge.price, days, of_days),
            basis={"tariff": owners[0].tariff.id},
        )
        lines.append(Priced(line=line, segment=owners[0].number, power_factor=charge.power_factor))
    return lines
