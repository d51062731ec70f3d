"""Records of a window: what meters tell one by one and no matrix holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.coverage import CoverageEntry
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One event record and the meter that keeps it."""

    meter: MeterId
    event: MeterEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedValues:
    """Single readings of one quantity, oldest first: three columns of equal length."""

    meters: Sequence[MeterId]
    taken_at: NDArray[np.datetime64]
    values: NDArray[np.float64]
    """In the quantity's unit; POSIX seconds for an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterReading:
    """A parameter as a meter holds it: an event's threshold, a ratio, how often it was programmed."""

    meter: MeterId
    name: str
    taken_at: datetime
    value: float


class OrderKind(StrEnum):
    """What an order of ours does to a meter, as far as the meter itself shows it."""

    WRITE = "write"
    PASSWORD = "password"  # noqa: S105 - a kind of order
    ADDRESS = "address"
    RATE = "rate"
    METER_CLEAR = "meter-clear"
    EVENT_CLEAR = "event-clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOrder:
    """An order that we put on a meter's line: asked for, approved, sent and on record."""

    id: str
    meter: MeterId
    kind: OrderKind
    parameter: str = ""
    """What it writes: the name at rest where the parameter is watched, else its identifier."""
    value: float | None = None
    """What the parameter is at rest when it was obeyed; None where that cannot be told."""
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPrice:
    """What a kWh of a service point's month cost (售电均价): see ``analysis.settlement.average_price``."""

    service_point: str
    month: str
    """``YYYY-MM``: see :func:`pipeline.bills.bill_month`."""
    starts_at: datetime
    ends_at: datetime
    kwh: Decimal
    price: Decimal
    """Average price, yuan/kWh, tax included."""
    shares: Mapping[str, Fraction] = field(hash=False)
    """Of each period in the energy."""
    prices: Mapping[str, Fraction] = field(hash=False)
    """Yuan/kWh of each period."""
    steps: Fraction = Fraction(0)
    """Yuan, as the next three."""
    power_factor: Fraction = Fraction(0)
    basic: Fraction = Fraction(0)
    other: Fraction = Fraction(0)
    is_mix_proven: bool | None = None
    """Whether intervals bear out in which periods the energy was used; None where nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All of them; empty where nobody asked for them."""

    events: Sequence[EventRecord] = ()
    readings: Mapping[Quantity, TimedValues] = field(default_factory=dict)
    """Demand registers with their times, and clock offsets."""
    parameters: Sequence[ParameterReading] = ()
    outcomes: Sequence[CoverageEntry] = ()
    """What became of scheduled reads: the coverage ledger."""
    orders: Sequence[MeterOrder] = ()
    """What we ordered ourselves and may have been obeyed, oldest first."""
    bills: Sequence[BilledPrice] = ()

    def power_downs(self) -> Iterator[tuple[MeterId, datetime, datetime | None]]:
        """Yield when meters had no power, as their own events tell; the end is None while it goes on."""
        for record in self.events:
            if record.event.kind is EventKind.POWER_DOWN:
                yield record.meter, record.event.starts_at, record.event.ends_at


NO_RECORDS = Records()
