"""Months of power quality as pages list them: what the verdicts of each point come to, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from pipeline.model import Scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCard:
    """One service point's month: how many of its binding verdicts are what."""

    service_point: str
    name: str
    customer: str
    zone: str | None
    month: date
    meter: str
    violating: int
    not_decidable: int
    compliant: int
    violated: Sequence[str]
    """Names of the checks that violate."""
    total: int
    """Of all that the question finds."""

    @property
    def verdict(self) -> str:
        """What they come to: one violation violates, one open question leaves it open."""
        counts = (("violating", self.violating), ("not decidable", self.not_decidable))
        rest = "compliant" if self.compliant else "not applicable"
        return next((name for name, count in counts if count), rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFilter:
    """Which months."""

    month: date
    for_comparison: Sequence[str]
    """Standards, by the beginning of their names, that a month is not held against."""
    search: str = ""
    service_point: str | None = None


_CARDS = """
WITH cards AS (
    SELECT q.service_point, coalesce(p.name, '') AS name, coalesce(p.customer, '') AS customer, a.zone,
        q.month, m.id AS meter,
        count(*) FILTER (WHERE q.verdict = 'violating') AS violating,
        count(*) FILTER (WHERE q.verdict = 'not decidable') AS not_decidable,
        count(*) FILTER (WHERE q.verdict = 'compliant') AS compliant,
        coalesce(array_agg(DISTINCT q.check_name) FILTER (WHERE q.verdict = 'violating'), '{}') AS violated
    FROM quality_judgement AS q JOIN meter AS m USING (meter_id)
    LEFT JOIN service_point AS p ON p.id = q.service_point
    LEFT JOIN area AS a ON a.id = p.area
    WHERE q.month = %(month)s
    AND q.standard IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM unnest(%(compared)s::text[]) AS c WHERE starts_with(q.standard, c))
    AND (%(areas)s::text[] IS NULL OR p.area = ANY(%(areas)s))
    AND (%(point)s::text IS NULL OR q.service_point = %(point)s)
    AND (%(search)s = '' OR
        position(lower(%(search)s) IN lower(
            concat_ws(' ', q.service_point, p.name, p.customer, m.id, p.area, a.name))) > 0)
    GROUP BY q.service_point, p.name, p.customer, a.zone, q.month, m.id
)
SELECT *, count(*) OVER () AS total FROM cards ORDER BY violating DESC, not_decidable DESC, service_point
LIMIT %(limit)s OFFSET %(offset)s
"""


def quality_cards(
    connection: Connection, wanted: QualityFilter, *, scope: Scope, limit: int, offset: int = 0
) -> list[QualityCard]:
    """Return a part of the list: most violations first, then most open questions.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("listing verdicts"), connection.cursor(row_factory=class_row(QualityCard)) as cursor:
        return cursor.execute(
            _CARDS,
            {
                "month": wanted.month,
                "compared": list(wanted.for_comparison),
                "search": wanted.search.strip(),
                "point": wanted.service_point,
                "areas": None if scope.areas is None else sorted(scope.areas),
                "limit": limit,
                "offset": offset,
            },
        ).fetchall()


def quality_months(connection: Connection, *, scope: Scope) -> list[tuple[date, int]]:
    """Return the months that were judged, the newest first, with how many points each has.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("listing months of verdicts"):
        return connection.execute(
            "SELECT q.month, count(DISTINCT q.service_point) FROM quality_judgement AS q "
            "LEFT JOIN service_point AS p ON p.id = q.service_point "
            "WHERE %(areas)s::text[] IS NULL OR p.area = ANY(%(areas)s) "
            "GROUP BY q.month ORDER BY q.month DESC",
            {"areas": None if scope.areas is None else sorted(scope.areas)},
        ).fetchall()
