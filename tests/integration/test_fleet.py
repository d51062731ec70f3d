"""A served fleet spoken to in raw bytes: nothing of our own protocol code reads the answers."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.quantities import Quantity
from simulators.fleet.build import Fleet, build_fleet, load_fleet
from simulators.fleet.serving import ServedFleet, serve_fleet
from simulators.fleet.wire import slave_maker
from tests.small_lab import small_lab

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
READ_VOLTAGE_A = bytes.fromhex("00 01 01 02")
READ_ENERGY_BLOCK = bytes.fromhex("00 FF 01 00")


@pytest.fixture(scope="module")
def lab() -> Fleet:
    return build_fleet(small_lab(), NOW)


def on_fleet(fleet: Fleet, talk: Callable[[ServedFleet], None]) -> ServedFleet:
    """Serve a fleet and talk to it with blocking sockets, as a program of another make would."""

    async def run() -> ServedFleet:
        served = await serve_fleet(fleet, host="127.0.0.1", make_slave=slave_maker(fleet, lambda: NOW))
        try:
            await asyncio.to_thread(talk, served)
        finally:
            await served.close()
        return served

    return asyncio.run(run())


def connect(served: ServedFleet, bus: str) -> socket.socket:
    line = served.lines[bus]
    connection = socket.create_connection((line.host, line.port), timeout=2)
    connection.settimeout(0.2)
    return connection


def request(address: str, identifier: bytes) -> bytes:
    """Build a read by hand: 68 address 68 11 04 DI CS 16, DI with 33H added."""
    frame = (
        b"\x68" + bytes.fromhex(address)[::-1] + b"\x68\x11\x04" + bytes((b + 0x33) % 256 for b in identifier)
    )
    return b"\xfe" * 4 + frame + bytes([sum(frame) % 256, 0x16])


def answer(connection: socket.socket, asked: bytes) -> bytes | None:
    """Return the data of the first sound answer, without identifier; None when the line lost it."""
    connection.sendall(asked)
    heard = b""
    while True:
        try:
            heard += connection.recv(300)
        except TimeoutError:
            return None
        for start, byte in enumerate(heard):
            frame = heard[start:]
            if byte != 0x68 or len(frame) < 12 or frame[7] != 0x68 or frame[8] != 0x91:
                continue
            end = 10 + frame[9]
            if len(frame) >= end + 2 and sum(frame[:end]) % 256 == frame[end] and frame[end + 1] == 0x16:
                return bytes((b - 0x33) % 256 for b in frame[14:end])


def bcd(raw: bytes) -> int:
    return int(raw[::-1].hex())


def persistently(connection: socket.socket, asked: bytes) -> bytes:
    """Ask until an answer gets through the line's faults."""
    for _ in range(5):
        data = answer(connection, asked)
        if data is not None:
            return data
    pytest.fail(f"no answer to {asked.hex(' ')}")


@pytest.mark.parametrize(
    ("meter", "address"), [("LAB-H1", "202400010001"), ("LAB-H2", "202400010002"), ("LAB-F1", "202400020001")]
)
def test_a_dlt645_meter_tells_its_voltage_and_registers(lab: Fleet, meter: str, address: str) -> None:
    shown = next(m for m in lab.meters if m.id == meter).model.read(NOW)

    def talk(served: ServedFleet) -> None:
        with connect(served, "lab-rs485") as connection:
            volts = bcd(persistently(connection, request(address, READ_VOLTAGE_A))) / 10
            assert volts == pytest.approx(shown[Quantity.VOLTAGE_A], abs=0.051)
            block = persistently(connection, request(address, READ_ENERGY_BLOCK))
            total, *rates = (bcd(block[at : at + 4]) / 100 for at in range(0, 20, 4))
            assert total == pytest.approx(shown[Quantity.ACTIVE_ENERGY_IMPORT], abs=0.011)
            assert sum(rates) == pytest.approx(total, abs=0.03)

    on_fleet(lab, talk)


def test_a_meter_of_another_line_is_silent(lab: Fleet) -> None:
    def talk(served: ServedFleet) -> None:
        with connect(served, "lab-rs485") as connection:
            assert answer(connection, request("209900000001", READ_VOLTAGE_A)) is None

    assert on_fleet(lab, talk).stats["lab-rs485"].exchanges == 0


def test_a_modbus_meter_tells_its_voltage(lab: Fleet) -> None:
    shown = next(m for m in lab.meters if m.id == "LAB-M1").model.read(NOW)

    def talk(served: ServedFleet) -> None:
        with connect(served, "lab-modbus") as connection:
            connection.sendall(struct.pack(">HHHBBHH", 7, 0, 6, 1, 4, 0, 2))
            heard = b""
            while len(heard) < 13:
                heard += connection.recv(100)
            assert heard[:9] == bytes.fromhex("00 07 00 00 00 07 01 04 04")
            assert struct.unpack(">f", heard[9:13])[0] == pytest.approx(shown[Quantity.VOLTAGE_A], abs=1e-3)

    on_fleet(lab, talk)


def test_faults_hit_their_share_of_a_long_conversation(lab: Fleet) -> None:
    asked = request("202400010001", READ_VOLTAGE_A)

    def talk(served: ServedFleet) -> None:
        with connect(served, "lab-rs485") as connection:
            got = sum(answer(connection, asked) is not None for _ in range(1000))
        assert 980 <= got < 1000

    served = on_fleet(lab, talk)
    assert served.stats["lab-rs485"].exchanges == 1000
    assert served.fault_share == pytest.approx(0.06, abs=0.02)


def test_the_planted_night_stands_in_the_load_record(lab: Fleet) -> None:
    """Load record class 2 (P and Q) of the meter's memory shows the power drawn in suspension."""
    (truth,) = [t for t in lab.truth if t.meter == "LAB-F1"]
    local = truth.starts_at + timedelta(hours=9)
    when = bytes.fromhex(local.strftime("%M%H%d%m%y"))
    identifier_and_time = bytes.fromhex("01 00 02 06 01") + when
    frame = b"\x68" + bytes.fromhex("202400020001")[::-1] + b"\x68\x11\x0a"
    frame += bytes((b + 0x33) % 256 for b in identifier_and_time)
    asked = b"\xfe" * 4 + frame + bytes([sum(frame) % 256, 0x16])

    def talk(served: ServedFleet) -> None:
        with connect(served, "lab-rs485") as connection:
            block = persistently(connection, asked)
        assert block[3:8] == when
        total_kw = bcd(block[8:11]) / 10_000
        assert total_kw * 40 == pytest.approx(truth.max_kw, abs=0.01)

    on_fleet(lab, talk)


def test_an_exchange_costs_little() -> None:
    """60 000 exchanges must not keep the demo waiting: a generous bound, to notice a slip of tenfold."""
    fleet = build_fleet(load_fleet("demo"), NOW)
    bus = next(b for b in fleet.plan.buses if b.id == "rs485-1")
    slaves = [slave_maker(fleet, lambda: NOW)(bus, meter) for meter in fleet.on(bus.id)]
    asked = request("202301010003", READ_VOLTAGE_A)
    started = time.process_time()
    for _ in range(200):
        answers = [slave.receive(asked) for slave in slaves]
    assert sum(map(bool, answers)) == 1
    assert (time.process_time() - started) / 200 < 0.01
