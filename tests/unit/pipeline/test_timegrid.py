"""Local days and their minutes, also where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.timegrid import (
    begin_in,
    from_numpy,
    last_month,
    lie_in,
    local_clock,
    local_day,
    many_from_numpy,
    slot_grid,
    to_numpy,
    touch,
)

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("day", "slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100), (date(2026, 6, 1), 96)]
)
def test_every_slot_of_a_local_day_bears_its_date(day: date, slots: int) -> None:
    starts_at, ends_at = local_day(day, BERLIN)
    days, minutes = local_clock(slot_grid(starts_at, ends_at, 15), BERLIN)
    assert len(days) == slots
    assert set(days.tolist()) == {(day - date(1970, 1, 1)).days}
    assert (minutes[0], minutes[-1]) == (0, 1425)


def test_the_hour_that_comes_twice_has_its_minutes_twice_and_the_skipped_one_has_none() -> None:
    autumn = local_clock(slot_grid(*local_day(date(2026, 10, 25), BERLIN), 15), BERLIN)[1]
    spring = local_clock(slot_grid(*local_day(date(2026, 3, 29), BERLIN), 15), BERLIN)[1]
    assert (autumn == 120).sum() == 2
    assert (spring == 120).sum() == 0
    assert (spring == 180).sum() == 1


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"]
)
def test_the_clock_agrees_with_the_library_in_every_hour_of_a_year(zone: str) -> None:
    tz = ZoneInfo(zone)
    times = to_numpy(datetime(2026, 1, 1, tzinfo=UTC)) + np.arange(365 * 24) * np.timedelta64(60, "m")
    days, minutes = local_clock(times, tz)
    for place in range(0, len(times), 7):
        local = times[place].item().replace(tzinfo=UTC).astimezone(tz)
        assert minutes[place] == local.hour * 60 + local.minute
        assert days[place] == (local.date() - date(1970, 1, 1)).days


def test_many_numpy_instants_are_those_of_each() -> None:
    instants = np.array(["2026-09-01T00:00:00.000001", "1969-12-31T23:59:59"], dtype="datetime64[us]")
    assert many_from_numpy(instants) == [from_numpy(instant) for instant in instants]
    assert many_from_numpy(instants)[0] == datetime(2026, 9, 1, 0, 0, 0, 1, tzinfo=UTC)


def test_the_last_month_that_is_over_is_the_zone_s() -> None:
    new_year = datetime(2025, 12, 31, 17, tzinfo=UTC)
    assert last_month(new_year, ZoneInfo("Asia/Shanghai")) == date(2025, 12, 1)
    assert last_month(new_year, ZoneInfo("UTC")) == date(2025, 11, 1)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "begin", "touched", "whole"),
    [
        (None, None, "1111", "1111", "1111"),
        (15, 45, "0110", "0110", "0110"),
        (20, 40, "0010", "0110", "0000"),
        (20, None, "0011", "0111", "0011"),
        (None, 40, "1110", "1110", "1100"),
        (60, 90, "0000", "0000", "0000"),
    ],
)
def test_a_slot_begins_in_touches_or_lies_in_a_stretch(
    starts_at: int | None, ends_at: int | None, begin: str, touched: str, whole: str
) -> None:
    hour = datetime(2026, 3, 1, tzinfo=UTC)
    stretch = [None if minute is None else hour + minute * MINUTE for minute in (starts_at, ends_at)]
    begins = slot_grid(hour, hour + 60 * MINUTE, 15)
    ends = begins + np.timedelta64(15, "m")

    def told(found: NDArray[np.bool_]) -> str:
        return "".join(str(int(each)) for each in found)

    assert told(begin_in(begins, *stretch)) == begin
    assert told(touch(begins, ends, *stretch)) == touched
    assert told(lie_in(begins, ends, *stretch)) == whole
