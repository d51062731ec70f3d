from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.tariff_shares import energy_price, tariff_shares
from pipeline.tariff import DaySchedule, EnergyCharge, Period, Span, Tariff
from pipeline.timegrid import local_day, slot_grid

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
VALLEY_AT_NIGHT = DaySchedule(
    spans=(
        Span(from_minute=0, to_minute=480, period=Period.VALLEY),
        Span(from_minute=480, to_minute=720, period=Period.PEAK),
    )
)
TARIFF = Tariff(id="T", schedules=(VALLEY_AT_NIGHT,))


def _day(day: date = date(2026, 3, 2), zone: ZoneInfo = SHANGHAI) -> np.ndarray:
    return slot_grid(*local_day(day, zone), 15)


def test_shares_of_a_day_by_hand() -> None:
    # Valley 0-8: 32 slots of 1 kWh. Peak 8-12: 16 of 3 kWh = 48. Flat: 48 of 2.5 kWh = 120. Together 200 kWh.
    kwh = np.concatenate([np.full(32, 1.0), np.full(16, 3.0), np.full(48, 2.5)])
    found = tariff_shares(kwh, _day(), 15, SHANGHAI, [TARIFF])
    assert found is not None
    assert {period: (of.kwh, of.share, of.hours) for period, of in found.periods.items()} == {
        Period.PEAK: (48.0, 0.24, 4.0),
        Period.FLAT: (120.0, 0.6, 12.0),
        Period.VALLEY: (32.0, 0.16, 8.0),
    }
    assert found.coverage == 1.0


def test_gaps_and_slots_before_the_tariff_are_covered_by_nothing() -> None:
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    kwh = np.ones(96)
    kwh[-4:] = np.nan
    later = Tariff(id="T", starts_at=noon, schedules=(VALLEY_AT_NIGHT,))
    found = tariff_shares(kwh, _day(), 15, SHANGHAI, [later])
    assert found is not None
    assert found.coverage == pytest.approx(44 / 96)
    assert list(found.periods) == [Period.FLAT]


def test_a_new_version_counts_from_its_start() -> None:
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    all_flat = Tariff(id="T", starts_at=noon)
    evening = DaySchedule(spans=(Span(from_minute=1080, to_minute=1440, period=Period.SHARP),))
    old = Tariff(id="T", schedules=(evening,))
    for versions in ([old, all_flat], [all_flat, old]):
        found = tariff_shares(np.ones(96), _day(), 15, SHANGHAI, versions)
        assert found is not None
        assert list(found.periods) == [Period.FLAT]


@pytest.mark.parametrize(("day", "valley"), [(date(2026, 3, 29), 7.0), (date(2026, 10, 25), 9.0)])
def test_the_night_of_the_clock_change_is_an_hour_shorter_or_longer(day: date, valley: float) -> None:
    at = _day(day, BERLIN)
    found = tariff_shares(np.ones(len(at)), at, 15, BERLIN, [TARIFF])
    assert found is not None
    assert found.periods[Period.VALLEY].hours == valley
    assert found.periods[Period.VALLEY].kwh == 4 * valley


def test_without_a_tariff_or_a_known_slot_there_are_no_shares() -> None:
    assert tariff_shares(np.ones(96), _day(), 15, SHANGHAI, []) is None
    assert tariff_shares(np.full(96, np.nan), _day(), 15, SHANGHAI, [TARIFF]) is None


def test_who_draws_nothing_has_no_shares_of_it() -> None:
    found = tariff_shares(np.zeros(96), _day(), 15, SHANGHAI, [TARIFF])
    assert found is not None
    assert {of.share for of in found.periods.values()} == {None}


def test_a_price_is_the_sum_of_the_charges_of_the_month() -> None:
    tariff = Tariff(
        id="T",
        charges=(
            EnergyCharge(item="energy", prices={Period.PEAK: Decimal("0.90")}, price=Decimal("0.50")),
            EnergyCharge(item="fund", price=Decimal("0.03")),
            EnergyCharge(item="summer", price=Decimal("0.10"), months=(7, 8)),
        ),
    )
    assert energy_price(tariff, Period.PEAK, 3) == Decimal("0.93")
    assert energy_price(tariff, Period.VALLEY, 7) == Decimal("0.63")
    assert energy_price(Tariff(id="E"), Period.FLAT, 1) is None
