from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulators.physics.loads import LoadCurve
from simulators.physics.shapes import SHAPES, LoadPlan, synthetic

MIDNIGHT = datetime(2024, 6, 2, 16, tzinfo=UTC)
"""Monday 00:00 in Shanghai."""


@pytest.fixture
def steps() -> LoadCurve:
    return LoadCurve.of(MIDNIGHT, 15, [4.0, 8.0, 0.0, 2.0], [1.0, 2.0, 0.0, -1.0])


@pytest.mark.parametrize(
    ("minutes", "kwh"),
    [
        (0, 0.0),
        (15, 1.0),
        (20, 1.0 + 8.0 * 5 / 60),
        (30, 3.0),
        (44, 3.0),
        (60, 3.5),
        (120, 3.5 + 2.0),
        (-30, -2.0),
    ],
)
def test_energy_is_the_integral_of_the_steps_and_the_ends_hold_on(
    steps: LoadCurve, minutes: int, kwh: float
) -> None:
    assert steps.energy_kwh(MIDNIGHT + timedelta(minutes=minutes)) == pytest.approx(kwh, abs=1e-12)


def test_power_belongs_to_the_slot_that_begins(steps: LoadCurve) -> None:
    assert steps.power_kw(MIDNIGHT + timedelta(minutes=15)) == 8.0
    assert steps.power_kw(MIDNIGHT + timedelta(minutes=14, seconds=59)) == 4.0
    assert steps.power_kvar(MIDNIGHT + timedelta(minutes=50)) == -1.0


def test_replacing_changes_only_slots_that_begin_in_the_window(steps: LoadCurve) -> None:
    changed = steps.replaced(MIDNIGHT + timedelta(minutes=10), MIDNIGHT + timedelta(minutes=45), 9.0, 3.0)
    assert changed.active_kw.tolist() == [4.0, 9.0, 9.0, 2.0]
    assert steps.active_kw.tolist() == [4.0, 8.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("minutes", "kw", "word"),
    [(7, [1.0], "divide"), (15, [], "one step"), (15, [float("nan")], "no numbers")],
)
def test_a_curve_refuses_what_cannot_be_integrated(minutes: int, kw: list[float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        LoadCurve.of(MIDNIGHT, minutes, kw)


def test_a_curve_refuses_a_naive_start() -> None:
    with pytest.raises(ValueError, match="time zone"):
        LoadCurve.of(datetime(2024, 6, 1), 15, [1.0])  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_stays_within_its_peak_and_repeats_by_seed(shape: str) -> None:
    plan = LoadPlan(shape=shape, peak_kw=50, power_factor=0.9)
    first, again, other = (synthetic(plan, MIDNIGHT, MIDNIGHT + timedelta(days=14), 5, s) for s in (1, 1, 2))
    assert first.active_kw.min() >= 0
    assert first.active_kw.max() <= 50
    assert first.ends_at == MIDNIGHT + timedelta(days=14)
    np.testing.assert_array_equal(first.active_kw, again.active_kw)
    assert not np.array_equal(first.active_kw, other.active_kw)
    factor = first.active_kw.sum() / np.hypot(first.active_kw.sum(), first.reactive_kvar.sum())
    assert factor == pytest.approx(0.9, abs=0.01)


def test_an_office_works_on_weekdays_by_its_local_clock() -> None:
    curve = synthetic(
        LoadPlan(shape="office", peak_kw=100), MIDNIGHT, MIDNIGHT + timedelta(days=7), 15, seed=3
    )
    days = curve.active_kw.reshape(7, 96)
    assert days[:5, 40:44].mean() > 3 * days[:5, :24].mean()
    assert days[:5].mean() > 2 * days[5:].mean()
