"""What is written as readings is read again, every kind of quantity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.block import ReadingBlock
from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from storage.files import read_readings
from storage.reading_files import write_readings

AT = np.array(["2026-11-22T16:00:00", "2026-11-22T16:15:00.5"], dtype="datetime64[us]")
DEMAND_AT = 1_763_800_000.0


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_every_kind_of_quantity_comes_back(tmp_path: Path, ending: str) -> None:
    never = np.full(2, np.datetime64("NaT", "us"))
    block = ReadingBlock(
        meters=[MeterId("M-1"), MeterId("表-2")],
        taken_at=AT,
        received_at=AT,
        slot_at=never,
        meter_time=never,
        origins=[Origin.PRESENT.value, Origin.LOAD_RECORD.value],
        quality=np.zeros(2, dtype=np.int32),
        flags=[{}, {}],
        scalars={
            Quantity.ACTIVE_ENERGY_IMPORT: np.array([123456.78, np.nan]),
            Quantity.MAX_DEMAND_IMPORT_AT: np.array([DEMAND_AT, np.nan]),
        },
        arrays={Quantity.VOLTAGE_HARMONIC_A: [(float("nan"), 99.99, 1.25), None]},
    )
    path = tmp_path / f"readings.{ending}"
    write_readings(path, block)
    again = read_readings(path)
    assert again.meters == block.meters
    assert again.taken_at.tolist() == AT.tolist()
    assert again.origins == block.origins
    for quantity, column in block.scalars.items():
        np.testing.assert_array_equal(again.scalars[quantity], column)
    harmonics = again.arrays[Quantity.VOLTAGE_HARMONIC_A]
    np.testing.assert_array_equal(np.array(harmonics[0]), [np.nan, 99.99, 1.25])
    assert harmonics[1] is None
