from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detectors.usage.service_point_load import service_point_load
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Registry, Role
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STARTS_AT = grid(BEGIN, 8 / 96)
ALL = slice(0, 8)


def _placed(meter: str, role: Role = Role.MAIN, hours: tuple[float, float] | None = None) -> Installation:
    begin, end = (None, None) if hours is None else (BEGIN + timedelta(hours=h) for h in hours)
    return Installation(meter=MeterId(meter), service_point="P", role=role, starts_at=begin, ends_at=end)


def test_main_meters_are_added_and_others_subtracted() -> None:
    registry = Registry(installations=(_placed("a"), _placed("b"), _placed("s", Role.SUBTRACT)))
    load = service_point_load(window(STARTS_AT, {"a": 5.0, "b": 3.0, "s": 1.0}), registry, "P", ALL)
    assert load is not None
    assert load.kwh.tolist() == [7.0] * 8
    assert load.kw.tolist() == [28.0] * 8
    assert load.step_kwh.tolist() == [0.03] * 8
    assert load.meters == ("a", "b", "s")
    assert load.actual.all()


def test_a_missing_part_makes_the_sum_missing() -> None:
    registry = Registry(installations=(_placed("a"), _placed("s", Role.SUBTRACT)))
    sub = np.ones(8)
    sub[3] = np.nan
    load = service_point_load(window(STARTS_AT, {"a": 5.0, "s": sub}), registry, "P", ALL)
    assert load is not None
    assert np.flatnonzero(np.isnan(load.kwh)).tolist() == [3]
    assert np.flatnonzero(~load.actual).tolist() == [3]


def test_an_estimated_part_makes_the_sum_not_actual() -> None:
    letters = np.array(list("AAEAAAAA"))
    registry = Registry(installations=(_placed("a"),))
    load = service_point_load(window(STARTS_AT, {"a": 5.0}, quality={"a": letters}), registry, "P", ALL)
    assert load is not None
    assert np.flatnonzero(~load.actual).tolist() == [2]
    assert load.kwh[2] == 5.0


def test_slots_without_a_main_meter_and_the_slot_of_a_meter_change_are_missing() -> None:
    # The old meter leaves at 00:40, in the middle of slot 2; the new one comes at 01:00, slot 4.
    registry = Registry(installations=(_placed("old", hours=(-9, 2 / 3)), _placed("new", hours=(1, 9))))
    load = service_point_load(window(STARTS_AT, {"old": 1.0, "new": 2.0}), registry, "P", ALL)
    assert load is not None
    assert np.isnan(load.kwh).tolist() == [False, False, True, True, False, False, False, False]
    assert load.kwh[[0, 4]].tolist() == [1.0, 2.0]


def test_the_slot_of_a_meter_change_counts_where_closing_and_opening_registers_are_filed() -> None:
    # Both meters' intervals of slot 2 end and begin at the change, 00:40.
    filed = {"active_energy_import": 1.0}
    registry = Registry(
        installations=(
            replace(_placed("old", hours=(-9, 2 / 3)), closing=filed),
            replace(_placed("new", hours=(2 / 3, 9)), opening=filed),
        )
    )
    load = service_point_load(window(STARTS_AT, {"old": 1.0, "new": 2.0}), registry, "P", ALL)
    assert load is not None
    assert load.kwh.tolist() == [1.0, 1.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_another_service_points_meters_are_none_of_its() -> None:
    registry = Registry(installations=(_placed("a"),))
    assert service_point_load(window(STARTS_AT, {"z": 5.0}), registry, "P", ALL) is None
    assert service_point_load(window(STARTS_AT, {"a": 5.0}), registry, "Q", ALL) is None


def test_what_a_meter_shows_is_multiplied_by_the_ratio_of_its_own_slot() -> None:
    registry = Registry(meters=[Meter(id=MeterId("a"))], installations=(_placed("a"),))
    ratios = np.array([[40.0] * 4 + [400.0] * 4])
    shown: dict[Quantity, NDArray[np.float64]] = dict.fromkeys(
        (Quantity.REACTIVE_POWER, Quantity.DEMAND_IMPORT), 20.0 / ratios
    )
    seen = replace(window(STARTS_AT, {"a": 5.0}, values=shown, step_kwh=4.0), ratios=ratios)
    load = service_point_load(seen, registry, "P", slice(2, 6))
    assert load is not None
    np.testing.assert_allclose(load.kvar, [20.0] * 4, rtol=1e-6)
    np.testing.assert_allclose(load.demand_kw, [20.0] * 4, rtol=1e-6)
