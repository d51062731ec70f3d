"""A simulated SunSpec meter: the marker, a chain of models, and values with their scale factors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pipeline.quantities import Quantity
from protocols.modbus.framing import Framing
from protocols.modbus.planner import Span
from protocols.modbus.registers import encode_registers
from protocols.modbus.sunspec.models import HEADER, NOT_AVAILABLE, MeterModel, MeterPoint, catalogue
from protocols.modbus.sunspec.walk import COMMON, END, FUNCTION, MARKER
from protocols.profile import Profile, Side
from simulators.modbus_meter import ModbusMeter, Model

COMMON_REGISTERS = 66
LARGEST = {"int16": 32767.0, "acc32": 4294967295.0}
FINEST = -3
"""The smallest exponent it uses: a thousandth of the model's unit."""
IDENTITY: Mapping[str, str] = {
    "vendor": "Kilowatch",
    "model": "Simulated meter",
    "version": "1.0",
    "serial": "202400010001",
}
_NO_PROFILE = Profile(
    name="sunspec",
    protocol="modbus-sunspec",
    description="",
    side=Side.PRIMARY,
    source="",
    quantities=frozenset(),
)


class SunSpecMeter(ModbusMeter):
    """One SunSpec device with one meter."""

    def __init__(  # noqa: PLR0913 -- three say what it is, the others are options by name
        self,
        unit: int,
        model: Model,
        clock: Callable[[], datetime],
        *,
        sunspec_model: int = 203,
        base: int = 40000,
        before: Sequence[tuple[int, int]] = (),
        identity: Mapping[str, str] = IDENTITY,
        framing: Framing | None = None,
    ) -> None:
        """Be ready to answer.

        Args:
            unit: Its address, 1 to 247.
            model: What it measures.
            clock: The time at which it measures: now.
            sunspec_model: Which meter model it is, 201 to 204 or 211 to 214.
            base: The register where its marker stands.
            before: Identifier and length of models between the common one and the meter.
            identity: What model 1 says.
            framing: How the line frames; socket when None.
        """
        super().__init__(unit, _NO_PROFILE, model, clock, framing=framing)
        self._meter = catalogue().meters[sunspec_model]
        self._base = base
        self._head = [*MARKER, *_common(identity)]
        for number, length in before:
            self._head += [number, length, *([0] * length)]
        count = len(self._head) + HEADER + self._meter.length + HEADER
        self._readable = (Span(FUNCTION, base, count),)

    def _registers(self, span: Span) -> list[int]:
        shown = self._model.read(self._clock())
        registers = [*self._head, *meter_registers(self._meter, shown), END, 0]
        start = span.address - self._base
        return registers[start : start + span.count]


def meter_registers(meter: MeterModel, shown: Mapping[Quantity, float]) -> list[int]:
    """Return the registers of a model, header first; what is not shown is marked as not available."""
    registers = [meter.number, meter.length, *([0] * meter.length)]
    exponents = _exponents(meter, shown)
    for at, exponent in exponents.items():
        registers[at] = exponent & 0xFFFF
    for point in meter.points:
        words = _words(point, shown.get(point.quantity), exponents)
        registers[point.at : point.at + len(words)] = words
    return registers


def _exponents(meter: MeterModel, shown: Mapping[Quantity, float]) -> dict[int, int]:
    """Return for each scale factor the smallest exponent with which the largest value of its points fits."""
    exponents: dict[int, int] = {}
    for point in meter.points:
        if point.scale_factor is not None:
            largest = abs(shown.get(point.quantity, 0.0)) / 10.0**point.power
            room = LARGEST[point.type]
            needed = math.ceil(math.log10(largest / room)) if largest else FINEST
            exponents[point.scale_factor] = max(exponents.get(point.scale_factor, FINEST), needed)
    return exponents


def _words(point: MeterPoint, value: float | None, exponents: Mapping[int, int]) -> Sequence[int]:
    if point.type == "float32":
        return encode_registers(math.nan if value is None else value / 10.0**point.power, "float32")
    if value is None:
        return (NOT_AVAILABLE & 0xFFFF,) if point.type == "int16" else (0, 0)
    raw = value / 10.0 ** (point.power + exponents[point.scale_factor or 0])
    return encode_registers(raw, "int16" if point.type == "int16" else "uint32")


def _common(identity: Mapping[str, str]) -> list[int]:
    """Return model 1 with its header."""
    registers = [COMMON, COMMON_REGISTERS, *([0] * COMMON_REGISTERS)]
    for fact, (at, count) in catalogue().identity.items():
        raw = identity.get(fact, "").encode()[: 2 * count].ljust(2 * count, b"\0")
        registers[at : at + count] = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
    return registers
