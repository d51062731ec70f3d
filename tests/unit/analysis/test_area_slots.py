from dataclasses import replace
from datetime import timedelta

import numpy as np

from analysis.area_slots import area_slots
from analysis.area_stays import stays_of
from pipeline.model import MeterId
from pipeline.registry import Installation
from tests.fix_area import AREA, START, SUPPLY, planted_area
from tests.loss_areas import FIRST, hourly, registry


def test_the_slots_of_an_area_are_those_of_its_supply_and_members() -> None:
    case = planted_area()
    slots = area_slots(case.window, case.registry, AREA)
    row = case.window.meters.index(SUPPLY)
    np.testing.assert_allclose(slots.supplied, case.window.import_kwh[row])
    assert len(slots.members) == len(slots.metered) == 30
    first = case.window.import_kwh[slots.rows[0]] - case.window.energies["export_kwh"][slots.rows[0]]
    np.testing.assert_allclose(slots.metered[0], first)


def test_estimated_slots_are_unknown_and_who_came_later_counts_from_then_on() -> None:
    case = planted_area()
    quality = case.window.quality.copy()
    quality[:, 5] = "E"
    members = [
        replace(m, starts_at=START + timedelta(days=2)) if m.service_point.endswith("H-01") else m
        for m in case.registry.area_members
    ]
    slots = area_slots(
        replace(case.window, quality=quality), replace(case.registry, area_members=members), AREA
    )
    assert np.isnan(slots.supplied[5])
    (late,) = np.flatnonzero(~slots.is_whole).tolist()
    assert slots.members[late].endswith("H-01")
    net = case.window.import_kwh[slots.rows[late]] - case.window.energies["export_kwh"][slots.rows[late]]
    assert not slots.metered[late, :192].any()
    np.testing.assert_allclose(slots.metered[late, 192:], net[192:])


def test_what_other_areas_have_in_the_window_changes_nothing_and_is_not_looked_at() -> None:
    case = planted_area()
    alone = area_slots(case.window, case.registry, AREA)
    strangers = [replace(m, area="ELSEWHERE") for m in case.registry.area_members]
    both = replace(case.registry, area_members=[*strangers, *case.registry.area_members])
    slots = area_slots(case.window, both, AREA)
    assert slots.members == alone.members
    np.testing.assert_array_equal(slots.supplied, alone.supplied)
    np.testing.assert_array_equal(slots.metered, alone.metered)
    own = [stay for stay in stays_of(case.window, both) if stay.area == AREA]
    assert list(stays_of(case.window, both, AREA)) == own


def test_in_the_slot_of_a_swap_stands_what_either_meter_counted_of_it() -> None:
    at = FIRST + timedelta(hours=9, minutes=20)
    archive = registry(("A",))
    hung = [
        archive.installations[0],
        Installation(meter=MeterId("A"), service_point="P-A", ends_at=at),
        Installation(meter=MeterId("B"), service_point="P-A", starts_at=at),
    ]
    archive = replace(archive, installations=hung)
    ones, one, other = np.ones(24), np.ones(24), np.ones(24)
    one[9], one[10:], other[:9], other[9] = 0.25, np.nan, np.nan, 0.5
    for old, new, total in ((0.25, 0.5, 0.75), (np.nan, 0.5, 0.5), (0.25, np.nan, 0.25)):
        one[9], other[9] = old, new
        seen = hourly({"S": ones, "A": one, "B": other}, 1, archive)
        assert area_slots(seen, archive, "T").metered[0].tolist() == [1.0] * 9 + [total] + [1.0] * 14
    one[9], other[9] = np.nan, np.nan
    seen = hourly({"S": ones, "A": one, "B": other}, 1, archive)
    assert np.flatnonzero(np.isnan(area_slots(seen, archive, "T").metered[0])).tolist() == [9]
