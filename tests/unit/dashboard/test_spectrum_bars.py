from __future__ import annotations

from datetime import date
from math import nan
from typing import Any

import numpy as np
import pytest

from dashboard.spectrum_bars import HEIGHT, WIDTH, bars_of, limits_of
from pipeline.quantities import Quantity
from storage.dashboard_queries import MeterCard


def card(**changes: Any) -> MeterCard:  # Any: fields of many types
    fields: dict[str, Any] = dict.fromkeys(MeterCard.__dataclass_fields__)  # Any: as above
    fields |= {"meter": "M", "wiring": "3P4W", "rated_voltage_v": 220.0, "nominal_voltage_v": 220.0}
    return MeterCard(**(fields | changes))


SPECTRA = {
    Quantity.VOLTAGE_HARMONIC_A: np.array([0.0, 100.0, 0.5, 3.0, nan, 4.0]),
    Quantity.VOLTAGE_HARMONIC_B: np.array([0.0, 100.0, 2.5]),
}


def test_each_order_of_each_phase_is_a_bar_within_the_drawing() -> None:
    bars = bars_of(SPECTRA, {2: 2.0, 3: 4.0, 5: 3.5})
    assert bars is not None
    assert [(b.phase, b.order) for b in bars.bars] == [("a", 2), ("a", 3), ("a", 5), ("b", 2)]
    assert all(
        b.x >= 0 and b.x + b.width <= WIDTH and 0 <= b.y <= b.y + b.height <= HEIGHT for b in bars.bars
    )
    heights = {(b.phase, b.order): b.height for b in bars.bars}
    assert heights["a", 5] == pytest.approx(8 * heights["a", 2], abs=0.5)


def test_what_is_above_its_limit_is_told_the_worst_first() -> None:
    bars = bars_of(SPECTRA, {2: 2.0, 3: 4.0, 5: 3.5})
    assert bars is not None
    assert [(b.phase, b.order) for b in bars.over] == [("b", 2), ("a", 5)]
    assert [mark.order for mark in bars.limits] == [2, 3, 5]


def test_the_total_is_the_root_of_the_squares_of_the_orders_from_two() -> None:
    bars = bars_of(SPECTRA, {})
    assert bars is not None
    assert bars.total == pytest.approx({"a": (0.25 + 9 + 16) ** 0.5, "b": 2.5})


def test_a_fundamental_alone_or_nothing_is_no_drawing() -> None:
    assert bars_of({}, {}) is None
    assert bars_of({Quantity.VOLTAGE_HARMONIC_A: np.array([0.0, 100.0])}, {}) is None


@pytest.mark.parametrize(
    ("changes", "kv", "thd"),
    [
        ({}, 0.38, 5.0),  # GB/T 14549-1993 table 1
        ({"wiring": "3P3W", "rated_voltage_v": 100.0, "nominal_voltage_v": 100.0, "pt": 100.0}, 10.0, 4.0),
    ],
)
def test_limits_are_those_of_the_network_that_the_meter_hangs_on(
    changes: dict[str, Any],  # Any: fields of many types
    kv: float,
    thd: float,
) -> None:
    limits = limits_of(card(**changes), date(2026, 11, 20))
    assert limits is not None
    assert (limits.kv, limits.thd) == (kv, thd)
