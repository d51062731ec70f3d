"""Which critical episodes (严重异常) were told to the flows' server, so that each is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from pipeline.model import Severity, Verdict
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalEpisode:
    """What an event tells of an episode."""

    id: str
    detector: str
    meter: str | None
    service_point: str | None
    starts_at: datetime


def untold_critical(connection: Connection, limit: int = 1000) -> list[CriticalEpisode]:
    """Return critical episodes that were not told yet, the oldest first."""
    with (
        storage_errors("looking for critical episodes"),
        connection.cursor(row_factory=class_row(CriticalEpisode)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT id, detector, meter, service_point, starts_at FROM episode AS e
            WHERE severity >= %s AND verdict = %s
              AND NOT EXISTS (SELECT 1 FROM told_episode AS t WHERE t.episode = e.id)
            ORDER BY starts_at, id LIMIT %s
            """,
            (int(Severity.CRITICAL), Verdict.ABNORMAL.value, limit),
        ).fetchall()


def mark_told(connection: Connection, episodes: Sequence[str], now: datetime) -> None:
    """Note that episodes were told."""
    with storage_errors("noting which critical episodes were told"), connection.transaction():
        connection.cursor().executemany(
            "INSERT INTO told_episode (episode, told_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [(episode, now) for episode in episodes],
        )
