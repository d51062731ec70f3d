from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.load.blocks import Peak
from analysis.load.demand import RegisterReadings, demand_statistics
from pipeline.timegrid import slot_grid, to_numpy

AT = datetime(2026, 3, 1, tzinfo=UTC)
END = AT + timedelta(hours=1)
KWH = np.array([10.0, 20.0, 30.0, 25.0])


def _at() -> np.ndarray:
    return slot_grid(AT, END, 15)


def _register(*shown: tuple[float, datetime | None], read: datetime = END) -> RegisterReadings:
    return RegisterReadings(
        kw=np.array([kw for kw, _ in shown]),
        at=np.array(
            [np.datetime64("NaT") if at is None else to_numpy(at) for _, at in shown], "datetime64[us]"
        ),
        taken_at=np.array([to_numpy(read)] * len(shown)),
    )


def test_the_register_stands_beside_the_blocks() -> None:
    # 30 kWh in a block are 120 kW; the meter slides and has 126 kW: 1.05 times as much.
    register = _register((126.0, AT + timedelta(minutes=50)), (90.0, AT + timedelta(minutes=20)))
    found = demand_statistics(KWH, _at(), 15, register)
    assert found.block == Peak(kw=120.0, at=AT + timedelta(minutes=30))
    assert found.register == Peak(kw=126.0, at=AT + timedelta(minutes=50))
    assert found.register_over_block == pytest.approx(1.05)
    assert found.sliding is None
    assert found.billed == ("register", found.register)


def test_a_demand_of_another_month_or_without_its_time_is_not_this_ones() -> None:
    register = _register((500.0, AT - timedelta(days=3)), (400.0, None), (300.0, AT + timedelta(days=1)))
    found = demand_statistics(KWH, _at(), 15, register)
    assert found.register is None
    assert found.register_over_block is None
    assert found.billed == ("block", found.block)


def test_a_register_read_too_early_does_not_hide_a_higher_block() -> None:
    # Read after half an hour: 80 kW. The blocks go on to 120 kW.
    at, half = AT + timedelta(minutes=15), AT + timedelta(minutes=30)
    found = demand_statistics(KWH, _at(), 15, _register((80.0, at), read=half))
    assert (found.register, found.register_is_whole) == (Peak(kw=80.0, at=at), False)
    assert found.billed == ("block", Peak(kw=120.0, at=half))


def test_a_register_read_too_early_counts_where_it_is_higher() -> None:
    at = AT + timedelta(minutes=15)
    found = demand_statistics(KWH, _at(), 15, _register((130.0, at), read=AT + timedelta(minutes=30)))
    assert found.billed == ("register", Peak(kw=130.0, at=at))


def test_a_register_read_when_the_span_is_over_counts_though_it_is_lower() -> None:
    # The sliding window of a meter may lie below the blocks of another clock: the bill has the meter's.
    at = AT + timedelta(minutes=45)
    early, late = _register((80.0, at), read=AT + timedelta(minutes=50)), _register((118.0, at))
    both = RegisterReadings(
        kw=np.append(early.kw, late.kw),
        at=np.append(early.at, late.at),
        taken_at=np.append(early.taken_at, late.taken_at),
    )
    found = demand_statistics(KWH, _at(), 15, both)
    assert (found.billed, found.register_is_whole) == (("register", Peak(kw=118.0, at=at)), True)


def test_a_demand_that_ended_as_the_span_begins_is_that_of_the_span_before() -> None:
    # 00:00 is the end of 23:45 to 00:00; one that ends with the span is its own.
    begun = demand_statistics(KWH, _at(), 15, _register((900.0, AT)))
    assert (begun.register, begun.register_is_whole) == (None, None)
    ended = demand_statistics(KWH, _at(), 15, _register((100.0, END)))
    assert ended.register == Peak(kw=100.0, at=END)


def test_five_minutes_slide() -> None:
    kwh = np.array([0.0, 0, 3, 3, 3, 0])
    found = demand_statistics(kwh, slot_grid(AT, AT + timedelta(minutes=30), 5), 5, None)
    assert found.block == Peak(kw=24.0, at=AT + timedelta(minutes=15))
    assert found.sliding == Peak(kw=36.0, at=AT + timedelta(minutes=10))
    assert found.sliding_coverage == 1.0
