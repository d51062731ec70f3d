"""The pages of line loss (线损): areas ranked against their own usual loss, and one with its suspects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from analysis.line_loss import AreaDay
from analysis.loss_problems import LossProblem, ProblemKind
from dashboard.asking import Ask, Asking
from dashboard.charts import Chart, Line
from dashboard.curves import Curves
from dashboard.failures import NotFoundError
from dashboard.messages import sentence
from dashboard.rendering import page, path_of, reader
from dashboard.words import marked
from pipeline.timegrid import local_day
from services.line_loss_documents import problem_text, why_text
from services.loss_ranking import LossRank, loss_ranks, reasons_of
from storage.area_losses import StoredLoss, area_days_stored, area_losses_stored
from storage.area_unjudged import UnjudgedArea, unjudged_areas

router = APIRouter(include_in_schema=False)
Days = Annotated[int, Query(ge=7, le=366)]
USUAL_DAYS = 31
CHOICES = (31, 92, 366)
VERDICTS: Mapping[str, str] = {
    "normal": marked("as usual"),
    "rises": marked("above its usual"),
    "high": marked("high loss"),
    "negative": marked("negative loss"),
    "unknown": marked("cannot be judged"),
}
CHIPS: Mapping[str, str] = {
    "normal": "verdict-normal",
    "rises": "severity-minor",
    "high": "severity-major",
    "negative": "severity-major",
    "unknown": "verdict-unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accused:
    """A suspect in the reader's words."""

    service_point: str
    rank: int
    score: float
    explained_kwh: float
    less_kwh: float
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """An area of which no loss is known, and why, in the reader's words."""

    area: str
    name: str
    why: Sequence[str]


@router.get("/losses", name="losses", response_class=HTMLResponse)
def show_losses(asking: Ask, days: Days = USUAL_DAYS) -> HTMLResponse:
    """Show areas and feeders, those whose loss has risen most first."""
    return page(
        asking,
        "losses.html",
        ranks=ranks_of(asking, days),
        unjudged=_unjudged(asking, days),
        days=days,
        choices=CHOICES,
        verdicts=VERDICTS,
        chips=CHIPS,
    )


@router.get("/losses/{area:path}", name="loss", response_class=HTMLResponse)
def show_loss(asking: Ask, area: str, days: Days = USUAL_DAYS) -> HTMLResponse:
    """Show one area: its loss day by day against the usual one, what is technical, and whom to look at."""
    own, found = area_of(asking, area, days)
    f = reader(asking, None if found is None else found.zone)
    (rank,) = loss_ranks({area: own}, {} if found is None else {area: found})
    return page(
        asking,
        "loss.html",
        f=f,
        rank=rank,
        found=found,
        days=days,
        choices=CHOICES,
        shown=list(reversed(own)),
        why={day.day: why_text(day, f.language) for day in own},
        suspects=[] if found is None else [_accused(suspect, asking) for suspect in found.suspects],
        chart=loss_chart(area, own, f.zone, asking, days),
        verdicts=VERDICTS,
        chips=CHIPS,
    )


def ranks_of(asking: Asking, days: int) -> list[LossRank]:
    """Return the areas that the caller may see over the last days."""
    first, end = _span(asking, days)
    return loss_ranks(
        area_days_stored(asking.connection, scope=asking.scope, first=first, end=end),
        area_losses_stored(asking.connection, scope=asking.scope),
    )


def area_of(asking: Asking, area: str, days: int) -> tuple[Sequence[AreaDay], StoredLoss | None]:
    """Return the last days of an area that the caller may see, oldest first, and what was found of it.

    Raises:
        NotFoundError: If nothing is stored of it.
    """
    first, end = _span(asking, days)
    stored = area_days_stored(asking.connection, scope=asking.scope, first=first, end=end, areas=[area])
    if area not in stored:
        raise NotFoundError(
            marked("No line loss of such an area in these days. The flow line_loss judges them daily.")
        )
    return stored[area], area_losses_stored(asking.connection, scope=asking.scope, areas=[area]).get(area)


def loss_curves(days: Sequence[AreaDay], zone: ZoneInfo) -> Curves:
    """Return loss, usual loss and limit of each local day in percent, as steps; NaN where not known."""
    known = {day.day: day for day in days}
    count = (days[-1].day - days[0].day).days + 1
    dates = [days[0].day + timedelta(days=n) for n in range(count + 1)]

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = [None if date not in known else getattr(known[date], name) for date in dates]
        return np.array(values, dtype=np.float64)

    return Curves(
        seconds=np.array([local_day(date, zone)[0].timestamp() for date in dates]),
        columns={name: column(name) for name in ("loss_percent", "usual_percent", "limit_percent")},
    )


def loss_chart(area: str, days: Sequence[AreaDay], zone: ZoneInfo, asking: Asking, reach: int) -> Chart:
    """Return the loss of each day beside what is usual and from where on it is told."""
    text = asking.formats.catalogue.gettext
    return Chart(
        id="loss",
        title=text("Line loss of each day"),
        unit="%",
        digits=2,
        address=f"{path_of('api', 'loss-curves', area)}?{urlencode({'days': reach})}",
        since=local_day(days[0].day, zone)[0],
        until=local_day(days[-1].day, zone)[1],
        lines=(
            Line(label=text("Loss"), colour="actual", step=True),
            Line(label=text("Usual (own median)"), colour="phase-b"),
            Line(label=text("Told from here on"), colour="limit", dashed=True),
        ),
    )


def _unjudged(asking: Asking, days: int) -> list[Unjudged]:
    first, end = _span(asking, days)
    return [
        Unjudged(area=each.area, name=each.name, why=_lacking(each, asking))
        for each in unjudged_areas(asking.connection, scope=asking.scope, first=first, end=end)
    ]


def _lacking(area: UnjudgedArea, asking: Asking) -> list[str]:
    """Return what keeps an area from being judged; where nothing does, who would judge it."""
    kinds = [
        *([ProblemKind.NO_SUPPLY_METER] if not area.supplies else []),
        *([ProblemKind.NO_MEMBERS] if not area.members else []),
    ]
    if not kinds:
        return [asking.formats.catalogue.gettext("Not judged yet: the flow line_loss does it every morning.")]
    return [problem_text(LossProblem(kind=kind, area=area.area), asking.formats.language) for kind in kinds]


def _span(asking: Asking, days: int) -> tuple[date, date]:
    today = asking.now.astimezone(asking.formats.zone).date()
    return today - timedelta(days=days), today + timedelta(days=1)


def _accused(suspect: Mapping[str, Any], asking: Asking) -> Accused:  # Any: JSON
    return Accused(
        service_point=suspect["service_point"],
        rank=suspect["rank"],
        score=suspect["score"],
        explained_kwh=suspect["explained_kwh"],
        less_kwh=suspect["less_kwh"],
        reasons=[sentence(key, given, asking.formats) for key, given in reasons_of(suspect)],
    )
