"""What a slot's values are made of when several readings fall into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from storage.columns import NUMBER_OF_ORIGIN
from storage.matrices import seconds_apart, values_at_slots
from storage.readings import ReadingSeries
from tests.fix_windows import grid

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
METERS = [MeterId("m"), MeterId("n")]
SLOTS = grid(BEGIN, 3 / 96)
NO = np.nan
Row = tuple[int, float, Origin, float, float]
"""Which meter, minutes after the begin, origin, voltage and current."""


def series(*rows: Row) -> ReadingSeries:
    meter, minutes, origins, volts, amps = zip(*rows, strict=True)
    return ReadingSeries(
        meters=METERS,
        meter_index=np.array(meter),
        taken_at=np.array([to_numpy(BEGIN + timedelta(minutes=m)) for m in minutes]),
        slot_at=np.full(len(rows), np.datetime64("NaT", "us")),
        origin=np.array([NUMBER_OF_ORIGIN[origin] for origin in origins], dtype=np.int16),
        quality=np.zeros(len(rows), dtype=np.int32),
        values={Quantity.VOLTAGE_A: np.array(volts), Quantity.CURRENT_A: np.array(amps)},
    )


def test_a_voltage_of_the_load_record_and_a_current_read_later_are_so_far_apart() -> None:
    mixed = series(
        (0, 0, Origin.LOAD_RECORD, 220.0, NO),
        (0, 1.5, Origin.PRESENT, 219.0, 5.0),
        (0, 15, Origin.PRESENT, 221.0, 6.0),
        (1, 0, Origin.PRESENT, 222.0, 7.0),
    )
    values = values_at_slots(mixed, METERS, SLOTS, 15)
    assert values[Quantity.VOLTAGE_A][0, 0] == 220.0
    assert values[Quantity.CURRENT_A][0, 0] == 5.0
    apart = seconds_apart(mixed, METERS, SLOTS, 15)
    assert apart is not None
    assert apart.tolist() == [[90.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_two_readings_of_which_one_gives_all_are_not_apart() -> None:
    whole = series((0, 0, Origin.LOAD_RECORD, 220.0, 5.0), (0, 1.5, Origin.PRESENT, 219.0, 5.5))
    assert seconds_apart(whole, METERS, SLOTS, 15) is None


def test_one_reading_a_slot_is_the_short_way() -> None:
    assert seconds_apart(series((0, 0, Origin.PRESENT, 220.0, 5.0)), METERS, SLOTS, 15) is None
    assert seconds_apart(series((0, 0, Origin.PRESENT, 220.0, 5.0)), METERS, SLOTS[:0], 15) is None
