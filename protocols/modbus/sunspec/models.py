"""What a SunSpec meter model's registers mean: values in our units out of one block of registers."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from pipeline.model import Value
from pipeline.quantities import Quantity
from protocols.modbus.registers import decode_registers
from protocols.quadrants import summed, sums_of

HEADER = 2
"""Registers of identifier and length, which a model's offsets count."""
NOT_AVAILABLE = -0x8000
"""In int16 and in a scale factor (sunssf)."""
SCALE_FACTORS = range(-10, 11)
"""SunSpec Device Information Model Specification: -10 to 10."""
_TYPES = {"acc32": "uint32"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPoint:
    """One value in a model."""

    quantity: Quantity
    at: int
    """Offset from the model's identifier."""
    type: str
    scale_factor: int | None = None
    """Offset of the register whose value is a power of ten for this one."""
    power: int = 0
    """The power of ten from the model's unit to ours."""
    sign_of: Quantity | None = None
    """The value takes the sign of this one."""
    zero_is_absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterModel:
    """One of the meter models."""

    number: int
    description: str
    length: int
    """Registers behind the header."""
    wiring: str
    """Empty where we have no name for it."""
    points: tuple[MeterPoint, ...]

    @property
    def registers(self) -> int:
        """How many registers hold the header, every point and every scale factor."""
        ends = (point.at + (1 if point.type == "int16" else 2) for point in self.points)
        return max(*ends, *((point.scale_factor or 0) + 1 for point in self.points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every model we read, and where model 1 names the device."""

    meters: Mapping[int, MeterModel]
    identity: Mapping[str, tuple[int, int]]
    """Fact to offset and length in registers."""

    @property
    def quantities(self) -> frozenset[Quantity]:
        """What any of the meters may tell."""
        told = frozenset(point.quantity for meter in self.meters.values() for point in meter.points)
        return told | sums_of(told)


@dataclass(frozen=True, slots=True)
class MeterValues:
    """What a block of registers says."""

    values: Mapping[Quantity, Value] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()


@cache
def catalogue() -> Catalogue:
    """Return the models, read once."""
    text = resources.files("protocols.modbus.sunspec").joinpath("meters.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Catalogue(
        meters={int(number): _meter(int(number), entry, table) for number, entry in table["models"].items()},
        identity={fact: (entry["at"], entry["registers"]) for fact, entry in table["identity"].items()},
    )


def read_meter(meter: MeterModel, registers: Sequence[int], *, reversed_power: bool = False) -> MeterValues:
    """Return the values in ``registers``, which begin with the model's identifier.

    Args:
        meter: The model.
        registers: At least ``meter.registers`` of them.
        reversed_power: The meter counts export as positive power, against our convention.
    """
    values: dict[Quantity, Value] = {}
    deviations: dict[str, None] = {}
    for point in meter.points:
        scale = _scale(point, registers)
        if scale is None:
            continue
        if scale not in SCALE_FACTORS:
            deviations[f"scale factor at offset {point.scale_factor} of model {meter.number} is {scale}"] = (
                None
            )
            continue
        number = _number(point, registers)
        if number is not None:
            values[point.quantity] = _times_ten_to(number, scale + point.power)
    if reversed_power:
        values |= {q: -v for q, v in values.items() if _has_direction(q) and isinstance(v, float)}
    return MeterValues(values | _signed(meter, values) | summed(values), tuple(deviations))


def text(registers: Sequence[int]) -> str:
    """Return the text in ``registers``: UTF-8 up to the first NUL, without what cannot be printed."""
    raw = b"".join(register.to_bytes(2, "big") for register in registers).partition(b"\0")[0]
    return "".join(c for c in raw.decode("utf-8", "replace") if c.isprintable()).strip()


def _scale(point: MeterPoint, registers: Sequence[int]) -> int | None:
    """Return the exponent; None where the meter says that it has none, and so no value."""
    if point.scale_factor is None:
        return 0
    exponent = int(decode_registers(registers[point.scale_factor : point.scale_factor + 1], "int16"))
    return None if exponent == NOT_AVAILABLE else exponent


def _number(point: MeterPoint, registers: Sequence[int]) -> float | None:
    kind = _TYPES.get(point.type, point.type)
    count = 1 if kind == "int16" else 2
    number = decode_registers(registers[point.at : point.at + count], kind)
    absent = (kind == "int16" and number == NOT_AVAILABLE) or (point.zero_is_absent and not number)
    return None if absent or not math.isfinite(number) else number


def _times_ten_to(number: float, power: int) -> float:
    """Divide where the power is negative: 2301 / 10 is 230.1, but 2301 x 0.1 is not."""
    return number * float(10**power) if power >= 0 else number / float(10**-power)


def _has_direction(quantity: Quantity) -> bool:
    return quantity.value.startswith(("active_power", "reactive_power"))


def _signed(meter: MeterModel, values: Mapping[Quantity, Value]) -> dict[Quantity, Value]:
    """Give each value that has none of its own the sign of another."""
    signed: dict[Quantity, Value] = {}
    for point in meter.points:
        value, sign = values.get(point.quantity), values.get(point.sign_of) if point.sign_of else None
        if isinstance(value, float) and isinstance(sign, float) and sign:
            signed[point.quantity] = math.copysign(value, sign)
    return signed


_Table = Mapping[str, Any]  # Any: straight from the package's own TOML


def _meter(number: int, entry: _Table, table: _Table) -> MeterModel:
    layout = table["layouts"][entry["layout"]]
    phases = set(entry["phases"])
    left_out = set(entry.get("left_out", ()))
    points = (_point(point, layout["type"]) for point in layout["points"])
    return MeterModel(
        number=number,
        description=entry["description"],
        length=layout["length"],
        wiring=entry.get("wiring", ""),
        points=tuple(p for p in points if _measured(p.quantity, phases) and p.quantity not in left_out),
    )


def _measured(quantity: Quantity, phases: set[str]) -> bool:
    """Say whether a model with ``phases`` measures a quantity; a total is measured by all."""
    phase = quantity.value.rpartition("_")[2]
    return phase in phases or phase not in {"a", "b", "c", "ab", "bc", "ca"}


def _point(entry: _Table, kind: str) -> MeterPoint:
    sign_of = entry.get("sign_of")
    return MeterPoint(
        quantity=Quantity(entry["quantity"]),
        at=entry["at"],
        type=entry.get("type", kind),
        scale_factor=entry.get("scale_factor"),
        power=entry.get("power", 0),
        sign_of=Quantity(sign_of) if sign_of else None,
        zero_is_absent=entry.get("zero_is_absent", False),
    )
