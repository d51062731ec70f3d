import numpy as np

from detectors.usage.point_months import meters_of, months, point_rows
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, Role
from tests.day_windows import by_days


def _registry(*roles: Role) -> Registry:
    names = [MeterId(f"M{number}") for number in range(len(roles))]
    return Registry(
        meters=[Meter(id=name) for name in names],
        installations=[
            Installation(meter=name, service_point="P", role=role)
            for name, role in zip(names, roles, strict=True)
        ],
    )


def test_main_meters_count_and_those_to_subtract_are_taken_off() -> None:
    window = by_days(np.array([[5.0, 6.0], [2.0, 3.0], [100.0, 100.0]]))
    rows = point_rows(meters_of(window), _registry(Role.SUBTRACT, Role.MAIN, Role.CHECK), "P")
    assert rows is not None
    assert window.daily is not None
    assert rows.rows.tolist() == [1, 0]
    assert rows.of(window.daily.kwh).tolist() == [-3.0, -3.0]


def test_a_point_of_which_a_meter_is_not_here_is_not_judged() -> None:
    window = by_days(np.ones((1, 2)))
    assert point_rows(meters_of(window), _registry(Role.MAIN, Role.MAIN), "P") is None
    assert point_rows(meters_of(window), _registry(Role.SUBTRACT), "P") is None
    assert point_rows(meters_of(window), Registry(), "P") is None


def test_months_know_whether_they_are_over_and_how_much_of_them_is_known() -> None:
    # From Monday, 3 June, to 15 July 2024.
    window = by_days(np.ones((1, 43)))
    assert window.daily is not None
    known = np.ones(43, dtype=np.bool_)
    known[40:] = False
    june, july = months(window.daily, 0, known, np.where(known, 1.0, 0.0))
    assert (june.name, june.is_over, len(june.days), june.share_known) == ("2024-06", True, 28, 28 / 30)
    assert (july.name, july.is_over, len(july.days), july.share_known) == ("2024-07", False, 12, 1.0)
