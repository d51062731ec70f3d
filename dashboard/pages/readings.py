"""Readings that people ask for (随抄): the form that starts one, and the page that shows what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from dashboard import flow_words
from dashboard.access import Writer
from dashboard.asking import Ask, Asking, Writing
from dashboard.audited import tell_audit
from dashboard.failures import NotFoundError, WrongAddressError
from dashboard.pages.flows import prefect_pages
from dashboard.rendering import page, path_of
from dashboard.words import marked
from pipeline.quantities import Quantity
from services.asked_readings import MOST_METERS, ask_for_reading, state_of_run
from services.flow_status import BAD
from services.persons import Person
from storage.asked_readings import (
    AskedMeter,
    AskedReading,
    asked_meters,
    asked_reading,
    meters_on_buses,
)

router = APIRouter(include_in_schema=False)
MOST_NUMBER = 2**63 - 1
"""The largest number of a wish: a bigint."""
TAKEN_WITHIN = timedelta(seconds=30)
"""An owner of a bus begins within one turn; after this nobody is taken to serve it."""
OVER_WITHIN = timedelta(hours=1)
"""After this a page is no longer looked at anew."""
FIRST_SHOWN: Final = (
    *("voltage_a", "voltage_b", "voltage_c", "voltage_ab", "voltage_bc"),
    *("current_a", "current_b", "current_c", "active_power", "active_energy_import"),
)
"""The values that stand in the line of a meter; its own page has the others."""
FAILED_RUNS = BAD | {"Cancelled"}


class MeterState(StrEnum):
    """How far the reading of one meter is."""

    WAITING = "waiting"
    READING = "reading"
    READ = "read"
    SILENT = "silent"
    NOT_SERVED = "not_served"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMeter:
    """One meter of a wish."""

    meter: AskedMeter
    state: MeterState
    taken_at: datetime | None
    values: Sequence[tuple[Quantity, float]]
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReading:
    """A wish, as far as it has come."""

    asked: AskedReading
    meters: Sequence[ShownMeter]
    run_state: str | None
    """Of the flow's run, as Prefect names it."""
    is_over: bool


class ReadForm(BaseModel):
    """What somebody wants read: meters by their ids, or all of an area."""

    meters: Annotated[list[str], Field(max_length=MOST_METERS)] = []
    area: Annotated[str, Field(max_length=200)] = ""


@router.post("/readings", name="ask_reading", response_class=HTMLResponse)
def ask_reading(writer: Writer, writing: Writing, form: Annotated[ReadForm, Form()]) -> RedirectResponse:
    """Have meters read now and show how far that is."""
    asked_id = start_reading(writing, form, writer)
    return RedirectResponse(path_of("readings", str(asked_id)), status_code=HTTPStatus.SEE_OTHER)


@router.get("/readings/{asked_id}", name="reading", response_class=HTMLResponse)
def show_reading(asking: Ask, asked_id: Annotated[int, Path(ge=1, le=MOST_NUMBER)]) -> HTMLResponse:
    """Show what each meter said, or how far its reading is."""
    shown = shown_reading(asking, asked_id)
    return page(asking, "reading.html", shown=shown, ui=prefect_pages(), flow_words=flow_words)


def start_reading(asking: Asking, form: ReadForm, person: Person) -> int:
    """Have those meters read that the caller may see, and return the number of the wish.

    Raises:
        NotFoundError: If one of the meters, or the area, is not there or not the caller's.
        WrongAddressError: If nothing is named, or too much.
    """
    wanted = list(dict.fromkeys(form.meters))
    if bool(wanted) == bool(form.area):
        raise WrongAddressError(marked("Name the meters that are to be read, or one area."))
    found = meters_on_buses(
        asking.connection,
        scope=asking.scope,
        now=asking.now,
        meters=wanted or None,
        area=form.area or None,
        limit=MOST_METERS + 1,
    )
    if not found or (wanted and {each.meter for each in found} != set(wanted)):
        raise NotFoundError(
            marked("No such meter in the archive. Search the list of meters, or import the registry.")
        )
    if len(found) > MOST_METERS:
        raise WrongAddressError(marked("At most 500 meters are read at once: choose a part of them."))
    tell_audit(
        asking.request,
        after={"meters": [each.meter for each in found], **({"area": form.area} if form.area else {})},
    )
    return ask_for_reading(asking.connection, found, person.shown, asking.now)


def shown_reading(asking: Asking, asked_id: int) -> ShownReading:
    """Return how far a wish is.

    Raises:
        NotFoundError: If there is none, or the caller sees none of its meters.
    """
    asked = asked_reading(asking.connection, asked_id)
    seen = [] if asked is None else asked_meters(asking.connection, asked, scope=asking.scope)
    if asked is None or not seen:
        raise NotFoundError(marked("No such reading. Ask for one on the page of a meter."))
    run_state = state_of_run(asked)
    age = asking.now - asked.asked_at
    meters = [_shown(meter, asked, run_state, age) for meter in seen]
    waiting = {MeterState.WAITING, MeterState.READING}
    return ShownReading(
        asked=asked,
        meters=meters,
        run_state=run_state,
        is_over=age > OVER_WITHIN or not any(each.state in waiting for each in meters),
    )


def _shown(meter: AskedMeter, asked: AskedReading, run_state: str | None, age: timedelta) -> ShownMeter:
    told = meter.told or {}
    return ShownMeter(
        meter=meter,
        state=_state(meter, asked, run_state, age),
        taken_at=datetime.fromisoformat(told["taken_at"]) if "taken_at" in told else None,
        values=_values(told.get("values", {})),
        failure=meter.error or str(told.get("failure", "")),
    )


def _state(meter: AskedMeter, asked: AskedReading, run_state: str | None, age: timedelta) -> MeterState:
    if meter.told is not None:
        return MeterState.READ if "taken_at" in meter.told else MeterState.SILENT
    if meter.error is not None:
        return MeterState.SILENT
    if asked.flow_run is not None:
        if run_state in FAILED_RUNS or run_state == "Completed":
            return MeterState.NOT_SERVED
        return MeterState.READING if run_state == "Running" else MeterState.WAITING
    if meter.is_taken:
        return MeterState.READING
    return MeterState.NOT_SERVED if age > TAKEN_WITHIN else MeterState.WAITING


def _values(told: Mapping[str, Any]) -> list[tuple[Quantity, float]]:  # Any: JSON that we wrote ourselves
    return [
        (Quantity(name), float(told[name])) for name in FIRST_SHOWN if isinstance(told.get(name), int | float)
    ]
