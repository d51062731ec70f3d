from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from detectors.usage.point_months import LocalDays, Measured, PointSlots, main_meter_of, months, point_slots
from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, Role
from tests.day_windows import UTC as UTC_ZONE
from tests.day_windows import by_days, by_slots

START = datetime(2024, 6, 3, tzinfo=UTC)


def _registry(*roles: Role) -> Registry:
    names = [MeterId(f"M{number}") for number in range(len(roles))]
    return _placed(
        *(
            Installation(meter=name, service_point="P", role=role)
            for name, role in zip(names, roles, strict=True)
        )
    )


def _placed(*installations: Installation) -> Registry:
    return Registry(
        meters=[Meter(id=name) for name in {i.meter for i in installations}], installations=installations
    )


def _slots(window: MeterMatrix, registry: Registry) -> PointSlots | None:
    assert window.daily is not None
    days = LocalDays.of(window, window.daily, UTC_ZONE)
    measured = Measured.of(window, window.daily, registry)
    return point_slots(measured, "P", days, ("import_kvarh",), ("export_kvarh",))


def _window(*kwh_a_slot: float, days: int = 2) -> MeterMatrix:
    """Return steady energies of some meters; kvarh of the same number."""
    kwh = np.repeat(np.array(kwh_a_slot)[:, None], days * 96, axis=1)
    return replace(by_slots(kwh), energies={"import_kvarh": kwh})


def test_main_meters_count_and_those_to_subtract_are_taken_off() -> None:
    found = _slots(_window(2.0, 5.0, 100.0), _registry(Role.SUBTRACT, Role.MAIN, Role.CHECK))
    assert found is not None
    assert found.meters == ["M1", "M0"]
    assert found.by_day(found.kwh)[0].tolist() == [3 * 96, 3 * 96]
    assert found.by_day(found.energies["import_kvarh"])[0].tolist() == [3 * 96, 3 * 96]
    # What no meter shows counts as none.
    assert found.by_day(found.energies["export_kvarh"])[0].tolist() == [0, 0]


def test_a_slot_that_one_of_the_meters_lacks_is_unknown() -> None:
    window = _window(2.0, 5.0)
    window.import_kwh[0, 100] = np.nan
    window.quality[1, 101] = "E"
    found = _slots(window, _registry(Role.SUBTRACT, Role.MAIN))
    assert found is not None
    assert found.by_day(found.kwh)[0].tolist() == [3 * 96, 3 * 94]
    assert found.coverage.tolist() == [1.0, 94 / 96]


def test_a_point_without_a_main_meter_here_is_not_judged() -> None:
    window = _window(1.0)
    assert _slots(window, _registry(Role.SUBTRACT)) is None
    assert _slots(window, Registry()) is None
    # Of the second main meter there is nothing: no slot is known.
    found = _slots(window, _registry(Role.MAIN, Role.MAIN))
    assert found is not None
    assert np.isnan(found.by_day(found.kwh)[0]).all()


def test_each_meter_counts_while_it_hangs_there() -> None:
    # M0 is taken off at ten past noon of the second day; M1 counted elsewhere before, M0 does since.
    changed = START + timedelta(days=1, hours=12, minutes=10)
    old = Installation(meter=MeterId("M0"), service_point="P", ends_at=changed)
    new = Installation(meter=MeterId("M1"), service_point="P", starts_at=changed)
    beside = [replace(old, service_point="X", ends_at=None, starts_at=changed)]
    beside.append(replace(new, service_point="Y", starts_at=None, ends_at=changed))
    window = _window(2.0, 5.0, days=3)
    assert window.daily is not None
    mask = np.array([[False, False, True], [True, False, False]])
    window = replace(window, daily=replace(window.daily, masked={"": mask}))
    found = _slots(window, _placed(old, new, *beside))
    assert found is not None
    # The slot of the change is known to neither.
    assert found.by_day(found.kwh)[0].tolist() == [2 * 96, 2 * 48 + 5 * 47, 5 * 96]
    assert found.coverage.tolist() == [1.0, 95 / 96, 1.0]
    assert not found.explained.any()
    # Where the register was written down the parts of the slot add up.
    read = {"active_energy_import": 100.0}
    found = _slots(window, _placed(replace(old, closing=read), replace(new, opening=read), *beside))
    assert found is not None
    assert found.coverage.tolist() == [1.0, 1.0, 1.0]


def test_a_meter_that_left_long_ago_does_not_matter() -> None:
    here = Installation(meter=MeterId("M0"), service_point="P", starts_at=START - timedelta(days=99))
    gone = Installation(meter=MeterId("M9"), service_point="P", ends_at=here.starts_at)
    found = _slots(_window(2.0), _placed(here, gone))
    assert found is not None
    assert found.coverage.tolist() == [1.0, 1.0]


def test_a_month_bears_the_main_meter_of_its_first_day() -> None:
    changed = datetime(2024, 6, 20, 9, tzinfo=UTC)
    old = Installation(
        meter=MeterId("M9"), service_point="P", starts_at=datetime(2024, 5, 5, tzinfo=UTC), ends_at=changed
    )
    new = Installation(meter=MeterId("M0"), service_point="P", starts_at=changed)
    registry = _placed(old, new, replace(old, meter=MeterId("A"), role=Role.SUBTRACT))
    found = [main_meter_of(registry, "P", date(2024, month, 3), UTC_ZONE) for month in (5, 6, 7)]
    assert found == ["M9", "M9", "M0"]
    assert main_meter_of(registry, "X", date(2024, 6, 3), UTC_ZONE) is None


def test_months_know_whether_they_are_over_and_how_much_of_them_is_known() -> None:
    # From Monday, 3 June, to 15 July 2024.
    window = by_days(np.ones((1, 43)))
    assert window.daily is not None
    known = np.ones(43, dtype=np.bool_)
    known[40:] = False
    june, july = months(window.daily.days, known, np.where(known, 1.0, 0.0))
    assert (june.name, june.is_over, len(june.days), june.share_known) == ("2024-06", True, 28, 28 / 30)
    assert (july.name, july.is_over, len(july.days), july.share_known) == ("2024-07", False, 12, 1.0)
