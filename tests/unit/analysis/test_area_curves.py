import numpy as np
import pytest

from analysis.area_curves import AreaCurves
from analysis.area_slots import area_slots
from tests.loss_areas import AREA, hourly, registry


def _curves(**changes: np.ndarray) -> AreaCurves:
    archive = registry()
    kwh: dict[str, float | np.ndarray] = {"S": 10.0, "A": 4.0, "B": 3.0, "C": 2.5, **changes}
    seen = hourly(kwh, 3, archive)
    assert seen.daily is not None
    return AreaCurves.of(area_slots(seen, archive, AREA), seen, seen.daily, 0)


def test_slots_are_laid_out_by_days_and_hours() -> None:
    rising = np.arange(72.0)
    curves = _curves(A=rising)
    assert curves.metered_kwh.shape == (3, 3, 24)
    assert curves.members == ["P-A", "P-B", "P-C"]
    np.testing.assert_array_equal(curves.metered_kwh[0, 1], rising[24:48])
    np.testing.assert_allclose(curves.lost_kwh[1], 10.0 - rising[24:48] - 5.5)
    assert curves.slots_of_day.tolist() == [24.0] * 3


def test_a_missing_hour_of_a_member_is_as_that_hour_usually_is() -> None:
    gap = np.tile(np.arange(24.0), 3)
    gap[24 + 7] = np.nan
    assert _curves(A=gap).lost_kwh[1, 7] == pytest.approx(10.0 - 7.0 - 5.5)
    never = np.full(72, np.nan)
    assert np.isnan(_curves(A=never).lost_kwh).all()


def test_squares_of_a_day_with_gaps_are_like_those_of_its_other_hours() -> None:
    gap = np.full(72, 10.0)
    gap[24:30] = np.nan
    # 24 x 10^2
    assert _curves(S=gap).squares().tolist() == pytest.approx([2400.0] * 3)
    gap[24:48] = np.nan
    curves = _curves(S=gap)
    assert np.isnan(curves.squares()).tolist() == [False, True, False]
    assert len(curves.of_days(np.array([True, False, True]))[0]) == 48
