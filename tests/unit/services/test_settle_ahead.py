"""Many bills at once: the same as one by one, with each question asked once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Installation, Meter, Ratio, Registry, ServicePoint
from services.settings import Settings
from services.settle_ahead import BILLS_AT_ONCE, book_ahead, in_parts
from services.settle_book import NEAR, StoredBook
from services.settle_month import billing_month
from services.settle_stored import settle_stored
from storage.database import Connection, connect
from storage.intervals import save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.settled_plants import APRIL, CLOSING, CT, MARCH, NOON, OPENING, PLANT, intervals, reading

POINTS = 12


def _archive() -> Registry:
    names = [f"{number:02}" for number in range(POINTS)]
    (contract,) = PLANT.contracts
    return replace(
        PLANT,
        meters=[Meter(id=MeterId(f"M{name}")) for name in names],
        installations=[Installation(meter=MeterId(f"M{n}"), service_point=f"SP{n}") for n in names],
        ratios=[Ratio(meter=MeterId(f"M{name}"), ct=CT) for name in names],
        service_points=[ServicePoint(id=f"SP{name}", area="north") for name in names],
        contracts=[replace(contract, service_point=f"SP{name}") for name in names],
    )


@pytest.fixture
def stored(plain_database_url: str) -> Iterator[Connection]:
    """Twelve plants: the third without a closing register, the fourth without any reading or interval."""
    archive = _archive()
    with connect(plain_database_url) as connection:
        save_registry(connection, archive)
        for number, meter in enumerate(archive.meters):
            if number == 3:
                continue
            save_intervals(connection, intervals(meter=meter.id), computed_at=NOON)
            ends = [reading(MARCH, OPENING, meter=meter.id), reading(APRIL, CLOSING, meter=meter.id)]
            ReadingWriter(connection).write(ends[: 1 if number == 2 else 2])
        yield connection


def test_a_book_that_was_read_ahead_tells_what_one_that_asks_tells(stored: Connection) -> None:
    archive = _archive()
    wanted = [(point.id, "2026-03") for point in archive.service_points]
    ahead = book_ahead(stored, archive, wanted)
    for point, month in wanted:
        asking = StoredBook(connection=stored, scope=EVERYTHING)
        months = [billing_month(archive, book, point, month, primary=frozenset()) for book in (ahead, asking)]
        assert repr(months[0]) == repr(months[1])
    meter = archive.meters[0].id
    near = ahead.readings(meter, APRIL - NEAR, APRIL + NEAR)
    assert len(near) == 1


def test_what_is_read_ahead_is_not_asked_for_again(
    stored: Connection, plain_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del stored
    settings = Settings(database_url=SecretStr(plain_database_url))
    made = list(settle_stored("2026-03", settings=settings, now=NOON))
    assert [settled.version for settled in made] == [1] * POINTS
    asked: list[object] = []
    execute = psycopg.Cursor.execute

    def counting(self: psycopg.Cursor[Any], query: Any, *args: Any, **more: Any) -> Any:  # Any: as psycopg's
        asked.append(query)
        return execute(self, query, *args, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    again = list(settle_stored("2026-03", settings=settings, now=NOON))
    ahead = len(asked)
    monkeypatch.setattr(
        "services.settle_stored.book_ahead",
        lambda connection, _archive, _wanted: StoredBook(connection=connection, scope=EVERYTHING),
    )
    asked.clear()
    one_by_one = list(settle_stored("2026-03", settings=settings, now=NOON))
    assert [s.is_new for s in (*again, *one_by_one)] == [False] * 2 * POINTS
    # Of each bill two questions about registers and two about intervals fall away, and as many of meters.
    assert ahead < len(asked) - 4 * (POINTS - 4)


def test_they_come_in_parts_and_in_order() -> None:
    wanted = [(f"P{number}", "2026-03") for number in range(BILLS_AT_ONCE + 1)]
    parts = list(in_parts(wanted))
    assert [len(part) for part in parts] == [BILLS_AT_ONCE, 1]
    assert [one for part in parts for one in part] == wanted
    assert list(in_parts([])) == []
