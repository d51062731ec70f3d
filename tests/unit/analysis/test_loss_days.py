import numpy as np
import pytest

from analysis.area_days import AreaDays, area_days
from analysis.loss_days import LossNumbers, loss_days
from detectors.register_days import register_flows_kwh
from tests.loss_areas import hourly, registry

NUMBERS = LossNumbers(
    completeness_percent=np.array(95.0),
    mads=np.array(3.0),
    floor_points=np.array(0.5),
    settle_days=2,
    learnt_days=(7, 28),
)


def _days(supply: np.ndarray, export: float = 0.0) -> AreaDays:
    archive = registry()
    kwh: dict[str, float | np.ndarray] = {"S": supply, "A": 4.0, "B": 3.0, "C": 2.5}
    seen = hourly(kwh, len(supply) // 24, archive, export={"C": export})
    assert seen.daily is not None
    found = area_days(seen, seen.daily, archive, 0.98, register_flows_kwh(seen, seen.daily, archive))
    assert found is not None
    return found


def test_the_rate_is_of_all_energy_in() -> None:
    found = loss_days(_days(np.full(72, 10.0), export=2.0), NUMBERS)
    # In 10 + 2 an hour, out 9.5: 2.5 of 12.
    assert found.loss[0].tolist() == pytest.approx([100 * 2.5 / 12] * 3)
    assert found.complete.all()
    assert not found.settling.any()


def test_a_day_above_the_usual_is_seen_after_a_week() -> None:
    supply = np.full(24 * 10, 10.0)
    supply[24 * 8 :] = 10.2
    found = loss_days(_days(supply), NUMBERS)
    assert np.isnan(found.usual.limit[0, :7]).all()
    # 5 % usual; two per cent more load would at most make it 5.1 %; half a point above that.
    assert found.usual.limit[0, 8] == pytest.approx(5.0 * 1.02 + 0.5)
    assert found.sure[0, 8] > found.usual.limit[0, 8]
    # It is not learnt from.
    assert found.usual.median[0, 9] == pytest.approx(5.0)


def test_a_day_without_energy_in_is_not_judged() -> None:
    supply = np.full(72, 10.0)
    supply[24:48] = 0.0
    assert np.isnan(loss_days(_days(supply), NUMBERS).loss[0]).tolist() == [False, True, False]
