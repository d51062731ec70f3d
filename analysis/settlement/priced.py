"""Lines as they are priced: what the steps of a bill hand to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from analysis.settlement.allocation import Cell
from analysis.settlement.bill import BillFinding, BillLine
from analysis.settlement.rounding import rounded
from pipeline.tariff import Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A line, and what later steps ask of it."""

    line: BillLine
    segment: int
    """The number of the segment by whose terms it is adjusted and taxed."""
    power_factor: bool
    """Whether the power-factor adjustment applies to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Energy as it is billed: rounded, losses included."""

    kwh: Mapping[Cell, Decimal]
    losses: Mapping[Cell, Decimal]
    """What of it was added for losses."""
    registers: Mapping[Cell, frozenset[int]]
    allocated: Mapping[Cell, str]
    """By what cells were told apart where no register of their own did."""

    @property
    def total(self) -> Decimal:
        """The energy of the month."""
        return sum(self.kwh.values(), Decimal(0))

    def of_segment(self, number: int) -> Decimal:
        """Return the energy of one segment."""
        return sum((kwh for (segment, _), kwh in self.kwh.items() if segment == number), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of the bill gave."""

    lines: Sequence[Priced] = ()
    findings: Sequence[BillFinding] = field(default=())


def amount_of(tariff: Tariff, quantity: Decimal, price: Decimal, days: int = 1, of_days: int = 1) -> Decimal:
    """Return what a line costs, rounded as its tariff says."""
    return rounded(quantity * price * days / of_days, tariff.amount_decimals)


def unit_of_money(tariff: Tariff) -> str:
    """Return the unit of an amount: ``yuan``, or the currency's code."""
    return "yuan" if tariff.currency == "CNY" else tariff.currency
