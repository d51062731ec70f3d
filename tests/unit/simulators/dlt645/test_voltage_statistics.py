from datetime import timedelta

import pytest

from tests.unit.simulators.dlt645.bench import NOW, Clock, Load, Q, core, digits, wire


class Nightly(Load):
    """Phase A has 240 V in the first two hours of each UTC day."""

    def read(self, instant):  # type: ignore[no-untyped-def]  # as Load
        shown = dict(super().read(instant))
        if shown and instant.hour < 2:
            shown[Q.VOLTAGE_A] = 240.0
        return shown


def test_minutes_are_counted_by_phase_against_the_meters_limits() -> None:
    clock = Clock(NOW.replace(day=3, hour=16, minute=0))
    month = core(Nightly(), clock).past.voltage.month(clock.now, 0, "a")
    assert month is not None
    assert month.monitored_min == 3 * 24 * 60
    assert month.over_min == 3 * 2 * 60
    assert month.pass_percent == pytest.approx(100 * 22 / 24)
    assert month.highest is not None
    assert month.highest[0] == 240.0
    assert month.lowest is not None
    assert month.lowest[0] == 220.0


def test_all_together_are_over_when_one_phase_is() -> None:
    clock = Clock(NOW.replace(day=3, hour=16, minute=0))
    statistics = core(Nightly(), clock).past.voltage
    whole, b = (statistics.month(clock.now, 0, phase) for phase in ("", "b"))
    assert whole is not None
    assert b is not None
    assert (whole.over_min, b.over_min) == (360, 0)


def test_written_limits_count_from_now_on() -> None:
    clock = Clock()
    meter = core(Load(), clock)
    assert meter.past is not None
    meter.parameters.write(wire("04000E04"), digits("2250"))
    clock.now = NOW + timedelta(hours=1)
    month = meter.past.voltage.month(clock.now, 0, "b")
    assert month is not None
    assert month.under_min == 60


def test_a_month_that_nobody_saw_is_none() -> None:
    assert core().past.voltage.month(NOW, 5, "") is None
