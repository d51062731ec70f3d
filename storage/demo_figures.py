"""The figures of a demo: live readings by protocol, stored records fetched, coverage of live slots."""

from __future__ import annotations

from storage.database import Connection, storage_errors

PROTOCOLS = ("dlt645", "modbus", "mqtt")


def live_by_protocol(connection: Connection) -> dict[str, int]:
    """Return the present readings by how their meters are reached; one without a bus reports over MQTT."""
    with storage_errors("counting live readings"):
        rows = connection.execute(
            "WITH reached AS (SELECT meter_id, CASE WHEN bus IS NULL THEN 'mqtt' "
            "  WHEN profile LIKE 'dlt645%%' THEN 'dlt645' ELSE 'modbus' END AS protocol FROM installation) "
            "SELECT protocol, count(*) FROM ("
            "  SELECT meter_id FROM register_reading WHERE origin IN (0, 4)"
            "  UNION ALL SELECT meter_id FROM electrical_reading WHERE origin IN (0, 4)) AS live "
            "JOIN reached USING (meter_id) GROUP BY protocol"
        ).fetchall()
    return dict.fromkeys(PROTOCOLS, 0) | {str(protocol): int(count) for protocol, count in rows}


def stored_records(connection: Connection) -> int:
    """Return how many readings came out of the meters' own memories."""
    with storage_errors("counting stored records"):
        row = connection.execute(
            "SELECT (SELECT count(*) FROM register_reading WHERE origin IN (1, 3))"
            " + (SELECT count(*) FROM electrical_reading WHERE origin IN (1, 3))"
        ).fetchone()
    return int(row[0]) if row else 0


def coverage_share(connection: Connection) -> float:
    """Return the share of the live slots expected after the first cycle that brought a reading."""
    with storage_errors("adding up coverage"):
        row = connection.execute(
            "WITH first AS (SELECT min(slot_at) AS slot_at FROM coverage WHERE status <> 'backfilled') "
            "SELECT count(*) FILTER (WHERE c.status IN ('got', 'late')), count(*) "
            "FROM coverage AS c, first WHERE c.slot_at > first.slot_at"
        ).fetchone()
    got, expected = (int(row[0]), int(row[1])) if row else (0, 0)
    return got / expected if expected else 0.0
