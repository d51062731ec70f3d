import numpy as np

from detectors.usage.sustained_drop_cusum import Numbers, change_point, course

NUMBERS = Numbers(
    slack=1.0,
    clip=6.0,
    open_sum=np.array([6.0]),
    weeks=4,
    least_days=21,
    least_spread=0.05,
    least_kwh=0.2,
    restore_days=3,
    gap_days=14,
)
DAYS = np.arange(np.datetime64("2024-06-03"), np.datetime64("2024-06-03") + 60)


def _course(changes: dict[int, float], renewed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    kwh = np.full((1, 60), 10.0)
    for day, value in changes.items():
        kwh[0, day] = value
    again = np.zeros((1, 60), dtype=np.bool_)
    if renewed is not None:
        again[0, renewed] = True
    went = course(kwh, DAYS, again, NUMBERS)
    return went.sums[0], went.is_open[0]


def test_a_day_of_nothing_adds_the_clip_less_the_slack_and_falls_off_again() -> None:
    sums, _ = _course({30: 0.0})
    assert sums[29:37].tolist() == [0.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0]


def test_it_opens_above_the_limit_and_closes_after_three_usual_days() -> None:
    sums, is_open = _course({30: 0.0, 31: 0.0})
    assert sums[31] == 10.0
    assert np.flatnonzero(is_open).tolist() == [31, 32, 33]
    assert sums[34] == 0.0


def test_a_gap_of_two_weeks_closes_it() -> None:
    gap = dict.fromkeys(range(32, 46), np.nan)
    _, is_open = _course({30: 0.0, 31: 0.0, **gap})
    assert np.flatnonzero(is_open).tolist() == list(range(31, 45))


def test_a_new_contract_forgets_what_was_usual() -> None:
    sums, is_open = _course(dict.fromkeys(range(30, 60), 2.0), renewed=30)
    assert not is_open.any()
    assert not sums.any()


def test_the_change_point_is_where_the_mean_changes_most() -> None:
    # The sum is above zero from day 2 on, but the level changed on day 5.
    deviation = np.array([0.0, 0.0, -1.2, -1.0, -1.0, -5.0, -5.0, -5.0])
    sums = np.array([0.0, 0.0, 0.2, 0.2, 0.2, 4.2, 8.2, 12.2])
    assert change_point(deviation, sums, 6, 8) == 5


def test_missing_days_are_no_change_point() -> None:
    deviation = np.array([0.0, np.nan, -5.0, np.nan, -5.0])
    sums = np.array([0.0, 0.0, 4.0, 4.0, 8.0])
    assert change_point(deviation, sums, 4, 5) == 2
