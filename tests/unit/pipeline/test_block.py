import math
import random
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from pipeline.block import block_from_snapshots, blocks_from_snapshots
from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.quantities import Group, Quantity

Q = Quantity
NOON = datetime(2026, 3, 10, 4, 0, 0, 123_457, tzinfo=UTC)
BOTH = frozenset({Group.ELECTRICAL, Group.REGISTER})


def snapshot(values: dict[Quantity, Value], meter: str = "m1", **rest: object) -> Snapshot:
    times = {"taken_at": NOON, "received_at": NOON + timedelta(seconds=1)}
    return Snapshot(meter=MeterId(meter), values=values, **{**times, **rest})  # type: ignore[arg-type]  # the optional fields


def test_columns_hold_each_value_in_its_row_and_nan_where_there_is_none() -> None:
    block = block_from_snapshots(
        [snapshot({Q.VOLTAGE_A: 220.5}), snapshot({Q.CURRENT_A: 0.0, Q.VOLTAGE_A: 221.0}, "m2")],
        frozenset({Group.ELECTRICAL}),
    )
    assert list(block.meters) == ["m1", "m2"]
    assert set(block.scalars) == {Q.VOLTAGE_A, Q.CURRENT_A}
    assert block.scalars[Q.VOLTAGE_A].tolist() == [220.5, 221.0]
    np.testing.assert_array_equal(block.scalars[Q.CURRENT_A], [np.nan, 0.0])


def test_what_carries_nothing_of_the_groups_is_left_out() -> None:
    mixed = [snapshot({Q.ACTIVE_ENERGY_IMPORT: 1.0}), snapshot({Q.VOLTAGE_A: 220.0}, "m2")]
    block = block_from_snapshots(mixed, frozenset({Group.ELECTRICAL}))
    assert list(block.meters) == ["m2"]
    assert Q.ACTIVE_ENERGY_IMPORT not in block.scalars
    assert len(block_from_snapshots(mixed, BOTH)) == 2


def test_a_value_that_was_unreadable_leaves_its_flag_alone() -> None:
    unreadable = snapshot({}, flags={Q.VOLTAGE_B: Quality.NOT_BCD, Q.ACTIVE_ENERGY_IMPORT: Quality.NOT_BCD})
    block = block_from_snapshots([unreadable], frozenset({Group.ELECTRICAL}))
    assert [dict(flags) for flags in block.flags] == [{Q.VOLTAGE_B: Quality.NOT_BCD}]
    assert not block.scalars


def test_spectra_and_status_words_are_kept_as_they_are() -> None:
    block = block_from_snapshots(
        [snapshot({Q.STATUS_WORDS: (4.0, 0.0)}), snapshot({Q.VOLTAGE_A: 1.0}, "m2")],
        frozenset({Group.ELECTRICAL, Group.DEVICE}),
    )
    assert list(block.arrays[Q.STATUS_WORDS]) == [(4.0, 0.0), None]


@pytest.mark.parametrize("odd", [(1.0, 2.0), ()])
def test_a_tuple_where_a_number_belongs_is_missing_and_costs_no_other_value(odd: tuple[float, ...]) -> None:
    block = block_from_snapshots(
        [snapshot({Q.VOLTAGE_A: odd, Q.CURRENT_A: 5.0}), snapshot({Q.VOLTAGE_A: 220.0}, "m2")], BOTH
    )
    np.testing.assert_array_equal(block.scalars[Q.VOLTAGE_A], [np.nan, 220.0])
    np.testing.assert_array_equal(block.scalars[Q.CURRENT_A], [5.0, np.nan])


def test_times_are_utc_to_the_microsecond_and_nat_where_there_is_none() -> None:
    far = datetime(2500, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    beijing = timezone(timedelta(hours=8))
    block = block_from_snapshots(
        [
            snapshot({Q.VOLTAGE_A: 1.0}, slot_at=NOON.astimezone(beijing)),
            snapshot({Q.VOLTAGE_A: 1.0}, "m2", received_at=far),
        ],
        BOTH,
    )
    assert block.taken_at.tolist() == [NOON.replace(tzinfo=None)] * 2
    assert block.received_at[1] == np.datetime64("2500-01-01T00:00:00.000001")
    assert block.slot_at[0] == np.datetime64("2026-03-10T04:00:00.123457")
    assert np.isnat(block.slot_at[1])
    assert np.isnat(block.meter_time).all()


def test_origin_and_quality_of_each_reading_stand_in_its_row() -> None:
    block = block_from_snapshots(
        [
            snapshot({Q.VOLTAGE_A: 1.0}, origin=Origin.LOAD_RECORD, quality=Quality.PARTIAL),
            snapshot({Q.VOLTAGE_A: 1.0}, "m2"),
        ],
        BOTH,
    )
    assert list(block.origins) == [Origin.LOAD_RECORD, Origin.PRESENT]
    assert block.quality.tolist() == [int(Quality.PARTIAL), int(Quality.GOOD)]


def test_no_snapshots_make_an_empty_block() -> None:
    block = block_from_snapshots([], BOTH)
    assert len(block) == len(block.taken_at) == 0
    assert not block.scalars


def test_several_tables_get_what_each_would_get_alone() -> None:
    mixed = [
        snapshot({Q.VOLTAGE_A: 220.0}),
        snapshot({Q.ACTIVE_ENERGY_IMPORT: 5.0, Q.VOLTAGE_A: 221.0}, "m2"),
        snapshot({Q.ACTIVE_ENERGY_IMPORT: 6.0}, "m3", flags={Q.CURRENT_A: Quality.NOT_BCD}),
        snapshot({Q.VOLTAGE_HARMONIC_A: (0.0, 100.0)}, "m4"),
        snapshot({}, "m5"),
    ]
    tables = [frozenset({g}) for g in (Group.ELECTRICAL, Group.REGISTER, Group.SPECTRUM, Group.DEMAND)]
    electrical, register, spectrum, demand = blocks_from_snapshots(mixed, tables)
    assert list(electrical.meters) == ["m1", "m2", "m3"]
    np.testing.assert_array_equal(electrical.scalars[Q.VOLTAGE_A], [220.0, 221.0, np.nan])
    assert [dict(flags) for flags in electrical.flags] == [{}, {}, {Q.CURRENT_A: Quality.NOT_BCD}]
    assert list(register.meters) == ["m2", "m3"]
    assert not any(register.flags)
    assert register.scalars[Q.ACTIVE_ENERGY_IMPORT].tolist() == [5.0, 6.0]
    assert list(spectrum.arrays[Q.VOLTAGE_HARMONIC_A]) == [(0.0, 100.0)]
    assert not spectrum.scalars
    assert len(demand) == 0


def test_thousands_of_readings_with_other_quantities_each_keep_every_value_in_its_place() -> None:
    chance = random.Random(7)  # noqa: S311 - readings, not secrets
    given = [Q.VOLTAGE_A, Q.CURRENT_A, Q.ACTIVE_POWER, Q.STATUS_WORDS, Q.ACTIVE_ENERGY_IMPORT]
    values: list[dict[Quantity, Value]] = [
        {q: (float(row),) if q is Q.STATUS_WORDS else row + chance.random() for q in chance.sample(given, 3)}
        for row in range(2500)
    ]
    block = block_from_snapshots(
        [snapshot(row, f"m{number}") for number, row in enumerate(values)],
        frozenset({Group.ELECTRICAL, Group.REGISTER, Group.DEVICE}),
    )
    for quantity in given:
        if quantity is Q.STATUS_WORDS:
            assert list(block.arrays[quantity]) == [row.get(quantity) for row in values]
        else:
            np.testing.assert_array_equal(
                block.scalars[quantity], [row.get(quantity, math.nan) for row in values]
            )


@pytest.mark.parametrize("shared", [1, 2, 100])
def test_times_are_right_whether_readings_share_them_or_not(shared: int) -> None:
    times = [NOON + timedelta(microseconds=row // shared) for row in range(200)]
    slots = [None if row % 3 else time for row, time in enumerate(times)]
    block = block_from_snapshots(
        [
            snapshot({Q.VOLTAGE_A: 1.0}, taken_at=time, meter_time=time, slot_at=slot)
            for time, slot in zip(times, slots, strict=True)
        ],
        BOTH,
    )
    assert block.taken_at.tolist() == [time.replace(tzinfo=None) for time in times]
    assert block.meter_time.tolist() == block.taken_at.tolist()
    assert block.slot_at.tolist() == [slot and slot.replace(tzinfo=None) for slot in slots]
