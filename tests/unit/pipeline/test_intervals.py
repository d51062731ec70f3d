from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.intervals import (
    ORIGIN_RANK,
    IntervalCounts,
    RegisterBounds,
    RegisterReadings,
    SlotGrid,
    counts_of,
    energy_kwh,
    full_scale,
    interval_counts,
    known_edges,
    most_per_hour,
)
from pipeline.model import MeterId
from pipeline.registry import Meter

LOAD = ORIGIN_RANK["load record"]
PRESENT = ORIGIN_RANK["present"]
SCALE = 100_000_000


def _grid(slots: int) -> SlotGrid:
    return SlotGrid(starts_at=np.datetime64("2026-01-01T00:00"), minutes=15, slots=slots)


def _readings(rows: Sequence[tuple[str, int, int]]) -> RegisterReadings:
    return RegisterReadings(
        taken_at=np.array([f"2026-01-01T{at}" for at, _, _ in rows], dtype="datetime64[us]"),
        counts=np.array([counts for _, counts, _ in rows], dtype=np.int64),
        rank=np.array([rank for _, _, rank in rows], dtype=np.int64),
    )


def _of(counts: Sequence[int], scale: int | None = SCALE) -> IntervalCounts:
    """Load records, one an edge."""
    grid = _grid(len(counts) - 1)
    readings = RegisterReadings(
        taken_at=grid.edges, counts=np.array(counts), rank=np.full(len(counts), LOAD, dtype=np.int64)
    )
    return interval_counts(readings, grid, scale=scale)


def test_nothing_known_is_missing_and_not_zero() -> None:
    found = interval_counts(_readings([]), _grid(2))
    assert found.quality.tolist() == ["N", "N"]
    assert np.isnan(energy_kwh(found, 0.01)).all()


def test_one_reading_alone_gives_no_interval() -> None:
    found = interval_counts(_readings([("00:15", 5, LOAD)]), _grid(2))
    assert found.quality.tolist() == ["N", "N"]


def test_readings_at_the_edges_give_actual_intervals() -> None:
    found = _of([1000, 1003, 1003, 1010])
    assert found.counts.tolist() == [3, 0, 7]
    assert found.quality.tolist() == ["A", "A", "A"]
    assert found.method.tolist() == ["load record"] * 3


def test_load_records_come_before_present_reads() -> None:
    rows = [("00:00", 100, LOAD), ("00:15:20", 118, PRESENT), ("00:15", 115, LOAD), ("00:30", 130, LOAD)]
    found = interval_counts(_readings(rows), _grid(2))
    assert found.counts.tolist() == [15, 15]
    assert found.method.tolist() == ["load record", "load record"]


def test_the_seconds_that_a_present_read_is_off_its_edge_are_made_up_for() -> None:
    # 20 counts in 940 s: 890 s after the first reading, at 00:15, the register stood at 118.9.
    rows = [("00:00:10", 100, PRESENT), ("00:15:50", 120, PRESENT)]
    found = interval_counts(_readings(rows), _grid(1))
    assert found.counts.tolist() == [18]
    assert found.quality.tolist() == ["A"]
    assert found.method.tolist() == ["present"]


def test_present_reads_close_around_an_edge_are_interpolated() -> None:
    # 00:15 lies halfway between 00:12 and 00:18: 120 + (132 - 120) / 2 = 126.
    rows = [("00:00", 100, LOAD), ("00:12", 120, PRESENT), ("00:18", 132, PRESENT), ("00:30", 150, LOAD)]
    found = interval_counts(_readings(rows), _grid(2))
    assert found.counts.tolist() == [26, 24]
    assert found.quality.tolist() == ["A", "A"]
    assert found.method.tolist() == ["interpolated", "interpolated"]


def test_reads_most_of_a_slot_apart_are_interpolated_but_estimated() -> None:
    rows = [("00:00", 100, LOAD), ("00:08", 110, PRESENT), ("00:22", 124, PRESENT), ("00:30", 130, LOAD)]
    found = interval_counts(_readings(rows), _grid(2))
    assert found.counts.tolist() == [17, 13]
    assert found.quality.tolist() == ["E", "E"]


def test_a_gap_is_spread_over_its_slots_and_estimated() -> None:
    rows = [("00:00", 100, LOAD), ("00:45", 110, LOAD), ("01:00", 112, LOAD)]
    found = interval_counts(_readings(rows), _grid(4))
    assert sorted(found.counts[:3].tolist()) == [3, 3, 4]
    assert found.counts[3] == 2
    assert found.quality.tolist() == ["E", "E", "E", "A"]
    assert found.method.tolist() == ["gap spread evenly"] * 3 + ["load record"]


def test_a_long_gap_of_a_large_register_does_not_overflow() -> None:
    rows = [("00:00", 0, LOAD)]
    readings = _readings(rows)
    later = RegisterReadings(
        taken_at=np.append(readings.taken_at, np.datetime64("2046-01-01T00:00", "us")),
        counts=np.array([0, 9_000_000_000]),
        rank=np.array([0, 0]),
    )
    found = interval_counts(later, _grid(96))
    assert (found.counts >= 0).all()
    # 9e9 counts over 7 305 days are 1 232 032 a day; at most one count is cut at the day's end.
    assert abs(int(found.counts.sum()) - 1_232_032) <= 1


def test_a_register_rolls_over_at_its_full_scale() -> None:
    found = _of([SCALE - 5, SCALE - 1, 3, 10])
    assert found.counts.tolist() == [4, 4, 7]
    assert found.quality.tolist() == ["A", "A", "A"]
    assert [event.kind.value for event in found.events] == ["roll-over"]


def test_a_register_of_unknown_digits_never_rolls_over() -> None:
    found = _of([SCALE - 5, SCALE - 1, 3, 10], scale=None)
    assert found.quality.tolist() == ["A", "N", "A"]


def test_a_reset_hides_energy_that_stays_unknown() -> None:
    found = _of([5000, 5010, 2, 6])
    assert found.quality.tolist() == ["A", "N", "A"]
    assert found.counts.tolist() == [10, 0, 4]
    assert found.segment.tolist() == [0, -1, 1]
    assert [event.kind.value for event in found.events] == ["reset"]
    assert found.events[0].before == 5010
    assert found.method.tolist() == ["load record", "hidden by reset", "load record"]


def test_a_single_low_read_is_left_out() -> None:
    found = _of([100, 104, 17, 112, 116])
    assert found.counts.tolist() == [4, 4, 4, 4]
    assert found.quality.tolist() == ["A", "E", "E", "A"]
    assert [event.kind.value for event in found.events] == ["bad read"]


def test_a_single_high_read_is_left_out() -> None:
    found = _of([100, 104, 9000, 112, 116])
    assert found.counts.tolist() == [4, 4, 4, 4]
    assert found.quality.tolist() == ["A", "E", "E", "A"]


def test_zeros_while_a_meter_boots_are_no_roll_over() -> None:
    found = _of([SCALE - 20, SCALE - 15, 0, 0, SCALE - 5])
    assert found.counts.tolist() == [5, 3, 3, 4]
    assert {event.kind.value for event in found.events} == {"boot zero"}


def test_a_zero_at_the_end_is_not_decided_yet() -> None:
    found = _of([SCALE - 20, SCALE - 15, 0])
    assert found.quality.tolist() == ["A", "N"]


def test_a_true_roll_over_to_zero_counts() -> None:
    found = _of([SCALE - 20, SCALE - 15, 0, 7])
    assert found.counts.tolist() == [5, 15, 7]


def test_of_two_readings_that_disagree_the_load_record_is_believed() -> None:
    rows = [("00:00", 100, LOAD), ("00:14:58", 121, PRESENT), ("00:15", 120, LOAD), ("00:30", 140, LOAD)]
    found = interval_counts(_readings(rows), _grid(2))
    assert found.counts.tolist() == [20, 20]
    assert found.method.tolist() == ["load record", "load record"]


def test_a_rise_faster_than_the_meter_can_measure_is_unknown() -> None:
    grid = _grid(3)
    readings = RegisterReadings(
        taken_at=grid.edges, counts=np.array([100, 105, 90_000, 90_005]), rank=np.zeros(4, dtype=np.int64)
    )
    found = interval_counts(readings, grid, fastest=1000.0)
    assert found.quality.tolist() == ["A", "N", "A"]
    assert [event.kind.value for event in found.events] == ["jump"]
    assert found.method[1] == "hidden by jump"


def test_kwh_equal_the_digits_of_the_meter() -> None:
    counts = counts_of(np.array([1234.56, 1237.73]), 0.01)
    grid = _grid(1)
    readings = RegisterReadings(taken_at=grid.edges, counts=counts, rank=np.zeros(2, dtype=np.int64))
    found = interval_counts(readings, grid)
    assert energy_kwh(found, 0.01).tolist() == [3.17]
    assert energy_kwh(found, 0.01, ratio=60.0).tolist() == [190.2]


def test_the_full_scale_follows_from_digits_and_resolution() -> None:
    assert full_scale(6, 0.01) == 100_000_000


def test_a_meter_cannot_count_faster_than_twice_its_rated_power() -> None:
    meter = Meter(id=MeterId("m"), rated_voltage_v=220.0, max_current_a=60.0, resolution=0.01)
    assert most_per_hour(meter) == pytest.approx(2 * 39.6 / 0.01)


def test_a_tolerance_of_half_a_slot_is_refused() -> None:
    with pytest.raises(DataError, match="half a slot of 15 min"):
        interval_counts(_readings([]), _grid(1), tolerance_s=450)


def test_a_missing_register_value_is_refused() -> None:
    with pytest.raises(DataError, match="never zero"):
        counts_of(np.array([1.0, np.nan]), 0.01)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="one length"):
        RegisterReadings(
            taken_at=np.array([], dtype="datetime64[us]"),
            counts=np.zeros(1, np.int64),
            rank=np.zeros(0, np.int64),
        )


def test_a_value_beyond_the_register_s_range_is_left_out_whatever_its_neighbours_say() -> None:
    found = _of([100, 104, SCALE + 7, 112, 116])
    assert found.counts.tolist() == [4, 4, 4, 4]
    assert found.quality.tolist() == ["A", "E", "E", "A"]


def test_a_value_beyond_64_bits_is_no_sound_value_either() -> None:
    counts = counts_of(np.array([1.0, 1e300, -1e300]), 0.01)
    assert counts[0] == 100
    assert counts[1] > SCALE
    assert counts[2] < 0


def _known(rows: Sequence[tuple[str, int, int]], slots: int = 8, fastest: float | None = None) -> list[int]:
    grid = _grid(slots)
    bounds = RegisterBounds(scale=SCALE, fastest=fastest)
    return np.flatnonzero(known_edges(_readings(rows), grid.edges, grid.minutes, bounds)).tolist()


def test_a_register_is_known_where_a_reading_stands_and_not_along_a_gap() -> None:
    rows = [("00:00", 100, LOAD), ("01:00:40", 130, PRESENT), ("02:00", 170, LOAD)]
    assert _known(rows) == [0, 4, 8]
    assert _known([]) == []
    assert _known(rows[:1]) == [0]


def test_a_register_is_known_between_two_readings_of_one_slot() -> None:
    rows = [("00:00", 100, LOAD), ("00:22", 110, PRESENT), ("00:36", 118, PRESENT), ("02:00", 170, LOAD)]
    # 00:30 lies on the line between two readings 14 minutes apart; 00:15 and 00:45 bound the slots within
    # which these were taken.
    assert _known(rows) == [0, 1, 2, 3, 8]


def test_a_reading_that_is_left_out_tells_no_register() -> None:
    stale = [("00:00", 100, LOAD), ("00:30", 100, LOAD), ("01:00", 100, LOAD), ("01:15", 300, LOAD)]
    assert _known(stale, slots=5, fastest=250.0) == [0, 5]
    misread = [("00:00", 100, LOAD), ("01:00", 7, LOAD), ("02:00", 170, LOAD)]
    assert _known(misread) == [0, 8]


def test_a_register_is_not_known_to_a_tolerance_of_half_a_slot() -> None:
    grid = _grid(2)
    with pytest.raises(DataError, match="under half a slot"):
        known_edges(_readings([]), grid.edges, grid.minutes, RegisterBounds(tolerance_s=450.0))
