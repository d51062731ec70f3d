"""Everything that is known of a customer for the sheet, as the rest of the system tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from analysis.load.summary import LoadSummary
from analysis.settlement.bill import Bill
from analysis.suspension_check import SuspensionCheck
from pipeline.contracts import Contract
from pipeline.model import Episode
from pipeline.registry import ServicePoint
from pipeline.tariff import Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDay:
    """The load of one local day, kW; None where nothing was measured."""

    day: date
    low: float | None
    mean: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityMonth:
    """How a month's power quality was judged."""

    month: str
    verdict: str
    """A value of ``analysis.power_quality.judgement.Compliance``, of binding standards alone."""
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFacts:
    """The newest forecast of a main meter, kW."""

    meter: str
    made_at: datetime
    points: Sequence[tuple[datetime, float, float, float]]
    """Start of a slot, P10, P50, P90."""
    month_max_p50_kw: float | None
    month_max_p90_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFacts:
    """One service point."""

    point: ServicePoint
    contract: Contract | None
    tariff: Tariff | None
    suspensions: Sequence[SuspensionCheck] = ()
    load: LoadSummary | None = None
    days: Sequence[LoadedDay] = ()
    bills: Sequence[Bill] = ()
    """The month's and those before, oldest first."""
    quality: QualityMonth | None = None
    forecasts: Sequence[ForecastFacts] = ()

    def bill_of(self, month: str) -> Bill | None:
        """Return the bill of a month."""
        return next((bill for bill in self.bills if bill.month == month), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """One customer, and the month that is looked at."""

    customer: str
    month: str
    zone: ZoneInfo
    made_at: datetime
    points: Sequence[PointFacts]
    episodes: Sequence[Episode] = ()
    """Open ones, the gravest first."""
    from_files: bool = False
    """Read from files: what only a database keeps is not asked for."""
