"""Signals of one trouble are one group, in whatever order they come."""

from __future__ import annotations

from pipeline.alarms.grouping import grouped
from tests.alarm_signals import signal, storm


def names(*groups: object) -> list[set[str]]:
    return [{s.meter for s in group.signals} for group in groups]  # type: ignore[attr-defined]  # groups


def test_a_storm_of_300_meters_on_twelve_buses_is_one_group_of_no_single_place() -> None:
    (group,) = grouped(storm())
    assert (len(group.signals), group.place, group.rule.cause) == (300, "", "communication")


def test_a_few_meters_on_different_buses_are_different_troubles() -> None:
    found = grouped([signal("1"), signal("2", 5), signal("3", 5, bus="B2")])
    assert {g.place: {s.meter for s in g.signals} for g in found} == {"bus B1": {"1", "2"}, "bus B2": {"3"}}


def test_many_meters_on_one_bus_are_that_bus_and_no_storm() -> None:
    (group,) = grouped([signal(f"{n}", n) for n in range(40)])
    assert group.place == "bus B1"


def test_what_comes_back_within_the_time_is_the_same_trouble_and_later_another() -> None:
    assert len(grouped([signal("1", 0, 60), signal("2", 179)])) == 1
    assert len(grouped([signal("1", 0, 60), signal("2", 181)])) == 2


def test_a_short_gap_does_not_hide_that_something_else_still_goes_on() -> None:
    assert len(grouped([signal("1"), signal("2", 5, 10), signal("3", 900)])) == 1


def test_a_meter_that_was_silent_long_before_a_storm_is_no_part_of_it() -> None:
    found = grouped([signal("old", -5000), *storm()])
    assert sorted(len(g.signals) for g in found) == [1, 300]


def test_a_storm_goes_on_while_windows_follow_each_other_and_takes_in_its_late_comers() -> None:
    second = [signal(f"N{n}", 35 + n % 5, bus=f"B{n % 12}") for n in range(20)]
    late = signal("late", 100, bus="B3")
    elsewhere = signal("elsewhere", 100, bus="B99")
    found = grouped([*storm(), *second, late, elsewhere])
    assert sorted(len(g.signals) for g in found) == [1, 321]


def test_causes_are_never_mixed_and_an_unknown_one_is_grouped_by_its_place() -> None:
    found = grouped(
        [signal("1"), signal("1", what="voltage_loss"), signal("2", what="voltage_loss", point="SP-1")]
    )
    assert [(g.rule.cause, g.place) for g in found] == [
        ("communication", "bus B1"),
        ("voltage_loss", "service_point SP-1"),
    ]


def test_where_no_bus_is_filed_the_area_stands_in() -> None:
    (group,) = grouped([signal("1", bus=None), signal("2", bus=None)])
    assert group.place == "area A1"
