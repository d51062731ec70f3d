from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from analysis.settlement.energy_price import curve_price, period_prices
from pipeline.tariff import DaySchedule, EnergyCharge, Period, Span, Tariff
from pipeline.timegrid import slot_grid

ZONE = ZoneInfo("Asia/Shanghai")
TARIFF = Tariff(
    id="T",
    charges=(
        EnergyCharge(
            item="energy",
            prices={
                Period.PEAK: Decimal("1.00"),
                Period.FLAT: Decimal("0.60"),
                Period.VALLEY: Decimal("0.30"),
            },
        ),
        EnergyCharge(item="fund", price=Decimal("0.05")),
        EnergyCharge(item="summer", price=Decimal("0.10"), months=(7, 8)),
    ),
    schedules=(
        DaySchedule(
            spans=(
                Span(from_minute=480, to_minute=720, period=Period.PEAK),
                Span(from_minute=0, to_minute=480, period=Period.VALLEY),
            )
        ),
    ),
)


def test_charges_of_a_month_add_up_and_periods_without_a_price_are_left_out() -> None:
    assert period_prices(TARIFF, 6) == {
        Period.PEAK: Decimal("1.05"),
        Period.FLAT: Decimal("0.65"),
        Period.VALLEY: Decimal("0.35"),
    }
    assert period_prices(TARIFF, 7)[Period.VALLEY] == Decimal("0.45")
    assert period_prices(Tariff(id="empty"), 7) == {}


def test_a_curve_costs_what_its_periods_cost_across_months() -> None:
    # Two local days around the turn of June and July, 1 kWh in each hour.
    starts_at = slot_grid(datetime(2026, 6, 29, 16, tzinfo=UTC), datetime(2026, 7, 1, 16, tzinfo=UTC), 60)
    kwh = np.ones(48)
    # A day by hand: 8 valley, 4 peak, 12 flat hours.
    june = 8 * Decimal("0.35") + 4 * Decimal("1.05") + 12 * Decimal("0.65")
    july = june + 24 * Decimal("0.10")
    assert curve_price(TARIFF, starts_at, ZONE, kwh) == (june + july) / 48
    kwh[24:] = np.nan
    assert curve_price(TARIFF, starts_at, ZONE, kwh) == june / 24


def test_without_energy_or_a_price_there_is_none() -> None:
    starts_at = slot_grid(datetime(2026, 6, 30, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), 60)
    assert curve_price(TARIFF, starts_at, ZONE, np.full(24, np.nan)) is None
    assert curve_price(TARIFF, starts_at, ZONE, np.zeros(24)) is None
    assert curve_price(Tariff(id="empty"), starts_at, ZONE, np.ones(24)) is None
