"""Our simulated DL/T 645 meter against two clients that are not ours, each in an environment of its own.

They are PyPI dlt645 3.2.0 and python-dlt645 0.1.4, over TCP. Where they differ from the standard a row of
``DEVIATIONS`` says so: our meter is not bent, and when one of them begins to conform its test fails and asks
for the row's removal.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final  # Any: the other process's JSON

import pytest

from simulators.dlt645_meter import Dlt645Meter
from tests.unit.simulators.dlt645.bench import ADDRESS, NOW, Clock, Load, meter

ROOT: Final = Path(__file__).parents[2]
REVERSED: Final = "129078563412"
"""The address as dlt645 3.2.0 wants it: it sends the pairs as they are written, not the last one first."""
WRITES: Final = "04000000"
CLEARS: Final = "02563412"
JOIN_S: Final = 10.0
DLT645: Final = "dlt645"
PYTHON_DLT645: Final = "python-dlt645"


class Client:
    """The other package's client in its own process, and the meter that it asks."""

    def __init__(self, process: subprocess.Popen[str], slave: Dlt645Meter, clock: Clock) -> None:
        self._process, self.slave, self.clock = process, slave, clock

    def ask(self, method: str, *given: object) -> Any:  # Any: its JSON
        """Return what the client makes of the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([method, *given]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def served(slave: Dlt645Meter) -> Iterator[int]:
    """Serve a meter to one connection after the other, from a thread, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                line, _ = listener.accept()
                # A client that leaves bytes unread resets its connection.
                with line, suppress(ConnectionError):
                    while data := line.recv(4096):
                        if data == STOP:
                            return
                        line.sendall(slave.receive(data))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        with socket.create_connection(listener.getsockname()) as line:
            line.sendall(STOP)
        thread.join(JOIN_S)


STOP: Final = b"stop"


@pytest.fixture(scope="module")
def pythons() -> dict[str, str]:
    made = {}
    for name in (DLT645, PYTHON_DLT645):
        done = subprocess.run(  # noqa: S603 - our own script
            [ROOT / "scripts" / "peer", name], capture_output=True, text=True, check=True
        )
        made[name] = done.stdout.strip().splitlines()[-1]
    return made


@contextmanager
def client(python: str, script: str, *given: str) -> Iterator[Client]:
    clock = Clock()
    slave = meter(Load(kw=3.0, active_energy_export=12.5), clock)
    # Whoever sends zeros where the password belongs shall not have guessed it.
    slave.core.access.change(bytes(4), bytes.fromhex("00654321"), NOW)
    command = [python, "-I", str(ROOT / "tests" / "peers" / script), "127.0.0.1"]
    with (
        served(slave) as port,
        subprocess.Popen(  # noqa: S603 - our own script
            [*command, str(port), *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        yield Client(process, slave, clock)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(JOIN_S)


@pytest.fixture(scope="module")
def dlt645(pythons: dict[str, str]) -> Iterator[Client]:
    """A client whose meter no test changes."""
    with client(pythons[DLT645], "dlt645_client.py", REVERSED) as made:
        yield made


@pytest.fixture
def writing(pythons: dict[str, str]) -> Iterator[Client]:
    """A client whose meter is the test's own."""
    with client(pythons[DLT645], "dlt645_client.py", REVERSED) as made:
        yield made


@pytest.fixture(scope="module")
def python_dlt645(pythons: dict[str, str]) -> Iterator[Client]:
    with client(pythons[PYTHON_DLT645], "python_dlt645_client.py") as made:
        yield made


# ---- dlt645 3.2.0 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "identifier", "value"),
    [
        ("read_00", 0x00010000, 4903.0),  # 1634 h 20 min at 3 kW
        ("read_00", 0x00020000, 12.5),
        ("read_00", 0x00000000, 4915.5),
        ("read_02", 0x02010100, 220.0),
        ("read_02", 0x02020100, 4.545),
        ("read_02", 0x02030000, 3.0),
        ("read_02", 0x02030100, 1.0),
        ("read_02", 0x02060000, 0.894),
        ("read_02", 0x02800002, 50.0),
        ("read_02", 0x02080100, 3.0),
        ("read_03", 0x03110000, ["000000"]),
        ("read_04", 0x04000101, "26031002"),
        ("read_04", 0x04000102, "102000"),
        ("read_04", 0x04000103, "15"),
        ("read_04", 0x04000401, ADDRESS),
        ("read_04", 0x04000503, "0000"),
        (
            "read_04",
            0x04010001,
            ["000004", "070003", "080002", "110003", "130002", "190001", "210002"] + ["230004"] * 7,
        ),
    ],
)
def test_single_items_are_read_as_the_meter_shows_them(
    dlt645: Client, method: str, identifier: int, value: object
) -> None:
    assert dlt645.ask(method, identifier) == value


def test_rates_that_it_reads_one_by_one_add_up(dlt645: Client) -> None:
    total, *rates = (dlt645.ask("read_00", 0x00010000 + (rate << 8)) for rate in range(5))
    assert round(sum(rates), 2) == total


def test_a_parameter_is_written_and_a_wrong_password_refused(writing: Client) -> None:
    assert writing.ask("write_04", 0x04000103, "30", "04999999") is None
    assert writing.ask("read_04", 0x04000103) == "15"
    writing.ask("write_04", 0x04000103, "30", WRITES)  # it returns nothing for a success either
    assert writing.ask("read_04", 0x04000103) == "30"


def test_the_address_is_read_and_written(writing: Client) -> None:
    assert writing.ask("read_address") == REVERSED
    assert writing.ask("write_address", "770700000000") == "770700000000"
    assert writing.slave.core.address.hex() == "770700000000"
    assert writing.ask("read_02", 0x02010100) == 220.0


def test_the_rate_is_changed(writing: Client) -> None:
    assert writing.ask("change_baud_rate", 1200) == 1200
    assert writing.slave.bits_per_second == 1200


def test_a_freeze_at_once_and_an_event_clear_are_obeyed(writing: Client) -> None:
    assert writing.ask("freeze", 99, 99, 99, 99) == ""
    assert writing.slave.core.freezes.instant(1, 1) == NOW
    assert writing.ask("clear_event", CLEARS) == 0


def test_what_the_meter_does_not_have_is_refused(dlt645: Client) -> None:
    assert dlt645.ask("read_02", 0x02800007) is None


# ---- python-dlt645 0.1.4 ---------------------------------------------------------------------------------


def test_the_small_client_reads_address_energy_and_data(python_dlt645: Client) -> None:
    assert python_dlt645.ask("address") == ADDRESS
    assert python_dlt645.ask("energy", ADDRESS) == 4915.5
    assert python_dlt645.ask("data", ADDRESS, "00010000") == "00490300" + "00010000"
    assert python_dlt645.ask("data", ADDRESS, "02010100") == "2200" + "02010100"


# ---- where they differ -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deviation:
    """In what a client differs from the standard, or from what it could do by it."""

    client: str
    what: str
    asked: tuple[Any, ...]  # Any: a method and what it is given
    standard: object
    """What a client that follows the standard would make of it."""
    seen: object
    why: str
    after_s: float = 0.0
    """So much later than the others."""


DEVIATIONS = [
    Deviation(
        client=DLT645,
        what="a demand and its time",
        asked=("read_01", 0x01010000),
        standard=[3.0, "2026-03-01 00:15:00"],
        seen=None,
        why="takes the time year first, and 15 00 01 03 26 is none that way",
    ),
    Deviation(
        client=DLT645,
        what="the block of energies",
        asked=("read_00", 0x0001FF00),
        standard=[4903.0, 535.92, 1608.79, 880.73, 1877.56],
        seen=None,
        why="knows no blocks",
    ),
    Deviation(
        client=DLT645,
        what="the block of voltages",
        asked=("read_02", 0x0201FF00),
        standard=[220.0, 220.0, 220.0],
        seen=None,
        why="knows no blocks",
    ),
    *(
        Deviation(
            client=DLT645,
            what=f"a change to {rate} bps",
            asked=("change_baud_rate", rate),
            standard=rate,
            seen=None,
            why="sends 16, 32 and 64 as hexadecimal digits, which are several bits of Z",
        )
        for rate in (4800, 9600, 19200)
    ),
    Deviation(
        client=DLT645,
        what="a daily freeze pattern",
        asked=("freeze", 99, 99, 0, 0),
        standard="",
        seen=None,
        why="sends month and day first",
    ),
    Deviation(
        client=DLT645,
        what="a demand reset",
        asked=("clear_demand", 0x01010000, WRITES),
        standard=0,
        seen=None,
        why="sends an identifier where password and operator belong",
    ),
    Deviation(
        client=DLT645,
        what="a meter clear",
        asked=("clear_meter", CLEARS),
        standard=0,
        seen=None,
        why="sends an identifier where the password belongs",
    ),
    Deviation(
        client=DLT645,
        what="a change of password",
        asked=("change_password", WRITES, "04111111"),
        standard=True,
        seen=None,
        why="names it 44000C0n, which is no password's identifier",
    ),
    Deviation(
        client=PYTHON_DLT645,
        what="an identifier with FF",
        asked=("data", ADDRESS, "0201ff00"),
        standard="2200" * 3 + "0201ff00",
        seen="ValueError",
        why="adds 33H without modulo 256",
    ),
    Deviation(
        client=PYTHON_DLT645,
        what="a byte 16H before the end",
        asked=("data", ADDRESS, "00010000"),
        after_s=138,  # at 4903.12 kWh the checksum is 16H
        standard="00490312" + "00010000",
        seen="FrameChecksumError",
        why="ends a frame at the first 16H",
    ),
    Deviation(
        client=PYTHON_DLT645,
        what="a refusal",
        asked=("refusal", ADDRESS, "02800007"),
        standard=[1, "02"],
        seen=[0, "02"],
        why="reads the control code of every answer as 0",
    ),
]


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: f"{d.client}: {d.what}")
def test_their_known_deviations_are_still_there(
    dlt645: Client, python_dlt645: Client, deviation: Deviation
) -> None:
    asking = dlt645 if deviation.client == DLT645 else python_dlt645
    asking.clock.now = NOW + timedelta(seconds=deviation.after_s)
    observed = asking.ask(*deviation.asked)
    asking.clock.now = NOW
    assert observed != deviation.standard, f"{deviation.what}: it conforms now, remove the row"
    assert observed == deviation.seen, deviation.why


def test_a_broadcast_of_the_time_moves_nothing_because_it_is_sent_year_first(writing: Client) -> None:
    sent = (NOW + timedelta(minutes=2)).astimezone(writing.slave.core.zone).replace(tzinfo=None)
    assert writing.ask("broadcast_time_sync", sent.isoformat()) is True
    assert writing.ask("read_04", 0x04000102) == "102000"
