"""The list of meters: searched, filtered and ordered by the address, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask
from dashboard.meter_list import NOWHERE, MeterOrder, MeterQuestion, StatedMeter, narrowed
from dashboard.pages.fleet import stated_meters
from dashboard.rendering import page
from reports.spreadsheet import csv_bytes, plain_cell

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
COLUMNS = (
    "meter",
    "service_point",
    "name",
    "customer",
    "area",
    "bus",
    "address",
    "profile",
    "state",
    "due_today",
    "arrived_today",
    "newest_at",
    "open_episodes",
)
"""Of the file: codes, for programs; times are UTC."""


@router.get("/meters", name="meters", response_class=HTMLResponse)
def show_meters(
    asking: Ask,
    question: Annotated[MeterQuestion, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """Show a page of the meters that the address asks for."""
    everything = stated_meters(asking, search=question.q)
    found = narrowed(everything, question)
    pages = max(-(-len(found.meters) // PAGE_LENGTH), 1)
    number = min(page_number, pages)
    return page(
        asking,
        "meters.html",
        meters=found.meters[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH],
        total=len(found.meters),
        states=found.states,
        question=question,
        orders=MeterOrder,
        choices=_choices(everything),
        nowhere=NOWHERE,
        narrowed=question != MeterQuestion(sort=question.sort, turned=question.turned),
        pages=pages,
        page_number=number,
    )


@router.get("/meter-list.csv", name="meter_list")
def export_meters(asking: Ask, question: Annotated[MeterQuestion, Depends()]) -> Response:
    """Return the whole list that the address asks for as a file."""
    found = narrowed(stated_meters(asking, search=question.q), question)
    rows = [map(plain_cell, _row(meter)) for meter in found.meters]
    return Response(
        csv_bytes([COLUMNS, *rows]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="meters.csv"'},
    )


def _row(meter: StatedMeter) -> tuple[object, ...]:
    s = meter.standing
    newest = None if s.newest_at is None else s.newest_at.isoformat(timespec="seconds")
    place = s.service_point, s.service_point_name, s.customer, s.area, s.bus, s.address, s.profile
    return s.meter, *place, meter.state, s.due, s.arrived, newest, s.open_episodes


def _choices(meters: Sequence[StatedMeter]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return what each filter offers: the value in the address and the name."""
    areas, buses, profiles = set(), set(), set()
    for meter in meters:
        standing = meter.standing
        areas.add((standing.area or NOWHERE, standing.area_name or standing.area or ""))
        buses.add(standing.bus or NOWHERE)
        profiles.add(standing.profile or NOWHERE)
    return {
        "area": sorted(areas, key=lambda area: (area[0] == NOWHERE, area[1])),
        "bus": [(bus, bus) for bus in sorted(buses, key=lambda bus: (bus == NOWHERE, bus))],
        "profile": [(name, name) for name in sorted(profiles, key=lambda name: (name == NOWHERE, name))],
    }
