"""The episodes (异常) that the pages list: filtered, ordered, page by page, within the caller's areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from psycopg.rows import class_row

from pipeline.model import Json, Scope
from storage.database import Connection, storage_errors
from storage.episodes import PENDING, SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeCard:
    """An episode with what people need to know about its meter."""

    id: str
    detector: str
    version: int
    meter: str
    service_point: str | None
    service_point_name: str | None
    area: str | None
    zone: str | None
    starts_at: datetime
    ends_at: datetime | None
    detected_at: datetime
    verdict: str
    severity: int
    score: float
    energy_kwh: float | None
    message: str
    parameters: Mapping[str, float | int | str]
    evidence: Mapping[str, Json]
    state: str = "open"
    """What people have made of it: open, acknowledged, confirmed, rejected or closed."""
    assignee: str | None = None
    note: str | None = None
    revision: int = 0
    """How often people have changed it."""

    @property
    def is_pending(self) -> bool:
        """Whether it goes on and still has to be dealt with."""
        return self.ends_at is None and self.state not in SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFilter:
    """What a list of episodes is narrowed to; None leaves a field open."""

    verdict: str | None = None
    severity: int | None = None
    detector: str | None = None
    meter: str | None = None
    is_open: bool | None = None
    """Whether it still has to be dealt with: it goes on, and nobody has rejected or closed it."""
    since: datetime | None = None
    """Only episodes that had not ended before this instant."""
    states: Sequence[str] | None = None
    """What people have made of it: one of these."""
    assignee: str | None = None
    """Whose it is; an empty text asks for those that are nobody's."""
    area: str | None = None
    started_since: datetime | None = None
    started_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeCount:
    """How many episodes there are of one kind."""

    verdict: str
    severity: int
    detector: str
    is_open: bool
    episodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeChoices:
    """What a list of episodes can be narrowed to."""

    areas: tuple[str, ...]
    assignees: tuple[str, ...]


SEEN: LiteralString = """
    FROM episode AS e
    -- A finding about a meter alone belongs to the place where the meter hung when it began.
    LEFT JOIN LATERAL (
        SELECT i.service_point FROM installation AS i JOIN meter AS m USING (meter_id)
        WHERE m.id = e.meter AND (i.starts_at IS NULL OR i.starts_at <= e.starts_at)
          AND (i.ends_at IS NULL OR i.ends_at > e.starts_at)
        ORDER BY i.starts_at DESC NULLS LAST LIMIT 1
    ) AS hung ON e.service_point IS NULL
    LEFT JOIN service_point AS p ON p.id = coalesce(e.service_point, hung.service_point)
    LEFT JOIN area AS a ON a.id = p.area
    WHERE (%(areas)s::text[] IS NULL OR p.area = ANY (%(areas)s::text[]))
"""
"""Every episode that the caller may see, with its place."""
_FILTERED: LiteralString = f"""
      AND (%(verdict)s::text IS NULL OR e.verdict = %(verdict)s)
      AND (%(severity)s::int IS NULL OR e.severity = %(severity)s)
      AND (%(detector)s::text IS NULL OR e.detector = %(detector)s)
      AND (%(meter)s::text IS NULL OR e.meter = %(meter)s)
      AND (%(is_open)s::bool IS NULL OR {PENDING} = %(is_open)s)
      AND (%(since)s::timestamptz IS NULL OR e.ends_at IS NULL OR e.ends_at > %(since)s)
      AND (%(states)s::text[] IS NULL OR e.state = ANY (%(states)s::text[]))
      AND (%(assignee)s::text IS NULL OR coalesce(e.assignee, '') = %(assignee)s)
      AND (%(area)s::text IS NULL OR p.area = %(area)s)
      AND (%(started_since)s::timestamptz IS NULL OR e.starts_at >= %(started_since)s)
      AND (%(started_before)s::timestamptz IS NULL OR e.starts_at < %(started_before)s)
"""
_CARD: LiteralString = """
    SELECT e.id, e.detector, e.version, e.meter,
           coalesce(e.service_point, hung.service_point) AS service_point,
           p.name AS service_point_name, p.area, a.zone, e.starts_at, e.ends_at, e.detected_at, e.verdict,
           e.severity, e.score, e.energy_kwh, e.message, e.parameters, e.evidence,
           e.state, e.assignee, e.note, e.revision
"""


class EpisodeOrder(StrEnum):
    """What comes first in a list."""

    GRAVE = "grave"
    NEWEST = "newest"
    OLDEST = "oldest"
    ENERGY = "energy"
    SURE = "sure"
    METER = "meter"


_ORDERS: Mapping[EpisodeOrder, LiteralString] = {
    EpisodeOrder.GRAVE: f"{PENDING} DESC, (e.verdict = 'abnormal') DESC, e.severity DESC, "
    "e.starts_at DESC, e.id",
    EpisodeOrder.NEWEST: "e.starts_at DESC, e.id",
    EpisodeOrder.OLDEST: "e.starts_at, e.id",
    EpisodeOrder.ENERGY: "e.energy_kwh DESC NULLS LAST, e.severity DESC, e.id",
    EpisodeOrder.SURE: "e.score DESC, e.severity DESC, e.id",
    EpisodeOrder.METER: "e.meter, e.starts_at DESC, e.id",
}


def episode_cards(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    wanted: EpisodeFilter,
    *,
    scope: Scope,
    order: EpisodeOrder = EpisodeOrder.GRAVE,
    limit: int = 50,
    offset: int = 0,
) -> list[EpisodeCard]:
    """Return episodes: by default open ones first, then the gravest, then the newest."""
    query = _CARD + SEEN + _FILTERED + "ORDER BY " + _ORDERS[order] + " LIMIT %(limit)s OFFSET %(offset)s"
    bound = {**_bound(wanted, scope), "limit": limit, "offset": offset}
    with storage_errors("listing episodes"), connection.cursor(row_factory=class_row(EpisodeCard)) as cursor:
        return cursor.execute(query, bound).fetchall()


def episodes_after(
    connection: Connection, wanted: EpisodeFilter, *, scope: Scope, after: str, limit: int
) -> list[EpisodeCard]:
    """Return episodes in the order of their ids, those after ``after``: for whoever wants them all."""
    query = _CARD + SEEN + _FILTERED + " AND e.id > %(after)s ORDER BY e.id LIMIT %(limit)s"
    bound = {**_bound(wanted, scope), "after": after, "limit": limit}
    with storage_errors("listing episodes"), connection.cursor(row_factory=class_row(EpisodeCard)) as cursor:
        return cursor.execute(query, bound).fetchall()


def episode_total(connection: Connection, wanted: EpisodeFilter, *, scope: Scope) -> int:
    """Return how many episodes pass the filter."""
    with storage_errors("counting episodes"):
        row = connection.execute("SELECT count(*)" + SEEN + _FILTERED, _bound(wanted, scope)).fetchone()
    return row[0] if row is not None else 0


def episode_card(connection: Connection, episode: str, *, scope: Scope) -> EpisodeCard | None:
    """Return one episode, or None where it is unknown or outside the caller's areas."""
    bound = {"areas": areas_of(scope), "id": episode}
    with (
        storage_errors("reading an episode"),
        connection.cursor(row_factory=class_row(EpisodeCard)) as cursor,
    ):
        return cursor.execute(_CARD + SEEN + "AND e.id = %(id)s", bound).fetchone()


def episodes_of_ids(connection: Connection, episodes: Sequence[str], *, scope: Scope) -> list[EpisodeCard]:
    """Return the episodes of some ids that the caller may see, oldest first."""
    bound = {"areas": areas_of(scope), "ids": list(episodes)}
    query = _CARD + SEEN + "AND e.id = ANY (%(ids)s) ORDER BY e.starts_at, e.id"
    with storage_errors("reading episodes"), connection.cursor(row_factory=class_row(EpisodeCard)) as cursor:
        return cursor.execute(query, bound).fetchall()


def episode_counts(connection: Connection, *, scope: Scope) -> list[EpisodeCount]:
    """Return how many episodes there are by verdict, severity, detector and state."""
    query = (
        f"""
        SELECT e.verdict, e.severity, e.detector, {PENDING} AS is_open, count(*) AS episodes
        """
        + SEEN
        + "GROUP BY 1, 2, 3, 4 ORDER BY 3"
    )
    with (
        storage_errors("counting episodes"),
        connection.cursor(row_factory=class_row(EpisodeCount)) as cursor,
    ):
        return cursor.execute(query, {"areas": areas_of(scope)}).fetchall()


def episode_ids(
    connection: Connection, wanted: EpisodeFilter, *, scope: Scope, limit: int
) -> list[tuple[str, int | None]]:
    """Return ids and revisions of the episodes that pass the filter."""
    query = "SELECT e.id, e.revision" + SEEN + _FILTERED + "ORDER BY e.id LIMIT %(limit)s"
    with storage_errors("listing episodes"):
        return connection.execute(query, {**_bound(wanted, scope), "limit": limit}).fetchall()


def episode_choices(connection: Connection, *, scope: Scope) -> EpisodeChoices:
    """Return the areas and assignees that the caller's episodes have."""
    query = (
        """
        SELECT coalesce(array_agg(DISTINCT p.area) FILTER (WHERE p.area IS NOT NULL), '{}'),
               coalesce(array_agg(DISTINCT e.assignee) FILTER (WHERE e.assignee IS NOT NULL), '{}')
        """
        + SEEN
    )
    with storage_errors("listing areas and assignees"):
        row = connection.execute(query, {"areas": areas_of(scope)}).fetchone()
    areas, assignees = row if row is not None else ((), ())
    return EpisodeChoices(areas=tuple(areas), assignees=tuple(assignees))


def _bound(wanted: EpisodeFilter, scope: Scope) -> dict[str, object]:
    return {
        "areas": areas_of(scope),
        "verdict": wanted.verdict,
        "severity": wanted.severity,
        "detector": wanted.detector,
        "meter": wanted.meter,
        "is_open": wanted.is_open,
        "since": wanted.since,
        "states": None if wanted.states is None else list(wanted.states),
        "assignee": wanted.assignee,
        "area": wanted.area,
        "started_since": wanted.started_since,
        "started_before": wanted.started_before,
    }


def areas_of(scope: Scope) -> list[str] | None:
    """Return the areas as a query takes them; None for all."""
    return sorted(scope.areas) if scope.areas is not None else None
