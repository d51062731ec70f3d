"""What a caller may see whose name, id or customer holds some words: meters, customers, areas, bills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg import sql
from psycopg.rows import class_row

from pipeline.model import Scope
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundThing:
    """Something that fits, with what tells it from others."""

    id: str
    name: str
    place: str
    """Where it is: customer, area, or month of a bill."""


_FITS = sql.SQL("""(
    SELECT bool_and(position(word IN lower(normalize(concat_ws(' ', {texts}), NFKC))) > 0)
    FROM unnest(%(words)s::text[]) AS word
)""")
"""Every word stands in one of the texts, whatever their case and width (NFKC)."""
_METERS: LiteralString = """
    SELECT m.id, coalesce(nullif(m.service_point_name, ''), m.service_point, '') AS name,
           concat_ws(' · ', nullif(m.customer, ''), coalesce(nullif(m.area_name, ''), m.area)) AS place
    FROM placed AS m
    WHERE {fitting} AND (
        SELECT bool_and(position(word IN lower(normalize(concat_ws(' ', m.id, m.service_point,
            m.service_point_name, m.customer, m.address, m.area, m.area_name), NFKC))) > 0)
        FROM unnest(%(words)s::text[]) AS word
    )
    ORDER BY lower(m.id) <> array_to_string(%(words)s::text[], ' '), m.id LIMIT %(limit)s
"""
_CUSTOMERS = sql.SQL("""
    SELECT customer AS id, string_agg(id, ', ' ORDER BY id) AS name,
           coalesce(string_agg(DISTINCT area, ', '), '') AS place
    FROM service_point AS p
    WHERE customer <> '' AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s))
    GROUP BY customer HAVING {fits}
    ORDER BY customer LIMIT %(limit)s
""").format(fits=_FITS.format(texts=sql.SQL("customer, string_agg(id, ' '), string_agg(name, ' ')")))
_AREAS = sql.SQL("""
    SELECT id, coalesce(name, '') AS name, '' AS place FROM area
    WHERE (%(areas)s::text[] IS NULL OR id = ANY(%(areas)s)) AND {fits}
      -- The page of an area is about its meters.
      AND EXISTS (SELECT 1 FROM service_point AS p JOIN installation AS i ON i.service_point = p.id
                  WHERE p.area = area.id AND (i.starts_at IS NULL OR i.starts_at <= %(now)s)
                  AND (i.ends_at IS NULL OR i.ends_at > %(now)s))
    ORDER BY id LIMIT %(limit)s
""").format(fits=_FITS.format(texts=sql.SQL("id, name")))
_BILLS = sql.SQL("""
    SELECT service_point AS id, coalesce(nullif(customer, ''), name, '') AS name, month AS place
    FROM bill_current
    WHERE (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s)) AND {fits}
    ORDER BY month DESC, service_point LIMIT %(limit)s
""").format(fits=_FITS.format(texts=sql.SQL("service_point, name, customer, month")))


def meters_found(
    connection: Connection, words: Sequence[str], *, scope: Scope, now: datetime, limit: int
) -> list[FoundThing]:
    """Return meters by id, address, service point, customer or area; ``words`` in lower case, NFKC.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return rows_in_scope(
        connection, FoundThing, _METERS, scope=scope, words=list(words), now=now, limit=limit
    )


def customers_found(
    connection: Connection, words: Sequence[str], *, scope: Scope, limit: int
) -> list[FoundThing]:
    """Return customers by their names or those of their service points.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return _found(connection, _CUSTOMERS, words, scope, limit)


def areas_found(
    connection: Connection, words: Sequence[str], *, scope: Scope, now: datetime, limit: int
) -> list[FoundThing]:
    """Return areas in which a meter hangs, by id or name.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return _found(connection, _AREAS, words, scope, limit, now=now)


def bills_found(
    connection: Connection, words: Sequence[str], *, scope: Scope, limit: int
) -> list[FoundThing]:
    """Return bills by service point, customer or month, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return _found(connection, _BILLS, words, scope, limit)


def _found(
    connection: Connection,
    query: sql.Composed,
    words: Sequence[str],
    scope: Scope,
    limit: int,
    **more: object,
) -> list[FoundThing]:
    bound = {
        "words": list(words),
        "areas": None if scope.areas is None else sorted(scope.areas),
        "limit": limit,
        **more,
    }
    with storage_errors("finding"), connection.cursor(row_factory=class_row(FoundThing)) as cursor:
        return cursor.execute(query, bound).fetchall()
