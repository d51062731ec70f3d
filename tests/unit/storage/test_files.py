"""Readings and intervals in files come in whole, or with the cell that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Ratio, Registry
from storage.files import file_matrix, read_intervals, read_readings

Q = Quantity


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_readings_come_in_as_columns_with_times_in_utc(tmp_path: Path) -> None:
    block = read_readings(
        written(
            tmp_path,
            "meter_id,taken_at,origin,voltage_a,max_demand_import_at,voltage_harmonic_a\n"
            "m1,2026-01-01T08:00:00+08:00,load record,220.5,,0;100;;2.5\n"
            "007,2026-01-01 00:00:00Z,,,2026-01-01T00:00:01.5Z,\n",
        )
    )
    assert block.meters == ["m1", "007"]
    assert block.taken_at.tolist() == [datetime(2026, 1, 1)] * 2  # noqa: DTZ001 - numpy knows no zones
    assert block.origins == ["load record", "present"]
    np.testing.assert_array_equal(block.scalars[Q.VOLTAGE_A], [220.5, np.nan])
    np.testing.assert_array_equal(
        block.scalars[Q.MAX_DEMAND_IMPORT_AT],
        [np.nan, datetime(2026, 1, 1, 0, 0, 1, 500_000, UTC).timestamp()],
    )
    first, second = block.arrays[Q.VOLTAGE_HARMONIC_A]
    np.testing.assert_array_equal(first or (), [0, 100, np.nan, 2.5])
    assert second is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("meter_id,taken_at\nm1,2026-01-01T00:00:00\n", "line 2, column taken_at: expected ISO 8601"),
        ("meter_id,taken_at\nm1,2026-01-01\n", "line 2, column taken_at: expected ISO 8601"),
        ("meter_id,taken_at\nm1,2026-13-01T00:00Z\n", "line 2, column taken_at: there is no such time"),
        ("meter_id,taken_at\nm1,\n", "line 2, column taken_at: is empty"),
        (
            "meter_id,taken_at\nm1,2026-01-01T00:00Z\n,2026-01-01T00:00Z\n",
            "line 3, column meter_id: is empty",
        ),
        ("meter_id,taken_at,voltage\nm1,2026-01-01T00:00Z,1\n", "unknown column voltage .did you mean"),
        ("meter_id,taken_at,voltage_a,voltage_a\n", "two columns are called voltage_a"),
        ("meter_id,voltage_a\n", "there is no column taken_at"),
        ("meter_id,taken_at,voltage_a\nm1,2026-01-01T00:00Z,abc\n", "line 2, column voltage_a: .*'abc'"),
        ("meter_id,taken_at,voltage_a\nm1,2026-01-01T00:00Z,inf\n", "line 2, column voltage_a: .*'inf'"),
        ("meter_id,taken_at,origin\nm1,2026-01-01T00:00Z,guess\n", "line 2, column origin: .*'guess'"),
        ("meter_id,taken_at,status_words\nm1,2026-01-01T00:00Z,1;x\n", "line 2, column status_words"),
        ("", "cannot be read"),
        ("meter_id,taken_at\nm1,2026-01-01T00:00Z,1,2,3\nm2,x\n", "table.csv"),
    ],
)
def test_a_wrong_reading_is_named_by_file_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_readings(written(tmp_path, text))


def test_a_missing_file_and_a_foreign_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        read_readings(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_readings(written(tmp_path, "no parquet", "bad.parquet"))
    with pytest.raises(DataError, match=r"expected a \.csv or \.parquet file"):
        read_readings(written(tmp_path, "x", "table.xlsx"))


def test_parquet_gives_the_same_as_csv(tmp_path: Path) -> None:
    text = "meter_id,taken_at,voltage_a\nm1,2026-01-01T00:00:00+00:00,220.5\nm2,2026-01-01T00:15:00+00:00,\n"
    table = pd.DataFrame(
        {
            "meter_id": ["m1", "m2"],
            "taken_at": pd.to_datetime(["2026-01-01T00:00Z", "2026-01-01T00:15Z"]),
            "voltage_a": [220.5, None],
        }
    )
    table.to_parquet(tmp_path / "table.parquet")
    one, other = read_readings(written(tmp_path, text)), read_readings(tmp_path / "table.parquet")
    assert one.meters == other.meters
    np.testing.assert_array_equal(one.taken_at, other.taken_at)
    np.testing.assert_array_equal(one.scalars[Q.VOLTAGE_A], other.scalars[Q.VOLTAGE_A])


def test_parquet_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"meter_id": ["m1"], "taken_at": pd.to_datetime(["2026-01-01T00:00"])})
    table.to_parquet(tmp_path / "table.parquet")
    with pytest.raises(DataError, match=r"table\.parquet, row 1, column taken_at: the times have no offset"):
        read_readings(tmp_path / "table.parquet")


def test_intervals_without_quality_are_actual_or_missing(tmp_path: Path) -> None:
    intervals = read_intervals(
        written(
            tmp_path,
            "meter_id,starts_at,minutes,import_kwh,q1_kvarh\n"
            "m1,2026-01-01T00:00Z,15,0,1\nm1,2026-01-01T00:15Z,15,,\n",
        )
    )
    assert intervals.quality.tolist() == ["A", "N"]
    np.testing.assert_array_equal(intervals.energies["import_kwh"], [0, np.nan])
    np.testing.assert_array_equal(intervals.energies["q1_kvarh"], [1, np.nan])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("m1,2026-01-01T00:00Z,0,1,A", "line 3, column minutes"),
        ("m1,2026-01-01T00:00Z,7.5,1,A", "line 3, column minutes"),
        ("m1,2026-01-01T00:30Z,15,1,X", "line 3, column quality: expected one of A, E, F, N, S, V"),
        ("m1,2026-01-01T08:00+08:00,15,1,A", "line 3, column starts_at: the same interval as in line 2"),
    ],
)
def test_a_wrong_interval_is_named_by_line_and_column(tmp_path: Path, row: str, message: str) -> None:
    text = f"meter_id,starts_at,minutes,import_kwh,quality\nm1,2026-01-01T00:00Z,15,1,A\n{row}\n"
    with pytest.raises(DataError, match=message):
        read_intervals(written(tmp_path, text))


def test_a_matrix_of_files_is_aligned_and_on_the_primary_side(tmp_path: Path) -> None:
    registry = Registry(
        meters=[Meter(id=MeterId("m1")), Meter(id=MeterId("m2"), resolution=0.1)],
        ratios=[Ratio(meter=MeterId("m1"), ct=20, pt=10)],
    )
    readings = read_readings(
        written(
            tmp_path,
            "meter_id,taken_at,origin,active_power,voltage_a\n"
            "m1,2026-01-01T00:00Z,present,9,220\n"
            "m1,2026-01-01T00:05Z,load record,1.5,\n"
            "m2,2026-01-01T00:31Z,present,2,230\n"
            "m9,2026-01-01T00:31Z,present,2,230\n",
        )
    )
    intervals = read_intervals(
        written(
            tmp_path,
            "meter_id,starts_at,minutes,import_kwh\n"
            "m1,2026-01-01T00:15Z,15,4\nm2,2026-01-01T00:00Z,15,1\nm9,2026-01-01T00:00Z,15,1\n",
        )
    )
    matrix = file_matrix(registry, readings, intervals)
    assert matrix.meters == ["m1", "m2"]
    assert matrix.minutes == 15
    assert len(matrix.starts_at) == 3
    np.testing.assert_array_equal(matrix.import_kwh, [[np.nan, 4, np.nan], [1, np.nan, np.nan]])
    np.testing.assert_array_equal(matrix.quality, [["N", "A", "N"], ["A", "N", "N"]])
    np.testing.assert_array_equal(matrix.power_kw, [[300, np.nan, np.nan], [np.nan, np.nan, 2]])
    voltage = matrix.values[Q.VOLTAGE_A]  # noqa: PD011 - a mapping, no frame
    np.testing.assert_array_equal(voltage, [[220, np.nan, np.nan], [np.nan, np.nan, 230]])
    np.testing.assert_allclose(matrix.step_kwh, [2.0, 0.1])


def test_no_data_at_all_has_no_span() -> None:
    with pytest.raises(DataError, match="neither readings nor intervals"):
        file_matrix(Registry(), None, None)
