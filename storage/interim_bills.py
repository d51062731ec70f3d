"""Interim bills (分次结算) at rest: what was given out of a month before its own bill, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.model import Scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInterim:
    """An interim bill: energy alone, from the month's opening to a day within it."""

    service_point: str
    month: str
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    energy_kwh: Decimal
    """Since the month's opening."""
    amount: Decimal
    """Less what earlier interim bills of the month took."""
    currency: str
    zone: str
    """Whose midnights both ends are."""

    @property
    def until(self) -> date:
        """The first local day that it does not bill: what it is called by within its month."""
        return self.ends_at.astimezone(ZoneInfo(self.zone)).date()


def interim_bills(
    connection: Connection, service_point: str, month: str, *, scope: Scope
) -> list[StoredInterim]:
    """Return the interim bills of a month, the earliest first; none where the scope does not reach.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading interim bills"),
        connection.cursor(row_factory=class_row(StoredInterim)) as cursor,
    ):
        return cursor.execute(
            "SELECT b.service_point, b.month, b.starts_at, b.ends_at, b.made_at, b.energy_kwh, b.amount, "
            "b.currency, b.document->>'zone' AS zone "
            "FROM interim_bill AS b JOIN service_point AS p ON p.id = b.service_point "
            "WHERE b.service_point = %(point)s AND b.month = %(month)s "
            "AND (%(areas)s::text[] IS NULL OR p.area = ANY(%(areas)s)) ORDER BY b.ends_at",
            {
                "point": service_point,
                "month": month,
                "areas": None if scope.areas is None else sorted(scope.areas),
            },
        ).fetchall()


def interim_document(connection: Connection, bill: StoredInterim) -> Mapping[str, Any]:  # Any: JSON
    """Return all of an interim bill that was found, as ``analysis.settlement.bill_documents`` makes it.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading an interim bill"):
        row = connection.execute(
            "SELECT document FROM interim_bill WHERE service_point = %s AND month = %s AND ends_at = %s",
            (bill.service_point, bill.month, bill.ends_at),
        ).fetchone()
    assert row is not None, "interim bills are never deleted"  # noqa: S101 - it was found just before
    found: Mapping[str, Any] = row[0]
    return found


def save_interim(
    connection: Connection, document: Mapping[str, Any], *, made_at: datetime
) -> bool:  # Any: JSON
    """Store an interim bill and tell whether it is new: one of the same end stays as it was given out.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"storing an interim bill of {document['service_point']} {document['month']}"):
        row = connection.execute(
            "INSERT INTO interim_bill (service_point, month, starts_at, ends_at, made_at, energy_kwh, "
            "amount, currency, document) VALUES (%(point)s, %(month)s, %(starts_at)s, %(ends_at)s, "
            "%(made_at)s, %(energy_kwh)s, %(amount)s, %(currency)s, %(document)s) "
            "ON CONFLICT DO NOTHING RETURNING month",
            {
                "point": document["service_point"],
                "month": document["month"],
                "starts_at": document["starts_at"],
                "ends_at": document["ends_at"],
                "made_at": made_at,
                "energy_kwh": Decimal(document["energy_kwh"]),
                "amount": Decimal(document["amount"]),
                "currency": document["currency"],
                "document": Jsonb(dict(document)),
            },
        ).fetchone()
    return row is not None
