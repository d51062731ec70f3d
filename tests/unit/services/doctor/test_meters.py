"""One meter of each bus is asked, and each way in which it may not answer has its own next step."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.host_lock import HostLock
from collectors.scheduler import BusPlan
from collectors.targets import MeterRead
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Bus, Installation, Meter, Registry, Schedule
from services.doctor.asked_bus import AskedBus
from services.doctor.finding import Finding, Grade, findings
from services.doctor.machine import Machine
from services.doctor.meters import told_of
from services.wiring import utc_now
from simulators.dlt645_meter import Dlt645Meter
from storage.coverage import CoverageLedger
from storage.database import connect
from storage.leases import take_leases
from storage.registry import save_registry
from tests.threads import line_of
from tests.unit.simulators.dlt645.bench import ADDRESS, ZONE, Load

PROFILE = "dlt645_2007_three_phase"
ABSENT = "000000000099"


@pytest.fixture
def slot() -> datetime:
    """A slot of just now: the tests before this one take their time."""
    return utc_now().replace(second=0, microsecond=0) - timedelta(minutes=1)


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    with line_of([Dlt645Meter(ADDRESS, Load(), utc_now, zone=ZONE, memory_from=utc_now())]) as peer:
        yield f"tcp://{peer}"


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def site(plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    return plain_database_url


def file(url: str, bus_url: str, *addresses: str) -> None:
    """File a bus with a meter of each address, named after it."""
    registry = Registry(
        buses=[Bus(id="bus", url=bus_url, timeout_s=0.3, retries=0)],
        meters=[Meter(id=MeterId(address), zone=ZONE) for address in addresses],
        installations=[
            Installation(meter=MeterId(address), bus="bus", address=address, profile=PROFILE)
            for address in addresses
        ],
        schedules=[Schedule(group="register", every_s=60)],
    )
    with connect(url) as connection:
        save_registry(connection, registry)


def asked(meter: str | None = None) -> list[Finding]:
    machine = Machine(meter=meter)
    try:
        return [finding for finding in findings(machine) if finding.check == "meters"]
    finally:
        machine.close()


def test_a_meter_that_answers_is_well_and_the_bus_is_free_again(site: str, line: str, tmp_path: Path) -> None:
    file(site, line, ADDRESS)
    (found,) = asked()
    assert (found.grade, found.says) == (Grade.OK, f"bus bus: meter {ADDRESS} answers")
    lock = HostLock("bus", tmp_path)
    lock.acquire()
    lock.release()
    with connect(site) as connection:
        assert connection.execute("SELECT count(*) FROM bus_lease").fetchone() == (0,)


def test_a_dead_meter_on_a_sound_bus_is_told_apart_from_a_dead_bus(site: str, line: str) -> None:
    file(site, line, ABSENT, ADDRESS)
    (found,) = asked()
    assert found.grade is Grade.WARNING
    assert f"meter {ADDRESS} answers, {ABSENT} did not" in found.says
    (alone,) = asked(ABSENT)
    assert alone.grade is Grade.FAULT
    assert "not one byte came" in alone.next_step
    assert f"kilowatch scan dlt645+{line}" in alone.next_step


def test_a_meter_that_hangs_nowhere_is_told(site: str, line: str) -> None:
    file(site, line, ADDRESS)
    (found,) = asked("nobody")
    assert (found.grade, found.says) == (Grade.FAULT, "meter nobody hangs on no bus now")


def test_a_name_that_nobody_knows_and_a_port_where_nobody_listens(site: str, closed_port: int) -> None:
    file(site, "tcp://no-such-host.invalid:4001", ADDRESS)
    (found,) = asked()
    assert "nobody knows the name 'no-such-host.invalid'" in found.next_step
    file(site, f"tcp://127.0.0.1:{closed_port}", ADDRESS)
    (refused,) = asked()
    assert refused.grade is Grade.FAULT
    assert "has power, its address and port" in refused.next_step


def test_bytes_that_make_no_frame_point_to_baud_rate_and_parity(site: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            peer, _ = server.accept()
            with peer:
                while peer.recv(100):
                    peer.sendall(bytes(range(0x80, 0xA0)))

        thread = threading.Thread(target=babble)
        thread.start()
        file(site, f"tcp://127.0.0.1:{server.getsockname()[1]}", ADDRESS)
        (found,) = asked()
        thread.join()
    assert found.grade is Grade.FAULT
    assert "compare baud rate and parity" in found.next_step


@pytest.mark.parametrize("held", ["by a lease", "by a lock"])
def test_a_bus_that_somebody_reads_is_not_asked_and_its_last_read_is_told(
    site: str, closed_port: int, tmp_path: Path, slot: datetime, held: str
) -> None:
    """Were it asked, the closed port would show."""
    file(site, f"tcp://127.0.0.1:{closed_port}", ADDRESS)
    lock = HostLock("bus", tmp_path)
    with connect(site) as connection:
        if held == "by a lease":
            take_leases(connection, ["bus"], owner="north:7", lasting=timedelta(minutes=1))
        else:
            lock.acquire()
        (nothing,) = asked()
        assert nothing.grade is Grade.FAULT
        assert "nothing was read of it in a day" in nothing.says
        got = CoverageEntry(
            meter=MeterId(ADDRESS), group=Group.REGISTER, slot_at=slot, status=CoverageStatus.GOT
        )
        CoverageLedger(connection).record([got])
        (found,) = asked()
        assert found.grade is Grade.OK
        assert f"meter {ADDRESS} was read last, for {slot:%Y-%m-%d %H:%M:%S} UTC" in found.says
        assert ("north:7" in found.says) == (held == "by a lease")
    lock.release()


def test_what_was_read_long_ago_is_a_warning(site: str, closed_port: int, slot: datetime) -> None:
    file(site, f"tcp://127.0.0.1:{closed_port}", ADDRESS)
    long_ago = slot - timedelta(hours=2)
    got = CoverageEntry(
        meter=MeterId(ADDRESS), group=Group.REGISTER, slot_at=long_ago, status=CoverageStatus.GOT
    )
    with connect(site) as connection:
        take_leases(connection, ["bus"], owner="north:7", lasting=timedelta(minutes=1))
        CoverageLedger(connection).record([got])
    (found,) = asked()
    assert found.grade is Grade.WARNING


def unanswered(cause: Cause | None, failure: str, *, url: str = "tcp://gw:4001", **told: object) -> AskedBus:
    owner = BusOwner(Bus(id="bus", url=url), now=utc_now, lock_dir=Path("nowhere"))
    read = MeterRead(
        bus="bus",
        meter=MeterId("M1"),
        slot_at=None,
        schedules=(),
        snapshot=None,
        cause=cause,
        attempts=1,
        failure=failure,
    )
    return AskedBus(plan=BusPlan(owner=owner, targets=[]), reads=[read], **told)  # type: ignore[arg-type]  # the fields' own


@pytest.mark.parametrize(
    ("asked_bus", "step"),
    [
        (unanswered(Cause.REFUSED, "code 04H (password or permission)"), "where it says password"),
        (unanswered(Cause.NO_ANSWER, "", strangers=["000000000077"]), "addresses 000000000077: correct the"),
        (unanswered(Cause.CHECKSUM, "FE68"), "compare baud rate and parity"),
        (unanswered(Cause.WRONG_PARAMETERS, ""), "correct address, profile and wiring"),
        (unanswered(None, ""), "correct address, profile and wiring"),
        (unanswered(Cause.LINK, "no such file", url="serial:///dev/ttyS9"), "plug the adapter in"),
    ],
)
def test_every_way_of_not_answering_has_its_next_step(asked_bus: AskedBus, step: str) -> None:
    grade, says, next_step = told_of(asked_bus)
    assert grade is Grade.FAULT
    assert "meter" not in says or "M1" in says
    assert step in next_step


def test_a_terminal_that_dials_in_is_left_to_the_collector(site: str, closed_port: int) -> None:
    file(site, f"listen://127.0.0.1:{closed_port}/T1", ADDRESS)
    (found,) = asked()
    assert "its terminal dials in to the collector" in found.says
