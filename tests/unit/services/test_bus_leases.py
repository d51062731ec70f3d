import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from pipeline.errors import BusBusyError
from pipeline.registry import Bus
from services.bus_leases import BusLeases, leased, usable_here
from services.last_known import LastKnown
from services.wiring import utc_now
from storage.database import connect
from storage.leases import take_leases


def expire(url: str) -> None:
    """Let time pass: an hour, for the rows of all owners."""
    with connect(url) as connection:
        connection.execute("UPDATE bus_lease SET expires_at = expires_at - interval '1 hour'")


def test_one_of_two_hosts_has_the_bus_and_the_other_is_told_who(plain_database_url: str) -> None:
    async def scenario() -> None:
        first, second = (BusLeases(plain_database_url, 30.0) for _ in range(2))
        await first.take(["b1", "b2"])
        await second.take(["b1", "b3"])
        first.require("b1")
        second.require("b3")
        assert (first.is_elsewhere("b1"), second.is_elsewhere("b1")) == (False, True)
        with pytest.raises(BusBusyError, match=f"bus b1 belongs to process {first.owner} until"):
            second.require("b1")
        with pytest.raises(BusBusyError, match="bus b9 belongs to nobody that is known yet"):
            second.require("b9")

    asyncio.run(scenario())


def test_an_owner_that_stops_renewing_loses_the_bus_and_learns_it(plain_database_url: str) -> None:
    async def scenario() -> None:
        first, second = (BusLeases(plain_database_url, 30.0) for _ in range(2))
        await first.take(["b1"])
        expire(plain_database_url)
        await second.take(["b1"])
        second.require("b1")
        await first.take(["b1"])
        assert first.is_elsewhere("b1")

    asyncio.run(scenario())


def test_a_bus_that_is_given_up_is_free_at_once(plain_database_url: str) -> None:
    async def scenario() -> None:
        first, second = (BusLeases(plain_database_url, 30.0) for _ in range(2))
        await first.take(["b1"])
        await second.take(["b1"])
        await second.give_up()  # not its own: nothing happens
        await first.give_up()
        await second.take(["b1"])
        second.require("b1")

    asyncio.run(scenario())


def test_a_lease_is_renewed_while_it_is_kept(plain_database_url: str) -> None:
    async def scenario() -> None:
        leases = BusLeases(plain_database_url, 0.3)
        await leases.take(["b1"])
        keeping = asyncio.create_task(leases.keep(lambda: ["b1"]))
        other = BusLeases(plain_database_url, 0.3)
        for _ in range(8):
            await asyncio.sleep(0.1)
            await other.take(["b1"])
            assert other.is_elsewhere("b1")
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(scenario())


def test_an_owner_reads_on_while_the_database_is_away(
    plain_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can take the bus over then, and what a meter says now it says only once."""

    async def scenario() -> None:
        leases = BusLeases(plain_database_url, 0.15)
        await leases.take(["b1"])
        leases._url = "postgresql://127.0.0.1:1/none"
        keeping = asyncio.create_task(leases.keep(lambda: ["b1"]))
        while "reading goes on" not in caplog.text:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.02)
        leases.require("b1")
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_a_lease_shows_since_when_and_until_when(plain_database_url: str) -> None:
    with connect(plain_database_url) as connection:
        first = take_leases(connection, ["b1"], owner="a", lasting=timedelta(seconds=10))["b1"]
        second = take_leases(connection, ["b1"], owner="a", lasting=timedelta(seconds=20))["b1"]
    assert second.taken_at == first.taken_at
    assert second.expires_at > first.expires_at
    assert first.expires_at - first.taken_at == timedelta(seconds=10)


def test_a_bus_that_this_host_uses_otherwise_is_not_worth_a_lease(tmp_path: Path) -> None:
    owners = [
        BusOwner(Bus(id=bus, url="tcp://127.0.0.1:1"), now=utc_now, lock_dir=tmp_path)
        for bus in ("a", "a", "b")
    ]
    assert usable_here(owners) == ["a", "b"]


def test_a_line_by_hand_is_leased_under_its_bus_s_name(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)

    async def scenario() -> None:
        async with leased(["b1"]):
            with pytest.raises(BusBusyError, match="bus b1 belongs to process"):
                async with leased(["b1"]):
                    pytest.fail("two owners")
        async with leased(["b1", "tcp://127.0.0.1:8600"]):
            pass
        with connect(plain_database_url) as connection:
            assert connection.execute("SELECT count(*) FROM bus_lease").fetchone() == (0,)

    asyncio.run(scenario())


def test_a_start_without_the_database_assumes_the_buses_that_this_host_had(
    plain_database_url: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        known = LastKnown(tmp_path, "db")
        await BusLeases(plain_database_url, 30.0, known).begin(["b1", "b2"])
        nobody = "postgresql://127.0.0.1:1/none"
        started = BusLeases(nobody, 30.0, LastKnown(tmp_path, "db"))
        await started.begin(["b1", "b3"])
        started.require("b1")
        with pytest.raises(BusBusyError):
            started.require("b3")
        assert (started.is_elsewhere("b1"), started.is_elsewhere("b3")) == (False, True)  # it stands by
        elsewhere = BusLeases(nobody, 30.0, LastKnown(tmp_path / "another", "db"))
        await elsewhere.begin(["b1"])
        with pytest.raises(BusBusyError):
            elsewhere.require("b1")

    asyncio.run(scenario())


def test_what_was_assumed_ends_when_the_database_says_otherwise(
    plain_database_url: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        known = LastKnown(tmp_path, "db")
        known.keep_buses(["b1"], [])
        other, started = BusLeases(plain_database_url, 30.0), BusLeases(plain_database_url, 30.0, known)
        await other.take(["b1"])
        started._assumed = {"b1"}
        started.require("b1")
        await started.take(["b1"])
        assert started.is_elsewhere("b1")
        assert known.buses() == set()

    asyncio.run(scenario())
