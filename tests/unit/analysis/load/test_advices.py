from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from analysis.load.advice import Advice
from analysis.load.advices import Basis, advices
from analysis.load.demand import demand_statistics
from analysis.load.levels import load_levels
from analysis.load.reactive import span_power_factor
from analysis.load.tariff_shares import tariff_shares
from pipeline.contracts import BasicCharge, Contract
from pipeline.load_wants import Want
from pipeline.tariff import BasicTerms, DaySchedule, EnergyCharge, Period, Span, Tariff
from pipeline.timegrid import local_day, local_month, slot_grid

ZONE = ZoneInfo("Asia/Shanghai")
LEVELS = load_levels().advice
TARIFF = Tariff(
    id="T",
    schedules=(
        DaySchedule(
            spans=(
                Span(from_minute=0, to_minute=720, period=Period.VALLEY),
                Span(from_minute=720, to_minute=1440, period=Period.PEAK),
            )
        ),
    ),
    charges=(
        EnergyCharge(item="energy", prices={Period.VALLEY: Decimal("0.40"), Period.PEAK: Decimal("1.00")}),
        EnergyCharge(item="fund", price=Decimal("0.05"), power_factor=False),
    ),
    power_factor=True,
    basic=BasicTerms(capacity_price=Decimal(30), demand_price=Decimal(40)),
)
CONTRACT = Contract(
    service_point="P",
    category="large industry",
    capacity_kva=200.0,
    basic_charge=BasicCharge.CAPACITY,
    tariff="T",
)


def _basis(span: tuple[datetime, datetime], tariff: Tariff | None = TARIFF, known: float = 1.0) -> Basis:
    """20 kW in the first half of each day, 80 kW in the second, at cos phi 0.80."""
    at = slot_grid(*span, 15)
    kwh = np.where(np.arange(len(at)) % 96 < 48, 5.0, 20.0)
    kwh[round(known * len(at)) :] = np.nan
    return Basis(
        import_kwh=kwh,
        starts_at=at,
        minutes=15,
        zone=ZONE,
        span=span,
        contract=CONTRACT,
        tariff=tariff,
        shares=None if tariff is None else tariff_shares(kwh, at, 15, ZONE, [tariff]),
        demand=demand_statistics(kwh, at, 15, None),
        power_factor=span_power_factor(kwh, 0.75 * kwh, None, CONTRACT),
    )


def _found(basis: Basis) -> dict[str, Advice]:
    return {one.kind: one for one in advices(basis, LEVELS)}


def test_a_month_by_hand() -> None:
    # April: 30 x 48 x 5 = 7 200 kWh in the valley, 30 x 48 x 20 = 28 800 kWh in the peak.
    found = _found(_basis(local_month(2026, 4, ZONE)))
    # A tenth of the peak moves: 2 880 x (1.05 - 0.45) = 1 728 yuan.
    assert found["shift"].saving_yuan == Decimal("1728.00")
    # Adjusted: 7 200 x 0.40 + 28 800 x 1.00 = 31 680 and 200 x 30 = 6 000 yuan: 5 % of 37 680 are 1 884.
    assert found["compensation"].prices["adjusted_yuan"] == Decimal(37680)
    assert found["compensation"].saving_yuan == Decimal("1884.00")
    assert found["compensation"].quantities["mean_kw"] == 50.0
    # 80 kW / 1.05 = 76.19 kW, but 80 kW (40 % of 200 kVA) at least: 3 200 in place of 6 000.
    assert found["basic_charge"].saving_yuan == Decimal("2800.00")


def test_a_day_says_nothing_of_the_basic_charge() -> None:
    found = _found(_basis(local_day(date(2026, 4, 1), ZONE)))
    assert set(found) == {"shift", "compensation"}
    assert found["compensation"].prices["adjusted_yuan"] == Decimal(1056)


def test_too_little_of_a_span_gives_no_advice() -> None:
    assert _found(_basis(local_month(2026, 4, ZONE), known=0.8)) == {}


def wanted_of_advice() -> list[Want]:
    """Return what a saving wants: a tariff that is filed nowhere, and one that is named nowhere."""
    basis = _basis(local_month(2026, 4, ZONE), tariff=None)
    nameless = replace(basis, contract=replace(CONTRACT, tariff=None))
    found = [_found(each) for each in (basis, nameless)]
    assert [set(each) for each in found] == [{"compensation"}] * 2
    return [want for each in found if (want := each["compensation"].wants) is not None]


def test_without_a_tariff_the_saving_wants_it() -> None:
    assert [str(want) for want in wanted_of_advice()] == [
        "[[tariff]] T in force when the span begins",
        "[[contract]] of service point P: tariff",
    ]


def test_a_tariff_that_is_not_adjusted_wants_nothing_more() -> None:
    found = _found(_basis(local_month(2026, 4, ZONE), tariff=replace(TARIFF, power_factor=False)))
    assert (found["compensation"].saving_yuan, found["compensation"].wants) == (None, None)


def test_who_has_no_standard_is_not_told_to_compensate() -> None:
    basis = _basis(local_month(2026, 4, ZONE))
    assert basis.power_factor is not None
    home = replace(
        basis,
        contract=replace(CONTRACT, category="home"),
        power_factor=replace(basis.power_factor, standard=None, adjustment_percent=None),
    )
    assert "compensation" not in _found(home)
