"""Ratios that meters tell of themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from pipeline.model import MeterId
from pipeline.records import ParameterReading
from services.told_ratios import told_multipliers

AT = datetime(2026, 11, 1, tzinfo=UTC)
ROW_OF = {MeterId("A"): 0, MeterId("B"): 1, MeterId("C"): 2}


def reading(meter: str, name: str, value: float) -> ParameterReading:
    return ParameterReading(meter=MeterId(meter), name=name, taken_at=AT, value=value)


def test_the_newest_ratios_are_multiplied_and_one_counts_as_never_told() -> None:
    told = told_multipliers(
        [
            reading("A", "ct_ratio", 30.0),
            reading("A", "ct_ratio", 40.0),
            reading("A", "pt_ratio", 100.0),
            reading("B", "ct_ratio", 1.0),
            reading("C", "voltage_loss_trigger", 60.0),
        ],
        ROW_OF,
    )
    assert told is not None
    np.testing.assert_array_equal(told, [4000.0, np.nan, np.nan])


def test_where_nobody_tells_a_ratio_there_is_nothing_to_compare() -> None:
    assert told_multipliers([reading("B", "pt_ratio", 1.0)], ROW_OF) is None
