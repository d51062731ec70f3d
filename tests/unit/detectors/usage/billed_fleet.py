"""Large customers with months of bills: drawn loads, and their prices worked out apart from the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np

from detectors.engine import run
from pipeline.block import MeterMatrix
from pipeline.contracts import BasicCharge, Contract
from pipeline.model import Episode, MeterId
from pipeline.records import BilledPrice, Records
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.tariff import BasicTerms, DaySchedule, EnergyCharge, MarketEnergy, Period, Span, Tariff

PRICES: Mapping[Period, float] = {Period.PEAK: 1.05, Period.FLAT: 0.65, Period.VALLEY: 0.30}
RAW = {Period.PEAK: 0.32, Period.FLAT: 0.38, Period.VALLEY: 0.30}
"""How a two-shift customer's energy spreads."""
CAPACITY_PRICE = 23.0
TARIFF = Tariff(
    id="industry",
    charges=(EnergyCharge(item="energy", prices={p: Decimal(str(price)) for p, price in PRICES.items()}),),
    schedules=(
        DaySchedule(
            spans=(
                Span(from_minute=0, to_minute=480, period=Period.VALLEY),
                Span(from_minute=480, to_minute=960, period=Period.PEAK),
            )
        ),
    ),
    power_factor=True,
    basic=BasicTerms(capacity_price=Decimal(str(CAPACITY_PRICE))),
)


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a customer does in a month, and how it is charged."""

    hours: float
    """Utilisation hours of the capacity."""
    shares: Mapping[Period, float]
    prices: Mapping[Period, float] = field(default_factory=lambda: dict(PRICES))
    adjustment: float = 0.0
    """Power-factor adjustment as a share of the rest."""
    is_mix_proven: bool | None = True


Change = Callable[[int, Use], Use]
"""What happens to a customer: the number of a month and his use there in, his use out."""


def month_names(months: int) -> list[str]:
    return [f"{2024 + n // 12}-{n % 12 + 1:02d}" for n in range(months)]


def fleet(
    customers: int, months: int, seed: int, changes: Mapping[int, Change] | None = None
) -> tuple[Registry, Sequence[BilledPrice]]:
    """Return an archive and its bills; ``changes`` says what is planted at which customer."""
    random = np.random.default_rng(seed)
    bills = []
    capacities = random.choice([400.0, 500.0, 630.0, 800.0], customers)
    usual_hours = random.normal(330.0, 50.0, customers).clip(180.0)
    lean = random.normal(0.0, 0.03, customers)
    level = 1.0 + np.cumsum(random.normal(0.0, 0.01, months))
    for customer in range(customers):
        for number, name in enumerate(month_names(months)):
            hours = usual_hours[customer] * float(random.normal(1.0, 0.06))
            if number % 12 == 1:
                hours *= 0.75
            moved = lean[customer] + float(random.normal(0.0, 0.012))
            shares = {**RAW, Period.PEAK: RAW[Period.PEAK] + moved, Period.VALLEY: RAW[Period.VALLEY] - moved}
            use = Use(hours=hours, shares=shares, adjustment=float(random.choice([-0.0075, -0.004, 0.0])))
            if changes and customer in changes:
                use = changes[customer](number, use)
            bills.append(_bill(f"P{customer}", name, float(capacities[customer]), use, float(level[number])))
    return registry_of(capacities.tolist()), bills


def _bill(point: str, name: str, capacity: float, use: Use, level: float) -> BilledPrice:
    kwh = Decimal(str(round(capacity * use.hours, 2)))
    prices = {period.value: Fraction(str(round(price * level, 6))) for period, price in use.prices.items()}
    shares = {period.value: Fraction(str(round(share, 6))) for period, share in use.shares.items()}
    shares["flat"] = 1 - shares["peak"] - shares["valley"]
    basic = Fraction(str(round(capacity * CAPACITY_PRICE, 2)))
    energy = sum((shares[period] * prices[period] for period in shares), Fraction(0)) * Fraction(kwh)
    adjustment = Fraction(str(round(use.adjustment * float(energy + basic), 2)))
    whole = (energy + basic + adjustment) / Fraction(kwh)
    year, month = int(name[:4]), int(name[5:])
    return BilledPrice(
        service_point=point,
        month=name,
        starts_at=datetime(year, month, 1, tzinfo=UTC),
        ends_at=datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC),
        kwh=kwh,
        price=(Decimal(whole.numerator) / Decimal(whole.denominator)).quantize(Decimal("0.000001")),
        shares=shares,
        prices=prices,
        power_factor=adjustment,
        basic=basic,
        is_mix_proven=use.is_mix_proven,
    )


def registry_of(capacities: Sequence[float]) -> Registry:
    points = [f"P{number}" for number in range(len(capacities))]
    return Registry(
        meters=[Meter(id=MeterId(f"M{point}")) for point in points],
        installations=[Installation(meter=MeterId(f"M{point}"), service_point=point) for point in points],
        service_points=[ServicePoint(id=point, area="A") for point in points],
        areas=[Area(id="A")],
        contracts=[
            Contract(
                service_point=point,
                capacity_kva=float(capacity),
                category="large_industry",
                basic_charge=BasicCharge.CAPACITY,
                tariff="industry",
            )
            for point, capacity in zip(points, capacities, strict=True)
        ],
        tariffs=[TARIFF],
    )


def with_market(registry: Registry, point: str, month: str, price: float) -> Registry:
    energy = MarketEnergy(service_point=point, month=month, price=Decimal(str(price)), share=Decimal(1))
    return replace(registry, market_energies=[energy])


def judged(registry: Registry, bills: Sequence[BilledPrice], **numbers: float) -> list[Episode]:
    """Return what the detector says of bills: no meter need be in the window."""
    nothing = np.zeros((0, 0))
    window = MeterMatrix(
        meters=[],
        starts_at=np.zeros(0, dtype="datetime64[us]"),
        minutes=15,
        values={},
        import_kwh=nothing,
        quality=nothing.astype("U1"),
        step_kwh=np.zeros(0),
        power_kw=nothing,
        records=Records(bills=bills),
    )
    return run(window, registry, only=["average_price"], settings={"average_price": numbers})
