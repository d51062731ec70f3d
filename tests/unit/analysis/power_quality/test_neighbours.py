"""Service points of one area are neighbours, each with its events and with when it was not heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from analysis.power_quality.neighbours import MOST_NEIGHBOURS, with_neighbours
from analysis.power_quality.point_month import PointMonth
from pipeline.timegrid import slots, to_numpy
from tests.unit.analysis.power_quality.test_point_month import BEGIN, END, HOUR, month

QUIET = BEGIN + timedelta(days=3), BEGIN + timedelta(days=3) + 2 * HOUR


def at(place: str, *, is_heard: bool = True) -> PointMonth:
    times = [t for t in slots(BEGIN, END, 900) if is_heard or not QUIET[0] <= t < QUIET[1]]
    given = month()
    return replace(
        given,
        point=replace(given.point, service_point=place),
        taken_at=np.array([to_numpy(t) for t in times], dtype="datetime64[us]"),
    )


def test_neighbours_are_the_other_points_of_the_area() -> None:
    area_of = {"A": "T1", "B": "T1", "C": "T2", "D": None}
    found = with_neighbours([at("A"), at("B", is_heard=False), at("C"), at("D"), at("LONE")], area_of)
    assert [m.point.service_point for m in found] == ["A", "B", "C", "D", "LONE"]
    assert [[n.service_point for n in m.neighbours] for m in found] == [["B"], ["A"], [], [], []]
    (b,) = found[0].neighbours
    assert b.gaps == [QUIET]
    assert found[1].neighbours[0].gaps == []


def test_of_a_large_area_some_are_enough() -> None:
    places = [f"P{n}" for n in range(MOST_NEIGHBOURS + 5)]
    found = with_neighbours([at(place) for place in places], dict.fromkeys(places, "T"))
    assert {len(m.neighbours) for m in found} == {MOST_NEIGHBOURS}
    assert all(m.point.service_point not in {n.service_point for n in m.neighbours} for m in found)
