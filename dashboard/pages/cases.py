"""The list of cases (稽查工单) by what a visit brings, one case with what speaks for it, and its feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from dashboard import words
from dashboard.access import Writer, may_write, named
from dashboard.asking import Ask, Asking, Writing
from dashboard.audited import tell_audit
from dashboard.failures import NotFoundError, WrongAddressError
from dashboard.formats import Formats
from dashboard.messages import Told, sentence, told
from dashboard.rendering import page, path_of, reader
from dashboard.words import marked
from pipeline.case_records import Outcome, Standing
from pipeline.on_site import ON_SITE
from services.cases import CASES_A_DAY, give_feedback
from services.persons import Person
from storage.dashboard_cases import (
    CaseCard,
    case_card,
    case_cards,
    case_counts,
    case_episodes,
    case_feedback,
)

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
LONGEST_CAUSE = 500
LONGEST_NAME = 80
MOST_RECOVERED_KWH = 1e9
_AREA, _METER = "area ", "meter "
"""How the place of a case begins that is no customer's."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the list to, and what the crews can look at."""

    standing: Literal["open", "waiting", "confirmed", "rejected", "cleared", ""] = "open"
    budget: Annotated[float, Query(gt=0, le=100_000)] = CASES_A_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a crew found about a case."""

    outcome: Outcome
    episodes: Sequence[str]
    cause: str = ""
    recovered_kwh: float | None = None


class FoundForm(BaseModel):
    """The same as a form sends it: an empty field was left out."""

    outcome: Outcome
    episodes: list[str] = []
    cause: Annotated[str, Field(max_length=LONGEST_CAUSE)] = ""
    recovered_kwh: Annotated[float, Field(ge=0, le=MOST_RECOVERED_KWH)] | Literal[""] = ""
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = ""

    def found(self) -> Found:
        """Return what was found."""
        recovered = None if self.recovered_kwh == "" else self.recovered_kwh
        return Found(outcome=self.outcome, episodes=self.episodes, cause=self.cause, recovered_kwh=recovered)


@dataclass(frozen=True, slots=True, kw_only=True)
class HitTold:
    """What one detector adds to a case, in the reader's language."""

    detector: str
    code: str
    text: str
    because: Sequence[str]
    on_site: str
    clears: str
    weight: float
    precision: float
    confirmed: int
    looked_at: int
    opens_alone: bool
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTold:
    """A case as one reader sees it."""

    card: CaseCard
    place: str
    hits: Sequence[HitTold]
    f: Formats
    """The reader's formats in the zone of the case's area."""

    @property
    def is_customer(self) -> bool:
        """Whether it is a customer's, rather than that of an area or of a meter without one."""
        return not self.card.place.startswith((_AREA, _METER))


def case_told(card: CaseCard, asking: Asking) -> CaseTold:
    """Return a case with its hits in the reader's language."""
    f = reader(asking, card.zone)
    return CaseTold(card=card, place=place_told(card.place, f), hits=[_hit(h, f) for h in card.hits], f=f)


def place_told(place: str, f: Formats) -> str:
    """Return whose a case is: a customer, or an area or a meter of which no customer is on record."""
    text = f.catalogue.gettext
    if place.startswith(_AREA):
        return text("Area %(id)s") % {"id": place.removeprefix(_AREA)}
    if place.startswith(_METER):
        return text("Meter %(id)s") % {"id": place.removeprefix(_METER)}
    return place


@router.get("/cases", name="cases", response_class=HTMLResponse)
def show_cases(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the cases of one standing; a line marks how far the crews come in a day."""
    counts = case_counts(asking.connection, scope=asking.scope)
    total = counts.get(chosen.standing, 0) if chosen.standing else sum(counts.values())
    first = (page_number - 1) * PAGE_LENGTH
    cards = case_cards(
        asking.connection, chosen.standing or None, scope=asking.scope, limit=PAGE_LENGTH, offset=first
    )
    return page(
        asking,
        "cases.html",
        cases=[case_told(card, asking) for card in cards],
        first=first,
        reach=int(chosen.budget),
        total=total,
        counts=counts,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
        chosen=chosen,
        standings=[standing.value for standing in Standing],
    )


@router.get("/cases/{case}", name="case", response_class=HTMLResponse)
def show_case(asking: Ask, case: str) -> HTMLResponse:
    """Show one case: how likely, at which cost, why, what to check, and what was found there."""
    card = case_of(asking, case)
    shown = case_told(card, asking)
    return page(
        asking,
        "case.html",
        f=shown.f,
        told=shown,
        card=card,
        episodes=_episodes(asking, card),
        feedback=case_feedback(asking.connection, card),
        may_write=may_write(asking.request),
    )


@router.post("/cases/{case}", name="case_feedback", response_class=HTMLResponse)
def file_feedback(
    writer: Writer, writing: Writing, case: str, form: Annotated[FoundForm, Form()]
) -> RedirectResponse:
    """File what was found about the chosen episodes of a case, and show the case again."""
    save_feedback(writing, case_of(writing, case), form.found(), named(writer, form.name))
    return RedirectResponse(path_of("cases", case), status_code=HTTPStatus.SEE_OTHER)


def case_of(asking: Asking, case: str) -> CaseCard:
    """Return a case that the caller may see.

    Raises:
        NotFoundError: If there is none.
    """
    card = case_card(asking.connection, case, scope=asking.scope)
    if card is None:
        raise NotFoundError(
            marked("No such case. It may have become part of another one when late data came.")
        )
    return card


def save_feedback(asking: Asking, card: CaseCard, found: Found, person: Person) -> None:
    """File one finding for the chosen episodes of a case, all or none.

    Raises:
        WrongAddressError: If no episode is chosen, or one that is not of this case.
    """
    if not found.episodes or not set(found.episodes) <= set(card.episodes):
        raise WrongAddressError(marked("Choose at least one episode, and only episodes of this case."))
    tell_audit(
        asking.request,
        after={
            "outcome": found.outcome.value,
            "episodes": list(found.episodes),
            "cause": found.cause.strip(),
            "recovered_kwh": found.recovered_kwh,
        },
    )
    with asking.connection.transaction():
        for episode in dict.fromkeys(found.episodes):
            give_feedback(
                asking.connection,
                episode,
                found.outcome,
                person,
                asking.now,
                cause=found.cause.strip(),
                recovered_kwh=found.recovered_kwh,
            )


def _episodes(asking: Asking, card: CaseCard) -> list[Told]:
    return [told(each, asking.formats) for each in case_episodes(asking.connection, card, scope=asking.scope)]


def _hit(hit: Mapping[str, Any], f: Formats) -> HitTold:  # Any: JSON that we wrote ourselves
    code = str(hit["detector"])
    return HitTold(
        code=code,
        detector=words.detector_name(code, f.language),
        text=sentence(hit["message"], hit["parameters"], f),
        because=[sentence(each["message"], each["parameters"], f) for each in hit.get("because", ())],
        on_site=ON_SITE[code].in_language(f.language) if code in ON_SITE else "",
        clears=words.what_clears(code, f.language),
        weight=float(hit["weight"]),
        precision=float(hit["precision"]),
        confirmed=int(hit["confirmed"]),
        looked_at=int(hit["looked_at"]),
        opens_alone=bool(hit["opens_alone"]),
        energy_kwh=float(hit["energy_kwh"]),
    )
