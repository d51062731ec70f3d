"""Main and check meters, sub-meters and totals."""

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.point_energy import Member, compare_main_and_check, total_energy

NAN = float("nan")


def _member(kwh: list[float], letters: str, sign: int = 1, counts: list[bool] | None = None) -> Member:
    belongs = None if counts is None else np.array(counts)
    return Member(kwh=np.array(kwh), quality=np.array(list(letters)), sign=sign, counts=belongs)


@pytest.mark.parametrize(
    ("check", "agrees"), [(101.52, True), (101.53, False), (98.48, True), (98.47, False)]
)
def test_main_and_check_may_differ_by_one_and_a_half_classes(check: float, *, agrees: bool) -> None:
    # 1.5 times class 1 of 100 kWh is 1.5 kWh, and 0.02 for both registers' steps.
    compared = compare_main_and_check(
        np.array([60.0, 40.0]), np.array([check - 40, 40.0]), steps_kwh=0.02 + 1e-9
    )
    assert compared is not None
    assert compared.agrees is agrees
    assert compared.difference_percent == pytest.approx(check - 100)


def test_only_slots_that_both_know_are_compared() -> None:
    compared = compare_main_and_check(np.array([5.0, NAN, 5.0]), np.array([5.0, 9.0, NAN]), steps_kwh=0.0)
    assert compared is not None
    assert (compared.main_kwh, compared.check_kwh, compared.slots) == (5.0, 5.0, 1)
    assert compare_main_and_check(np.array([NAN]), np.array([1.0]), steps_kwh=0.0) is None


def test_a_sub_meter_is_taken_off_and_a_total_without_a_part_is_none() -> None:
    kwh, quality = total_energy(
        [_member([10.0, 10.0, 10.0], "AAA"), _member([4.0, NAN, 4.0], "ANS", sign=-1)]
    )
    assert kwh[[0, 2]].tolist() == [6.0, 6.0]
    assert np.isnan(kwh[1])
    assert quality.tolist() == ["A", "N", "V"]


def test_members_count_while_they_belong_to_the_total() -> None:
    old = _member([1.0, 1.0, NAN, NAN], "AANN", counts=[True, True, False, False])
    new = _member([NAN, 2.0, 2.0, NAN], "NAEN", counts=[False, True, True, False])
    kwh, quality = total_energy([old, new])
    assert kwh[:3].tolist() == [1.0, 3.0, 2.0]
    assert np.isnan(kwh[3])
    assert quality.tolist() == ["A", "A", "E", "N"]


def test_members_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="came: 1, 2"):
        total_energy([_member([1.0], "A"), _member([1.0, 2.0], "AA")])
    with pytest.raises(DataError, match="none"):
        total_energy([])
