"""The list of episodes (异常), narrowed in the address, and one episode with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask, Asking
from dashboard.evidence import evidence_of
from dashboard.failures import NotFoundError
from dashboard.messages import told
from dashboard.rendering import page
from dashboard.words import SEVERITY_CODES, marked
from storage.dashboard_episodes import (
    EpisodeFilter,
    episode_card,
    episode_cards,
    episode_counts,
    episode_total,
)
from storage.dashboard_queries import meter_cards, suspensions_of

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
_SEVERITY_OF = {code: number for number, code in SEVERITY_CODES.items()}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The filters in the address; empty means all."""

    verdict: Literal["", "abnormal", "normal", "unknown"] = ""
    severity: Literal["", "critical", "major", "minor", "info"] = ""
    detector: str = ""
    state: Literal["", "open", "closed"] = ""
    meter: str = ""

    @property
    def any(self) -> bool:
        """Whether the list is narrowed at all."""
        return bool(self.verdict or self.severity or self.detector or self.state or self.meter)

    def filter(self) -> EpisodeFilter:
        """Return what storage is asked for."""
        return EpisodeFilter(
            verdict=self.verdict or None,
            severity=_SEVERITY_OF.get(self.severity),
            detector=self.detector or None,
            meter=self.meter.strip() or None,
            is_open={"open": True, "closed": False}.get(self.state),
        )


@router.get("/episodes", name="episodes", response_class=HTMLResponse)
def show_episodes(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the episodes that pass the filters of the address."""
    wanted = chosen.filter()
    cards = episode_cards(
        asking.connection,
        wanted,
        scope=asking.scope,
        limit=PAGE_LENGTH,
        offset=(page_number - 1) * PAGE_LENGTH,
    )
    total = episode_total(asking.connection, wanted, scope=asking.scope)
    counts = episode_counts(asking.connection, scope=asking.scope)
    return page(
        asking,
        "episodes.html",
        episodes=[told(card, asking.formats) for card in cards],
        total=total,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
        detectors=sorted({c.detector for c in counts} | ({chosen.detector} if chosen.detector else set())),
        any_at_all=bool(counts),
        chosen=chosen,
    )


@router.get("/episodes/{episode}", name="episode", response_class=HTMLResponse)
def show_episode(asking: Ask, episode: str) -> HTMLResponse:
    """Show one episode: what, when, how sure, and the readings that show it."""
    card = episode_card(asking.connection, episode, scope=asking.scope)
    if card is None:
        raise NotFoundError(marked("No such episode. It may have been withdrawn when late data came."))
    shown = told(card, asking.formats)
    meters = meter_cards(
        asking.connection,
        scope=asking.scope,
        now=asking.now,
        since=_day_before(asking),
        meters=[card.meter],
        limit=1,
    )
    meter = meters[0] if meters else None
    suspensions = suspensions_of(asking.connection, card.service_point) if card.service_point else []
    return page(
        asking,
        "episode.html",
        f=shown.f,
        told=shown,
        card=card,
        meter=meter,
        evidence=evidence_of(shown, meter, suspensions),
        length=(card.ends_at or card.detected_at) - card.starts_at,
    )


def _day_before(asking: Asking) -> datetime:
    return asking.now.replace(hour=0, minute=0, second=0, microsecond=0)
