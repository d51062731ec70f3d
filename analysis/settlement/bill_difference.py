"""The difference of two versions of a bill (退补): what is charged more or given back, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

Stored: TypeAlias = Mapping[str, Any]  # Any: JSON of a stored bill
Key: TypeAlias = tuple[str, str | None, str | None, str]
"""Item, period, start and price: what makes lines of two versions the same line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """One line of two versions; a line that only one of them has counts 0 in the other."""

    item: str
    name_zh: str
    name_en: str
    period: str | None
    unit: str
    price: Decimal
    quantity: Decimal
    """The newer version's less the older one's."""
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a newer version of a bill charges beyond an older one."""

    energy_kwh: Decimal
    amount: Decimal
    lines: Sequence[DifferenceLine]


def difference(older: Stored, newer: Stored) -> Difference:
    """Return the difference bill of two stored versions; its amounts add up to that of the totals."""
    before, after = _by_key(older), _by_key(newer)
    lines = [
        line
        for key in dict.fromkeys((*after, *before))
        if (line := _line(before.get(key, ()), after.get(key, ()))) is not None
    ]
    return Difference(
        energy_kwh=Decimal(newer["energy_kwh"]) - Decimal(older["energy_kwh"]),
        amount=Decimal(newer["amount"]) - Decimal(older["amount"]),
        lines=lines,
    )


def _by_key(document: Stored) -> dict[Key, list[Stored]]:
    found: dict[Key, list[Stored]] = {}
    for line in document["lines"]:
        found.setdefault((line["item"], line["period"], line["starts_at"], line["price"]), []).append(line)
    return found


def _line(before: Sequence[Stored], after: Sequence[Stored]) -> DifferenceLine | None:
    one = (after or before)[0]
    quantity = _sum(after, "quantity") - _sum(before, "quantity")
    amount = _sum(after, "amount") - _sum(before, "amount")
    if not quantity and not amount:
        return None
    return DifferenceLine(
        item=one["item"],
        name_zh=one["name_zh"],
        name_en=one["name_en"],
        period=one["period"],
        unit=one["unit"],
        price=Decimal(one["price"]),
        quantity=quantity,
        amount=amount,
    )


def _sum(lines: Sequence[Stored], key: str) -> Decimal:
    return sum((Decimal(line[key]) for line in lines), Decimal(0))
