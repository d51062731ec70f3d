from datetime import timedelta

import pytest

from simulators.dlt645.demand import rates_of
from tests.unit.simulators.dlt645.bench import NOW, Clock, Load, core


class Evening(Load):
    """Two kilowatts from the 9th at 19:00 to 20:00 local, 1 kW otherwise."""

    def read(self, instant):  # type: ignore[no-untyped-def]  # as Load
        shown = dict(super().read(instant))
        start = NOW.replace(day=9, hour=11, minute=0)
        extra = min(max((instant - start).total_seconds() / 3600, 0.0), 1.0)
        shown[next(iter(shown))] += extra
        return shown


def test_the_greatest_quarter_of_an_hour_is_kept_with_its_end_and_by_rate() -> None:
    total, *rates = rates_of(core(Evening()).past.demand.peaks(0) or {}, 0x01, 4)
    first_full = NOW.replace(day=9, hour=11, minute=15)
    assert total is not None
    assert rates[0] == total
    assert total[0] == pytest.approx(2.0)
    assert total[1] == first_full
    assert [peak[0] for peak in rates[1:] if peak] == pytest.approx([1.0, 1.0, 1.0])


def test_a_settlement_puts_the_period_away() -> None:
    book = core(Evening()).past.demand
    before = book.peaks(1)
    assert before is not None
    assert before[0x01, 0][0] == pytest.approx(1.0)
    assert book.peaks(9) is None


def test_after_a_reset_demand_begins_again() -> None:
    clock = Clock()
    meter = core(Evening(), clock)
    meter.past.demand.reset(clock.now)
    assert meter.past.demand.peaks(0) == {}
    assert meter.past.demand.was_reset
    clock.now += timedelta(hours=1)
    peaks = meter.past.demand.peaks(0) or {}
    assert peaks[0x01, 0][0] == pytest.approx(1.0)
