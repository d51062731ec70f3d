"""The list of incidents (告警事件), and one incident: its signals, who was told, who has taken it on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from alerts.wording import name_of, place_named, said
from dashboard import words
from dashboard.access import NotAllowedError, Writer, may_write, named
from dashboard.asking import Ask, Asking, Writing
from dashboard.audited import tell_audit
from dashboard.failures import FasterError, NotFoundError
from dashboard.formats import Formats
from dashboard.messages import sentence
from dashboard.rendering import page, path_of, reader
from dashboard.words import marked
from pipeline.alarms.model import HeldBy
from pipeline.errors import DataError
from pipeline.model import Json
from services.alarms import acknowledge
from services.persons import Person
from storage.dashboard_incidents import (
    IncidentCard,
    IncidentFilter,
    SignalRow,
    incident_card,
    incident_cards,
    incident_total,
    signals_of_incident,
    told_of_incident,
)

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
MOST_SIGNALS = 100
LONGEST_NOTE = 500
LONGEST_NAME = 80
INCIDENT_STATES: Mapping[str, str] = {
    "open": marked("open"),
    "closed": marked("over"),
    "merged": marked("part of another"),
}
DELIVERIES: Mapping[str, str] = {
    "waiting": marked("not sent yet"),
    "sent": marked("sent"),
    "given up": marked("given up"),
}
HOLDS: Mapping[str, str] = {
    "quiet hours": marked("quiet hours"),
    "maintenance": marked("maintenance by work order"),
    "escalation": marked("escalation, unless somebody acknowledges it"),
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The filters in the address; empty means all."""

    state: Literal["", "open", "closed", "merged"] = "open"
    severity: Literal["", "critical", "major", "minor", "info"] = ""
    taken: Literal["", "yes", "no"] = ""

    def filter(self) -> IncidentFilter:
        """Return what storage is asked for."""
        return IncidentFilter(
            state=self.state or None,
            severity=words.SEVERITY_OF.get(self.severity),
            is_acknowledged={"yes": True, "no": False}.get(self.taken),
        )


FASTER: Final = marked(
    "Somebody else has written at this incident meanwhile. Read it above, then send yours once more."
)


class AcknowledgeForm(BaseModel):
    """Who takes an incident on, and what is being done."""

    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    seen: Annotated[str, Field(max_length=64)] = ""
    """The digest of what people had written at the incident as the page showed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTold:
    """An incident as one reader sees it."""

    card: IncidentCard
    cause: str
    place: str
    f: Formats
    """The reader's formats in the zone of its first area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTold:
    """A signal as one reader sees it."""

    row: SignalRow
    what: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTold:
    """A message that is held back."""

    route: str
    by: str
    until: datetime | None


def incident_told(card: IncidentCard, asking: Asking) -> IncidentTold:
    """Return an incident with its cause and place in the reader's language."""
    f = reader(asking, card.zone)
    return IncidentTold(
        card=card,
        cause=name_of("cause", card.cause, f.language),
        place=place_named(card.place, f.language),
        f=f,
    )


@router.get("/incidents", name="incidents", response_class=HTMLResponse)
def show_incidents(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the incidents that pass the filters of the address."""
    wanted = chosen.filter()
    cards = incident_cards(
        asking.connection,
        wanted,
        scope=asking.scope,
        limit=PAGE_LENGTH,
        offset=(page_number - 1) * PAGE_LENGTH,
    )
    total = incident_total(asking.connection, wanted, scope=asking.scope)
    return page(
        asking,
        "incidents.html",
        incidents=[incident_told(card, asking) for card in cards],
        total=total,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
        any_at_all=bool(total)
        or bool(incident_total(asking.connection, IncidentFilter(), scope=asking.scope)),
        chosen=chosen,
        states=INCIDENT_STATES,
    )


@router.get("/incidents/{incident}", name="incident", response_class=HTMLResponse)
def show_incident(asking: Ask, incident: str) -> HTMLResponse:
    """Show one incident: how large, what it is made of, who was told when, and who has taken it on."""
    card = incident_of(asking, incident)
    told = incident_told(card, asking)
    signals = signals_of_incident(asking.connection, card.id, scope=asking.scope, limit=MOST_SIGNALS)
    return page(
        asking,
        "incident.html",
        f=told.f,
        told=told,
        card=card,
        signals=[signal_told(row, told.f) for row in signals],
        messages=told_of_incident(asking.connection, card),
        held=_held(card),
        states=INCIDENT_STATES,
        occasion=lambda code: said(f"occasion_{code}", told.f.language),
        deliveries=DELIVERIES,
        holds=HOLDS,
        may_write=may_write(asking.request) and not card.reaches_beyond,
        seen=written_at(card),
    )


@router.post("/incidents/{incident}", name="acknowledge", response_class=HTMLResponse)
def take_on(
    writer: Writer, writing: Writing, incident: str, form: Annotated[AcknowledgeForm, Form()]
) -> RedirectResponse:
    """Take an incident on, and show it again."""
    save_acknowledgement(writing, incident, named(writer, form.name), form.note, seen=form.seen)
    return RedirectResponse(path_of("incidents", incident), status_code=HTTPStatus.SEE_OTHER)


def incident_of(asking: Asking, incident: str) -> IncidentCard:
    """Return an incident that the caller may see.

    Raises:
        NotFoundError: If there is none.
    """
    card = incident_card(asking.connection, incident, scope=asking.scope)
    if card is None:
        raise NotFoundError(marked("No such incident."))
    return card


def written_at(card: IncidentCard) -> str:
    """Return a digest of what people wrote at an incident: a form sends back the one that it showed."""
    return sha256(json.dumps([card.acknowledged_by, card.note]).encode()).hexdigest()


def save_acknowledgement(asking: Asking, incident: str, person: Person, note: str, *, seen: str = "") -> None:
    """Write who takes on an incident of which the caller sees every area; whoever did so first stays.

    Whoever sees a part of it only would end the escalation for the others. ``seen`` is what
    :func:`written_at` gave when the person looked; empty where nobody looked.

    Raises:
        NotFoundError: If there is none.
        NotAllowedError: If it reaches into areas that the caller does not see.
        FasterError: If somebody else has written there since the person looked.
    """
    card = incident_of(asking, incident)
    if card.reaches_beyond:
        raise NotAllowedError(
            marked("This incident reaches into other areas too: an engineer of all of them acknowledges it.")
        )
    if seen and seen != written_at(card):
        raise FasterError(FASTER)
    present = (card.acknowledged_by, card.note) if seen else None
    try:
        acknowledge(asking.connection, card.id, person, asking.now, note, seen=present)
    except DataError as error:  # in this very moment
        raise FasterError(FASTER) from error
    tell_audit(asking.request, after={"incident": incident, "note": note.strip()})


def signal_told(row: SignalRow, f: Formats) -> SignalTold:
    """Return a signal with its name and message in the reader's language."""
    message, parameters = row.facts.get("message"), row.facts.get("parameters")
    text = ""
    if isinstance(message, str) and isinstance(parameters, Mapping):
        text = sentence(message, {key: _plain(value) for key, value in parameters.items()}, f)
    return SignalTold(row=row, what=name_of("what", row.what, f.language), text=text)


def _plain(value: Json) -> float | int | str:
    return value if isinstance(value, float | int | str) else str(value)


def _held(card: IncidentCard) -> list[HeldTold]:
    """Return what is held back; an escalation is over as soon as somebody has acknowledged the incident."""
    return [
        HeldTold(
            route=str(one["route"]),
            by=str(one["by"]),
            until=None if one["until"] is None else datetime.fromisoformat(one["until"]),
        )
        for one in card.held
        if card.acknowledged_at is None or one["by"] != HeldBy.ESCALATION
    ]
