"""Incidents (告警事件) as JSON, for control rooms and work-order systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts.wording import name_of, place_named
from dashboard.access import Writer, named
from dashboard.asking import Ask, Asking, Writing
from dashboard.pages.incidents import (
    LONGEST_NAME,
    LONGEST_NOTE,
    SignalTold,
    incident_of,
    save_acknowledgement,
    signal_told,
)
from dashboard.paging import Paged
from storage.dashboard_incidents import (
    IncidentCard,
    IncidentFilter,
    ToldRow,
    incident_cards,
    incident_total,
    signal_total,
    signals_of_incident,
    told_of_incident,
)

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiIncident:
    """One trouble; ``cause_name`` and ``place_name`` for people. An empty ``place`` means several."""

    id: str
    cause: str
    cause_name: str
    place: str
    place_name: str
    severity: int
    state: str
    starts_at: datetime
    ends_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    reopened: int
    areas: Sequence[str]
    """As ``signals`` and ``meters``, of what the caller may see."""
    reaches_beyond: bool
    """Into areas that the caller may not see: times and severity are of the whole."""
    signals: int
    meters: int
    merged_into: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """A part of the list."""

    total: int
    incidents: Sequence[ApiIncident]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSignal:
    """One abnormal stretch: an episode of the same id, or a condition of operation; ``text`` for people."""

    id: str
    source: str
    what: str
    text: str
    severity: int
    starts_at: datetime
    ends_at: datetime | None
    meter: str | None
    service_point: str | None
    area: str | None
    bus: str | None


class ApiAcknowledgement(BaseModel):
    """Who takes an incident on, and what is being done."""

    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    name: Annotated[str, Field(max_length=LONGEST_NAME, description="what the person calls themselves")] = ""


@router.get("/api/incidents")
def api_incidents(
    asking: Ask,
    paging: Paged,
    state: Literal["open", "closed", "merged"] | None = None,
    severity: Annotated[int | None, Query(ge=0, le=100)] = None,
    acknowledged: bool | None = None,  # noqa: FBT001 - a key of the address
) -> IncidentPage:
    """Return incidents: open ones first, then the gravest, then the newest."""
    wanted = IncidentFilter(state=state, severity=severity, is_acknowledged=acknowledged)
    cards = incident_cards(
        asking.connection, wanted, scope=asking.scope, limit=paging.limit, offset=paging.offset
    )
    total = incident_total(asking.connection, wanted, scope=asking.scope)
    paging.tell(total)
    return IncidentPage(
        total=total,
        incidents=[_api_incident(card, asking) for card in cards],
    )


@router.get("/api/incidents/{incident}")
def api_incident(asking: Ask, incident: str) -> ApiIncident:
    """Return one incident."""
    return _api_incident(incident_of(asking, incident), asking)


@router.get("/api/incidents/{incident}/signals")
def api_signals(asking: Ask, paging: Paged, incident: str) -> Sequence[ApiSignal]:
    """Return what an incident is made of, as far as the caller may see it."""
    card = incident_of(asking, incident)
    rows = signals_of_incident(
        asking.connection, card.id, scope=asking.scope, limit=paging.limit, offset=paging.offset
    )
    paging.tell(signal_total(asking.connection, card.id, scope=asking.scope))
    return [_api_signal(signal_told(row, asking.formats)) for row in rows]


@router.get("/api/incidents/{incident}/messages")
def api_messages(asking: Ask, paging: Paged, incident: str) -> Sequence[ToldRow]:
    """Return who was told of an incident when, oldest first."""
    return paging.part_of(told_of_incident(asking.connection, incident_of(asking, incident)))


@router.post("/api/incidents/{incident}/acknowledgement")
def api_acknowledge(writer: Writer, writing: Writing, incident: str, body: ApiAcknowledgement) -> ApiIncident:
    """Take an incident on: it is not told any higher."""
    save_acknowledgement(writing, incident, named(writer, body.name), body.note)
    return _api_incident(incident_of(writing, incident), writing)


def _api_signal(told: SignalTold) -> ApiSignal:
    row = told.row
    return ApiSignal(
        id=row.id,
        source=row.source,
        what=row.what,
        text=told.text or told.what,
        severity=row.severity,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        meter=row.meter,
        service_point=row.service_point,
        area=row.area,
        bus=row.bus,
    )


def _api_incident(card: IncidentCard, asking: Asking) -> ApiIncident:
    language = asking.formats.language
    return ApiIncident(
        id=card.id,
        cause=card.cause,
        cause_name=name_of("cause", card.cause, language),
        place=card.place,
        place_name=place_named(card.place, language),
        severity=card.severity,
        state=card.state,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        opened_at=card.opened_at,
        closed_at=card.closed_at,
        reopened=card.reopened,
        areas=card.areas,
        reaches_beyond=card.reaches_beyond,
        signals=card.signals,
        meters=card.meters,
        merged_into=card.merged_into,
        acknowledged_at=card.acknowledged_at,
        acknowledged_by=card.acknowledged_by,
        note=card.note,
    )
