"""What the database holds, asked in plain SQL on a connection of its own."""

from __future__ import annotations

import psycopg

from tests.chaos.judgement import Row, Slot, Stored

ROWS = """
SELECT m.id, r.taken_at, r.origin, round(r.active_energy_import * 100)::bigint
FROM register_reading AS r JOIN meter AS m USING (meter_id) WHERE r.active_energy_import IS NOT NULL
"""
SLOTS = """
SELECT m.id, c.slot_at, c.status::text, c.cause::text FROM coverage AS c JOIN meter AS m USING (meter_id)
JOIN installation AS i ON i.meter_id = m.meter_id AND i.bus IS NOT NULL
WHERE c.quantity_group = 'register' AND c.slot_at >= %s
"""


def stored_in(url: str, since: object) -> Stored:
    """Return every reading, and the slots since ``since``."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        rows = [
            Row(meter=meter, taken_at=taken_at, origin=origin, counts=counts)
            for meter, taken_at, origin, counts in connection.execute(ROWS)
        ]
        slots = [
            Slot(meter=meter, at=at, status=status, cause=cause)
            for meter, at, status, cause in connection.execute(SLOTS, (since,))
        ]
        return Stored(
            rows=rows,
            slots=slots,
            conflicts=_count(connection, "SELECT count(*) FROM reading_conflict"),
            refused=_count(connection, "SELECT count(*) FROM unmatched_message"),
        )


def _count(connection: psycopg.Connection, statement: bytes | str) -> int:
    row = connection.execute(statement.encode() if isinstance(statement, str) else statement).fetchone()
    return 0 if row is None else int(row[0])
