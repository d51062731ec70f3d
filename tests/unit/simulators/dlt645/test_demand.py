from datetime import timedelta

import pytest

from simulators.dlt645.demand import rates_of
from tests.unit.simulators.dlt645.bench import NOW, Clock, Load, core, digits, read
from tests.unit.simulators.dlt645.bench import meter as meter_of_2007


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


@pytest.mark.parametrize(
    ("period", "slide", "greatest_kw", "first_end_min"),
    [
        ("15", "15", 2.0, 15),
        ("30", "30", 2.0, 30),
        ("60", "15", 2.0, 60),
        ("60", "60", 2.0, 60),
        ("05", "05", 2.0, 5),
        ("15", "05", 2.0, 15),
    ],
)
def test_demand_follows_period_and_slide(
    period: str, slide: str, greatest_kw: float, first_end_min: int
) -> None:
    load = Evening()
    meter = core(load, memory_from=NOW - timedelta(days=2))
    for di, minutes in (("04000103", period), ("04000104", slide)):
        meter.parameters.write(bytes.fromhex(di)[::-1], bytes.fromhex(minutes))
    value, at = (meter.past.demand.peaks(0) or {})[0x01, 0]
    assert value == pytest.approx(greatest_kw)
    assert at == NOW.replace(day=9, hour=11, minute=0) + timedelta(minutes=first_end_min)


def test_a_period_longer_than_the_peak_averages_it_and_sliding_finds_its_middle() -> None:
    """An hour of 1 kW more, seen through blocks of 45 minutes from 18:45 on: 30 of 45 minutes at first."""
    found = {}
    for slide in ("45", "15"):
        meter = core(Evening(), memory_from=NOW - timedelta(days=2))
        for di, minutes in (("04000103", "45"), ("04000104", slide)):
            meter.parameters.write(bytes.fromhex(di)[::-1], bytes.fromhex(minutes))
        found[slide] = (meter.past.demand.peaks(0) or {})[0x01, 0]
    value, at = found["15"]
    assert value == pytest.approx(2.0)
    assert at == NOW.replace(day=9, hour=11, minute=45)
    assert found["45"][0] <= value


def test_what_was_kept_at_an_earlier_time_is_still_known() -> None:
    meter = core(Evening())
    evening = NOW.replace(day=9, hour=11, minute=30)
    assert meter.past.demand.peaks_at(evening)[0x01, 0][0] == pytest.approx(2.0)
    before = meter.past.demand.peaks_at(evening - timedelta(hours=2))[0x01, 0]
    assert before[0] == pytest.approx(1.0)
    assert before[1] < evening - timedelta(hours=2)
    assert meter.past.demand.peaks_at(NOW)[0x01, 0] == (meter.past.demand.peaks(0) or {})[0x01, 0]


def test_a_daily_freeze_holds_the_demand_by_rate() -> None:
    slave = meter_of_2007(Evening())
    content = read(slave, "05060901")  # the midnight after the evening
    kw = [int(content[at : at + 3][::-1].hex()) / 10_000 for at in range(0, len(content), 8)]
    assert kw == pytest.approx([2.0, 2.0, 1.0, 1.0, 1.0])
    assert content[3:8] == digits("2603091915")
