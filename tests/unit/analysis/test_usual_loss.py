import numpy as np
import pytest

from analysis.usual_loss import usual_loss


def _of(
    loss: list[float], load: list[float] | None = None, **numbers: float
) -> tuple[np.ndarray, np.ndarray]:
    row = np.array([loss])
    usual = usual_loss(
        row,
        row,
        np.ones_like(row) if load is None else np.array([load]),
        mads=np.full(row.shape, numbers.get("mads", 3.0)),
        floor=np.full(row.shape, numbers.get("floor", 0.0)),
        days=(4, 28),
    )
    return usual.median[0], usual.limit[0]


def test_the_limit_is_the_median_and_three_mads_of_the_days_before() -> None:
    # Of 1, 2, 3, 6 the median is 2.5; the deviations 1.5, 0.5, 0.5, 3.5 have the median 1.0.
    median, limit = _of([1.0, 2.0, 3.0, 6.0, 2.0])
    assert np.isnan(limit[:4]).all()
    assert median[4] == 2.5
    assert limit[4] == pytest.approx(2.5 + 3 * 1.4826)


def test_the_floor_holds_where_the_days_are_alike() -> None:
    _, limit = _of([2.0] * 5, floor=0.5)
    assert limit[4] == 2.5


@pytest.mark.parametrize("load", [15.0, 10.0 / 1.5])
def test_a_load_unlike_the_usual_moves_the_limit_by_as_much_as_loss_can_follow_it(load: float) -> None:
    _, limit = _of([2.0] * 5, [10.0] * 4 + [load], floor=0.5)
    # All in the lines: 2 % x 1.5; all iron: 2 % x 1.5 at two thirds of the load.
    assert limit[4] == pytest.approx(2.0 * 1.5 + 0.5)


def test_a_negative_usual_is_moved_by_no_load() -> None:
    assert _of([-2.0] * 5, [10.0] * 4 + [20.0], floor=0.5)[1][4] == -1.5


def test_a_day_that_stands_out_is_not_learnt_from() -> None:
    median, _ = _of([2.0] * 4 + [9.0] * 20, floor=0.5)
    assert median[-1] == 2.0


def test_unknown_days_do_not_count() -> None:
    median, _ = _of([2.0, np.nan, 4.0, np.nan, 3.0, 5.0, 1.0])
    assert np.isnan(median[5])
    assert median[6] == 3.5


def test_later_days_change_nothing() -> None:
    days = list(np.random.default_rng(1).normal(2.0, 0.3, 30))
    whole, cut = _of(days)[1], _of(days[:15])[1]
    np.testing.assert_array_equal(whole[:15], cut)
