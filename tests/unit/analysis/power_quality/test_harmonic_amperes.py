"""Amperes of harmonics: percentages of the fundamental at that time."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.power_quality.harmonic_amperes import (
    distortion_amperes,
    fundamental_amperes,
    harmonic_amperes,
)
from analysis.power_quality.harmonic_readings import sound_readings
from pipeline.quantities import Quantity
from tests.harmonic_months import every_phase, exact_load, load_month
from tests.quality_months import month, wavering

Q = Quantity
FULL = {"a": 60.0, "b": 60.0, "c": 60.0}


def test_the_fundamental_and_each_order_of_a_known_load() -> None:
    """Case T5: 60 A with 20 % of order 5 and 14 % of order 7."""
    sound = sound_readings(exact_load())
    assert fundamental_amperes(sound, sound.month.spectrum_at) == pytest.approx(
        np.full((3, 2880), 60.0), rel=1e-5
    )
    found, total = harmonic_amperes(sound), distortion_amperes(sound)
    assert found is not None
    assert total is not None
    assert found.unit == total.unit == "A"
    assert found.values[0][3] == pytest.approx(12.0, rel=1e-5)
    assert found.values[0][5] == pytest.approx(8.4, rel=1e-5)
    assert total.values[0][0] == pytest.approx(60.0 * 0.24413111, rel=1e-5)


def test_without_a_register_of_the_total_the_orders_take_its_place() -> None:
    judged = exact_load()
    bare = {q: column for q, column in judged.values.items() if "_thd_" not in q}
    with_register, without = (
        fundamental_amperes(sound_readings(m), m.spectrum_at) for m in (judged, replace(judged, values=bare))
    )
    assert without == pytest.approx(with_register, rel=1e-6)


@pytest.mark.parametrize(("late_s", "n"), [(0, 2880), (300, 2880), (301, 0), (-300, 2880), (599, 0)])
def test_the_nearest_current_counts_if_it_is_near(late_s: int, n: int) -> None:
    judged = load_month(FULL, every_phase({5: 20.0}))
    late = replace(judged, spectrum_at=judged.spectrum_at + np.timedelta64(late_s, "s"))
    found = harmonic_amperes(sound_readings(late))
    assert found is not None
    assert np.count_nonzero(np.isfinite(found.values[0][3])) == n


def test_a_missing_current_is_told_and_gives_no_amperes() -> None:
    judged = load_month({"a": 60.0, "b": 60.0}, every_phase({5: 20.0}))
    found = harmonic_amperes(sound_readings(judged))
    assert found is not None
    assert np.isnan(found.values[2]).all()
    assert "current_c" in {r.parameters.get("quantity") for r in found.reasons if r.key == "absent"}


def test_without_percentages_there_are_no_amperes() -> None:
    sound = sound_readings(month({Q.CURRENT_A: wavering(50.0, 100)}))
    assert harmonic_amperes(sound) is None
    assert distortion_amperes(sound) is None
    assert np.isnan(fundamental_amperes(sound, sound.month.taken_at)).all()


def test_a_month_without_electrical_readings_gives_no_amperes() -> None:
    judged = load_month(FULL, every_phase({5: 20.0}))
    bare = replace(judged, taken_at=judged.taken_at[:0], values={})
    found = harmonic_amperes(sound_readings(bare))
    assert found is not None
    assert all(np.isnan(rows).all() for rows in found.values)
