from dataclasses import replace

import numpy as np
import pytest

from analysis.suspension_check import Outcome, SuspensionCheck
from detectors.usage.suspension_check import check_suspension
from pipeline.block import MeterMatrix
from pipeline.registry import Role
from tests.fix_windows import steel_kwh, window
from tests.unit.detectors.usage.suspended_plant import (
    REGISTRY,
    STARTS_AT,
    STOP,
    at,
    plant_window,
    slot_of,
    suspended,
    with_nights,
)

NOW = at(31)


def _checked(kwh: np.ndarray) -> SuspensionCheck:
    return check_suspension(plant_window(kwh), REGISTRY, STOP, NOW)


def _part(kwh: np.ndarray, slots: slice) -> MeterMatrix:
    return window(STARTS_AT[slots], {"m": kwh[slots]})


def test_a_kept_suspension_has_its_maximum_and_energy_too() -> None:
    check = _checked(suspended())
    # 20 days of 5 kW; the set-point is 10 kW.
    assert (check.outcome, check.limit, check.unit) == (Outcome.KEPT, 10.0, "kW")
    assert check.max_kw == pytest.approx(5.0)
    assert check.kwh == pytest.approx(20 * 24 * 5.0)
    assert (check.days, check.days_above, check.first_above) == (20, 0, None)


def test_nights_of_load_are_drawing_with_the_time_of_the_maximum() -> None:
    check = _checked(with_nights(suspended()))
    assert check.outcome is Outcome.DRAWING
    assert check.max_kw == pytest.approx(80.0)
    assert check.max_at == at(12, 22)
    assert check.kwh == pytest.approx(1440.0 + 2310.0)
    assert (check.first_above, check.days_above) == (at(12, 22), 5)


def test_a_plant_in_service_from_a_day_on_was_restored_early() -> None:
    kwh = suspended()
    kwh[slot_of(at(20)) : slot_of(at(28))] = 60.0
    check = _checked(kwh)
    assert (check.outcome, check.first_above, check.days_above) == (Outcome.RESTORED_EARLY, at(20), 8)


def test_gaps_no_data_and_no_meter_are_told_apart() -> None:
    kwh = suspended()
    kwh[slot_of(at(10)) : slot_of(at(10, 6))] = np.nan
    assert (_checked(kwh).outcome, _checked(kwh).days_unknown) == (Outcome.UNKNOWN, 1)
    later = replace(STOP, starts_at=at(8).replace(year=2030), ends_at=None)
    window = plant_window(steel_kwh())
    assert check_suspension(window, REGISTRY, later, NOW).outcome is Outcome.NOT_BEGUN
    checks = [replace(i, role=Role.CHECK) for i in REGISTRY.installations]
    found = check_suspension(window, replace(REGISTRY, installations=checks), STOP, NOW)
    assert (found.outcome, found.max_kw) == (Outcome.NO_METER, None)


def test_what_the_data_do_not_reach_is_not_told_to_be_kept() -> None:
    # The suspension is of the 8th to the 28th; the data end on the 20th, or begin on the 10th.
    early = _part(suspended(), slice(0, slot_of(at(20))))
    late = _part(suspended(), slice(slot_of(at(10)), None))
    for part, missing in ((early, (at(20), at(28))), (late, (at(8), at(10)))):
        check = check_suspension(part, REGISTRY, STOP, NOW)
        assert (check.outcome, check.days_unknown, check.uncovered) == (Outcome.UNKNOWN, 0, [missing])
    # On the 20th nothing more can be known yet, and one without an end is kept so far.
    assert check_suspension(early, REGISTRY, STOP, at(20)).outcome is Outcome.KEPT
    lasting = replace(STOP, ends_at=None)
    assert check_suspension(early, REGISTRY, lasting, NOW).outcome is Outcome.KEPT
    # Load is load, whatever else is not known.
    drawing = _part(with_nights(suspended()), slice(0, slot_of(at(20))))
    assert check_suspension(drawing, REGISTRY, STOP, NOW).outcome is Outcome.DRAWING
