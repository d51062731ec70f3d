"""A bill (电费账单): its lines, what each is worked out of, and what was found while it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from analysis.settlement.billing_month import RegisterPair
from pipeline.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line: ``quantity * price * days / of_days``, rounded as the tariff says, is its ``amount``."""

    item: str
    """What is charged: ``energy``, ``network``, ``basic_demand``, ``power_factor``; texts name it."""
    name_zh: str = ""
    name_en: str = ""
    """As the tariff calls it; empty where ``item`` is a kind of our own."""
    period: str | None = None
    quantity: Decimal
    unit: str
    """``kWh``, ``kvarh``, ``kVA``, ``kW``, or ``yuan`` where a share of an amount is charged."""
    price: Decimal
    days: int = 1
    of_days: int = 1
    """Which part of ``price`` counts where it is that of a month: 20 of 30 days."""
    amount: Decimal
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """Where the line is for a part of the period only."""
    basis: Mapping[str, Json] = field(default_factory=dict, hash=False)
    """The calculation: names of numbers and their values, such as days, factors, the tariff's version."""
    registers: Sequence[int] = ()
    """Which of :attr:`Bill.registers` the quantity comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFinding:
    """Something that a person should know about the bill: an estimate, a tie-out that fails."""

    code: str
    """A key of the message catalogue under ``bill.``."""
    refuses: bool = False
    """Whether the bill must not be given out before it is mended."""
    parameters: Mapping[str, Json] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """What the registers counted against the sum of the intervals, kWh on the primary side."""

    register_kwh: Decimal
    interval_kwh: Decimal | None
    """None where intervals are missing."""
    tolerance_kwh: Decimal

    @property
    def holds(self) -> bool | None:
        """Whether both agree within the tolerance; None is unknown."""
        if self.interval_kwh is None:
            return None
        return abs(self.register_kwh - self.interval_kwh) <= self.tolerance_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One service point's bill of one month."""

    service_point: str
    month: str
    starts_at: datetime
    ends_at: datetime
    lines: Sequence[BillLine]
    registers: Sequence[RegisterPair]
    energy_kwh: Decimal
    energy_by_period: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    power_factor: Decimal | None = None
    findings: Sequence[BillFinding] = ()
    currency: str = "CNY"
    losses_kwh: Decimal = Decimal(0)
    """Transformer losses within ``energy_kwh``."""
    reactive_kvarh: Decimal | None = None
    """Lagging plus leading, losses included: what the power factor is worked out of."""
    tax: Decimal = Decimal(0)
    """Tax within :attr:`amount`."""
    tie_out: TieOut | None = None

    @property
    def amount(self) -> Decimal:
        """The sum of its lines, tax included: what is still to be paid."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def charged(self) -> Decimal:
        """What the month cost, tax included: what interim bills already took stands in it."""
        return sum((line.amount for line in self.lines if line.item != "interim"), Decimal(0))

    @property
    def is_final(self) -> bool:
        """Whether nothing stands against giving it out."""
        return not any(finding.refuses for finding in self.findings)
