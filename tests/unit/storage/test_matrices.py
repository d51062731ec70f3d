"""What a slot's values are made of when several readings fall into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry
from pipeline.timegrid import to_numpy
from storage.columns import NUMBER_OF_ORIGIN
from storage.matrices import (
    hung_factors,
    ratio_factors,
    register_steps,
    seconds_apart,
    unless_constant,
    values_at_slots,
)
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


def archive(placed: Sequence[Installation], *ratios: Ratio) -> Registry:
    meters = [Meter(id=meter) for meter in METERS]
    return Registry(meters=meters, installations=placed, ratios=ratios)


def stay(meter: int, begin: float | None, end: float | None, profile: str = "") -> Installation:
    starts_at, ends_at = (None if m is None else BEGIN + timedelta(minutes=m) for m in (begin, end))
    return Installation(
        meter=METERS[meter], service_point="P", profile=profile, starts_at=starts_at, ends_at=ends_at
    )


def test_a_meter_has_no_other_ratio_before_it_was_fitted() -> None:
    # Slots at 0, 15 and 30 minutes. Fitted after 20 minutes, so the last slot is the first it begins hung up.
    shown = archive(
        [stay(0, 20, None, "primary"), stay(1, None, None)], Ratio(meter=METERS[0], ct=40, pt=100)
    )
    factors = ratio_factors(shown, METERS, SLOTS, frozenset({"primary"}))
    assert factors.tolist() == [[4000.0, 4000.0, 1.0], [1.0] * 3]
    hung = hung_factors(shown, METERS, SLOTS, factors)
    assert hung.tolist() == [[1.0] * 3] * 2
    assert register_steps(shown, METERS, hung).tolist() == [0.01, 0.01]
    assert unless_constant(hung) is None


def test_a_ratio_that_was_filed_from_the_fitting_on_is_that_of_the_store_too() -> None:
    fitted, off = (BEGIN + timedelta(minutes=m) for m in (15, 30))
    ratio = Ratio(meter=METERS[0], ct=40.0, starts_at=fitted, ends_at=off)
    filed = archive([stay(0, 15, 30)], ratio)
    factors = ratio_factors(filed, METERS, SLOTS, frozenset())
    assert factors.tolist() == [[1.0, 40.0, 1.0], [1.0] * 3]
    assert hung_factors(filed, METERS, SLOTS, factors).tolist() == [[40.0] * 3, [1.0] * 3]


def test_transformers_that_were_exchanged_while_it_hung_are_told_slot_by_slot() -> None:
    at = BEGIN + timedelta(minutes=15)
    ratios = [Ratio(meter=METERS[0], ct=40.0, ends_at=at), Ratio(meter=METERS[0], ct=400.0, starts_at=at)]
    filed = archive([stay(0, None, None), stay(1, 60, None)], *ratios)
    factors = ratio_factors(filed, METERS, SLOTS, frozenset())
    told = unless_constant(hung_factors(filed, METERS, SLOTS, factors))
    assert told is not None
    assert told.tolist() == [[40.0, 400.0, 400.0], [1.0] * 3]
