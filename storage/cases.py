"""Cases (稽查工单) and feedback at rest: worked out anew at any time, what people wrote stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.case_records import Case, Feedback, Outcome, Standing
from storage.database import Connection, storage_errors

_FIELDS = (
    "id",
    "place",
    "meters",
    "standing",
    "starts_at",
    "ends_at",
    "detected_at",
    "probability",
    "energy_kwh",
    "visits",
    "priority_kwh",
    "episodes",
    "hits",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """A case as it is kept: which episodes it was made of, and people's own fields."""

    id: str
    episodes: Sequence[str]
    assignee: str | None
    note: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingCase:
    """What has become of a case so far, and its episodes."""

    id: str
    standing: str
    episodes: Sequence[str]


def add_feedback(connection: Connection, feedback: Feedback) -> None:
    """Keep what somebody found; what was found before stays too.

    Raises:
        StorageError: If the database is away or refuses, or the episode is not there.
    """
    with storage_errors(f"feedback on episode {feedback.episode}"), connection.transaction():
        connection.execute(
            "INSERT INTO episode_feedback (episode, outcome, cause, recovered_kwh, given_by, given_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (
                feedback.episode,
                feedback.outcome.value,
                feedback.cause,
                feedback.recovered_kwh,
                feedback.given_by,
                feedback.given_at,
            ),
        )


def all_feedback(connection: Connection, episodes: Sequence[str] | None = None) -> list[Feedback]:
    """Return all feedback, or that on some episodes, oldest first."""
    with storage_errors("reading feedback"):
        rows = connection.execute(
            "SELECT f.episode, e.detector, f.outcome, f.cause, f.recovered_kwh, f.given_by, f.given_at "
            "FROM episode_feedback AS f JOIN episode AS e ON e.id = f.episode "
            "WHERE %(episodes)s::text[] IS NULL OR f.episode = ANY (%(episodes)s) "
            "ORDER BY f.given_at, f.id",
            {"episodes": None if episodes is None else list(episodes)},
        ).fetchall()
    return [
        Feedback(
            episode=str(episode),
            detector=str(detector),
            outcome=Outcome(str(outcome)),
            cause=str(cause),
            recovered_kwh=recovered_kwh,
            given_by=str(given_by),
            given_at=given_at,
        )
        for episode, detector, outcome, cause, recovered_kwh, given_by, given_at in rows
    ]


def known_cases(connection: Connection) -> list[KnownCase]:
    """Return the cases that are kept, the oldest first."""
    with storage_errors("reading cases"), connection.cursor(row_factory=class_row(KnownCase)) as cursor:
        return cursor.execute(
            "SELECT id, episodes, assignee, note, decided_at FROM inspection_case ORDER BY starts_at, id"
        ).fetchall()


def save_cases(connection: Connection, cases: Sequence[Case], cleared: Sequence[str]) -> None:
    """Keep cases under their ids, and mark those of which nothing is left; people's fields stay.

    Raises:
        StorageError: If the database is away or refuses; nothing of this call is stored then.
    """
    statement = sql.SQL(
        "INSERT INTO inspection_case ({fields}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {new}, "
        "amended_at = now()"
    ).format(
        fields=sql.SQL(", ").join(map(sql.Identifier, _FIELDS)),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(_FIELDS)),
        new=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(f)) for f in _FIELDS[1:]),
    )
    with storage_errors(f"saving {len(cases)} cases"), connection.transaction():
        with connection.cursor() as cursor:
            cursor.executemany(statement, [_row(case) for case in sorted(cases, key=lambda c: c.id)])
        connection.execute(
            "UPDATE inspection_case SET standing = %s, amended_at = now() WHERE id = ANY(%s)",
            (Standing.CLEARED.value, list(cleared)),
        )


def standing_cases(connection: Connection, episode: str) -> list[StandingCase]:
    """Return the cases that have an episode and of which something is left."""
    with (
        storage_errors(f"reading the cases of episode {episode}"),
        connection.cursor(row_factory=class_row(StandingCase)) as cursor,
    ):
        return cursor.execute(
            "SELECT id, standing, episodes FROM inspection_case "
            "WHERE episodes @> ARRAY[%s]::text[] AND standing <> %s ORDER BY id FOR UPDATE",
            (episode, Standing.CLEARED.value),
        ).fetchall()


def stand(connection: Connection, case_id: str, standing: Standing) -> None:
    """Write what has become of a case."""
    with storage_errors(f"writing what became of case {case_id}"):
        connection.execute(
            "UPDATE inspection_case SET standing = %s WHERE id = %s", (standing.value, case_id)
        )


def assign_case(
    connection: Connection, case_id: str, *, assignee: str | None, note: str | None, decided_at: datetime
) -> bool:
    """Write people's fields; tells whether the case is there."""
    with storage_errors(f"assigning case {case_id}"):
        return (
            connection.execute(
                "UPDATE inspection_case SET assignee = coalesce(%s, assignee), note = coalesce(%s, note), "
                "decided_at = %s WHERE id = %s",
                (assignee, note, decided_at, case_id),
            ).rowcount
            > 0
        )


def _row(case: Case) -> list[object]:
    values: dict[str, object] = {name: getattr(case, name) for name in _FIELDS}
    values["standing"] = case.standing.value
    values["meters"], values["episodes"] = list(case.meters), list(case.episodes)
    values["hits"] = Jsonb([hit.as_json() for hit in case.hits])
    return [values[name] for name in _FIELDS]
