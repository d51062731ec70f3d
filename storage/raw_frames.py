"""Raw frames at rest: written beside the readings, found again by slot or by when a reading came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.frames import RawFrame, RawMessage
from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors
from storage.unmatched import printable
from storage.visible import visible_meters

MOST_MESSAGES = 100
"""Of one slot: reads every ten seconds make ninety in a quarter of an hour."""


def keep_raw_frames(connection: Connection, messages: Sequence[RawMessage]) -> None:
    """Append messages within the caller's transaction.

    Raises:
        StorageError: If the database is away or refuses.
    """
    if not messages:
        return
    with (
        storage_errors(f"keeping {len(messages)} raw messages"),
        connection.cursor() as cursor,
        cursor.copy(
            "COPY raw_frame (received_at, slot_at, tells_from, tells_until, source, meters, what, sent_at, "
            "answered_at, asked, answered) FROM STDIN"
        ) as copy,
    ):
        for message in messages:
            what, sent_at, answered_at, asked, answered = zip(*message.frames, strict=True)
            copy.write_row(
                (
                    message.received_at,
                    message.slot_at,
                    *(message.tells or (None, None)),
                    printable(message.source),
                    [printable(meter) for meter in message.meters],
                    [printable(name) for name in what],
                    list(sent_at),
                    list(answered_at),
                    list(asked),
                    list(answered),
                )
            )


def raw_messages_of(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    meter: MeterId,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    received: Sequence[datetime],
) -> list[RawMessage]:
    """Return what is kept of a meter's slots in ``[starts_at, ends_at)`` and of readings by when they came.

    What also tells of a meter that the caller may not see, or of a time when it hung elsewhere, is left out.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"reading raw frames of meter {meter}"):
        # A payload may tell of several meters: whoever may not see them all gets nothing of it.
        asked = None if scope.areas is not None else [meter]
        visible = visible_meters(connection, asked, scope=scope, at=starts_at)
        if meter not in visible.number_of:
            return []
        rows = connection.execute(
            """
            SELECT received_at, slot_at, source, meters, what, sent_at, answered_at, asked, answered
            FROM raw_frame WHERE received_at = ANY(%(received)s) AND %(meter)s = ANY(meters)
            AND (%(visible)s::text[] IS NULL OR meters <@ %(visible)s::text[] AND (
                slot_at IS NOT NULL OR NOT EXISTS (
                    SELECT FROM unnest(meters) AS told (id) WHERE NOT EXISTS (
                        SELECT FROM meter JOIN installation AS hung USING (meter_id)
                        JOIN service_point AS place ON place.id = hung.service_point
                        WHERE meter.id = told.id AND place.area = ANY(%(areas)s::text[])
                        AND (hung.starts_at IS NULL OR hung.starts_at <= tells_from)
                        AND (hung.ends_at IS NULL OR hung.ends_at > tells_until)))))
            UNION
            SELECT received_at, slot_at, source, meters, what, sent_at, answered_at, asked, answered
            FROM raw_frame WHERE received_at >= %(from)s AND received_at < %(to)s + INTERVAL '15 minutes'
            AND slot_at >= %(from)s AND slot_at < %(to)s AND %(meter)s = ANY(meters)
            AND (%(visible)s::text[] IS NULL OR meters <@ %(visible)s::text[])
            ORDER BY received_at, source LIMIT %(most)s
            """,
            {
                "received": list(received),
                "meter": meter,
                "visible": None if scope.areas is None else list(visible.number_of),
                "areas": visible.areas,
                "from": starts_at,
                "to": ends_at,
                "most": MOST_MESSAGES,
            },
        ).fetchall()
    return [
        RawMessage(
            received_at=received_at,
            slot_at=slot_at,
            source=source,
            meters=[MeterId(name) for name in meters],
            frames=[
                RawFrame(name, sent, answer, bytes(question), bytes(reply))
                for name, sent, answer, question, reply in zip(*exchanges, strict=True)
            ],
        )
        for received_at, slot_at, source, meters, *exchanges in rows
    ]
