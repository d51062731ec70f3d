"""Tariffs (电价) as records of the archive: what is charged for, by date, and at which hours of the day.

A tariff is a row of versions; each is in force for ``[from, to)`` and says all of its prices. Prices are
yuan with tax unless :attr:`Tariff.tax_included` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Period(StrEnum):
    """Hours of one price (时段), in the order of the usual rate numbers of meters."""

    SHARP = "sharp"
    """尖"""
    PEAK = "peak"
    """峰"""
    FLAT = "flat"
    """平: what no span names."""
    VALLEY = "valley"
    """谷"""
    DEEP_VALLEY = "deep_valley"
    """深谷"""


USUAL_RATES: Mapping[int, Period] = dict(enumerate(Period, start=1))
"""Which period a meter's rate number counts where the tariff does not say it: 1 尖 2 峰 3 平 4 谷 5 深谷."""


class DayKind(StrEnum):
    """Days that a schedule is for."""

    ALL = "all"
    WORKING = "working"
    """Neither weekend nor holiday, or a weekend day that is worked."""
    OFF = "off"
    """Weekends and holidays."""
    HOLIDAY = "holiday"


class Each(StrEnum):
    """What a fixed charge is given for."""

    DAY = "day"
    MONTH = "month"
    """A month of bills, whatever its days."""
    YEAR = "year"
    """Of 365 days."""


class StepsOver(StrEnum):
    """The energy that steps count."""

    MONTH = "month"
    YEAR = "year"


class LeastOf(StrEnum):
    """The capacity that the least demand is a share of."""

    RUNNING = "running"
    """What is left to a customer while units rest (暂停, 减容)."""
    CONTRACT = "contract"
    """The contract's, whatever rests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Hours of a day, on the wall clock: ``[from_minute, to_minute)``; 1440 is the day's end."""

    from_minute: int
    to_minute: int
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySchedule:
    """The periods of the days that it is for; of several that fit a day, the first one counts."""

    spans: tuple[Span, ...]
    """They do not overlap; what none names is flat."""
    months: tuple[int, ...] = ()
    """1 to 12; empty is all (季节)."""
    days: DayKind = DayKind.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyCharge:
    """What is charged for each kWh: the energy, the network, a surcharge or fund (代征)."""

    item: str
    """Names its lines: ``energy``, ``network``, ``renewable_fund``; one item may stand once a season."""
    name_zh: str = ""
    name_en: str = ""
    price: Decimal | None = None
    """Yuan/kWh in every period that ``prices`` does not name."""
    prices: Mapping[Period, Decimal] = field(default_factory=dict, hash=False)
    """Yuan/kWh by period."""
    months: tuple[int, ...] = ()
    """Calendar months in which it is charged; empty is all."""
    power_factor: bool = True
    """Whether the power-factor adjustment (力调) applies to it; funds are usually left out."""

    def price_in(self, period: Period) -> Decimal | None:
        """Return the price of a period; None where none is given."""
        return self.prices.get(period, self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCharge:
    """What is charged whatever is used: a customer charge, the rent of a meter."""

    item: str
    name_zh: str = ""
    name_en: str = ""
    price: Decimal
    each: Each = Each.MONTH
    power_factor: bool = False
    """Whether the power-factor adjustment applies to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step tariff's step (阶梯): each kWh above it costs so much more than the first ones."""

    above_kwh: Decimal
    added: Decimal
    """Yuan/kWh; below 0 where more energy costs less."""
    months: tuple[int, ...] = ()
    """Months of bills in which it counts, such as the summer's; empty is all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicTerms:
    """The basic charge (基本电费) of a two-part tariff; the contract says which kind a customer chose."""

    capacity_price: Decimal | None = None
    """Yuan a month for each kVA of running transformers."""
    demand_price: Decimal | None = None
    """Yuan a month for each kW of demand."""
    over_share: Decimal = Decimal("1.05")
    """Contract demand (合同需量): above this share of it the excess costs ``over_factor`` times."""
    over_factor: Decimal = Decimal(2)
    least_demand_share: Decimal = Decimal("0.40")
    """A contract demand below this share of the capacity is charged as that share."""
    least_actual_share: Decimal = Decimal(0)
    """So is, without a contract demand, an actual one below this share; older terms have 0.40."""
    least_of: LeastOf = LeastOf.RUNNING
    """Which capacity both are a share of; to be confirmed against the text of the tariff."""
    full_use_kwh_per_kva: Decimal | None = None
    """From this energy a month for each kVA on, demand costs only ``full_use_factor`` of its price."""
    full_use_factor: Decimal = Decimal("0.9")
    least_stop_days: int = 15
    """A suspension (暂停) shorter than this waives nothing."""
    waiving: tuple[str, ...] = ("stop", "reduction", "closed")
    """Kinds of suspensions (:class:`pipeline.registry.SuspensionKind`) that lower the charge."""
    single_below_kva: Decimal | None = None
    """While a reduction (减容) leaves less than this, ``single_tariff`` holds instead; None: never.

    315 kVA, the threshold of two-part tariffs, is trade practice since the rules of 2018. No published text
    was found that says so clearly: off unless the tariff's version names it (to be confirmed)."""
    single_tariff: str | None = None
    """The single-part tariff (单一制) that holds then."""
    resting_share: Decimal = Decimal(0)
    """This part of the charge by capacity goes on for what rests; older terms have 0.5 for new customers."""
    days_of_month: int = 30
    """A part of a month is charged by days, each as this part of a month."""
    kw_decimals: int = 2
    """Demands are rounded to so many decimals, half up, before they are priced."""
    power_factor: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LossTerms:
    """Losses (铁损, 铜损) added where the meter hangs on the low side of the customer's transformer."""

    copper_percent: Decimal | None = None
    """Load loss as a share of the active energy metered; None works it out of the transformer's rating."""
    copper_reactive_percent: Decimal | None = None
    """Reactive load loss as a share of the active energy metered, likewise."""
    load_fluctuation: Decimal = Decimal("1.05")
    """K_T, by how much the load loss exceeds that of an even load; to be confirmed (GB/T 13462)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One version of a tariff."""

    id: str
    """The same for all versions; what :attr:`pipeline.registry.Contract.tariff` names."""
    name: str = ""
    source: str = ""
    """The document that lays it down."""
    confirmed: bool = False
    """Whether somebody compared it with that document."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    charges: tuple[EnergyCharge, ...] = ()
    fixed: tuple[FixedCharge, ...] = ()
    schedules: tuple[DaySchedule, ...] = ()
    """None: every hour is flat."""
    holidays: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()
    """Days of weekends that are worked (调休)."""
    rates: Mapping[int, Period] = field(default_factory=lambda: dict(USUAL_RATES), hash=False)
    """What the meter's rate numbers count."""
    steps: tuple[Step, ...] = ()
    """From the lowest to the highest."""
    steps_over: StepsOver = StepsOver.MONTH
    basic: BasicTerms | None = None
    power_factor: bool = False
    """Whether the bill is adjusted by power factor; to what, its charges and basic terms say."""
    losses: LossTerms | None = None
    tax_percent: Decimal = Decimal(13)
    tax_included: bool = True
    """False: a line of its own adds the tax to the sum of the others."""
    currency: str = "CNY"
    kwh_decimals: int = 2
    """Energies are rounded to so many decimals, half up, before they are priced."""
    amount_decimals: int = 2
    """So is each line's amount; a bill is the sum of its rounded lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEnergy:
    """Energy bought on the market (直购电) for a service point: priced apart from its tariff's own energy."""

    service_point: str
    month: str
    """``YYYY-MM`` of the bill."""
    price: Decimal
    """Yuan/kWh in place of the charge ``item``."""
    kwh: Decimal | None = None
    """So much of the month's energy; None with ``share``."""
    share: Decimal | None = None
    """This part of the month's energy, 0 to 1."""
    period: Period | None = None
    """Only of this period; None of every period, in proportion."""
    item: str = "energy"
    name: str = ""
