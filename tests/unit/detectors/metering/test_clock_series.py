import numpy as np
import pytest

from detectors.metering.clock_series import clock_series, drifting_days
from pipeline.model import MeterId
from pipeline.records import TimedValues

A, B, C = MeterId("a"), MeterId("b"), MeterId("c")
DAY = np.datetime64("2026-03-01T00:00:00", "us")


def _told(*reads: tuple[MeterId, float, float]) -> TimedValues:
    """Reads as (meter, hours, offset)."""
    return TimedValues(
        meters=[meter for meter, _, _ in reads],
        taken_at=np.array([DAY + np.timedelta64(int(hours * 60), "m") for _, hours, _ in reads]),
        values=np.array([offset for _, _, offset in reads]),
    )


def test_reads_are_grouped_by_meter_and_time_and_strangers_left_out() -> None:
    told = _told((B, 5, 1.0), (A, 30, 2.0), (C, 1, 9.0), (A, 2, 3.0), (B, 1, np.nan))
    series = clock_series(told, [A, B])
    assert series.offset_s[series.of(0)].tolist() == [3.0, 2.0]
    assert series.offset_s[series.of(1)].tolist() == [1.0]
    assert series.day.tolist() == [0, 1, 0]


def test_a_steady_drift_is_told_with_its_days_for_its_meter_alone() -> None:
    reads = [(A, float(hour), 0.0) for hour in range(240)]
    reads += [(B, float(hour), -3.0 * max(hour - 96, 0) / 24) for hour in range(240)]
    series = clock_series(_told(*reads), [A, B])
    ((row, first, last),) = drifting_days(series, np.array([1.0, 1.0]), 4)
    assert (row, last) == (1, 9)
    assert first in {3, 4}
    assert series.drift(np.flatnonzero((series.row == 1) & (series.day >= 4))) == pytest.approx(-3.0)


def test_fewer_days_than_a_drift_is_told_from_tell_nothing() -> None:
    reads = [(A, float(hour), float(hour)) for hour in range(70)]
    assert list(drifting_days(clock_series(_told(*reads), [A]), np.array([1.0]), 4)) == []
    assert list(drifting_days(clock_series(_told(), [A]), np.array([1.0]), 4)) == []
