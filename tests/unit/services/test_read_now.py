"""Meters that somebody asks for are read at once; one that is silent, away or without a bus is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import BusBusyError, ConfigError
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Meter, Registry
from services.present_reading import PresentReading
from services.read_now import NO_BUS, as_table, groups_of_meters, keep_results, read_meters
from simulators.line import serve_line
from storage.asked_readings import add_asked, asked_meters, asked_reading
from storage.database import connect
from storage.registry import save_registry
from tests.integration.damaged_meters import dlt645, intact
from tests.unit.services.test_remote_reading import ADDRESS, registry_of, stored

AT = datetime(2026, 7, 15, tzinfo=UTC)


@pytest.fixture
def url(plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path / "locks"))
    return plain_database_url


def save(url: str, registry: Registry) -> None:
    with connect(url) as connection:
        save_registry(connection, registry)


async def read_two(url: str) -> list[PresentReading]:
    """Read b0, which is served here, and b1, whose line is away."""
    line = await serve_line(dlt645({ADDRESS: intact}), host="127.0.0.1")
    try:
        lines = {"b0": f"tcp://127.0.0.1:{line.port}", "b1": "tcp://127.0.0.1:1"}
        await asyncio.to_thread(save, url, registry_of(lines))
        return await asyncio.to_thread(read_meters, ["b0", "b1"], ["b0", "b1"])
    finally:
        await line.close()


def test_what_a_meter_says_is_stored_and_told_and_one_that_is_away_costs_it_nothing(url: str) -> None:
    by_meter = {reading.meter: reading for reading in asyncio.run(read_two(url))}
    snapshot = by_meter[MeterId("b0")].snapshot
    assert snapshot is not None
    assert stored(url) == [("b0", 1234.56)]
    away = by_meter[MeterId("b1")]
    assert away.snapshot is None
    assert away.failure
    assert [row["values"] for row in as_table([by_meter[MeterId("b0")], away])] == [len(snapshot.values), 0]


def test_an_owner_that_does_not_serve_is_the_meters_own_failure(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_lock: object) -> None:
        raise BusBusyError("taken")

    async def refuse(_url: str, bus: str, *_asked: object) -> PresentReading:
        raise BusBusyError(f"bus {bus} is owned")

    monkeypatch.setattr("collectors.host_lock.HostLock.acquire", busy)
    monkeypatch.setattr("services.read_now.ask_owner_to_read", refuse)
    failures = {reading.failure for reading in asyncio.run(read_two(url))}
    assert failures == {"bus b0 is owned", "bus b1 is owned"}


def test_results_are_kept_beside_the_wish_and_a_meter_without_a_bus_says_so(url: str) -> None:
    registry = registry_of({"b0": "tcp://127.0.0.1:1"})
    save(url, replace(registry, meters=[*registry.meters, Meter(id=MeterId("pushed"))]))
    with connect(url) as connection:
        number = add_asked(connection, ["b0", "pushed"], "somebody", AT)
    silent = PresentReading(meter=MeterId("b0"), snapshot=None, failure="no answer", deviations=())
    keep_results(number, ["b0", "pushed"], [silent])
    with connect(url) as connection:
        asked = asked_reading(connection, number)
        assert asked is not None
        shown = asked_meters(connection, asked, scope=EVERYTHING)
    assert {each.meter: (each.told or {}).get("failure") for each in shown} == {
        "b0": "no answer",
        "pushed": NO_BUS,
    }


def test_meters_are_grouped_by_their_buses_and_an_unknown_one_is_named(url: str) -> None:
    save(url, registry_of({f"b{n}": f"tcp://127.0.0.1:{n + 1}" for n in range(3)}))
    assert [group.buses for group in groups_of_meters(["b2", "b0"], 1)] == [["b0"], ["b2"]]
    with pytest.raises(ConfigError, match="no meter is called x"):
        groups_of_meters(["b0", "x"], 1)
