from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboard.formats import Formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZH, EN = Formats("zh", SHANGHAI), Formats("en", SHANGHAI)
INSTANT = datetime(2026, 11, 2, 16, 5, 9, tzinfo=UTC)


def test_times_stand_in_the_areas_zone_and_the_readers_language() -> None:
    assert ZH.when(INSTANT) == "2026年11月3日 00:05"
    assert EN.when(INSTANT) == "3 Nov 2026 00:05"
    assert EN.clock(INSTANT) == "00:05:09"


def test_a_zone_is_named_with_its_offset() -> None:
    assert EN.zone_name(INSTANT) == "Asia/Shanghai (UTC+8)"
    assert EN.in_zone(ZoneInfo("Asia/Kolkata")).zone_name(INSTANT) == "Asia/Kolkata (UTC+5:30)"
    assert EN.in_zone(ZoneInfo("America/St_Johns")).zone_name(INSTANT) == "America/St_Johns (UTC-3:30)"


def test_what_is_missing_is_never_shown_as_zero() -> None:
    assert [EN.number(None), EN.number(float("nan")), EN.percent(None), EN.when(None), EN.age(None)] == [
        "–"
    ] * 5
    assert EN.number(0) == "0"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567.0, "1,234,567"),
        (0.1234567, "0.1234567"),
        (30.0, "30"),
        (-0.000012, "-0.000012"),
        (Decimal("1.0050"), "1.0050"),
        (Decimal(23), "23"),
        (Decimal("12345.60"), "12,345.60"),
        (None, "–"),
    ],
)
def test_what_is_filed_is_shown_with_every_digit(value: float | Decimal | None, shown: str) -> None:
    assert [EN.exact(value), ZH.exact(value)] == [shown, shown]


def test_a_share_just_below_one_does_not_read_as_full() -> None:
    assert EN.percent(0.999999) == "99.99 %"
    assert EN.percent(1.0) == "100.00 %"
    assert EN.percent(0.07, 0) == "7 %"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (12, "12 秒前", "12 s ago"),
        (300, "5 分钟前", "5 min ago"),
        (4 * 3600, "4 小时前", "4 h ago"),
        (5 * 86400, "5 天前", "5 d ago"),
        (-3, "0 秒前", "0 s ago"),
    ],
)
def test_an_age_is_told_in_the_largest_fitting_unit(seconds: int, zh: str, en: str) -> None:
    assert (ZH.age(timedelta(seconds=seconds)), EN.age(timedelta(seconds=seconds))) == (zh, en)


def test_lengths_of_time_are_told_in_minutes_hours_or_days() -> None:
    lengths = [timedelta(minutes=45), timedelta(hours=6.5), timedelta(days=12)]
    assert [EN.length(length) for length in lengths] == ["45 min", "6.5 h", "12.0 d"]


def test_in_chinese_a_zone_has_a_name_and_keeps_its_offset() -> None:
    chinese = Formats("zh", ZoneInfo("Asia/Shanghai"))
    assert chinese.zone_name(INSTANT) == "中国标准时间 (UTC+8)"
    assert chinese.in_zone(ZoneInfo("UTC")).zone_name(INSTANT) == "UTC (UTC+0)"


def test_an_hour_that_comes_twice_is_told_with_its_offset() -> None:
    # Berlin, 2026-10-25: at 03:00 UTC+2 (01:00 UTC) clocks go back to 02:00 UTC+1.
    berlin = EN.in_zone(ZoneInfo("Europe/Berlin"))
    before, change = datetime(2026, 10, 25, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert berlin.when(before) == "25 Oct 2026 02:45 UTC+2"
    assert [berlin.minute(before), berlin.minute(change)] == ["02:45 UTC+2", "02:00 UTC+1"]
    assert berlin.clock(change) == "02:00:00 UTC+1"
    assert berlin.minute(change + timedelta(hours=1)) == "03:00"
    # In spring 02:00 to 03:00 is left out: nothing there is meant twice.
    spring = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert [berlin.minute(spring - timedelta(minutes=15)), berlin.minute(spring)] == ["01:45", "03:00"]


def test_a_zone_has_the_offsets_of_what_is_shown() -> None:
    berlin = EN.in_zone(ZoneInfo("Europe/Berlin"))
    summer, winter = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    assert berlin.zone_name(summer, summer + timedelta(days=1)) == "Europe/Berlin (UTC+2)"
    assert berlin.zone_name(summer, winter) == "Europe/Berlin (UTC+2, UTC+1)"
    chinese = ZH.in_zone(ZoneInfo("Europe/Berlin"))
    assert chinese.zone_name(summer) == "中欧夏令时间 (UTC+2)"
    assert chinese.zone_name(summer, winter) == "中欧时间 (UTC+2, UTC+1)"
