"""Incidents (告警事件) at rest: their signals, what they have become, and what people wrote on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import LiteralString

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.alarms.model import Held, Incident, IncidentState, Signal, Source
from pipeline.model import Severity
from storage.database import Connection, storage_errors

_LOCK = 3_200_001
"""Of the advisory lock: one look at a time."""
_PLACED: LiteralString = """
    SELECT e.id, e.detector AS what, e.severity, e.starts_at, e.ends_at, e.meter,
           coalesce(e.service_point, hung.service_point) AS service_point, p.area, hung.bus,
           e.message, e.parameters, e.verdict, e.state, e.decided_at
    FROM episode AS e
    LEFT JOIN LATERAL (
        SELECT i.service_point, i.bus FROM installation AS i JOIN meter AS m USING (meter_id)
        WHERE m.id = e.meter AND (i.starts_at IS NULL OR i.starts_at <= e.starts_at)
          AND (i.ends_at IS NULL OR i.ends_at > e.starts_at)
        ORDER BY i.starts_at DESC NULLS LAST LIMIT 1
    ) AS hung ON true
    LEFT JOIN service_point AS p ON p.id = coalesce(e.service_point, hung.service_point)
"""
"""Episodes with the place where their meter hung when they began."""
_INCIDENT = (
    *("id", "cause", "place", "severity", "state", "starts_at", "ends_at", "opened_at", "closed_at"),
    *("reopened", "areas", "signals", "meters", "acknowledged_at", "merged_into"),
)
_SIGNAL = (
    *("id", "source", "what", "severity", "starts_at", "ends_at", "meter", "service_point", "area", "bus"),
    "facts",
)


def _names(names: Sequence[str], table: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*([] if table is None else [table]), n) for n in names)


def _upsert(table: str, names: Sequence[str], special: Mapping[str, LiteralString]) -> sql.Composed:
    """Return the statement that keeps a row under its id and leaves an equal one alone.

    ``special`` says what becomes of fields that are not simply replaced.
    """
    plain = [name for name in names if name != "id" and name not in special]
    new = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in plain]
    new += [sql.SQL("{} = {}").format(sql.Identifier(n), sql.SQL(how)) for n, how in special.items()]
    return sql.SQL(
        "INSERT INTO {table} AS old ({names}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {new} "
        "WHERE ({old}) IS DISTINCT FROM ({excluded})"
    ).format(
        table=sql.Identifier(table),
        names=_names(names),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        new=sql.SQL(", ").join(new),
        old=_names(plain, "old"),
        excluded=_names(plain, "excluded"),
    )


_SAVE_INCIDENT = _upsert(
    "incident",
    (*_INCIDENT, "held"),
    {
        # People's: they stay until the incident is opened again.
        "acknowledged_at": "CASE WHEN excluded.reopened = old.reopened THEN old.acknowledged_at END",
        "acknowledged_by": "CASE WHEN excluded.reopened = old.reopened THEN old.acknowledged_by END",
        "amended_at": "now()",
    },
)
_SAVE_SIGNAL = _upsert("incident_signal", (*_SIGNAL, "incident"), {})


@contextmanager
def one_look(connection: Connection) -> Iterator[bool]:
    """Open a transaction that only one process has; gives whether it is ours."""
    with storage_errors("working out incidents"), connection.transaction():
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
        yield bool(row is not None and row[0])


def episode_signals(connection: Connection, *, since: datetime, known: Sequence[str]) -> list[Signal]:
    """Return the abnormal episodes that go on or ended after ``since``, and those that are known, as signals.

    What people closed ended then, and is a signal only while it is known. A known one that was rejected, is
    no longer abnormal, or is gone, is left out.
    """
    with storage_errors("reading episodes"), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _PLACED + "WHERE e.verdict = 'abnormal' AND e.state <> 'rejected' "
            "AND (e.id = ANY(%(known)s) OR (e.state <> 'closed' "
            "AND (e.ends_at IS NULL OR e.ends_at > %(since)s))) ORDER BY e.id",
            {"since": since, "known": list(known)},
        ).fetchall()
    return [
        Signal(
            id=row["id"],
            source=Source.EPISODE,
            what=row["what"],
            severity=Severity(row["severity"]),
            starts_at=row["starts_at"],
            ends_at=_end(row["ends_at"], row["decided_at"] if row["state"] == "closed" else None),
            meter=row["meter"] or None,
            service_point=row["service_point"],
            area=row["area"],
            bus=row["bus"],
            facts={"message": row["message"], "parameters": row["parameters"]},
        )
        for row in rows
    ]


def standing_incidents(connection: Connection, *, since: datetime) -> list[Incident]:
    """Return the incidents that are open, or whose last signal goes on or ended after ``since``."""
    with storage_errors("reading incidents"), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            sql.SQL(
                "SELECT {} FROM incident WHERE state = 'open' "
                "OR (state = 'closed' AND (ends_at IS NULL OR ends_at > %s)) ORDER BY id"
            ).format(_names(_INCIDENT)),
            (since,),
        ).fetchall()
    return [_incident(row) for row in rows]


def known_signals(connection: Connection, incidents: Sequence[str]) -> list[tuple[Signal, str | None]]:
    """Return the signals of some incidents, and the conditions of operation that belong to none yet."""
    with storage_errors("reading signals"), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            sql.SQL(
                "SELECT {}, incident FROM incident_signal "
                "WHERE incident = ANY(%s) OR (incident IS NULL AND ends_at IS NULL) ORDER BY id"
            ).format(_names(_SIGNAL)),
            (list(incidents),),
        ).fetchall()
    return [(_signal(row), row["incident"]) for row in rows]


def save_incidents(
    connection: Connection,
    incidents: Sequence[Incident],
    signals: Sequence[Signal],
    member_of: Mapping[str, str],
    held: Sequence[Held],
) -> None:
    """Keep incidents and their signals; people's fields stay, but for a reopened one's acknowledgement.

    Raises:
        StorageError: If the database is away or refuses; nothing of this call is stored then.
    """
    holds: dict[str, list[dict[str, str | None]]] = {}
    for one in held:
        until = None if one.until is None else one.until.isoformat()
        holds.setdefault(one.incident, []).append({"route": one.route, "by": one.by, "until": until})
    # What others merged into comes first: a merged one refers to it.
    ordered = sorted(incidents, key=lambda i: (i.merged_into is not None, i.id))
    members = sorted(signals, key=lambda signal: signal.id)
    with storage_errors(f"saving {len(incidents)} incidents"), connection.transaction():
        with connection.cursor() as cursor:
            cursor.executemany(_SAVE_INCIDENT, [_incident_row(i, holds.get(i.id, [])) for i in ordered])
            cursor.executemany(_SAVE_SIGNAL, [_signal_row(s, member_of.get(s.id)) for s in members])
        connection.execute("DELETE FROM incident_signal WHERE incident IS NULL AND ends_at IS NOT NULL")


def acknowledge_incident(  # noqa: PLR0913 - one deed with all that it is made upon
    connection: Connection,
    incident: str,
    *,
    by: str,
    at: datetime,
    note: str | None,
    seen: tuple[str | None, str | None] | None = None,
) -> bool:
    """Write who has taken an incident on, once; a note replaces the one before. Tells whether it was done.

    ``seen`` is who had taken it on and the note when the person looked; where others stand there by now
    nothing is written. None: nobody looked.
    """
    seen_by, seen_note = seen or (None, None)
    with storage_errors(f"acknowledging incident {incident}"):
        return (
            connection.execute(
                "UPDATE incident SET acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN %(by)s "
                "ELSE acknowledged_by END, acknowledged_at = coalesce(acknowledged_at, %(at)s), "
                "note = coalesce(%(note)s, note), amended_at = now() WHERE id = %(id)s "
                "AND (NOT %(looked)s OR acknowledged_by IS NOT DISTINCT FROM %(seen_by)s "
                "AND note IS NOT DISTINCT FROM %(seen_note)s)",
                {
                    "id": incident,
                    "by": by,
                    "at": at,
                    "note": note,
                    "looked": seen is not None,
                    "seen_by": seen_by,
                    "seen_note": seen_note,
                },
            ).rowcount
            > 0
        )


def _end(ends_at: datetime | None, closed_at: datetime | None) -> datetime | None:
    known = [end for end in (ends_at, closed_at) if end is not None]
    return min(known, default=None)


def _incident(row: Mapping[str, object]) -> Incident:
    values = dict(row)
    values["severity"] = Severity(int(str(values["severity"])))
    values["state"] = IncidentState(str(values["state"]))
    values["areas"] = tuple(values["areas"])  # type: ignore[arg-type]  # an array of texts
    return Incident(**values)  # type: ignore[arg-type]  # the table mirrors the record


def _incident_row(incident: Incident, held: Sequence[Mapping[str, str | None]]) -> list[object]:
    values = {name: getattr(incident, name) for name in _INCIDENT}
    values |= {"severity": int(incident.severity), "state": incident.state.value}
    values["areas"] = list(incident.areas)
    return [*values.values(), Jsonb(list(held))]


def _signal(row: Mapping[str, object]) -> Signal:
    values = {name: value for name, value in row.items() if name != "incident"}
    values["severity"] = Severity(int(str(values["severity"])))
    values["source"] = Source(str(values["source"]))
    return Signal(**values)  # type: ignore[arg-type]  # the table mirrors the record


def _signal_row(signal: Signal, incident: str | None) -> list[object]:
    values = {name: getattr(signal, name) for name in _SIGNAL}
    values |= {"severity": int(signal.severity), "source": signal.source.value}
    values["facts"] = Jsonb(dict(signal.facts))
    return [*values.values(), incident]
