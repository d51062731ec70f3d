"""Meters that answer wrongly, each in its own way, on lines that carry every byte of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import TypeAlias

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.profile import Profile, parse_profile
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import Slave
from simulators.modbus_meter import ModbusMeter

Damage: TypeAlias = Callable[[bytes], bytes]
"""What becomes of an answer on its way."""

PREAMBLE = 4
VOLTAGES = bytes((b + 0x33) & 0xFF for b in bytes.fromhex("00FF0102"))
"""The identifier of the block of voltages as it stands on the wire."""
SHOWN = {
    Quantity.ACTIVE_ENERGY_IMPORT: 1234.56,
    Quantity.VOLTAGE_A: 220.1,
    Quantity.VOLTAGE_B: 221.2,
    Quantity.VOLTAGE_C: 222.3,
    Quantity.CURRENT_A: 1.5,
    Quantity.CURRENT_B: 1.6,
    Quantity.CURRENT_C: 1.7,
    Quantity.ACTIVE_POWER: 1.05,
    Quantity.FREQUENCY: 50.02,
}
"""What every one of these meters shows, whatever arrives of it."""


def intact(answer: bytes) -> bytes:
    return answer


def noisy(answer: bytes) -> bytes:
    """Noise before the answer, with starts of frames in it."""
    return b"\x68\x00\xff\x16\x68\x68\x91" + answer


def halved(answer: bytes) -> bytes:
    return answer[: len(answer) // 2]


def wrong_checksum(answer: bytes) -> bytes:
    return answer[:-2] + bytes([answer[-2] ^ 0xFF]) + answer[-1:]


def of_another_meter(answer: bytes) -> bytes:
    """A sound frame, but from an address that was not asked."""
    frame = answer[PREAMBLE:]
    return _summed_up(frame[:1] + bytes.fromhex("990000000099") + frame[7:])


def not_bcd(answer: bytes) -> bytes:
    """A digit A in the voltage of phase B, in a frame that is sound otherwise."""
    at = answer.find(VOLTAGES)
    if at < 0:
        return answer
    phase_b = at + len(VOLTAGES) + 2
    frame = answer[:phase_b] + bytes([(0x1A + 0x33) & 0xFF]) + answer[phase_b + 1 :]
    return _summed_up(frame[PREAMBLE:])


def _summed_up(frame: bytes) -> bytes:
    return frame[:-2] + bytes([sum(frame[:-2]) & 0xFF]) + frame[-1:]


class Damaged:
    """A meter on the wire whose answers are damaged."""

    def __init__(self, meter: Slave, damage: Damage) -> None:
        self._meter = meter
        self._damage = damage

    def receive(self, data: bytes) -> bytes:
        answer = self._meter.receive(data)
        return self._damage(answer) if answer else b""


class Showing:
    """What a meter measures: the same at all times."""

    def __init__(self, shown: Mapping[Quantity, float]) -> None:
        self._shown = shown

    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return self._shown


def dlt645(damages: Mapping[str, Damage]) -> Sequence[Slave]:
    """Return a DL/T 645 meter for each address."""
    return [
        Damaged(Dlt645Meter(address, Showing(SHOWN), _now, wiring=Wiring.THREE_PHASE_FOUR_WIRE), damage)
        for address, damage in damages.items()
    ]


def modbus(damages: Mapping[int, Damage], shown: Mapping[int, Mapping[Quantity, float]]) -> Sequence[Slave]:
    """Return a Modbus meter for each unit, showing what ``shown`` adds to the others."""
    return [
        Damaged(ModbusMeter(unit, _sdm630(), Showing({**SHOWN, **shown.get(unit, {})}), _now), damage)
        for unit, damage in damages.items()
    ]


def _sdm630() -> Profile:
    name = "eastron_sdm630"
    file = resources.files("protocols").joinpath("profiles", f"{name}.toml")
    return parse_profile(file.read_text("utf-8"), name)


def _now() -> datetime:
    return datetime.now(UTC)
