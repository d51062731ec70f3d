"""Values at rest that a reading's flags cast doubt on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from pipeline.model import MeterId, Quality, Scope
from pipeline.quantities import Quantity
from storage.columns import table_of
from storage.database import Connection, storage_errors
from storage.visible import visible_meters


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One value that is not to be believed, and why."""

    meter: MeterId
    taken_at: datetime
    quantity: Quantity
    why: Quality


def doubtful_values(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    quantities: Sequence[Quantity],
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId],
    masks: Quality,
) -> list[Doubtful]:
    """Return the values of one table whose flags hold one of ``masks``; there are few.

    Raises:
        StorageError: If the database is away or refuses.
    """
    (table,) = {table_of(q) for q in quantities}
    with storage_errors("reading flags"):
        visible = visible_meters(connection, meters, scope=scope)
        statement = sql.SQL(
            "SELECT meter_id, taken_at, flag.key, flag.value::int FROM {table} AS r, "
            "jsonb_each_text(flags) AS flag WHERE {visible} AND taken_at >= %(from)s AND taken_at < %(to)s "
            "AND flags IS NOT NULL AND flag.key = ANY(%(names)s) AND flag.value::int & %(masks)s <> 0"
        ).format(table=sql.Identifier(table), visible=visible.at("r", "taken_at"))
        rows = connection.execute(
            statement,
            {
                **visible.bound,
                "from": starts_at,
                "to": ends_at,
                "names": [q.value for q in quantities],
                "masks": int(masks),
            },
        ).fetchall()
    names = visible.names
    return [Doubtful(names[number], at, Quantity(name), Quality(why)) for number, at, name, why in rows]
