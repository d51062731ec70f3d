from dataclasses import replace
from datetime import timedelta

import numpy as np

from analysis.area_days import AreaDays, area_days
from detectors.register_days import register_flows_kwh
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, Role
from tests.fix_windows import STEEL_FROM, grid, window

DAYS = 4
SLOTS = DAYS * 96
ONES = np.ones(SLOTS)
REGISTRY = Registry(
    meters=[Meter(id=MeterId(name)) for name in ("in", "out", "a", "b", "check")],
    installations=[
        Installation(meter=MeterId("in"), service_point="S1"),
        Installation(meter=MeterId("out"), service_point="S2"),
        Installation(meter=MeterId("a"), service_point="A"),
        Installation(meter=MeterId("b"), service_point="B"),
        Installation(meter=MeterId("check"), service_point="B", role=Role.CHECK),
    ],
    area_members=[
        AreaMember(area="T", service_point="S1", role=MemberRole.SUPPLY),
        AreaMember(area="T", service_point="S2", role=MemberRole.SUPPLY, sign=-1),
        AreaMember(area="T", service_point="A"),
        AreaMember(area="T", service_point="B"),
    ],
)
ENERGY = {"in": 10.0 * ONES, "out": 2.0 * ONES, "a": 3.0 * ONES, "b": 4.0 * ONES, "check": 4.0 * ONES}


def _days(registry: Registry = REGISTRY, **other: np.ndarray) -> AreaDays:
    seen = with_daily_rows(window(grid(STEEL_FROM, DAYS), ENERGY | other), registry)
    assert seen.daily is not None
    found = area_days(seen, seen.daily, registry, 0.98, register_flows_kwh(seen, seen.daily, registry))
    assert found is not None
    return found


def test_signed_supply_meters_and_members_are_summed_and_check_meters_are_not() -> None:
    days = _days()
    assert days.supplied_kwh.tolist() == [[96 * 8.0] * DAYS]
    assert days.metered_kwh.tolist() == [[96 * 7.0] * DAYS]
    assert days.members.tolist() == days.known.tolist() == [[2] * DAYS]


def test_a_missing_member_is_named_with_what_it_usually_and_at_most_metered() -> None:
    partly = 4.0 * ONES
    partly[96:192] = 6.0
    partly[250:] = np.nan
    days = _days(b=partly)
    assert days.known.tolist() == [[2, 2, 1, 1]]
    assert days.usual_kwh.tolist() == [[0, 0, 96 * 5.0, 96 * 5.0]]
    assert days.most_kwh.tolist() == [[0, 0, 96 * 6.0, 96 * 6.0]]
    assert days.missing(0, 0, 2) == []
    assert days.missing(0, 0, 4) == ["B"]


def test_one_missing_supply_meter_makes_the_supply_unknown() -> None:
    gone = 2.0 * ONES
    gone[:10] = np.nan
    assert np.isnan(_days(out=gone).supplied_kwh[0]).tolist() == [True, False, False, False]


def test_members_count_by_their_dates_and_the_day_of_a_change_is_marked() -> None:
    moved = STEEL_FROM + timedelta(days=2, hours=9)
    members = [*REGISTRY.area_members[:3], AreaMember(area="T", service_point="B", starts_at=moved)]
    days = _days(replace(REGISTRY, area_members=members))
    assert days.members.tolist() == [[1, 1, 2, 2]]
    assert days.known.tolist() == [[1, 1, 1, 2]]
    assert days.changed.tolist() == [[False, False, True, False]]


def test_a_swapped_meter_is_missing_on_the_day_of_the_swap_alone() -> None:
    at = STEEL_FROM + timedelta(days=1, hours=9)
    installations = [
        *REGISTRY.installations[:3],
        Installation(meter=MeterId("b"), service_point="B", ends_at=at),
        Installation(meter=MeterId("check"), service_point="B", starts_at=at),
    ]
    days = _days(replace(REGISTRY, installations=installations))
    assert days.known.tolist() == [[2, 1, 2, 2]]
    assert days.changed.tolist() == [[False] * 4]


def test_an_area_without_a_supply_meter_has_no_balance() -> None:
    registry = replace(REGISTRY, area_members=REGISTRY.area_members[2:])
    seen = with_daily_rows(window(grid(STEEL_FROM, DAYS), ENERGY), registry)
    assert seen.daily is not None
    assert area_days(seen, seen.daily, registry, 0.98, register_flows_kwh(seen, seen.daily, registry)) is None
