from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.dlt645.freezes import AT_ONCE, DAILY, HOURLY, INSTANT, TIMED, is_pattern
from tests.unit.simulators.dlt645.bench import MEMORY_FROM, NOW, Clock, core, digits

ZONE = ZoneInfo("Asia/Shanghai")


def local(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("99990000", True),
        ("99150830", True),
        ("99999930", True),
        ("03150830", True),
        ("99999999", False),  # at once, not a pattern
        ("99159930", False),
        ("99992400", False),
        ("99000000", False),
        ("9999009A", False),
        ("999900", False),
    ],
)
def test_only_the_leading_parts_of_a_pattern_may_be_open(pattern: str, fits: bool) -> None:  # noqa: FBT001 - a case
    assert is_pattern(digits(pattern)) is fits


@pytest.mark.parametrize(
    ("pattern", "newest"),
    [
        ("99990000", [local(13, 0), local(12, 0)]),
        ("99999930", [local(13, 9, 30), local(13, 8, 30)]),
        ("99120615", [local(12, 6, 15), None]),
        ("03110000", [local(11, 0), None]),
        ("04110000", [None, None]),
    ],
)
def test_a_pattern_freezes_from_the_order_on(pattern: str, newest: list[datetime | None]) -> None:
    clock = Clock()
    freezes = core(clock=clock).freezes
    assert freezes.order(digits(pattern))
    assert freezes.instant(TIMED, 1) is None
    clock.pass_(days=2, hours=23, minutes=15)  # 13 March, 09:35
    assert [freezes.instant(TIMED, number) for number in (1, 2)] == newest
    assert freezes.instant(TIMED, 13) is None


def test_three_instant_freezes_are_kept() -> None:
    clock = Clock()
    freezes = core(clock=clock).freezes
    for _ in range(4):
        assert freezes.order(AT_ONCE)
        clock.pass_(minutes=1)
    assert [freezes.instant(INSTANT, n) for n in (1, 2, 3, 4)] == [
        NOW + timedelta(minutes=3),
        NOW + timedelta(minutes=2),
        NOW + timedelta(minutes=1),
        None,
    ]


def test_days_and_hours_go_back_to_where_memory_begins() -> None:
    freezes = core().freezes
    assert freezes.instant(DAILY, 1) == local(10, 0)
    assert freezes.instant(DAILY, 37) == local(2, 0, month=2)
    assert local(1, 0, month=2) < MEMORY_FROM
    assert freezes.instant(DAILY, 38) is None
    assert freezes.instant(HOURLY, 2) == local(10, 9)
    assert freezes.instant(DAILY, 0) is None


def test_a_clear_leaves_nothing_to_read() -> None:
    freezes = core().freezes
    freezes.order(AT_ONCE)
    freezes.clear()
    assert [freezes.instant(kind, 1) for kind in (DAILY, HOURLY, INSTANT)] == [None] * 3
