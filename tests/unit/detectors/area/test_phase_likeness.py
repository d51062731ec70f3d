from dataclasses import replace

import numpy as np
import pytest

from detectors.area.phase_likeness import Asked, likeness
from detectors.area.phase_voltages import PHASES, AreaVoltages, Channel
from tests.fix_windows import hours

DAYS = 4
SHAPE = (DAYS, 24)


def _voltages(percent: np.ndarray, kw: np.ndarray, in_common: dict[str, np.ndarray]) -> AreaVoltages:
    return AreaVoltages(
        area="T",
        channels=[Channel("m", "A", 0, is_member=True, is_one_phase=True)],
        percent=percent.astype(np.float32)[..., None],
        kw=kw.astype(np.float32)[..., None],
        in_common={phase: column.astype(np.float32) for phase, column in in_common.items()},
        spread=dict.fromkeys(PHASES, np.zeros(SHAPE, np.float32)),
        hours=hours(DAYS),
        first_day=0,
    )


def _alike(own: AreaVoltages, other: AreaVoltages, phase: str = "A") -> np.ndarray:
    return likeness([Asked(own, np.array([0]), other, phase)], 4, 0.8)[0]


def test_the_partial_correlation_is_that_of_the_residuals_of_two_regressions() -> None:
    random = np.random.default_rng(9)
    phases = {phase: random.normal(size=SHAPE) for phase in PHASES}
    common = np.mean(list(phases.values()), axis=0)
    kw = random.normal(size=SHAPE) + 0.5 * phases["A"]
    own = common + 0.7 * phases["A"] - 2.0 * kw + random.normal(size=SHAPE)
    voltages = _voltages(own, kw, phases)
    found = _alike(voltages, voltages)

    def left(column: np.ndarray) -> np.ndarray:
        controls = np.stack([np.ones(kw.size), kw.ravel()], axis=1)
        flat = column.ravel()
        return np.asarray(flat - controls @ np.linalg.lstsq(controls, flat, rcond=None)[0])

    expected = np.corrcoef(left(own - common), left(phases["A"] - common))[0, 1]
    assert found[0, 3] == pytest.approx(expected, abs=1e-4)
    assert np.isnan(found[0, :2]).all()


def test_many_questions_are_answered_as_one_by_one() -> None:
    random = np.random.default_rng(4)
    phases = {phase: random.normal(size=SHAPE) for phase in PHASES}
    voltages = _voltages(random.normal(size=SHAPE), random.random(SHAPE), phases)
    asked = [Asked(voltages, np.array([0] * count), voltages, phase) for count, phase in ((2, "A"), (1, "C"))]
    first, second = likeness(asked, 4, 0.8)
    assert first.shape == (2, DAYS)
    np.testing.assert_array_equal(second, _alike(voltages, voltages, "C"))


def test_a_question_about_no_channel_has_no_answer_and_costs_the_others_nothing() -> None:
    random = np.random.default_rng(5)
    phases = {phase: random.normal(size=SHAPE) for phase in PHASES}
    voltages = _voltages(random.normal(size=SHAPE), random.random(SHAPE), phases)
    none = Asked(voltages, np.array([], dtype=np.intp), voltages, "B")
    empty, answered = likeness([none, Asked(voltages, np.array([0]), voltages, "C")], 4, 0.8)
    assert empty.shape == (0, DAYS)
    np.testing.assert_array_equal(answered, _alike(voltages, voltages, "C"))
    assert [own.shape for own in likeness([none], 4, 0.8)] == [(0, DAYS)]


def test_less_than_the_needed_share_of_known_hours_is_unknown() -> None:
    random = np.random.default_rng(4)
    phases = {phase: random.normal(size=SHAPE) for phase in PHASES}
    own = random.normal(size=SHAPE)
    own[:, :6] = np.nan
    voltages = _voltages(own, random.random(SHAPE), phases)
    assert np.isnan(_alike(voltages, voltages)).all()


def test_a_voltage_that_stands_still_is_unknown() -> None:
    still = np.full(SHAPE, 100.0)
    voltages = _voltages(still, np.zeros(SHAPE), dict.fromkeys(PHASES, still))
    assert np.isnan(_alike(voltages, voltages)).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_first_day_of_fewer_hours_than_controls_is_unknown(seed: int) -> None:
    random = np.random.default_rng(seed)
    phases = {phase: random.normal(size=SHAPE) for phase in PHASES}
    own = random.normal(size=SHAPE)
    own[0, 2:] = np.nan
    spread = {phase: random.random(SHAPE).astype(np.float32) for phase in PHASES}
    voltages = replace(_voltages(own, random.random(SHAPE), phases), spread=spread)
    (found,) = likeness([Asked(voltages, np.array([0]), voltages, "A")], 1, 0.8)[0]
    assert np.isfinite(found).tolist() == [False, True, True, True]
