"""Remote reading over several buses: one that fails costs the others nothing."""

import asyncio
from pathlib import Path

import pytest

from pipeline.errors import BusBusyError, ConfigError, KilowatchError
from pipeline.model import MeterId
from pipeline.registry import Bus, Installation, Meter, Registry, Schedule
from services.bus_reading import BusReading
from services.remote_reading import groups_of_buses, read_buses, totals
from simulators.line import LineServer, serve_line
from storage.database import connect
from storage.registry import save_registry
from tests.integration.damaged_meters import dlt645, intact

ADDRESS = "000000000101"


def registry_of(lines: dict[str, str]) -> Registry:
    return Registry(
        meters=[Meter(id=MeterId(bus)) for bus in lines],
        installations=[
            Installation(meter=MeterId(bus), bus=bus, address=ADDRESS, profile="dlt645_2007_three_phase")
            for bus in lines
        ],
        buses=[Bus(id=bus, url=url, timeout_s=0.5) for bus, url in lines.items()],
        schedules=[Schedule(group="register", every_s=900)],
    )


@pytest.fixture
def url(plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path / "locks"))
    return plain_database_url


def save(url: str, registry: Registry) -> None:
    with connect(url) as connection:
        save_registry(connection, registry)


def stored(url: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return connection.execute(
            "SELECT m.id, active_energy_import FROM register_reading JOIN meter m USING (meter_id)"
        ).fetchall()


async def on_lines(url: str, count: int, *, backfill_days: float = 0.0) -> list[BusReading]:
    """Read buses b0, b1 ... of one meter each, served here."""
    lines: list[LineServer] = [
        await serve_line(dlt645({ADDRESS: intact}), host="127.0.0.1") for _ in range(count)
    ]
    urls = {f"b{n}": f"tcp://127.0.0.1:{line.port}" for n, line in enumerate(lines)}
    try:
        await asyncio.to_thread(save, url, registry_of(urls))
        return await asyncio.to_thread(read_buses, list(urls), backfill_days)
    finally:
        for line in lines:
            await line.close()


def test_each_bus_brings_its_meters(url: str) -> None:
    readings = asyncio.run(on_lines(url, 2))
    assert readings == [BusReading(bus="b0", read=1), BusReading(bus="b1", read=1)]
    assert sorted(stored(url)) == [("b0", 1234.56), ("b1", 1234.56)]


def test_a_bus_whose_owner_does_not_serve_costs_the_others_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_url: str, bus: str, *_span: object) -> BusReading:
        raise BusBusyError(f"bus {bus} is owned")

    monkeypatch.setattr("services.remote_reading.ask_owner", refuse)

    def busy(bus: object) -> None:
        if getattr(bus, "_bus", "") == "b0":
            raise BusBusyError("taken")

    monkeypatch.setattr("collectors.host_lock.HostLock.acquire", busy)
    with pytest.raises(BusBusyError, match="bus b0 is owned"):
        asyncio.run(on_lines(url, 2))
    assert stored(url) == [("b1", 1234.56)]


def test_a_writer_that_ends_is_told_instead_of_waited_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise KilowatchError("the writer has a fault")

    monkeypatch.setattr("services.store.Store._commit", broken)
    with pytest.raises(KilowatchError, match="the writer has a fault"):
        asyncio.run(on_lines(url, 1, backfill_days=1.0))


def test_buses_are_named_or_all_and_go_in_groups(url: str) -> None:
    save(url, registry_of({f"b{n}": f"tcp://127.0.0.1:{n + 1}" for n in range(3)}))
    assert [group.buses for group in groups_of_buses(None, 2)] == [["b0", "b1"], ["b2"]]
    assert [group.buses for group in groups_of_buses(["b2"], 2)] == [["b2"]]
    with pytest.raises(ConfigError, match="no bus is called b7, x; there are: b0, b1, b2"):
        groups_of_buses(["x", "b1", "b7"], 2)


def test_totals_add_up_all_buses() -> None:
    readings = [BusReading(bus="a", read=2, missing=1), BusReading(bus="b", read=3, records=9, failures=1)]
    assert totals(readings) == {"buses": 2, "read": 5, "missing": 1, "records": 9, "failures": 1}
