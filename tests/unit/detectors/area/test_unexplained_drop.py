import numpy as np
import pytest

from detectors.area.phase_voltages import AreaVoltages, Channel
from detectors.area.unexplained_drop import Drops, unexplained_drops
from tests.fix_windows import hours

DAYS, HOMES = 12, 5
SLOTS = DAYS * 24


def _area(hidden_kw: float) -> AreaVoltages:
    """Homes at 1 to 5 fifths of a line; the third hides a load on the last two days."""
    random = np.random.default_rng(2)
    kw = random.gamma(2.0, 0.4, (HOMES, SLOTS))
    hidden = np.zeros(kw.shape)
    hidden[2, 10 * 24 :] = hidden_kw
    supply = 102.0 + random.normal(0.0, 0.5, SLOTS)
    along = np.arange(1, HOMES + 1)[:, None] / HOMES * 0.1
    percent = supply - along * (kw + hidden).sum(axis=0) - 0.3 * (kw + hidden)
    percent = percent + random.normal(0.0, 0.02, percent.shape)
    members = [Channel(f"m{n}", "A", n, is_member=True, is_one_phase=True) for n in range(HOMES)]
    return AreaVoltages(
        area="T",
        channels=[*members, Channel("s", "A", HOMES, is_member=False, is_one_phase=False)],
        percent=_by_day(np.vstack([percent, supply])),
        kw=_by_day(np.vstack([kw, np.full(SLOTS, np.nan)])),
        in_common={},
        spread={},
        hours=hours(DAYS),
        first_day=0,
    )


def _by_day(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows.T, np.float32).reshape(DAYS, 24, -1)


def _drops(hidden_kw: float, fewest: int = 7) -> Drops:
    return unexplained_drops([(_area(hidden_kw), "A")], (fewest, 28), 0.8)[0]


def test_the_slope_is_what_a_kilowatt_takes_off_and_honest_days_leave_nothing() -> None:
    drops = _drops(0.0)
    np.testing.assert_allclose(drops.slope[:, 7:], 0.3, atol=0.01)
    np.testing.assert_allclose(drops.mean[:, 7:], 0.0, atol=0.02)
    assert np.isnan(drops.mean[:, :7]).all()


def test_a_hidden_load_is_left_over_at_its_own_meter_alone() -> None:
    drops = _drops(2.0)
    assert drops.mean[2, 10:] == pytest.approx([0.6, 0.6], abs=0.03)
    np.testing.assert_allclose(drops.mean[[0, 1, 3, 4], 10:], 0.0, atol=0.03)


def test_the_days_before_do_not_know_of_it() -> None:
    without, with_it = (_drops(kw) for kw in (0.0, 2.0))
    np.testing.assert_allclose(without.mean[:, :10], with_it.mean[:, :10])


def test_fewer_days_than_are_needed_say_nothing() -> None:
    assert np.isnan(_drops(2.0, fewest=13).drop).all()


def test_phases_go_through_the_days_together_as_they_do_alone() -> None:
    honest, thieves = unexplained_drops([(_area(0.0), "A"), (_area(2.0), "A")], (7, 28), 0.8)
    np.testing.assert_array_equal(honest.mean, _drops(0.0).mean)
    np.testing.assert_array_equal(thieves.drop, _drops(2.0).drop)


def test_an_hour_that_stands_out_is_not_learnt_from() -> None:
    area = _area(0.0)
    area.percent[8, 5, 2] -= 20.0
    (found,) = unexplained_drops([(area, "A")], (7, 28), 0.8)
    assert found.drop[2, 8, 5] == pytest.approx(20.0, abs=0.2)
    np.testing.assert_allclose(found.slope[2, 9:], 0.3, atol=0.01)
