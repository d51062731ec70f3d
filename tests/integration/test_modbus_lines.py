"""Modbus over every kind of line, through the bus owner and the command, against servers not of ours."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymodbus import FramerType
from pyModbusTCP.client import ModbusClient  # type: ignore[import-untyped] # it ships no types

from collectors.bus import BusOwner
from collectors.targets import MeterRead
from pipeline.coverage import Cause
from pipeline.errors import ConfigError, NoAnswerError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Meter
from protocols.modbus.framing import Framing
from protocols.profile import Profile, parse_profile
from protocols.session import DropReason
from services.read_meter import read_meter_at
from services.wiring import load_profiles, target_of
from simulators.line import serve_line
from simulators.modbus_meter import ModbusMeter
from simulators.sunspec_meter import SunSpecMeter
from tests.integration.modbus_servers import (
    UNIT,
    Authority,
    floats_at,
    make_authority,
    registers_at,
    running_loop,
    served,
    served_on_a_cable,
)
from tests.unit.protocols.modbus.sunspec.device import END, MARKER, block, common

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SMALL = """
protocol = "modbus"
description = "two voltages far apart"
side = "primary"
source = "the tests of this project"
points = [
    { quantity = "voltage_a", address = 0 },
    { quantity = "voltage_b", address = 100 },
]
[defaults]
function = 3
type = "float32"
"""
BOTH = frozenset({Quantity.VOLTAGE_A, Quantity.VOLTAGE_B})


def small() -> Profile:
    return parse_profile(SMALL, "small")


def read_once(url: str, profile: Profile, tmp_path: Path, *, timeout_s: float = 2.0) -> MeterRead:
    async def main() -> MeterRead:
        bus = Bus(id="b", url=url, timeout_s=timeout_s, retries=1)
        owner = BusOwner(bus, now=lambda: datetime.now(UTC), lock_dir=tmp_path)
        target = target_of(Meter(id=MeterId("M")), str(UNIT), profile, url)
        try:
            return await owner.read_meter(target, profile.quantities, None)
        finally:
            await owner.close()

    return asyncio.run(main())


def values_of(read: MeterRead) -> dict[Quantity, object]:
    assert read.snapshot is not None, read.failure
    return dict(read.snapshot.values)


# Lines


@pytest.mark.parametrize(
    ("framer", "option"),
    [(FramerType.SOCKET, ""), (FramerType.RTU, "?framing=rtu")],
    ids=["tcp", "rtu over tcp"],
)
def test_a_meter_behind_tcp_is_read(framer: FramerType, option: str, tmp_path: Path) -> None:
    device = floats_at(0, [230.5, *[0.0] * 49, 231.5])
    with served(device, framer=framer) as port:
        read = read_once(f"tcp://127.0.0.1:{port}{option}", small(), tmp_path)
    assert values_of(read) == {Quantity.VOLTAGE_A: 230.5, Quantity.VOLTAGE_B: 231.5}


def test_a_meter_on_a_serial_port_is_read_in_rtu(tmp_path: Path) -> None:
    with served_on_a_cable(floats_at(0, [230.5, *[0.0] * 49, 231.5])) as port:
        read = read_once(f"serial://{port}?baudrate=9600&parity=N", small(), tmp_path)
    assert values_of(read) == {Quantity.VOLTAGE_A: 230.5, Quantity.VOLTAGE_B: 231.5}


# MODBUS/TCP Security: the same frames within TLS, both sides with certificates of a private authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


def test_a_meter_is_read_over_tls_with_a_private_authority(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("collector", "DNS:collector")
    trust = f"ca={authority.certificate}&certificate={certificate}&key={key}"
    with served(floats_at(0, [230.5, *[0.0] * 49, 231.5]), secured=authority.server()) as port:
        url = f"tls://127.0.0.1:{port}?{trust}"
        assert values_of(read_once(url, small(), tmp_path))[Quantity.VOLTAGE_B] == 231.5
        named = read_once(f"{url}&name=meter", small(), tmp_path)
        assert values_of(named)[Quantity.VOLTAGE_A] == 230.5
        wrong = read_once(f"{url}&name=other", small(), tmp_path)
    assert (wrong.snapshot, wrong.cause) == (None, Cause.LINK)
    assert "other" in wrong.failure


def test_a_peer_whose_authority_is_not_trusted_is_not_read(authority: Authority, tmp_path: Path) -> None:
    with served(floats_at(0, [230.5]), secured=authority.server()) as port:
        read = read_once(f"tls://127.0.0.1:{port}", small(), tmp_path)
    assert (read.snapshot, read.cause) == (None, Cause.LINK)
    assert "certificate verify failed" in read.failure


def test_a_peer_that_wants_our_certificate_does_not_answer_without(
    authority: Authority, tmp_path: Path
) -> None:
    with served(floats_at(0, [230.5]), secured=authority.server()) as port:
        read = read_once(f"tls://127.0.0.1:{port}?ca={authority.certificate}", small(), tmp_path)
    assert (read.snapshot, read.cause) == (None, Cause.LINK)


def test_a_peer_without_tls_is_told_apart(authority: Authority, tmp_path: Path) -> None:
    with served(floats_at(0, [230.5])) as port:
        read = read_once(f"tls://127.0.0.1:{port}?ca={authority.certificate}", small(), tmp_path)
    assert (read.snapshot, read.cause) == (None, Cause.LINK)


def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_url(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ca, certificate and key name files in PEM form"):
        read_once(f"tls://127.0.0.1:1?ca={tmp_path}/away.pem", small(), tmp_path)


# Late answers


@pytest.mark.parametrize("framing", ["socket", "rtu"])
def test_a_late_answer_is_never_given_to_the_next_question(framing: str, tmp_path: Path) -> None:
    """Two answers to the first question, the second one when the next question of the same size is due."""
    asked: list[bytes] = []
    # The first answer misses its time-out; the one to the repeated question comes when the next may be asked.
    delays_s = {1: 0.3, 2: 0.05}
    meter = ModbusMeter(UNIT, small(), Steady(), lambda: NOW, framing=Framing(framing))

    async def main() -> MeterRead:
        gone = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(300):
                    asked.append(data)
                    answer = meter.receive(data)
                    await asyncio.sleep(delays_s.get(len(asked), 0.0))
                    writer.write(answer)
            writer.close()
            gone.set()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}?framing={framing}"
            bus = Bus(id="b", url=url, timeout_s=0.2, retries=2)
            owner = BusOwner(bus, now=lambda: datetime.now(UTC), lock_dir=tmp_path)
            target = target_of(Meter(id=MeterId("M")), str(UNIT), small(), url)
            read = await owner.read_meter(target, BOTH, None)
            assert owner.counters.dropped.get(DropReason.LATE, 0) >= 1
            await owner.close()
            await asyncio.wait_for(gone.wait(), 10)
        return read

    values = values_of(asyncio.run(main()))
    assert values == {Quantity.VOLTAGE_A: 230.5, Quantity.VOLTAGE_B: 231.5}


class Steady:
    def read(self, instant: datetime) -> dict[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {Quantity.VOLTAGE_A: 230.5, Quantity.VOLTAGE_B: 231.5}


# SunSpec


CHAIN = [
    *MARKER,
    *common("ACME", "M3", "1.2", "00017"),
    *block(203, {"PhVphA": 2301, "V_SF": -1, "W": -345, "W_SF": 1, "TotWhImp": 123456, "TotWh_SF": 1}),
    *END,
]


@pytest.mark.parametrize("base", [40000, 0])
def test_a_sunspec_device_served_by_pymodbus_is_read(base: int, tmp_path: Path) -> None:
    with served(registers_at(base, CHAIN)) as port:
        url = f"tcp://127.0.0.1:{port}"
        read = read_once(url, load_profiles()["sunspec_meter"], tmp_path)
        shown = read_meter_at(f"modbus+{url}/{UNIT}?profile=sunspec_meter", frozenset({Quantity.VOLTAGE_A}))
    assert values_of(read) == {
        Quantity.VOLTAGE_A: 230.1,
        Quantity.ACTIVE_POWER: -3.45,
        Quantity.ACTIVE_ENERGY_IMPORT: 1234.56,
        Quantity.ACTIVE_ENERGY_EXPORT: 0.0,
    }
    assert (read.facts["vendor"], read.facts["model"], read.facts["serial"]) == ("ACME", "M3", "00017")
    assert shown.snapshot.values[Quantity.VOLTAGE_A] == 230.1


def test_a_device_that_is_no_sunspec_device_is_told_so(tmp_path: Path) -> None:
    with served(registers_at(0, [0] * 200)) as port:
        read = read_once(f"tcp://127.0.0.1:{port}", load_profiles()["sunspec_meter"], tmp_path)
        with pytest.raises(NoAnswerError, match="answers, but gives no value: no SunSpec device"):
            read_meter_at(f"modbus+tcp://127.0.0.1:{port}/{UNIT}?profile=sunspec_meter", frozenset())
    assert read.snapshot is None


# pyModbusTCP against our simulated meters


def test_pymodbustcp_reads_our_simulated_meters() -> None:
    sdm630 = load_profiles()["eastron_sdm630"]
    meters = [ModbusMeter(UNIT, sdm630, Steady(), lambda: NOW), SunSpecMeter(6, Steady(), lambda: NOW)]
    with running_loop() as loop:
        line = loop.run(serve_line(meters, host="127.0.0.1"))
        client = ModbusClient(host=line.host, port=line.port, unit_id=UNIT, timeout=10.0)
        voltages = client.read_input_registers(0, 4)
        beyond = client.read_input_registers(0x2000, 2)
        refusal = client.last_except
        client.unit_id = 6
        letters = client.read_holding_registers(40000, 2)
        client.close()
        loop.run(line.close())
    assert voltages is not None
    assert struct.unpack(">ff", struct.pack(">4H", *voltages)) == (230.5, 231.5)
    assert (beyond, refusal) == (None, 2)
    assert letters == MARKER
