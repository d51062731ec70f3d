"""Tells at each commit whose readings, coverage or episodes are new, so that nobody needs to keep asking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from storage.database import CONNECT_TIMEOUT_S, SILENT_MS, Connection, storage_errors

CHANNEL: Final = "kilowatch"
LONGEST_PAYLOAD: Final = 7900
"""Bytes; PostgreSQL takes fewer than 8000."""
CHECKED_EVERY_S: Final = 20.0
"""How often a connection on which nothing comes is asked whether it is still there."""


class Topic(StrEnum):
    """What is new."""

    READINGS = "readings"
    COVERAGE = "coverage"
    EPISODES = "episodes"


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something new about the meters of some numbers, given as ``(first, last)``, both included."""

    topic: Topic
    ranges: tuple[tuple[int, int], ...] = ()
    """Empty: new, but about no meter of the archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlace:
    """A meter and the areas in which it hangs now."""

    meter: str
    areas: frozenset[str]


def announce(connection: Connection, topic: Topic, numbers: Sequence[int] | NDArray[np.int32]) -> None:
    """Announce what the open transaction wrote about meters of these numbers; it is heard at the commit."""
    payloads = list(_payloads(topic, np.unique(np.asarray(numbers, dtype=np.int64))))
    connection.execute(
        "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload", (CHANNEL, payloads)
    )


def announcement_of(payload: str) -> Announcement | None:
    """Return what a payload says; None for one that a newer or another program sent."""
    topic, _, listed = payload.partition(" ")
    try:
        ranges = tuple(_range(part) for part in listed.split(",") if part)
        return Announcement(Topic(topic), ranges)
    except ValueError:
        return None


async def announcements(url: str) -> AsyncIterator[Announcement | None]:
    """Listen for ever; None tells that the listening has begun.

    Raises:
        StorageError: If the database is away or goes away: what is announced meanwhile is not heard.
    """
    with storage_errors("listening for what is new"):
        connection = await psycopg.AsyncConnection.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=SILENT_MS,
            application_name="kilowatch live",
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            yield None
            while True:
                async for notice in connection.notifies(timeout=CHECKED_EVERY_S):
                    found = announcement_of(notice.payload)
                    if found is not None:
                        yield found
                await connection.execute("SELECT 1")


def meter_places(connection: Connection) -> dict[int, MeterPlace]:
    """Return every meter by its number, with the areas in which it hangs now."""
    with storage_errors("reading where the meters hang"):
        rows = connection.execute(
            """
            SELECT m.meter_id, m.id, array_agg(p.area) FILTER (WHERE p.area IS NOT NULL)
            FROM meter AS m
            LEFT JOIN installation AS i ON i.meter_id = m.meter_id
                AND (i.starts_at IS NULL OR i.starts_at <= now()) AND (i.ends_at IS NULL OR i.ends_at > now())
            LEFT JOIN service_point AS p ON p.id = i.service_point
            GROUP BY m.meter_id, m.id
            """
        ).fetchall()
    return {number: MeterPlace(meter=meter, areas=frozenset(areas or ())) for number, meter, areas in rows}


def meter_numbers_at(connection: Connection, meters: Sequence[str], points: Sequence[str]) -> list[int]:
    """Return the numbers of meters, and of the meters that hang at service points."""
    rows = connection.execute(
        "SELECT meter_id FROM meter WHERE id = ANY (%(meters)s) UNION "
        "SELECT meter_id FROM installation WHERE service_point = ANY (%(points)s)",
        {"meters": list(meters), "points": list(points)},
    ).fetchall()
    return [number for (number,) in rows]


def _payloads(topic: Topic, numbers: NDArray[np.int64]) -> Iterable[str]:
    """Yield payloads short enough to be sent; numbers that follow one another stand as a range."""
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts = numbers[np.r_[0, breaks + 1]] if len(numbers) else numbers
    lasts = numbers[np.r_[breaks, -1]] if len(numbers) else numbers
    line = f"{topic} "
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        part = f"{first}" if first == last else f"{first}-{last}"
        if len(line) + len(part) + 1 > LONGEST_PAYLOAD:
            yield line
            line = f"{topic} "
        line += f",{part}" if line[-1] != " " else part
    yield line


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
