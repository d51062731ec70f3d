from datetime import UTC, datetime, timedelta

import pytest

from simulators.physics.meter_clock import ClockChange, MeterClock
from simulators.physics.window import Window

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
DAY = Window(starts_at=START, ends_at=START + timedelta(days=1))


def after(**elapsed: float) -> datetime:
    return START + timedelta(**elapsed)


def clock(now: datetime, **keys: float) -> MeterClock:
    return MeterClock([ClockChange(window=DAY, **keys)], lambda: now)


@pytest.mark.parametrize(("hours", "offset_s"), [(-1, 0), (0, 420), (23.9, 420), (24, 0)])
def test_a_jump_lasts_from_its_start_to_its_end(hours: float, offset_s: float) -> None:
    now = after(hours=hours)
    assert clock(now, jump_s=420)() == now + timedelta(seconds=offset_s)


def test_a_drift_grows_with_time() -> None:
    assert clock(after(hours=12), drift_s_per_day=60)() == after(hours=12, seconds=30)


@pytest.mark.parametrize("keys", [{"jump_s": 420.0}, {"jump_s": -420.0}, {"drift_s_per_day": 900.0}])
@pytest.mark.parametrize("hours", [-5, 0.5, 12, 23, 30])
def test_what_the_meter_shows_leads_back_to_the_true_time(keys: dict[str, float], hours: float) -> None:
    true = after(hours=hours)
    shown = clock(true, **keys)()
    found = clock(after(days=3), **keys).true(shown)
    assert found is not None
    assert abs((found - true).total_seconds()) < 1e-3


def test_a_clock_that_jumped_ahead_never_showed_the_time_between() -> None:
    assert clock(after(days=3), jump_s=420).true(after(seconds=200)) is None


def test_a_clock_set_back_showed_a_time_twice_and_the_later_one_is_kept() -> None:
    found = clock(after(days=3), jump_s=-420).true(after(seconds=-200))
    assert found == after(seconds=220)


def test_what_is_still_to_come_has_not_been_shown() -> None:
    assert clock(after(hours=-2), jump_s=420).true(after(hours=-1)) is None
