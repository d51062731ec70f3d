"""Asking the owner of a bus: served, refused, or not taken at all."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import BusBusyError
from services.bus_reading import BusReading
from services.read_requests import ask_owner, result_of, this_process
from storage.database import Connection, connect
from storage.requests import ReadRequest, get_request, serve_request, take_requests

UNTIL = datetime(2026, 11, 22, 4, tzinfo=UTC)
SINCE = UNTIL - timedelta(hours=6)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.read_requests.POLL_S", 0.02)


def stored(connection: Connection) -> list[ReadRequest]:
    numbers = connection.execute("SELECT id FROM read_request ORDER BY id").fetchall()
    return [get_request(connection, number) for (number,) in numbers]


async def serve(url: str, result: BusReading | None, error: str | None) -> None:
    """Be the owner: take the one request and answer it."""
    with connect(url) as connection:
        while not (taken := take_requests(connection, ["bus"], taken_by="host:1")):  # noqa: ASYNC110 - a table
            await asyncio.sleep(0.02)
        (request,) = taken
        assert (request.kind, request.starts_at, request.ends_at) == ("backfill", SINCE, UNTIL)
        assert request.filed_by == this_process()
        given = None if result is None else result_of(result)
        serve_request(connection, request.id, result=given, error=error)


def test_what_the_owner_read_comes_back_as_served_by_it(plain_database_url: str) -> None:
    reading = BusReading(bus="bus", read=3, missing=1, records=96, failures=2)

    async def scenario() -> BusReading:
        asked, _ = await asyncio.gather(
            ask_owner(plain_database_url, "bus", SINCE, UNTIL), serve(plain_database_url, reading, None)
        )
        return asked

    assert asyncio.run(scenario()) == BusReading(
        bus="bus", read=3, missing=1, records=96, failures=2, served_by="collector"
    )


def test_an_owner_that_fails_is_named_with_its_reason(plain_database_url: str) -> None:
    async def scenario() -> None:
        await asyncio.gather(
            ask_owner(plain_database_url, "bus", SINCE, UNTIL),
            serve(plain_database_url, None, "line is down"),
        )

    with pytest.raises(BusBusyError, match="bus bus: its owner host:1 failed: line is down"):
        asyncio.run(scenario())


@pytest.mark.parametrize("takes_it", [False, True])
def test_an_owner_that_does_nothing_is_not_waited_for_ever(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch, *, takes_it: bool
) -> None:
    monkeypatch.setattr("services.read_requests.TAKE_WITHIN_S", 0.1)
    monkeypatch.setattr("services.read_requests.SERVE_WITHIN_S", 0.1)

    async def take() -> None:
        with connect(plain_database_url) as connection:
            while not take_requests(connection, ["bus"], taken_by="host:1"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)

    async def scenario() -> None:
        asking = asyncio.create_task(ask_owner(plain_database_url, "bus", SINCE, UNTIL))
        if takes_it:
            await take()
        await asking

    with pytest.raises(BusBusyError, match="its owner does not serve request"):
        asyncio.run(scenario())
    # What was not taken is withdrawn: an owner that comes back does not read for somebody who has left.
    with connect(plain_database_url) as connection:
        assert take_requests(connection, ["bus"], taken_by="host:2") == []
        assert [each.error for each in stored(connection)] == [None if takes_it else "not taken within 0 s"]


def test_a_process_is_named_so_that_a_person_finds_it() -> None:
    host, _, pid = this_process().rpartition(":")
    assert host
    assert pid == str(os.getpid())


def test_the_result_leaves_out_what_the_asker_knows() -> None:
    assert result_of(BusReading(bus="bus", read=1)) == {"read": 1, "missing": 0, "records": 0, "failures": 0}
