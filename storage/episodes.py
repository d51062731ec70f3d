"""Episodes (异常) at rest: amended under their id, never doubled; what people wrote on them stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from pipeline.model import Episode, FoundStretch, MeterId, Scope, Severity, Verdict
from storage.announcements import Topic, announce, meter_numbers_at
from storage.database import Connection, storage_errors

_FIELDS = (
    "id",
    "detector",
    "version",
    "meter",
    "service_point",
    "starts_at",
    "ends_at",
    "detected_at",
    "verdict",
    "severity",
    "score",
    "energy_kwh",
    "message",
    "parameters",
    "evidence",
)


_RECONCILING = 0x6B776570
"""The advisory lock of whoever reconciles what was found with what is stored ("kwep")."""


class EpisodeState(StrEnum):
    """What people have made of an episode."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CLOSED = "closed"


SETTLED = frozenset({EpisodeState.REJECTED, EpisodeState.CLOSED})
"""What people made of those that need nobody any more, though what was found may go on."""
PENDING: LiteralString = "(e.ends_at IS NULL AND e.state NOT IN ('rejected', 'closed'))"
"""The same in SQL: an episode ``e`` still has to be dealt with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEpisode:
    """An episode with people's own fields."""

    episode: Episode
    state: EpisodeState
    assignee: str | None
    note: str | None
    decided_at: datetime | None

    @property
    def is_pending(self) -> bool:
        """Whether it goes on and still has to be dealt with."""
        return self.episode.ends_at is None and self.state not in SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeReport:
    """What saving did."""

    added: int
    amended: int
    unchanged: int


def save_episodes(connection: Connection, episodes: Sequence[Episode]) -> EpisodeReport:
    """Store episodes; one that is there under its id is amended, and people's fields stay as they are.

    Raises:
        StorageError: If the database is away or refuses; nothing of this call is stored then.
    """
    rest = _FIELDS[1:]
    statement = sql.SQL(
        "INSERT INTO episode AS old ({fields}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {new}, "
        "amended_at = now() WHERE ({old}) IS DISTINCT FROM ({excluded}) RETURNING (xmax = 0)"
    ).format(
        fields=sql.SQL(", ").join(map(sql.Identifier, _FIELDS)),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(_FIELDS)),
        new=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(f)) for f in rest),
        old=sql.SQL(", ").join(sql.Identifier("old", f) for f in rest),
        excluded=sql.SQL(", ").join(sql.Identifier("excluded", f) for f in rest),
    )
    added = amended = 0
    touched: list[Episode] = []
    with storage_errors(f"saving {len(episodes)} episodes"), connection.transaction():
        for episode in sorted(episodes, key=lambda e: e.id):
            row = connection.execute(statement, _row(episode)).fetchone()
            if row is not None:
                added += bool(row[0])
                amended += not row[0]
                touched.append(episode)
        if touched:
            points = [e.service_point for e in touched if e.service_point is not None]
            announce_episodes(connection, [e.meter for e in touched], points)
    return EpisodeReport(added=added, amended=amended, unchanged=len(episodes) - added - amended)


@contextmanager
def only_reconciler(connection: Connection) -> Iterator[None]:
    """Keep others from reconciling until what the block stores is committed: it waits for those who do.

    Two who each look at what is known before the other has stored would file one stretch twice.
    """
    with storage_errors("reconciling episodes"), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_RECONCILING,))
        yield


def announce_episodes(connection: Connection, meters: Sequence[str], points: Sequence[str]) -> None:
    """Announce, with the open transaction, that episodes of meters or at service points have changed."""
    announce(connection, Topic.EPISODES, meter_numbers_at(connection, meters, points))


def list_episodes(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    detector: str | None = None,
    meters: Sequence[MeterId] | None = None,
    service_points: Sequence[str] | None = None,
    verdict: Verdict | None = None,
    state: EpisodeState | None = None,
    overlaps: tuple[datetime, datetime] | None = None,
    ids: Sequence[str] | None = None,
) -> list[StoredEpisode]:
    """Return all episodes that fit, the newest first: what is reconciled with them must know each.

    Args:
        connection: The database.
        scope: The areas the caller may see.
        detector: Only of this detector.
        meters: Only of these meters.
        service_points: Only at these service points.
        verdict: Only with this verdict.
        state: Only in this state.
        overlaps: Only those that touch ``[start, end)``.
        ids: Only these.
    """
    with storage_errors("listing episodes"):
        rows = connection.execute(
            sql.SQL(
                "SELECT {fields}, state, assignee, note, decided_at FROM episode AS e "
                "WHERE (%(areas)s::text[] IS NULL OR EXISTS (SELECT 1 FROM service_point AS p "
                "WHERE p.id = e.service_point AND p.area = ANY(%(areas)s))) "
                "AND (%(detector)s::text IS NULL OR detector = %(detector)s) "
                "AND (%(meters)s::text[] IS NULL OR meter = ANY(%(meters)s)) "
                "AND (%(points)s::text[] IS NULL OR service_point = ANY(%(points)s)) "
                "AND (%(verdict)s::text IS NULL OR verdict = %(verdict)s) "
                "AND (%(state)s::text IS NULL OR state = %(state)s) "
                "AND (%(from)s::timestamptz IS NULL OR ends_at IS NULL OR ends_at > %(from)s) "
                "AND (%(to)s::timestamptz IS NULL OR starts_at < %(to)s) "
                "AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s)) "
                "ORDER BY starts_at DESC, id"
            ).format(fields=sql.SQL(", ").join(map(sql.Identifier, _FIELDS))),
            {
                "areas": None if scope.areas is None else sorted(scope.areas),
                "detector": detector,
                "meters": None if meters is None else list(meters),
                "points": None if service_points is None else list(service_points),
                "verdict": verdict,
                "state": state,
                "from": None if overlaps is None else overlaps[0],
                "to": None if overlaps is None else overlaps[1],
                "ids": None if ids is None else list(ids),
            },
        ).fetchall()
    return [_stored(row) for row in rows]


def found_stretches(
    connection: Connection, detectors: Sequence[str], overlaps: tuple[datetime, datetime]
) -> list[FoundStretch]:
    """Return when and of whom some detectors found what touches ``[start, end)`` and was not withdrawn."""
    with storage_errors("listing when something was found"):
        rows = connection.execute(
            "SELECT detector, meter, service_point, starts_at, ends_at FROM episode "
            "WHERE detector = ANY(%s) AND verdict <> 'normal' AND starts_at < %s "
            "AND (ends_at IS NULL OR ends_at > %s) ORDER BY detector, meter, starts_at, id",
            (list(detectors), overlaps[1], overlaps[0]),
        ).fetchall()
    return [
        FoundStretch(
            detector=detector, meter=MeterId(meter), service_point=point, starts_at=starts_at, ends_at=ends_at
        )
        for detector, meter, point, starts_at, ends_at in rows
    ]


def get_episode(connection: Connection, episode_id: str) -> StoredEpisode | None:
    """Return one episode; None if there is none of that id."""
    with storage_errors(f"looking up episode {episode_id}"):
        row = connection.execute(
            sql.SQL("SELECT {}, state, assignee, note, decided_at FROM episode WHERE id = %s").format(
                sql.SQL(", ").join(map(sql.Identifier, _FIELDS))
            ),
            (episode_id,),
        ).fetchone()
    return None if row is None else _stored(row)


def _row(episode: Episode) -> list[object]:
    values = {name: getattr(episode, name) for name in _FIELDS}
    values["verdict"] = episode.verdict.value
    values["severity"] = int(episode.severity)
    values["parameters"] = Jsonb(dict(episode.parameters))
    values["evidence"] = Jsonb(dict(episode.evidence))
    return [values[name] for name in _FIELDS]


def _stored(row: Sequence[object]) -> StoredEpisode:
    values = dict(zip(_FIELDS, row, strict=False))
    state, assignee, note, decided_at = row[len(_FIELDS) :]
    values["verdict"] = Verdict(str(values["verdict"]))
    values["severity"] = Severity(int(str(values["severity"])))
    return StoredEpisode(
        episode=Episode(**values),  # type: ignore[arg-type]  # the table mirrors the record
        state=EpisodeState(str(state)),
        assignee=assignee,  # type: ignore[arg-type]  # as above
        note=note,  # type: ignore[arg-type]  # as above
        decided_at=decided_at,  # type: ignore[arg-type]  # as above
    )
