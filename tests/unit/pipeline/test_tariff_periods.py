"""Periods by the wall clock, on seasons, holidays and days of 23 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.block import Times
from pipeline.tariff import DayKind, DaySchedule, Period, Span, Tariff
from pipeline.tariff_periods import PERIODS, is_off, period_numbers
from pipeline.timegrid import local_day, slot_grid, to_numpy

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Span(from_minute=0, to_minute=480, period=Period.VALLEY)
MORNING = Span(from_minute=480, to_minute=660, period=Period.PEAK)
SUMMER_NOON = Span(from_minute=660, to_minute=780, period=Period.SHARP)
TARIFF = Tariff(
    id="industry",
    schedules=(
        DaySchedule(
            spans=(Span(from_minute=0, to_minute=1440, period=Period.DEEP_VALLEY),), days=DayKind.HOLIDAY
        ),
        DaySchedule(spans=(NIGHT, MORNING, SUMMER_NOON), months=(7, 8)),
        DaySchedule(spans=(NIGHT, MORNING)),
    ),
    holidays=(date(2026, 10, 1),),
    worked=(date(2026, 10, 10),),
)


def hours(day: date, zone: ZoneInfo = SHANGHAI) -> list[Period]:
    starts_at, ends_at = local_day(day, zone)
    return [PERIODS[n] for n in period_numbers(TARIFF, slot_grid(starts_at, ends_at, 60), zone)]


def test_a_day_is_cut_by_the_first_schedule_that_fits_it() -> None:
    valley, peak = [Period.VALLEY] * 8, [Period.PEAK] * 3
    assert hours(date(2026, 6, 5)) == valley + peak + [Period.FLAT] * 13
    assert hours(date(2026, 7, 5)) == valley + peak + [Period.SHARP] * 2 + [Period.FLAT] * 11
    assert hours(date(2026, 10, 1)) == [Period.DEEP_VALLEY] * 24


def test_a_day_whose_clock_changes_has_its_wall_clock_periods() -> None:
    assert hours(date(2026, 3, 29), BERLIN).count(Period.VALLEY) == 7
    assert hours(date(2026, 10, 25), BERLIN).count(Period.VALLEY) == 9


def test_weekends_are_off_unless_worked_and_holidays_always() -> None:
    assert [is_off(TARIFF, date(2026, 10, day)) for day in (1, 9, 10, 11)] == [True, False, False, True]


def test_without_schedules_every_slot_is_flat() -> None:
    starts_at: Times = np.array(
        [to_numpy(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=h)) for h in range(30)]
    )
    assert {PERIODS[n] for n in period_numbers(Tariff(id="flat"), starts_at, SHANGHAI)} == {Period.FLAT}
    assert len(period_numbers(TARIFF, starts_at[:0], SHANGHAI)) == 0
