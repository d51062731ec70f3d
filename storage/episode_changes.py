"""What people do with episodes (异常处理): their fields, and a line of history for every change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from storage.database import Connection, storage_errors
from storage.episodes import EpisodeState, announce_episodes


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeChange:
    """One thing that a person did with an episode."""

    at: datetime
    person: str
    deed: str
    """acknowledged, assigned, noted, closed, reopened, confirmed or rejected."""
    detail: str
    """The cause, the note, or to whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFields:
    """People's fields as they are to be; None leaves one as it is, and an empty assignee is nobody."""

    state: EpisodeState | None = None
    assignee: str | None = None
    note: str | None = None


def change_episode(
    connection: Connection, episode: str, fields: NewFields, change: EpisodeChange, *, revision: int | None
) -> bool:
    """Write people's fields and the line of history; False where there is none of this revision any more.

    Args:
        connection: The database.
        episode: Its id.
        fields: What is to be.
        change: Who did what.
        revision: What the person had seen; None changes whatever is there.
    """
    with storage_errors(f"changing episode {episode}"), connection.transaction():
        row = connection.execute(
            """
            UPDATE episode SET revision = revision + 1, state = coalesce(%(state)s, state),
                decided_at = CASE WHEN %(state)s::text IS NULL THEN decided_at ELSE %(at)s END,
                assignee = CASE WHEN %(assignee)s::text IS NULL THEN assignee
                                ELSE nullif(%(assignee)s, '') END,
                note = coalesce(%(note)s, note)
            WHERE id = %(id)s AND (%(revision)s::int IS NULL OR revision = %(revision)s)
            RETURNING meter, service_point
            """,
            {
                "id": episode,
                "revision": revision,
                "state": None if fields.state is None else fields.state.value,
                "assignee": fields.assignee,
                "note": fields.note,
                "at": change.at,
            },
        ).fetchone()
        if row is None:
            return False
        connection.execute(
            "INSERT INTO episode_change (episode, at, person, deed, detail) VALUES (%s, %s, %s, %s, %s)",
            (episode, change.at, change.person, change.deed, change.detail),
        )
        meter, point = row
        announce_episodes(connection, [meter], [point] if point is not None else [])
    return True


def episode_changes(connection: Connection, episode: str) -> list[EpisodeChange]:
    """Return what people did with an episode, the newest first."""
    with (
        storage_errors("reading what was done with an episode"),
        connection.cursor(row_factory=class_row(EpisodeChange)) as cursor,
    ):
        return cursor.execute(
            "SELECT at, person, deed, detail FROM episode_change WHERE episode = %s ORDER BY number DESC",
            (episode,),
        ).fetchall()
