"""Rectifications (整改) at rest, and the record of who changed what of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any  # Any: what a column or JSON holds

from psycopg import errors
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from pipeline.errors import DataError
from pipeline.rectification import (
    ExternalTest,
    Rectification,
    RectificationChange,
    RectificationState,
    Violation,
)
from storage.database import Connection, storage_errors

_INSERT = """
INSERT INTO rectification (id, service_point, month, check_name, subject, standard, clause, value, unit,
    limit_value, state, opened_at, due, responsible, measures, first_test, retest, closed_at)
VALUES (%(id)s, %(service_point)s, %(month)s, %(check_name)s, %(subject)s, %(standard)s, %(clause)s,
    %(value)s, %(unit)s, %(limit_value)s, %(state)s, %(opened_at)s, %(due)s, %(responsible)s, %(measures)s,
    %(first_test)s, %(retest)s, %(closed_at)s)
"""
_UPDATE = """
UPDATE rectification SET state = %(state)s, due = %(due)s, responsible = %(responsible)s,
    measures = %(measures)s, first_test = %(first_test)s, retest = %(retest)s, closed_at = %(closed_at)s
WHERE id = %(id)s
"""
_CHANGE = """
INSERT INTO rectification_change (rectification, at, person, event, detail)
VALUES (%(rectification)s, %(at)s, %(person)s, %(event)s, %(detail)s)
"""


def add_rectification(
    connection: Connection, rectification: Rectification, change: RectificationChange
) -> None:
    """Keep a new rectification with the first line of its record.

    Raises:
        DataError: If the violation is being put right already.
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"opening rectification {rectification.id}"), connection.transaction():
        try:
            with connection.transaction():
                connection.execute(_INSERT, _row(rectification))
        except errors.UniqueViolation as error:
            violation = rectification.violation
            raise DataError(
                f"{rectification.service_point}: {violation.check} {violation.subject} of "
                f"{violation.standard} is being put right already, or was for this month; "
                "'kilowatch rectify list --all' shows it"
            ) from error
        connection.execute(_CHANGE, asdict(change))


def save_rectification(
    connection: Connection, rectification: Rectification, change: RectificationChange
) -> None:
    """Keep what was changed of a rectification, and who did; both or none.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"saving rectification {rectification.id}"), connection.transaction():
        connection.execute(_UPDATE, _row(rectification))
        connection.execute(_CHANGE, asdict(change))


def lock_rectification(connection: Connection, identifier: str) -> Rectification | None:
    """Return a rectification and keep others from changing it until the transaction ends.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors(f"reading rectification {identifier}"),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        row = cursor.execute("SELECT * FROM rectification WHERE id = %s FOR UPDATE", (identifier,)).fetchone()
    return None if row is None else _rectification(row)


def rectifications(
    connection: Connection, *, service_point: str | None = None, closed_since: datetime | None = None
) -> list[Rectification]:
    """Return those under way, and those closed since a moment, the one due first first.

    Args:
        connection: To the database.
        service_point: Only those there; None is everywhere.
        closed_since: None leaves closed ones out.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading rectifications"), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT * FROM rectification WHERE (%(point)s::text IS NULL OR service_point = %(point)s) "
            "AND (closed_at IS NULL OR closed_at >= %(since)s) ORDER BY due, id",
            {"point": service_point, "since": closed_since},
        ).fetchall()
    return [_rectification(row) for row in rows]


def changes_of(connection: Connection, identifier: str) -> list[RectificationChange]:
    """Return the record of one rectification, oldest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors(f"reading the record of rectification {identifier}"),
        connection.cursor(row_factory=class_row(RectificationChange)) as cursor,
    ):
        return cursor.execute(
            "SELECT rectification, at, person, event, detail FROM rectification_change "
            "WHERE rectification = %s ORDER BY number",
            (identifier,),
        ).fetchall()


def _row(found: Rectification) -> dict[str, object]:
    violation = found.violation
    return {
        "id": found.id,
        "service_point": found.service_point,
        "month": violation.month,
        "check_name": violation.check,
        "subject": violation.subject,
        "standard": violation.standard,
        "clause": violation.clause,
        "value": violation.value,
        "unit": violation.unit,
        "limit_value": violation.limit,
        "state": found.state.value,
        "opened_at": found.opened_at,
        "due": found.due,
        "responsible": found.responsible,
        "measures": found.measures,
        "first_test": _document(found.first_test),
        "retest": _document(found.retest),
        "closed_at": found.closed_at,
    }


def _document(test: ExternalTest | None) -> Jsonb | None:
    return None if test is None else Jsonb({**asdict(test), "dated": test.dated.isoformat()})


def _test(document: Mapping[str, Any] | None) -> ExternalTest | None:  # Any: JSON
    if document is None:
        return None
    return ExternalTest(**{**document, "dated": date.fromisoformat(document["dated"])})


def _rectification(row: Mapping[str, Any]) -> Rectification:  # Any: whatever the driver gives
    return Rectification(
        id=row["id"],
        service_point=row["service_point"],
        violation=Violation(
            month=row["month"],
            check=row["check_name"],
            subject=row["subject"],
            standard=row["standard"],
            clause=row["clause"],
            value=row["value"],
            unit=row["unit"],
            limit=row["limit_value"],
        ),
        state=RectificationState(row["state"]),
        opened_at=row["opened_at"],
        due=row["due"],
        responsible=row["responsible"],
        measures=row["measures"],
        first_test=_test(row["first_test"]),
        retest=_test(row["retest"]),
        closed_at=row["closed_at"],
    )
