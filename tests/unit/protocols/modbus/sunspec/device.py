"""A SunSpec device as a list of registers, built from the order of points in the published definitions."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PHASES = ("", "phA", "phB", "phC")
_TOTALS = (
    *("TotWhExp", "TotWhImp", "SF:TotWh", "TotVAhExp", "TotVAhImp", "SF:TotVAh"),
    *("TotVArhImpQ1", "TotVArhImpQ2", "TotVArhExpQ3", "TotVArhExpQ4", "SF:TotVArh"),
)


def _integer_points() -> list[tuple[str, int]]:
    """Return name and size of every point of models 201 to 204, as sunspec/models lists them."""
    points = [("ID", 1), ("L", 1)]
    points += [(f"A{phase}", 1) for phase in _PHASES] + [("A_SF", 1)]
    points += [(f"PhV{phase}", 1) for phase in _PHASES]
    points += [(name, 1) for name in ("PPV", "PPVphAB", "PPVphBC", "PPVphCA", "V_SF", "Hz", "Hz_SF")]
    for name in ("W", "VA", "VAR", "PF"):
        points += [(f"{name}{phase}", 1) for phase in _PHASES] + [(f"{name}_SF", 1)]
    for name in _TOTALS:
        scale = name.startswith("SF:")
        points += [(f"{name[3:]}_SF", 1)] if scale else [(f"{name}{phase}", 2) for phase in _PHASES]
    return [*points, ("Evt", 2)]


def _float_points() -> list[tuple[str, int]]:
    """The models 211 to 214 have the same points as floats, and no scale factors."""
    points = [(name, size) for name, size in _integer_points() if not name.endswith("_SF")]
    return [(name, size if name in {"ID", "L"} else 2) for name, size in points]


def block(model: int, values: Mapping[str, float]) -> list[int]:
    """Return a model's registers with these raw values; every other point is marked as not available."""
    points = _integer_points() if model < 210 else _float_points()
    registers: list[int] = []
    for name, size in points:
        registers += _raw(model, name, size, values, sum(size for _, size in points) - 2)
    return registers


def _raw(model: int, name: str, size: int, values: Mapping[str, float], length: int) -> Sequence[int]:
    if name in {"ID", "L"}:
        return [model if name == "ID" else length]
    if name == "Evt":
        return [0, 0]
    if model > 210:
        return struct.unpack(">HH", struct.pack(">f", values.get(name, float("nan"))))
    if size == 2:
        return struct.unpack(">HH", struct.pack(">I", int(values.get(name, 0))))
    return struct.unpack(">H", struct.pack(">h", int(values.get(name, -0x8000))))


def words(text: str, registers: int) -> list[int]:
    raw = text.encode().ljust(2 * registers, b"\0")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


def common(vendor: str = "ACME", model: str = "M3", version: str = "1.2", serial: str = "00017") -> list[int]:
    """Return model 1: Mn 16, Md 16, Opt 8, Vr 8, SN 16, DA, Pad."""
    texts = words(vendor, 16) + words(model, 16) + words("", 8) + words(version, 8) + words(serial, 16)
    return [1, 66, *texts, 1, 0x8000]


MARKER = [0x5375, 0x6E53]
END = [0xFFFF, 0]


@dataclass
class Device:
    """Answers for registers that it has, with None for those it has not."""

    registers: Sequence[int]
    base: int = 40000
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read(self, address: int, count: int) -> list[int] | None:
        self.asked.append((address, count))
        start = address - self.base
        found = list(self.registers[start : start + count]) if start >= 0 else []
        return found if len(found) == count else None
