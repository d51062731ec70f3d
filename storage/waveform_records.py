"""What records of waveforms (录波) told of service points at rest: each record once, for every judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from analysis.power_quality.recorded import Recorded, recorded_document, recorded_of
from pipeline.model import Scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveformRecord:
    """One record that was taken at a service point, and what it tells."""

    service_point: str
    """Or the id of a meter that stands alone."""
    name: str
    """Of its file."""
    starts_at: datetime
    ends_at: datetime
    recorded: Recorded


def save_waveform_record(connection: Connection, record: WaveformRecord) -> None:
    """Keep a record; the same one (by point, name and beginning) takes the place of what was kept of it.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"keeping waveform record {record.name}"):
        connection.execute(
            "INSERT INTO waveform_record (service_point, name, starts_at, ends_at, detail) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (service_point, name, starts_at) "
            "DO UPDATE SET ends_at = excluded.ends_at, detail = excluded.detail",
            (
                record.service_point,
                record.name,
                record.starts_at,
                record.ends_at,
                Jsonb(recorded_document(record.recorded)),
            ),
        )


def remove_waveform_records(connection: Connection, service_point: str, name: str) -> int:
    """Take the records of a name away from a point; return how many there were.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"taking waveform record {name} away"):
        return connection.execute(
            "DELETE FROM waveform_record WHERE service_point = %s AND name = %s", (service_point, name)
        ).rowcount


def waveform_records(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    service_points: Sequence[str],
) -> list[WaveformRecord]:
    """Return the records of points that touch ``[starts_at, ends_at)``, oldest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading waveform records"):
        rows = connection.execute(
            "SELECT service_point, name, starts_at, ends_at, detail FROM waveform_record AS w "
            "WHERE service_point = ANY(%(points)s) AND starts_at < %(to)s AND ends_at >= %(from)s "
            "AND (%(areas)s::text[] IS NULL OR EXISTS (SELECT 1 FROM service_point AS p "
            "WHERE p.id = w.service_point AND p.area = ANY(%(areas)s))) "
            "ORDER BY starts_at, service_point, name",
            {
                "points": list(service_points),
                "from": starts_at,
                "to": ends_at,
                "areas": None if scope.areas is None else sorted(scope.areas),
            },
        ).fetchall()
    return [
        WaveformRecord(
            service_point=point, name=name, starts_at=begin, ends_at=end, recorded=recorded_of(detail)
        )
        for point, name, begin, end, detail in rows
    ]
