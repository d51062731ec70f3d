"""The cases (稽查工单) that the pages list: ranked, page by page, within the caller's areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from pipeline.model import Json, Scope
from storage.dashboard_episodes import SEEN, EpisodeCard, areas_of, episodes_of_ids
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """A case as it was last worked out, with people's own fields."""

    id: str
    place: str
    points: Sequence[str]
    """The names of its service points."""
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
    hits: Sequence[Mapping[str, Json]]
    """The heaviest first, as ``pipeline.case_records.Hit.as_json`` writes them."""
    assignee: str | None
    note: str | None
    zone: str | None
    amended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFeedback:
    """What somebody found about an episode of a case."""

    episode: str
    outcome: str
    cause: str
    recovered_kwh: float | None
    given_by: str
    given_at: datetime


_FOUND: LiteralString = (
    """
    FROM inspection_case AS c CROSS JOIN LATERAL (
        SELECT count(*) AS seen, min(a.zone) AS zone,
               coalesce(array_agg(DISTINCT coalesce(nullif(p.name, ''), p.id))
                        FILTER (WHERE p.id IS NOT NULL), '{}') AS points
    """
    + SEEN
    + """ AND e.id = ANY (c.episodes)
    ) AS own
    -- A case is shown to whoever may see all of it.
    WHERE (%(areas)s::text[] IS NULL OR own.seen = cardinality(c.episodes))
      AND (%(standing)s::text IS NULL OR c.standing = %(standing)s)
    """
)
_CARD: LiteralString = """
    SELECT c.id, c.place, own.points, c.meters, c.standing, c.starts_at, c.ends_at, c.detected_at,
           c.probability, c.energy_kwh, c.visits, c.priority_kwh, c.episodes, c.hits, c.assignee, c.note,
           own.zone, c.amended_at
"""


def case_cards(
    connection: Connection, standing: str | None, *, scope: Scope, limit: int = 50, offset: int = 0
) -> list[CaseCard]:
    """Return cases by what a visit brings; where no energy is known, by how likely they are."""
    query = (
        _CARD + _FOUND + "ORDER BY c.priority_kwh DESC, c.probability DESC, c.starts_at, c.id "
        "LIMIT %(limit)s OFFSET %(offset)s"
    )
    bound = {**_bound(standing, scope), "limit": limit, "offset": offset}
    with storage_errors("listing cases"), connection.cursor(row_factory=class_row(CaseCard)) as cursor:
        return cursor.execute(query, bound).fetchall()


def case_counts(connection: Connection, *, scope: Scope) -> dict[str, int]:
    """Return how many cases there are of each standing."""
    query = "SELECT c.standing, count(*)" + _FOUND + "GROUP BY c.standing"
    with storage_errors("counting cases"):
        rows = connection.execute(query, _bound(None, scope)).fetchall()
    return {str(standing): int(count) for standing, count in rows}


def case_card(connection: Connection, case: str, *, scope: Scope) -> CaseCard | None:
    """Return one case, or None where it is unknown or not wholly in the caller's areas."""
    bound = {**_bound(None, scope), "id": case}
    with storage_errors("reading a case"), connection.cursor(row_factory=class_row(CaseCard)) as cursor:
        return cursor.execute(_CARD + _FOUND + "AND c.id = %(id)s", bound).fetchone()


def case_episodes(connection: Connection, case: CaseCard, *, scope: Scope) -> list[EpisodeCard]:
    """Return the episodes of a case, oldest first."""
    return episodes_of_ids(connection, case.episodes, scope=scope)


def case_feedback(connection: Connection, case: CaseCard) -> list[GivenFeedback]:
    """Return what people found about a case's episodes, newest first."""
    with (
        storage_errors("reading feedback"),
        connection.cursor(row_factory=class_row(GivenFeedback)) as cursor,
    ):
        return cursor.execute(
            "SELECT episode, outcome, cause, recovered_kwh, given_by, given_at FROM episode_feedback "
            "WHERE episode = ANY (%s) ORDER BY given_at DESC, id DESC",
            (list(case.episodes),),
        ).fetchall()


def _bound(standing: str | None, scope: Scope) -> dict[str, object]:
    return {"areas": areas_of(scope), "standing": standing}
