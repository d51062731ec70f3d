from datetime import timedelta

import pytest

from simulators.dlt645.rates import apportioned, counts_of
from tests.unit.simulators.dlt645.bench import NOW, Clock, Load, Q, core, digits, wire


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1, 1], (4, 3, 3)),
        (7, [0.5, 0.3, 0.2], (4, 2, 1)),
        (5, [0, 0], (5, 0)),
        (0, [1, 2], (0, 0)),
    ],
)
def test_parts_add_up_by_largest_remainder(total: int, weights: list[float], parts: tuple[int, ...]) -> None:
    assert apportioned(total, weights) == parts


def test_every_count_goes_to_the_rate_that_runs_and_none_is_lost() -> None:
    clock, load = Clock(), Load(kw=0.731)
    meter = core(load, clock)
    held = meter.counter.now(clock.now)[Q.ACTIVE_ENERGY_IMPORT]
    for _ in range(400):
        rate = meter.tariffs.rate_at(clock.now)
        clock.pass_(minutes=5)
        counts = meter.counter.now(clock.now)[Q.ACTIVE_ENERGY_IMPORT]
        assert sum(counts) == counts_of(load.read(clock.now)[Q.ACTIVE_ENERGY_IMPORT])
        assert all(new >= old for new, old in zip(counts, held, strict=True))
        assert counts[rate - 1] > held[rate - 1]
        held = counts


def test_counts_do_not_depend_on_how_often_they_are_read() -> None:
    often, once = (core(Load(kw=0.731), Clock()) for _ in range(2))
    for meter in (often, once):
        meter.counter.now(NOW)
    for minute in range(0, 2000, 7):
        often.counter.now(NOW + timedelta(minutes=minute))
    end = NOW + timedelta(minutes=2000)
    difference = [
        a - b
        for quantity, counts in often.counter.now(end).items()
        for a, b in zip(counts, once.counter.now(end)[quantity], strict=True)
    ]
    assert set(difference) == {0}


def test_midnights_that_were_counted_are_remembered() -> None:
    clock = Clock()
    meter = core(Load(kw=0.731), clock)
    meter.counter.now(clock.now)
    midnight = NOW.replace(hour=16, minute=0)
    at_midnight = meter.counter.now(midnight)
    meter.counter.now(midnight + timedelta(hours=9))
    assert meter.counter.then(midnight) == at_midnight
    between = meter.counter.then(midnight + timedelta(hours=3))[Q.ACTIVE_ENERGY_IMPORT]
    assert sum(between) == counts_of(0.731 * ((midnight - NOW).total_seconds() / 3600 + 3 + 1634 + 1 / 3))


def test_new_tables_count_from_now_on() -> None:
    clock = Clock()
    meter = core(Load(kw=1.0), clock)
    before = meter.counter.now(clock.now)[Q.ACTIVE_ENERGY_IMPORT]
    meter.counter.changed(clock.now, 5)
    meter.parameters.write(wire("04010001"), digits("000005") * 14)
    meter.tariffs.changed()
    clock.pass_(hours=3)
    assert meter.counter.now(clock.now)[Q.ACTIVE_ENERGY_IMPORT] == (*before, 300)


def test_a_meter_without_power_counts_nothing_and_goes_on_after_it() -> None:
    clock, load = Clock(), Load()
    meter = core(load, clock)
    before = sum(meter.counter.now(clock.now)[Q.ACTIVE_ENERGY_IMPORT])
    load.dark = [(NOW + timedelta(minutes=30), NOW + timedelta(minutes=90))]
    assert sum(meter.counter.now(NOW + timedelta(minutes=60))[Q.ACTIVE_ENERGY_IMPORT]) == before
    assert sum(meter.counter.now(NOW + timedelta(minutes=120))[Q.ACTIVE_ENERGY_IMPORT]) == before + 200
