"""Buses are grouped by the first pattern that they fit, and each group has a limit of its own."""

from __future__ import annotations

from services.bus_groups import grouped, limit_names


def test_a_task_holds_buses_of_one_pattern_only() -> None:
    groups = grouped(["north-1", "x", "north-2", "east-1", "north-3"], ["north-*", "east-?"], 2)
    assert [(group.limit, group.buses) for group in groups] == [
        ("kilowatch buses north-*", ["north-1", "north-2"]),
        ("kilowatch buses north-*", ["north-3"]),
        ("kilowatch buses east--", ["east-1"]),
        ("kilowatch buses *", ["x"]),
    ]


def test_without_patterns_all_buses_are_one_group() -> None:
    assert [group.buses for group in grouped(["a", "b", "c"], ["*"], 2)] == [["a", "b"], ["c"]]
    assert limit_names(["*"]) == ["kilowatch buses *"]


def test_what_fits_no_pattern_has_a_limit_too_and_names_hold_only_what_prefect_takes() -> None:
    assert limit_names(["a/b&c<d>%?#", "*"]) == ["kilowatch buses a-b-c-d----", "kilowatch buses *"]
