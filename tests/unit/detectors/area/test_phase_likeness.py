import numpy as np
import pytest

from detectors.area.phase_likeness import likeness
from detectors.area.phase_voltages import PHASES, AreaVoltages, Channel

SLOTS = 4 * 96


def _voltages(percent: np.ndarray, kw: np.ndarray, in_common: dict[str, np.ndarray]) -> AreaVoltages:
    return AreaVoltages(
        area="T",
        channels=[Channel("m", "A", 0, is_member=True, is_one_phase=True)],
        percent=percent[None],
        kw=kw[None],
        in_common=in_common,
        spread=dict.fromkeys(PHASES, np.zeros(SLOTS)),
        edges=np.arange(0, SLOTS, 96),
        first_day=0,
    )


def test_the_partial_correlation_is_that_of_the_residuals_of_two_regressions() -> None:
    random = np.random.default_rng(9)
    phases = {phase: random.normal(size=SLOTS) for phase in PHASES}
    common = np.mean(list(phases.values()), axis=0)
    kw = random.normal(size=SLOTS) + 0.5 * phases["A"]
    own = common + 0.7 * phases["A"] - 2.0 * kw + random.normal(size=SLOTS)
    voltages = _voltages(own, kw, phases)
    found = likeness(voltages, np.array([0]), voltages, (4, 0.8))

    def left(column: np.ndarray) -> np.ndarray:
        controls = np.stack([np.ones(SLOTS), kw], axis=1)
        return np.asarray(column - controls @ np.linalg.lstsq(controls, column, rcond=None)[0])

    expected = np.corrcoef(left(own - common), left(phases["A"] - common))[0, 1]
    assert found[0, 0, 3] == pytest.approx(expected, abs=1e-6)
    assert np.isnan(found[0, 0, :2]).all()


def test_a_voltage_that_stands_still_is_unknown() -> None:
    voltages = _voltages(np.full(SLOTS, 100.0), np.zeros(SLOTS), dict.fromkeys(PHASES, np.full(SLOTS, 100.0)))
    assert np.isnan(likeness(voltages, np.array([0]), voltages, (4, 0.8))).all()
