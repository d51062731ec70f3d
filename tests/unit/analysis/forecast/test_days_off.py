"""Days off of the State Council's notices, and files that are wrong."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.forecast.days_off import (
    NONE,
    SUNDAY,
    WORKED,
    DaysOff,
    days_off_cn,
    kinds_of_days,
    like_rows,
    parse_days_off,
    usual_days_off,
)
from pipeline.errors import ConfigError


def days(first: date, count: int) -> np.ndarray:
    return first.toordinal() - date(1970, 1, 1).toordinal() + np.arange(count, dtype=np.int64)


def likes(kinds: np.ndarray, row: int) -> list[int]:
    found: list[int] = like_rows(kinds, np.array([row]), np.array([row]), 4)[0].tolist()
    return found


def test_the_notice_of_2026_is_there_day_by_day() -> None:
    # 国务院办公厅关于2026年部分节假日安排的通知: 33 days off, six weekend days worked.
    known = days_off_cn()
    off = {day for day in known.off if day.year == 2026}
    assert len(off) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    assert {date(2026, 2, 15), date(2026, 2, 23), date(2026, 10, 7)} <= off
    assert date(2026, 2, 24) not in off
    assert {day for day in known.worked if day.year == 2026} == {
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    }


def test_the_notice_of_2025_has_28_days_off_and_five_that_are_worked() -> None:
    known = days_off_cn()
    assert sum(day.year == 2025 for day in known.off) == 28
    assert sum(day.year == 2025 for day in known.worked) == 5


def test_days_off_are_those_of_the_zone() -> None:
    assert usual_days_off(ZoneInfo("Asia/Shanghai")) == days_off_cn()
    assert usual_days_off(ZoneInfo("Europe/Berlin")) == NONE


def test_every_day_that_is_worked_out_of_turn_is_one_of_a_weekend() -> None:
    known = days_off_cn()
    assert all(day.weekday() >= 5 for day in known.worked)
    assert not known.worked & known.off


def test_kinds_are_weekdays_but_for_days_off_and_days_that_are_worked() -> None:
    week = days(date(2026, 11, 16), 7)
    assert kinds_of_days(week, NONE).tolist() == list(range(7))
    out_of_turn = DaysOff(off=frozenset({date(2026, 11, 18)}), worked=frozenset({date(2026, 11, 21)}))
    assert kinds_of_days(week, out_of_turn).tolist() == [0, 1, SUNDAY, 3, 4, WORKED, SUNDAY]


def test_like_days_are_those_of_the_same_weekday_and_a_worked_saturday_is_like_any_working_day() -> None:
    kinds = kinds_of_days(days(date(2026, 11, 2), 21), NONE)
    assert likes(kinds, 16) == [9, 2, -1, -1]
    kinds[19] = WORKED
    assert likes(kinds, 19) == [18, 17, 16, 15]
    assert likes(kinds, 12) == [5, -1, -1, -1]
    assert likes(kinds, 3) == [-1, -1, -1, -1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[year]\n", "days.toml"),
        ("year = 3", "expected [[year]] tables"),
        ("[[year]]\noff = 3", "entry 1, key 'off': expected a list"),
        ('[[year]]\noff = [["2026-01-01"]]', "expected [first day, last day]"),
        ('[[year]]\noff = [["2026-01-03", "2026-01-01"]]', "write the earlier day first"),
        ('[[year]]\noff = [["2026-01-01", "2027-01-01"]]', "no run of up to 31 days"),
        ('[[year]]\nworked = ["soon"]', "expected a date like 2026-10-01, not 'soon'"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_days_off(text, "days.toml")
    assert said in str(caught.value)
    assert "days.toml" in str(caught.value)
