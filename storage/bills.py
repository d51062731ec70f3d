"""Bills at rest: every version that differs from the one before; the newest one counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors

SAVING_LOCK = 0x6B77_626C
"""The advisory lock of those who save bills ("kwbl")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBill:
    """One version of a bill."""

    service_point: str
    month: str
    version: int
    made_at: datetime
    document: Mapping[str, Any]  # Any: JSON
    """As ``analysis.settlement.bill_documents`` makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCard:
    """The newest version of a bill in a list."""

    service_point: str
    name: str
    customer: str
    area: str | None
    zone: str | None
    month: str
    version: int
    made_at: datetime
    is_final: bool
    energy_kwh: Decimal
    amount: Decimal
    currency: str
    findings: Sequence[str]
    amount_before: Decimal | None
    """Of the version before; None for a first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFilter:
    """Which bills."""

    month: str | None = None
    service_point: str | None = None
    is_final: bool | None = None


@contextmanager
def saving_bills(connection: Connection) -> Iterator[None]:
    """Hold off everybody else who would save bills: two runs at once would both make the same version.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("saving bills"), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SAVING_LOCK,))
        yield


def save_bill(connection: Connection, document: Mapping[str, Any], *, made_at: datetime) -> int:  # Any: JSON
    """Store a bill as the next version and return its number.

    The caller has seen within :func:`saving_bills` that it differs from the newest one.

    Raises:
        StorageError: If the database is away or refuses.
    """
    place = f"{document['service_point']} {document['month']}"
    codes = sorted(document["findings"], key=lambda finding: not finding["refuses"])
    with storage_errors(f"storing the bill of {place}"):
        row = connection.execute(
            "INSERT INTO bill (service_point, month, version, made_at, starts_at, ends_at, is_final, "
            "energy_kwh, amount, currency, findings, document) "
            "SELECT %(point)s, %(month)s, 1 + coalesce(max(version), 0), %(made_at)s, %(starts_at)s, "
            "%(ends_at)s, %(is_final)s, %(energy_kwh)s, %(amount)s, %(currency)s, %(codes)s, %(document)s "
            "FROM bill WHERE service_point = %(point)s AND month = %(month)s RETURNING version",
            {
                "point": document["service_point"],
                "month": document["month"],
                "made_at": made_at,
                "starts_at": document["starts_at"],
                "ends_at": document["ends_at"],
                "is_final": document["is_final"],
                "energy_kwh": Decimal(document["energy_kwh"]),
                "amount": Decimal(document["amount"]),
                "currency": document["currency"],
                "codes": list(dict.fromkeys(finding["code"] for finding in codes)),
                "document": Jsonb(dict(document)),
            },
        ).fetchone()
    return 0 if row is None else int(row[0])


def bill_versions(
    connection: Connection, service_point: str, month: str, *, scope: Scope
) -> list[StoredBill]:
    """Return every version of a bill, the newest first; none where the scope does not reach.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading a bill"), connection.cursor(row_factory=class_row(StoredBill)) as cursor:
        return cursor.execute(
            "SELECT b.service_point, b.month, b.version, b.made_at, b.document FROM bill AS b "
            "JOIN service_point AS p ON p.id = b.service_point WHERE b.service_point = %(point)s "
            "AND b.month = %(month)s AND (%(areas)s::text[] IS NULL OR p.area = ANY(%(areas)s)) "
            "ORDER BY b.version DESC",
            {"point": service_point, "month": month, "areas": _areas(scope)},
        ).fetchall()


def bill_cards(
    connection: Connection, wanted: BillFilter, *, scope: Scope, limit: int, offset: int = 0
) -> list[BillCard]:
    """Return the newest versions, newest months first, those that are refused before the others.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("listing bills"), connection.cursor(row_factory=class_row(BillCard)) as cursor:
        return cursor.execute(
            "SELECT service_point, name, customer, area, zone, month, version, made_at, is_final, "
            "energy_kwh, amount, currency, findings, amount_before FROM bill_current "
            "WHERE (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s)) "
            "AND (%(month)s::text IS NULL OR month = %(month)s) "
            "AND (%(point)s::text IS NULL OR service_point = %(point)s) "
            "AND (%(is_final)s::boolean IS NULL OR is_final = %(is_final)s) "
            "ORDER BY month DESC, is_final, service_point LIMIT %(limit)s OFFSET %(offset)s",
            {**_bound(wanted, scope), "limit": limit, "offset": offset},
        ).fetchall()


def bill_total(connection: Connection, wanted: BillFilter, *, scope: Scope) -> int:
    """Return how many bills there are.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("counting bills"):
        row = connection.execute(
            "SELECT count(*) FROM bill_current "
            "WHERE (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s)) "
            "AND (%(month)s::text IS NULL OR month = %(month)s) "
            "AND (%(point)s::text IS NULL OR service_point = %(point)s) "
            "AND (%(is_final)s::boolean IS NULL OR is_final = %(is_final)s)",
            _bound(wanted, scope),
        ).fetchone()
    return 0 if row is None else int(row[0])


def bill_months(connection: Connection, *, scope: Scope) -> list[str]:
    """Return the months that have bills, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("listing months of bills"):
        rows = connection.execute(
            "SELECT DISTINCT month FROM bill_current "
            "WHERE %(areas)s::text[] IS NULL OR area = ANY(%(areas)s) ORDER BY month DESC",
            {"areas": _areas(scope)},
        ).fetchall()
    return [str(month) for (month,) in rows]


def billed_kwh(
    connection: Connection, service_point: str, *, first: str, until: str, scope: Scope
) -> dict[str, Decimal]:
    """Return the energy of the newest bills of months in ``[first, until)`` that may be given out.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading energies of bills"):
        rows = connection.execute(
            "SELECT month, energy_kwh FROM bill_current "
            "WHERE service_point = %(point)s AND is_final AND month >= %(first)s AND month < %(until)s "
            "AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s))",
            {"point": service_point, "first": first, "until": until, "areas": _areas(scope)},
        ).fetchall()
    return {str(month): kwh for month, kwh in rows}


def billed_register(
    connection: Connection, service_point: str, meter: MeterId, at: datetime, *, scope: Scope
) -> Decimal | None:
    """Return the active total with which the newest bill that may be given out closed at ``at``.

    None where there is none, or where intervals alone made it: their register counts from 0.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading what was billed"):
        row = connection.execute(
            "SELECT pair->'closing'->>'value' FROM bill_current, "
            "jsonb_array_elements(document->'registers') AS pair "
            "WHERE service_point = %(point)s AND ends_at = %(at)s AND is_final "
            "AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s)) "
            "AND pair->>'meter' = %(meter)s AND pair->>'quantity' = 'active_energy_import' "
            "AND (pair->'closing'->>'at')::timestamptz = %(at)s "
            "AND NOT (pair->'opening'->>'source' = 'estimated' "
            "AND (pair->'opening'->>'value')::numeric = 0)",
            {"point": service_point, "at": at, "areas": _areas(scope), "meter": meter},
        ).fetchone()
    return None if row is None else Decimal(row[0])


def _bound(wanted: BillFilter, scope: Scope) -> dict[str, object]:
    return {
        "areas": _areas(scope),
        "month": wanted.month,
        "point": wanted.service_point,
        "is_final": wanted.is_final,
    }


def _areas(scope: Scope) -> list[str] | None:
    return None if scope.areas is None else sorted(scope.areas)
