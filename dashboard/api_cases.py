"""Cases (稽查工单) and their feedback as JSON, for work-order systems and other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from dashboard.access import Writer, named
from dashboard.asking import Ask, Asking, Writing
from dashboard.pages.cases import (
    LONGEST_CAUSE,
    LONGEST_NAME,
    MOST_RECOVERED_KWH,
    Found,
    case_of,
    case_told,
    save_feedback,
)
from dashboard.paging import Paged
from pipeline.case_records import Outcome, Standing
from storage.dashboard_cases import CaseCard, GivenFeedback, case_cards, case_counts, case_feedback

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiHit:
    """What one detector adds to a case; ``text``, ``because``, ``on_site`` and ``clears`` for people."""

    detector: str
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
class ApiCase:
    """A case as it was last worked out: ``priority_kwh`` = ``probability`` x ``energy_kwh`` / ``visits``."""

    id: str
    place: str
    service_points: Sequence[str]
    meters: Sequence[str]
    standing: str
    starts_at: datetime
    ends_at: datetime | None
    detected_at: datetime
    probability: float
    energy_kwh: float
    visits: float
    priority_kwh: float
    episodes: Sequence[str]
    hits: Sequence[ApiHit]
    assignee: str | None
    note: str | None
    worked_out_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """A part of the list."""

    total: int
    cases: Sequence[ApiCase]


class ApiFound(BaseModel):
    """What was found about episodes of a case."""

    outcome: Outcome
    episodes: Annotated[list[str], Field(min_length=1)]
    cause: Annotated[str, Field(max_length=LONGEST_CAUSE)] = ""
    recovered_kwh: Annotated[float, Field(ge=0, le=MOST_RECOVERED_KWH)] | None = None
    name: Annotated[str, Field(max_length=LONGEST_NAME, description="what the person calls themselves")] = ""


@router.get("/api/cases")
def api_cases(asking: Ask, paging: Paged, standing: Standing | None = None) -> CasePage:
    """Return cases, those first of which a visit brings most."""
    counts = case_counts(asking.connection, scope=asking.scope)
    cards = case_cards(
        asking.connection, standing, scope=asking.scope, limit=paging.limit, offset=paging.offset
    )
    total = sum(counts.values()) if standing is None else counts.get(standing, 0)
    paging.tell(total)
    return CasePage(
        total=total,
        cases=[_api_case(card, asking) for card in cards],
    )


@router.get("/api/cases/{case}")
def api_case(asking: Ask, case: str) -> ApiCase:
    """Return one case."""
    return _api_case(case_of(asking, case), asking)


@router.get("/api/cases/{case}/feedback")
def api_feedback(asking: Ask, paging: Paged, case: str) -> Sequence[GivenFeedback]:
    """Return what was found about the episodes of a case, newest first."""
    return paging.part_of(case_feedback(asking.connection, case_of(asking, case)))


@router.post("/api/cases/{case}/feedback", status_code=HTTPStatus.CREATED)
def api_file_feedback(writer: Writer, writing: Writing, case: str, body: ApiFound) -> Sequence[GivenFeedback]:
    """File what was found about episodes of a case; the role of an engineer is needed."""
    card = case_of(writing, case)
    found = Found(
        outcome=body.outcome, episodes=body.episodes, cause=body.cause, recovered_kwh=body.recovered_kwh
    )
    save_feedback(writing, card, found, named(writer, body.name))
    return case_feedback(writing.connection, card)


def _api_case(card: CaseCard, asking: Asking) -> ApiCase:
    return ApiCase(
        id=card.id,
        place=card.place,
        service_points=card.points,
        meters=card.meters,
        standing=card.standing,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        detected_at=card.detected_at,
        probability=card.probability,
        energy_kwh=card.energy_kwh,
        visits=card.visits,
        priority_kwh=card.priority_kwh,
        episodes=card.episodes,
        hits=[
            ApiHit(
                detector=hit.code,
                text=hit.text,
                because=hit.because,
                on_site=hit.on_site,
                clears=hit.clears,
                weight=hit.weight,
                precision=hit.precision,
                confirmed=hit.confirmed,
                looked_at=hit.looked_at,
                opens_alone=hit.opens_alone,
                energy_kwh=hit.energy_kwh,
            )
            for hit in case_told(card, asking).hits
        ],
        assignee=card.assignee,
        note=card.note,
        worked_out_at=card.amended_at,
    )
