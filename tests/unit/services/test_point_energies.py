"""What a service point used, by the meters that hang there."""

from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.model import MeterId
from pipeline.registry import Installation, Registry, Role
from services.point_energies import checked_points, point_energies
from tests.vee_windows import vee_window

NAN = float("nan")
SWAP = datetime(2025, 12, 31, 16, 20, tzinfo=UTC)
"""20 minutes after the window's start: within slot 1."""


def _placed(
    meter: str, role: Role = Role.MAIN, *, to: datetime | None = None, since: datetime | None = None
) -> Installation:
    return Installation(meter=MeterId(meter), service_point="P", role=role, starts_at=since, ends_at=to)


def test_mains_count_and_sub_meters_are_taken_off() -> None:
    window = vee_window([[5.0, 5.0], [2.0, NAN], [4.9, 4.9]])
    registry = Registry(
        installations=[_placed("M1"), _placed("M2", Role.SUBTRACT), _placed("M3", Role.CHECK)]
    )
    (point,) = point_energies(registry, window, window.kwh, window.quality)
    assert point.kwh[0] == 3.0
    assert np.isnan(point.kwh[1])
    assert point.quality.tolist() == ["A", "N"]


def test_the_slot_of_a_swap_adds_up_both_meters() -> None:
    window = vee_window([[1.0, 0.4, NAN], [NAN, 0.7, 2.0]])
    registry = Registry(installations=[_placed("M1", to=SWAP), _placed("M2", since=SWAP)])
    (point,) = point_energies(registry, window, window.kwh, window.quality)
    assert point.kwh.tolist() == pytest.approx([1.0, 1.1, 2.0])


def test_a_point_of_which_a_meter_is_absent_has_no_energy() -> None:
    window = vee_window([[1.0]])
    registry = Registry(installations=[_placed("M1"), _placed("Z", Role.SUBTRACT)])
    assert point_energies(registry, window, window.kwh, window.quality) == []


def test_main_and_check_meter_are_compared_over_what_both_measured() -> None:
    letters = np.array([list("AAE"), list("AAA")])
    window = vee_window([[5.0, 5.0, 9.0], [5.0, 4.0, 5.0]], quality=letters)
    registry = Registry(installations=[_placed("M1"), _placed("M2", Role.CHECK)])
    (pair,) = checked_points(registry, window)
    assert (pair.main, pair.check, pair.compared.slots) == ("M1", "M2", 2)
    assert (pair.compared.main_kwh, pair.compared.check_kwh, pair.compared.agrees) == (10.0, 9.0, False)


def test_before_and_after_a_swap_each_main_meter_is_compared_on_its_own() -> None:
    window = vee_window([[1.0, 0.4, NAN], [NAN, 0.6, 1.0], [1.0, 1.0, 1.0]])
    registry = Registry(
        installations=[_placed("M1", to=SWAP), _placed("M2", since=SWAP), _placed("M3", Role.CHECK)]
    )
    pairs = checked_points(registry, window)
    # The slot of the swap has two mains.
    assert [(pair.main, pair.compared.slots, pair.compared.agrees) for pair in pairs] == [
        ("M1", 1, True),
        ("M2", 1, True),
    ]


def test_beside_two_mains_nobody_knows_whom_a_check_meter_checks() -> None:
    window = vee_window([[1.0], [1.0], [1.0]])
    registry = Registry(installations=[_placed("M1"), _placed("M2"), _placed("M3", Role.CHECK)])
    assert checked_points(registry, window) == []
