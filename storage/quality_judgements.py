"""Verdicts on power quality at rest: each month of a service point as it was judged last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMonth:
    """One service point's month: its verdicts as JSON objects, in the order of the report."""

    service_point: str
    """Or the id of a meter that stands alone."""
    month: date
    """Its first day."""
    meter: MeterId
    documents: Sequence[Mapping[str, Any]]  # Any: JSON
    """As ``analysis.power_quality.documents`` makes them."""


def save_judged_month(connection: Connection, judged: JudgedMonth) -> None:
    """Store the verdicts of a month in place of those that were there.

    Raises:
        StorageError: If the database is away or refuses; what was there stays then.
    """
    with storage_errors(f"storing verdicts of {judged.service_point}"), connection.transaction():
        connection.execute(
            "DELETE FROM quality_judgement WHERE service_point = %s AND month = %s",
            (judged.service_point, judged.month),
        )
        connection.cursor().executemany(
            "INSERT INTO quality_judgement (service_point, month, meter_id, number, check_name, subject, "
            "standard, verdict, value, limit_value, detail) "
            "SELECT %s, %s, meter_id, %s, %s, %s, %s, %s, %s, %s, %s FROM meter WHERE id = %s",
            [
                (
                    judged.service_point,
                    judged.month,
                    number,
                    document["check"],
                    document["subject"],
                    document["standard"],
                    document["verdict"],
                    document["value"],
                    document["limit"],
                    Jsonb(dict(document)),
                    judged.meter,
                )
                for number, document in enumerate(judged.documents)
            ],
        )


def judged_months(
    connection: Connection,
    *,
    scope: Scope,
    first: date,
    last: date,
    service_points: Sequence[str] | None = None,
) -> list[JudgedMonth]:
    """Return the months whose first days lie from ``first`` to ``last``, both included, by point and month.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading verdicts"):
        rows = connection.execute(
            "SELECT q.service_point, q.month, m.id, array_agg(q.detail ORDER BY q.number) "
            "FROM quality_judgement AS q JOIN meter AS m USING (meter_id) "
            "WHERE q.month BETWEEN %(first)s AND %(last)s "
            "AND (%(points)s::text[] IS NULL OR q.service_point = ANY(%(points)s)) "
            "AND (%(areas)s::text[] IS NULL OR EXISTS (SELECT 1 FROM service_point AS p "
            "WHERE p.id = q.service_point AND p.area = ANY(%(areas)s))) "
            "GROUP BY 1, 2, 3 ORDER BY 1, 2",
            {
                "first": first,
                "last": last,
                "points": None if service_points is None else list(service_points),
                "areas": None if scope.areas is None else sorted(scope.areas),
            },
        ).fetchall()
    return [
        JudgedMonth(service_point=point, month=month, meter=MeterId(meter), documents=documents)
        for point, month, meter, documents in rows
    ]
