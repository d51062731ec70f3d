"""Everything a bill is worked out of: a service point's registers, contracts and intervals of one period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.archive_records import Transformer
from pipeline.block import Times
from pipeline.contracts import Contract, Suspension
from pipeline.model import MeterId
from pipeline.tariff import MarketEnergy, Tariff


class RegisterSource(StrEnum):
    """Where a register's value at an edge of the period comes from."""

    SETTLEMENT_FREEZE = "settlement_freeze"
    """The meter's own freeze at the settlement day (结算日冻结)."""
    DAILY_FREEZE = "daily_freeze"
    PRESENT = "present"
    """Read at the edge, within the tolerance."""
    MANUAL = "manual"
    """Read by hand and approved."""
    OPENING = "opening"
    """Written down when the meter was fitted (装表底度)."""
    CLOSING = "closing"
    """Written down when it was taken off (拆表底度)."""
    ESTIMATED = "estimated"
    """From final intervals, where no register is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEnd:
    """One register at one edge, on the meter's own side."""

    at: datetime
    value: Decimal
    source: RegisterSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPair:
    """One register of one meter over one stretch of the period (抄见): what the bill counts."""

    meter: MeterId
    quantity: str
    """A register of :class:`pipeline.quantities.Quantity`: ``active_energy_import_t2``."""
    opening: RegisterEnd
    closing: RegisterEnd
    factor: Decimal = Decimal(1)
    """CT times PT (倍率)."""
    sign: int = 1
    """-1 for a sub-meter that is taken off (套减)."""
    range: Decimal | None = None
    """What the register counts to; a closing value below the opening one has then rolled over once."""
    step: Decimal = Decimal("0.01")
    """One step of the register (分辨力), kWh or kvarh on the meter's own side: what tie-outs allow for."""

    @property
    def counted(self) -> Decimal:
        """Steps between both edges on the meter's own side, kWh or kvarh; below 0 if it ran back."""
        difference = self.closing.value - self.opening.value
        rolled_over = self.range is not None and difference < 0
        return difference + self.range if rolled_over and self.range is not None else difference

    @property
    def energy(self) -> Decimal:
        """What it adds to the service point, on the primary side."""
        return self.counted * self.factor * self.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandReading:
    """A maximum demand (最大需量) that a meter kept for this period."""

    meter: MeterId
    kw: Decimal
    """On the meter's own side."""
    at: datetime | None
    factor: Decimal = Decimal(1)
    sign: int = 1
    source: RegisterSource = RegisterSource.SETTLEMENT_FREEZE
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """Where the meter hung for a part of the period only; None reaches to the period's edge. Demands of the
    same time are added, those of meters one after another are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointIntervals:
    """Final intervals of a point or a meter, primary side; arrays of shape (slots,), NaN where missing."""

    starts_at: Times
    minutes: int
    import_kwh: NDArray[np.float64]
    quality: NDArray[np.str_]
    """Letters of DESIGN section 7."""
    import_kvarh: NDArray[np.float64] | None = None
    export_kvarh: NDArray[np.float64] | None = None
    version: int = 1
    """The newest version of finals among them, so that a bill can tell what it was made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """One contract under one version of its tariff, for ``[starts_at, ends_at)`` of the period."""

    starts_at: datetime
    ends_at: datetime
    contract: Contract
    tariff: Tariff


class Lacking(StrEnum):
    """What whoever gathered a month did not find; each refuses the bill under this code."""

    CONTRACT_GAP = "contract_gap"
    CONTRACT_OVERLAP = "contract_overlap"
    TARIFF_GAP = "tariff_gap"
    TRANSFORMER = "transformer_unknown"
    """Nobody knows what a reduction (减容) leaves, so neither whether the tariff still holds."""
    CAPACITY = "capacity_unknown"
    REGISTER = "register_missing"
    """No value at an edge of the period."""
    CLOSING = "swap_without_closing"
    OPENING = "swap_without_opening"
    RATIO = "ratio_gap"
    """The meter has ratios, and none of them is in force."""
    CONFLICT = "register_conflict"
    """Two readings of one instant and kind that say different things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that is not known, and for which stretch."""

    code: Lacking
    what: str
    """The contract's service point, the tariff, the plate, or the meter and its register, each a word."""
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimBill:
    """A bill of a part of this month that was given out before (分次结算): its amount is taken off."""

    starts_at: datetime
    ends_at: datetime
    kwh: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingMonth:
    """One service point between two settlement days."""

    service_point: str
    month: str
    """``YYYY-MM``: see :func:`pipeline.bills.bill_month`."""
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    terms: Sequence[Dated]
    """What is agreed, as it is filed; a gap or an overlap within the period is refused by a code."""
    pairs: Sequence[RegisterPair] = ()
    demands: Sequence[DemandReading] = ()
    intervals: PointIntervals | None = None
    """The point's: they tie out, and show its demand; they never bill alone."""
    meter_intervals: Mapping[MeterId, PointIntervals] = field(default_factory=dict)
    """Each meter's own: they allocate what its registers counted to periods and versions. Without them the
    point's do so where no other meter counts at the same time."""
    most_per_hour: Mapping[MeterId, Decimal] = field(default_factory=dict)
    """What a register of each meter can count in an hour at most, kWh or kvarh on the meter's own side; of a
    meter that is not named here nothing is known."""
    suspensions: Sequence[Suspension] = ()
    transformers: Sequence[Transformer] = ()
    market: Sequence[MarketEnergy] = ()
    billed_before_kwh: Decimal = Decimal(0)
    """Energy already billed in this calendar year, for steps over a year."""
    lacks: Sequence[Lack] = ()
    energy_only: bool = False
    """An interim bill, from the month's first day to a day within it: no basic charge, no power factor, no
    fixed charges, no suspension."""
    interim: Sequence[InterimBill] = ()
    """Bills of parts of this period given out before."""
