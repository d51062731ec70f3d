"""Service points on the same supply: what befell them too was not made at one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.power_quality.gaps import stretches
from analysis.power_quality.point_month import Neighbour, PointMonth

MOST_NEIGHBOURS = 20
"""More tell nothing new, and an area has hundreds (own)."""


def with_neighbours(months: Sequence[PointMonth], area_of: Mapping[str, str | None]) -> list[PointMonth]:
    """Return the months in their order, each with others of its area as neighbours.

    ``area_of`` has the transformer area of a service point; without one it has no neighbours.
    """
    by_area: dict[str, list[Neighbour]] = defaultdict(list)
    for month in months:
        place = month.point.service_point
        area = area_of.get(place)
        if area is not None:
            by_area[area].append(Neighbour(service_point=place, events=month.events, gaps=stretches(month)))
    return [
        replace(
            month,
            neighbours=[
                other
                for other in by_area.get(area_of.get(month.point.service_point) or "", ())
                if other.service_point != month.point.service_point
            ][:MOST_NEIGHBOURS],
        )
        for month in months
    ]
