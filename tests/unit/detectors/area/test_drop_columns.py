import numpy as np

from detectors.area.drop_columns import columns_of
from detectors.area.phase_voltages import AreaVoltages, Channel
from tests.fix_windows import hours


def _area(members: int) -> AreaVoltages:
    kw = np.tile(np.arange(1.0, members + 2, dtype=np.float32), (1, 24, 1))
    return AreaVoltages(
        area="T",
        channels=[
            *(Channel(f"m{n}", "A", n, is_member=True, is_one_phase=True) for n in range(members)),
            Channel("s", "A", members, is_member=False, is_one_phase=False),
        ],
        percent=np.full((1, 24, members + 1), 101.0, np.float32),
        kw=kw,
        in_common={},
        spread={},
        hours=hours(1),
        first_day=0,
    )


def test_phases_of_different_size_stand_side_by_side() -> None:
    columns = columns_of([(_area(3), "A"), (_area(5), "A")])
    assert columns.u.shape == (2, 1, 24, 5)
    assert columns.known[0, 0, 0].tolist() == [True] * 3 + [False] * 2
    assert columns.u[0, 0, 0].tolist() == [1.0] * 3 + [0.0] * 2
    assert columns.phase[:, 0, 0].tolist() == [-6.0, -15.0]


def test_hours_in_which_a_customer_feeds_in_or_is_not_read_are_unknown() -> None:
    area = _area(3)
    area.kw[0, 4, 1] = -0.5
    area.percent[0, 5, 0] = np.nan
    known = columns_of([(area, "A")]).known[0, 0]
    assert known[4].tolist() == [True, False, True]
    assert known[5].tolist() == [False, True, True]


def test_a_phase_of_which_too_few_report_their_load_is_unknown() -> None:
    area = _area(3)
    area.kw[0, 7, :2] = np.nan
    assert not columns_of([(area, "A")]).known[0, 0, 7].any()
