"""What is written is announced once it is committed, and about the right meters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.errors import StorageError
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from storage.announcements import (
    CHANNEL,
    LONGEST_PAYLOAD,
    Announcement,
    Topic,
    announce,
    announcement_of,
    announcements,
    meter_places,
)
from storage.coverage import CoverageLedger
from storage.database import Connection, connect
from storage.episodes import save_episodes
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.findings import finding

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
ARCHIVE = Registry(
    areas=[Area(id="TA-1"), Area(id="TA-2")],
    service_points=[ServicePoint(id="SP-1", area="TA-1"), ServicePoint(id="SP-2", area="TA-2")],
    meters=[Meter(id=MeterId("M-1")), Meter(id=MeterId("M-2")), Meter(id=MeterId("M-3"))],
    installations=[
        Installation(meter=MeterId("M-1"), service_point="SP-1"),
        Installation(meter=MeterId("M-2"), service_point="SP-2"),
        Installation(
            meter=MeterId("M-3"),
            service_point="SP-2",
            starts_at=NOW - timedelta(days=900),
            ends_at=NOW - timedelta(days=800),
        ),
    ],
)


@pytest.fixture
def heard(plain_database_url: str) -> Iterator[Connection]:
    """A connection that listens, to a database with three meters."""
    with connect(plain_database_url) as connection:
        save_registry(connection, ARCHIVE)
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def notices(connection: Connection) -> list[tuple[str, list[str]]]:
    """What has been announced by now: topic and meters."""
    names = {number: place.meter for number, place in meter_places(connection).items()}
    found = [announcement_of(n.payload) for n in connection.notifies(timeout=0.3)]
    return [
        (a.topic.value, [names[n] for first, last in a.ranges for n in range(first, last + 1)])
        for a in found
        if a is not None
    ]


def reading(meter: str, volts: float = 230.1) -> Snapshot:
    return Snapshot(
        meter=MeterId(meter),
        taken_at=NOW,
        received_at=NOW,
        origin=Origin.PRESENT,
        values={Quantity.VOLTAGE_A: volts},
    )


def test_readings_are_announced_once_a_batch_and_a_replay_is_not(heard: Connection) -> None:
    with connect(heard.info.dsn) as writing:
        writer = ReadingWriter(writing)
        writer.write([reading("M-2"), reading("M-1"), reading("unknown")])
        writer.write([reading("M-1")])
    assert notices(heard) == [("readings", ["M-1", "M-2"])]


def test_a_transaction_that_is_taken_back_announces_nothing(heard: Connection) -> None:
    with connect(heard.info.dsn) as writing, writing.transaction(force_rollback=True):
        announce(writing, Topic.READINGS, [1])
    assert notices(heard) == []


def test_coverage_is_announced(heard: Connection) -> None:
    entry = CoverageEntry(
        meter=MeterId("M-2"), group=Group.ELECTRICAL, slot_at=NOW, status=CoverageStatus.GOT, attempts=1
    )
    with connect(heard.info.dsn) as writing:
        CoverageLedger(writing).record([entry])
    assert notices(heard) == [("coverage", ["M-2"])]


def test_an_episode_is_announced_with_the_meters_of_its_service_point(heard: Connection) -> None:
    episode = finding(meter="", service_point="SP-1")
    with connect(heard.info.dsn) as writing:
        save_episodes(writing, [episode])
        save_episodes(writing, [episode])
    assert notices(heard) == [("episodes", ["M-1"])]


def test_a_meter_hangs_where_it_hangs_now(heard: Connection) -> None:
    areas = {place.meter: set(place.areas) for place in meter_places(heard).values()}
    assert areas == {"M-1": {"TA-1"}, "M-2": {"TA-2"}, "M-3": set()}


@given(st.sets(st.integers(0, 2**31 - 1)), st.integers(0, 5000))
def test_any_numbers_are_announced_whole_in_payloads_that_fit(odd: set[int], many: int) -> None:
    wanted = odd | set(range(1, 2 * many, 2))
    sent: list[str] = []

    class Recording:
        def execute(self, _query: str, bound: tuple[str, list[str]]) -> None:
            sent.extend(bound[1])

    announce(Recording(), Topic.READINGS, list(wanted))  # type: ignore[arg-type]  # stands in for a connection
    assert all(len(payload) <= LONGEST_PAYLOAD for payload in sent)
    found = [announcement_of(payload) for payload in sent]
    assert {n for a in found if a for first, last in a.ranges for n in range(first, last + 1)} == wanted


@pytest.mark.parametrize("payload", ["", "weather 1", "readings 1-x", "readings -", "读数"])
def test_a_payload_of_somebody_else_is_passed_over(payload: str) -> None:
    assert announcement_of(payload) is None


def test_an_announcement_about_no_meter_has_no_ranges() -> None:
    assert announcement_of("episodes ") == Announcement(Topic.EPISODES)


def test_listening_tells_that_it_has_begun_and_raises_when_the_database_goes(heard: Connection) -> None:
    async def main() -> list[Announcement | None]:
        heard_so_far: list[Announcement | None] = []
        listening = announcements(heard.info.dsn)
        heard_so_far.append(await anext(listening))
        with connect(heard.info.dsn) as writing:
            announce(writing, Topic.READINGS, [7, 8])
            heard_so_far.append(await anext(listening))
            writing.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'kilowatch live' AND datname = current_database()"
            )
        with pytest.raises(StorageError, match="listening"):
            await anext(listening)
        return heard_so_far

    assert asyncio.run(main()) == [None, Announcement(Topic.READINGS, ((7, 8),))]


def test_a_database_that_is_away_is_an_error_that_says_so() -> None:
    async def main() -> None:
        await anext(announcements("postgresql://127.0.0.1:1/none"))

    with pytest.raises(StorageError, match="listening"):
        asyncio.run(main())


def test_a_payload_as_long_as_ours_is_taken_by_the_server(heard: Connection) -> None:
    with connect(heard.info.dsn) as writing, writing.transaction():
        announce(writing, Topic.READINGS, list(range(1, 20_000, 2)))
    payloads = [n.payload for n in heard.notifies(timeout=0.3)]
    assert len(payloads) > 5
    assert max(map(len, payloads)) > LONGEST_PAYLOAD - 20
