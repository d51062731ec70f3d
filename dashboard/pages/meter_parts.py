"""The further parts of a meter's page, each loaded when it is chosen: electrical values, registers ..."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from numpy.typing import NDArray

from dashboard.asked_times import AskedDay, AskedTime, MonthName
from dashboard.asking import Ask, Asking
from dashboard.coverage_strips import CELLS, strips_of
from dashboard.day_registers import BASES, closed_days, registers_of
from dashboard.formats import Formats
from dashboard.meter_charts import electrical_charts
from dashboard.pages.meters import meter_card
from dashboard.rendering import page, reader
from dashboard.shown_values import shown_values
from dashboard.sides import ratio_of
from dashboard.spans import span_of
from dashboard.spectrum_bars import HEIGHT, LEFT, WIDTH, bars_of, limits_of
from dashboard.success import silent_after, state_of
from pipeline.events import EventKind
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.timegrid import local_month
from protocols.dlt645.events import words_of_event
from services.clocks import clock_states
from storage.dashboard_queries import MeterCard, schedule_intervals
from storage.meter_record import StoredEvent, events_of, ledger_groups, ledger_of, spectrum_times
from storage.spectra import spectrum_series

router = APIRouter(include_in_schema=False)
REGISTER_DAYS = 14
EVENT_DAYS = 365
MOST_EVENTS = 200
SPECTRA_OFFERED = 30


@router.get("/meters/{meter}/electrical", name="meter_electrical", response_class=HTMLResponse)
def show_electrical(
    asking: Ask, meter: str, days: Literal["1", "7", "30"] = "7", last: AskedDay | None = None
) -> HTMLResponse:
    """Show currents, powers, power factors and frequency over whole local days."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    span = span_of(int(days), last, now=asking.now, zone=f.zone)
    charts = electrical_charts(card, f, since=span.since, until=span.until)
    return meter_part(asking, card, f, "electrical", span=span, charts=charts)


@router.get("/meters/{meter}/harmonics", name="meter_harmonics", response_class=HTMLResponse)
def show_harmonics(asking: Ask, meter: str, at: AskedTime | None = None) -> HTMLResponse:
    """Show the spectra of one instant: the newest, or the last before ``at``."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    name = MeterId(meter)
    times = spectrum_times(
        asking.connection, name, scope=asking.scope, until=asking.now, limit=SPECTRA_OFFERED
    )
    chosen = (
        times[:1]
        if at is None
        else spectrum_times(asking.connection, name, scope=asking.scope, until=at, limit=1)
    )
    limits = limits_of(card, (chosen[0] if chosen else asking.now).astimezone(f.zone).date())
    voltage: dict[Quantity, NDArray[np.float64]] = {}
    current: dict[Quantity, NDArray[np.float64]] = {}
    if chosen:
        found = spectrum_series(
            asking.connection,
            scope=asking.scope,
            starts_at=chosen[0],
            ends_at=chosen[0] + timedelta(microseconds=1),
            meters=[name],
        )
        for quantity, rows in found[name].values.items():
            (voltage if quantity.value.startswith("voltage") else current)[quantity] = rows[-1]
    return meter_part(
        asking,
        card,
        f,
        "harmonics",
        times=times,
        chosen=chosen[0] if chosen else None,
        limits=limits,
        voltage=bars_of(voltage, {} if limits is None else limits.orders),
        current=bars_of(current, {}),
        size=(WIDTH, HEIGHT, LEFT),
    )


@router.get("/meters/{meter}/registers", name="meter_registers", response_class=HTMLResponse)
def show_registers(
    asking: Ask,
    meter: str,
    of: Literal[
        "active_energy_import", "active_energy_export", "reactive_energy_import", "reactive_energy_export"
    ] = "active_energy_import",
    last: AskedDay | None = None,
) -> HTMLResponse:
    """Show the registers by rate as they stand now, and as each of the last days closed."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    base = Quantity(of)
    today = asking.now.astimezone(f.zone).date()
    until = min(last or today, today)
    closed = closed_days(
        asking.connection,
        MeterId(meter),
        base,
        scope=asking.scope,
        last=until,
        days=REGISTER_DAYS,
        zone=f.zone,
    )
    values = {
        shown.value.quantity: shown
        for shown in shown_values(asking, meter, schedule_intervals(asking.connection))
    }
    told = {quantity for day in closed for quantity in day.values}
    return meter_part(
        asking,
        card,
        f,
        "registers",
        base=base,
        bases=BASES,
        values=values,
        registers_of=registers_of,
        columns=[q for q in registers_of(base) if q in told],
        closed=closed,
        earlier=until - timedelta(days=REGISTER_DAYS),
        later=min(until + timedelta(days=REGISTER_DAYS), today) if until < today else None,
        ratio=ratio_of(card),
    )


@router.get("/meters/{meter}/events", name="meter_events", response_class=HTMLResponse)
def show_events(asking: Ask, meter: str, kind: Annotated[EventKind | None, Query()] = None) -> HTMLResponse:
    """Show what the meter recorded by itself in the last year, and how its clock goes."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    since = asking.now - timedelta(days=EVENT_DAYS)
    events = events_of(asking.connection, MeterId(meter), scope=asking.scope, since=since, limit=MOST_EVENTS)
    clocks = clock_states(asking.connection, scope=asking.scope, now=asking.now, meters=[MeterId(meter)])
    kinds = sorted({event.kind for event in events})
    return meter_part(
        asking,
        card,
        f,
        "events",
        events=[event for event in events if kind is None or event.kind == kind],
        kinds=[(code, event_name(code, "", f)) for code in kinds],
        kind=kind,
        event_name=lambda event: event_name(event.kind, event.part, f),
        length=_length,
        clock=clocks[0] if clocks else None,
        cut_off=len(events) == MOST_EVENTS,
    )


@router.get("/meters/{meter}/coverage", name="meter_coverage", response_class=HTMLResponse)
def show_coverage(asking: Ask, meter: str, month: MonthName = "", group: str = "") -> HTMLResponse:
    """Show a month of the ledger, a strip a day."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    today = asking.now.astimezone(f.zone).date()
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    starts_at, ends_at = local_month(first.year, first.month, f.zone)
    groups = ledger_groups(asking.connection, MeterId(meter), scope=asking.scope)
    chosen = next((g for g in groups if g.value == group), groups[0] if groups else None)
    entries = (
        ledger_of(
            asking.connection,
            MeterId(meter),
            scope=asking.scope,
            starts_at=starts_at,
            ends_at=min(ends_at, asking.now),
            group=chosen,
        )
        if chosen is not None
        else []
    )
    return meter_part(
        asking,
        card,
        f,
        "coverage",
        strips=strips_of(entries, f.zone),
        cells=CELLS,
        month=f"{first:%Y-%m}",
        earlier=f"{first - timedelta(days=1):%Y-%m}",
        later=f"{first + timedelta(days=31):%Y-%m}" if ends_at < asking.now else None,
        groups=groups,
        group=chosen,
    )


def meter_part(asking: Asking, card: MeterCard, f: Formats, part: str, **shown: object) -> HTMLResponse:
    """Return one part of a meter's page: ``meter_PART.html`` with what it shows."""
    schedules: list[int] = list(schedule_intervals(asking.connection).values())
    state = state_of(card, now=asking.now, silent=silent_after(schedules))
    return page(asking, f"meter_{part}.html", f=f, card=card, state=state, part=part, **shown)


def event_name(kind: str, part: str, f: Formats) -> str:
    """Return what people call an event, with its phase or direction; an unknown kind stands for itself."""
    if kind not in {known.value for known in EventKind}:
        return f"{kind} {part}".replace("_", " ").strip()
    english, chinese = words_of_event(EventKind(kind), part)
    return chinese if f.language == "zh" else english


def _length(event: StoredEvent) -> timedelta | None:
    return None if event.ends_at is None else event.ends_at - event.starts_at
