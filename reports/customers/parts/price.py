"""Average selling price (售电均价): what the month's is made of, beside the month before and the year."""

from __future__ import annotations

from decimal import Decimal

from analysis.settlement.average_price import PriceChange, price_change, price_parts
from analysis.settlement.bill import Bill
from reports.customers.facts import CustomerFacts, PointFacts
from reports.customers.prices import average_price
from reports.customers.sheet import Block, Column, Note, Section, Table, Value, Word

_EFFECTS = (
    Column(name="effect"),
    Column(name="effect_yuan_kwh", unit="yuan/kWh", digits=6),
    Column(name="effect_percent", unit="%", digits=1),
)
_MONTHS = (
    Column(name="month"),
    Column(name="billed_kwh", unit="kWh", digits=2),
    Column(name="billed_yuan", unit="yuan", digits=2),
    Column(name="average_price", unit="yuan/kWh", digits=6),
    Column(name="power_factor", digits=2),
)


def price(facts: CustomerFacts) -> Section:
    """Return the price of every service point, its effects, its year, and what was found of it."""
    blocks = [block for point in facts.points for block in _of_point(facts, point)]
    found = sum(episode.detector == "average_price" for episode in facts.episodes)
    if any(isinstance(block, Table) for block in blocks):
        key = "price_found" if found else "price_not_found"
        blocks.append(Note(text=Word(key=key, parameters={"n": found})))
    return Section(key="price", blocks=blocks)


def _of_point(facts: CustomerFacts, known: PointFacts) -> list[Block]:
    point, made = known.point.id, known.bill_of(facts.month)
    parts = None if made is None or not made.is_final else price_parts(made)
    if made is None or parts is None:
        said = {"point": point, "month": facts.month}
        return [Note(text=Word(key="no_price", parameters=said), is_absent=True)]
    earlier = [b for b in known.bills if b.month < facts.month and b.is_final and b.energy_kwh > 0]
    months = [_month(bill) for bill in reversed([*earlier, made])]
    blocks: list[Block] = [Table(name="price_months", columns=_MONTHS, rows=months)]
    before = price_parts(earlier[-1]) if earlier else None
    if before is None:
        return [*blocks, Note(text=Word(key="no_price_before", parameters={"point": point}))]
    change = price_change(parts, before)
    before_word = Word(key="price_before", parameters={"month": earlier[-1].month})
    now_word = Word(key="price_now", parameters={"month": made.month})
    effects: list[list[Value]] = [
        [Word(key=f"effect_{effect.value}"), yuan, _share(yuan, change)]
        for effect, yuan in change.effects.items()
    ]
    rows: list[list[Value]] = [
        [before_word, change.reference, None],
        *effects,
        [now_word, change.price, None],
    ]
    return [Table(name="price_effects", columns=_EFFECTS, rows=rows), *blocks]


def _share(yuan: Decimal, change: PriceChange) -> float | None:
    """Return an effect in percent of the price before."""
    return float(100 * yuan / change.reference) if change.reference else None


def _month(made: Bill) -> list[Value]:
    return [made.month, made.energy_kwh, made.charged, average_price(made), made.power_factor]
