"""The same facts as JSON, and curves as bytes, for other programs and for the charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response

from dashboard.asked_times import AskedTime
from dashboard.asking import Ask, Asking
from dashboard.curves import Curves, break_gaps, import_of, load_curve, pack, seconds_of, thin, usual_step_s
from dashboard.episode_filters import ApiEpisodeQuestion, Order, order_of
from dashboard.evidence_curves import columns_of, is_curves
from dashboard.failures import NotFoundError, WrongAddressError
from dashboard.messages import told
from dashboard.pages.fleet import Fleet, fleet_of, midnight
from dashboard.pages.meters import meter_card
from dashboard.paging import Paged
from dashboard.search_text import SearchText
from dashboard.words import marked
from pipeline.model import MeterId
from pipeline.quantities import Kind, Quantity
from storage.columns import table_of
from storage.dashboard_episodes import EpisodeCard, episode_card, episode_cards, episode_total
from storage.dashboard_queries import MeterCard, meter_cards, meter_total
from storage.dashboard_values import current_values
from storage.finals import finest_settled_series
from storage.readings import reading_series

router = APIRouter(tags=["api"])
LONGEST_SPAN = timedelta(days=1100)
MOST_POINTS = 200_000
GAP_STEPS = 2.5
"""A hole of more than so many usual steps is shown as a hole."""
_NUMBERS = (Kind.COUNTER, Kind.REAL)

_BYTES: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_COLUMN: dict[str, Any] = {"type": "array", "items": {"type": ["number", "null"]}}
_COLUMNS: dict[str, Any] = {
    "type": "object",
    "required": ["seconds"],
    "additionalProperties": _COLUMN,
    "properties": {"seconds": _COLUMN | {"description": "POSIX seconds"}},
}
# Any: a part of the OpenAPI document.
PACKED: dict[int | str, dict[str, Any]] = {200: {"description": "Columns as bytes", "content": _BYTES}}
CURVES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Columns of equal length; null where nothing is known",
        "content": {"application/json": {"schema": _COLUMNS}, **_BYTES},
    }
}
Form = Literal["json", "binary"]
Points = Annotated[int, Query(ge=100, le=MOST_POINTS, description="thin to about this many points")]


@dataclass(frozen=True, kw_only=True)
class CurveQuestion:
    """Which stretch of a curve, how fine, in which form."""

    since: AskedTime
    until: AskedTime
    points: Points = 4000
    format: Form = "json"

    def __post_init__(self) -> None:
        """Refuse a stretch that is empty, backwards or endless."""
        if not timedelta() < self.until - self.since <= LONGEST_SPAN:
            raise WrongAddressError(f"until must be after since, by at most {LONGEST_SPAN.days} days")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiEpisode:
    """An episode with its message in the caller's language; keys as in the episode files, and ``area``."""

    id: str
    detector: str
    version: int
    meter_id: str
    service_point: str | None
    area: str | None
    starts_at: datetime
    ends_at: datetime | None
    detected_at: datetime
    verdict: str
    severity: int
    score: float
    energy_kwh: float | None
    text: str
    message: str
    parameters: Mapping[str, object]
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodePage:
    """A part of a list of episodes."""

    total: int
    episodes: Sequence[ApiEpisode]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiValue:
    """The newest value of one quantity."""

    value: float
    unit: str
    taken_at: datetime
    age_s: float
    origin: str
    quality: int


@router.get("/api/fleet")
def api_fleet(asking: Ask) -> Fleet:
    """Return the overview."""
    return fleet_of(asking)


@router.get("/api/meters")
def api_meters(asking: Ask, paging: Paged, q: SearchText = "") -> list[MeterCard]:
    """Return meters; ``q`` is looked for in ids, places, customers, buses, addresses and profiles."""
    paging.tell(meter_total(asking.connection, scope=asking.scope, now=asking.now, search=q))
    return meter_cards(
        asking.connection,
        scope=asking.scope,
        now=asking.now,
        since=midnight(asking),
        search=q,
        limit=paging.limit,
        offset=paging.offset,
    )


@router.get("/api/meters/{meter}")
def api_meter(asking: Ask, meter: str) -> MeterCard:
    """Return one meter."""
    return meter_card(asking, meter)


@router.get("/api/meters/{meter}/values")
def api_values(asking: Ask, meter: str) -> Mapping[str, ApiValue]:
    """Return the newest value of each quantity, on the meter's own side, with its age."""
    meter_card(asking, meter)
    return {
        v.quantity.value: ApiValue(
            value=v.value,
            unit=v.quantity.unit,
            taken_at=v.taken_at,
            age_s=(asking.now - v.taken_at).total_seconds(),
            origin=v.origin,
            quality=v.quality,
        )
        for v in current_values(asking.connection, meter, scope=asking.scope, now=asking.now)
    }


@router.get("/api/meters/{meter}/series", response_class=Response, responses=CURVES)
def api_series(
    asking: Ask,
    meter: str,
    quantity: Annotated[list[Quantity], Query(min_length=1)],
    question: Annotated[CurveQuestion, Depends()],
) -> Response:
    """Return readings over ``[since, until)``, on the meter's own side.

    ``binary``: little-endian, all times as Float64 POSIX seconds, then each quantity as Float32; a point is
    therefore 8 + 4 x quantities bytes. An empty point stands where readings are missing.
    """
    meter_card(asking, meter)
    wanted = list(dict.fromkeys(quantity))
    if len({table_of(q) for q in wanted}) > 1 or any(q.kind not in _NUMBERS for q in wanted):
        raise WrongAddressError(f"these quantities do not share one time axis: {', '.join(wanted)}")
    found = reading_series(
        asking.connection,
        wanted,
        scope=asking.scope,
        starts_at=question.since,
        ends_at=question.until,
        meters=[MeterId(meter)],
    )
    columns = {q.value: found.values[q] for q in wanted}
    curves = Curves(seconds=seconds_of(found.taken_at), columns=columns)
    step_s = usual_step_s(curves.seconds)
    return _curves(break_gaps(curves, GAP_STEPS * step_s) if step_s else curves, question)


@router.get("/api/meters/{meter}/load", response_class=Response, responses=CURVES)
def api_load(asking: Ask, meter: str, question: Annotated[CurveQuestion, Depends()]) -> Response:
    """Return the load curve on the primary side: columns ``actual_kw`` and ``estimated_kw``, as steps.

    What stands in for a missing slot (letters E, S, F) is estimated; raw beside final: ``finals``.
    """
    meter_card(asking, meter)
    found = finest_settled_series(
        asking.connection,
        scope=asking.scope,
        starts_at=question.since,
        ends_at=question.until,
        meters=[MeterId(meter)],
    )
    return _curves(load_curve(*import_of(found)), question)


@router.get("/api/episodes")
def api_episodes(
    asking: Ask, paging: Paged, question: Annotated[ApiEpisodeQuestion, Depends()], sort: Order = ""
) -> EpisodePage:
    """Return episodes, open and grave ones first unless ``sort`` asks for another order."""
    wanted = question.filter(asking.now)
    cards = episode_cards(
        asking.connection,
        wanted,
        scope=asking.scope,
        order=order_of(sort),
        limit=paging.limit,
        offset=paging.offset,
    )
    total = episode_total(asking.connection, wanted, scope=asking.scope)
    paging.tell(total)
    return EpisodePage(
        total=total,
        episodes=[_api_episode(card, asking) for card in cards],
    )


@router.get("/api/episodes/{episode}")
def api_episode(asking: Ask, episode: str) -> ApiEpisode:
    """Return one episode."""
    card = episode_card(asking.connection, episode, scope=asking.scope)
    if card is None:
        raise NotFoundError(marked("No such episode. It may have been withdrawn when late data came."))
    return _api_episode(card, asking)


@router.get("/api/episodes/{episode}/curves/{name}", response_class=Response, responses=PACKED)
def api_episode_curves(asking: Ask, episode: str, name: str) -> Response:
    """Return one piece of an episode's evidence as curves, packed as the series of a meter are."""
    card = episode_card(asking.connection, episode, scope=asking.scope)
    value = None if card is None else card.evidence.get(name)
    if not is_curves(value):
        raise NotFoundError(marked("No such episode. It may have been withdrawn when late data came."))
    return Response(pack(columns_of(value)), media_type="application/octet-stream")


def _api_episode(card: EpisodeCard, asking: Asking) -> ApiEpisode:
    return ApiEpisode(
        id=card.id,
        detector=card.detector,
        version=card.version,
        meter_id=card.meter,
        service_point=card.service_point,
        area=card.area,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        detected_at=card.detected_at,
        verdict=card.verdict,
        severity=card.severity,
        score=card.score,
        energy_kwh=card.energy_kwh,
        text=told(card, asking.formats).text,
        message=card.message,
        parameters=card.parameters,
        evidence=card.evidence,
    )


def _curves(curves: Curves, question: CurveQuestion) -> Response:
    thinned = thin(curves, question.points)
    if question.format == "binary":
        return Response(pack(thinned), media_type="application/octet-stream")
    body = {"seconds": thinned.seconds, **thinned.columns}
    # orjson writes NaN as null, which is what a missing value is in JSON.
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
