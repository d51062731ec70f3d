"""A meter model as data: which protocol it speaks, what it holds, what it is bad at. One TOML file each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity


class Side(StrEnum):
    """Which side of the instrument transformers a point is on, so that nothing is multiplied twice."""

    SECONDARY = "secondary"
    PRIMARY = "primary"


class Trust(StrEnum):
    """How sure a register map is."""

    DOCUMENTED = "documented"
    """One source says so."""
    CROSS_CHECKED = "cross-checked"
    """Independent sources agree."""
    INTEROP = "interop"
    """Read from another implementation of the meter."""
    HARDWARE = "hardware"
    """Read from the meter itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where a number is in a register map, and how it is coded."""

    address: int
    """Zero-based, as on the wire."""
    function: int
    """Modbus function code, 3 or 4."""
    type: str
    """``float32``, ``uint16``, ``int16``, ``uint32``, ``int32``, ``uint64`` or ``int64``."""
    word_order: str = "ABCD"
    scale: float = 1.0
    """The number = raw value x scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point(Register):
    """One value in a register map: where it is, how it is coded, which quantity it becomes."""

    quantity: Quantity
    wiring: frozenset[str] = frozenset()
    """Wirings for which the value means something; empty = all."""
    absent: frozenset[int] = frozenset()
    """Raw values, as unsigned numbers, that say "not available" (无效值)."""
    ratio: tuple[str, ...] = ()
    """Names of the meter's own ratio registers that the value is multiplied by."""
    single_source: bool = False
    """Only one source gives this register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One meter model."""

    name: str
    protocol: str
    """The driver's name in ``protocols.session.drivers``."""
    description: str
    vendor: str = ""
    """Empty for a profile of a standard, whoever made the meter."""
    models: tuple[str, ...] = ()
    firmware: str = ""
    """Which versions the map is of; empty when no source says."""
    side: Side
    """The side on which every value ends, after the meter's own ratio registers."""
    source: str
    trust: Trust = Trust.DOCUMENTED
    quantities: frozenset[Quantity]
    """What the model can give. For a register map these are its points' quantities."""
    points: tuple[Point, ...] = ()
    ratios: Mapping[str, Register] = field(default_factory=dict)
    """The meter's own ratio registers by name: ``ct``, ``pt``."""
    probe: Mapping[Quantity, tuple[float, float]] = field(default_factory=dict)
    """What must read between two bounds, or this is not the meter's map."""
    load_record_minutes: int | None = None
    """Period of the load record in the meter's memory; None when it keeps none."""
    load_record_days: int = 0
    daily_freeze_days: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: each protocol checks its own


_KEYS = {
    "name", "protocol", "description", "vendor", "models", "firmware", "side", "source", "trust",
    "quantities", "points", "defaults", "address_base", "ratios", "probe",
    "load_record_minutes", "load_record_days", "daily_freeze_days", "options",
}  # fmt: skip
_REGISTER_KEYS = {"address", "function", "type", "word_order", "scale"}
_POINT_KEYS = _REGISTER_KEYS | {"quantity", "wiring", "absent", "ratio", "single_source"}
_DEFAULT_KEYS = _POINT_KEYS - {"address", "quantity"}
ADDRESS_BASES = (0, 1, 30001, 40001)
"""As on the wire, counted from one, and Modicon's numbers of input and holding registers."""

_Table = Mapping[str, Any]  # Any: straight from TOML, checked where it is read


def parse_profile(text: str, name: str) -> Profile:
    """Read one profile file (``docs/profiles.md`` explains its keys).

    Args:
        text: The TOML text.
        name: The file's name without its ending; the profile is called so.

    Raises:
        ConfigError: If the text is not TOML, a key is unknown or missing, or a value does not fit.
    """
    try:
        table = tomllib.loads(text)
        _refuse_unknown(table, _KEYS, "")
        defaults = table.get("defaults", {})
        _refuse_unknown(defaults, _DEFAULT_KEYS, "defaults: ")
        base = _base(table.get("address_base", 0))
        points = tuple(_point({**defaults, **entry}, base) for entry in table.get("points", ()))
        given = table.get("quantities", ())
        profile = Profile(
            name=name,
            protocol=table["protocol"],
            description=table["description"],
            vendor=table.get("vendor", ""),
            models=tuple(table.get("models", ())),
            firmware=table.get("firmware", ""),
            side=Side(table["side"]),
            source=table["source"],
            trust=Trust(table.get("trust", Trust.DOCUMENTED)),
            quantities=frozenset(map(Quantity, given)) | {point.quantity for point in points},
            points=points,
            ratios={
                key: Register(**_register({**_registers_of(defaults), **entry}, base, f"ratio {key}"))
                for key, entry in table.get("ratios", {}).items()
            },
            probe={Quantity(key): _bounds(key, value) for key, value in table.get("probe", {}).items()},
            load_record_minutes=table.get("load_record_minutes"),
            load_record_days=table.get("load_record_days", 0),
            daily_freeze_days=table.get("daily_freeze_days", 0),
            options=table.get("options", {}),
        )
        _refuse_dangling(profile)
    except KeyError as error:
        raise ConfigError(f"profile {name}: key {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"profile {name}: {error}") from error
    return profile


def _base(base: object) -> int:
    if isinstance(base, int) and base in ADDRESS_BASES:
        return base
    raise ValueError(f"address_base is one of {', '.join(map(str, ADDRESS_BASES))}, not {base!r}")


def _refuse_unknown(table: _Table, known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where}unknown keys {unknown}; known are {', '.join(sorted(known))}")


def _refuse_dangling(profile: Profile) -> None:
    for point in profile.points:
        missing = set(point.ratio) - set(profile.ratios)
        if missing:
            raise ValueError(f"point {point.quantity}: there is no [ratios] entry {sorted(missing)}")
    absent = sorted(set(profile.probe) - profile.quantities)
    if absent:
        raise ValueError(f"probe: the profile has no {', '.join(absent)}")


def _point(entry: _Table, base: int) -> Point:
    where = f"point {entry.get('quantity', '?')}"
    _refuse_unknown(entry, _POINT_KEYS, f"{where}: ")
    return Point(
        **_register(entry, base, where),
        quantity=Quantity(entry["quantity"]),
        wiring=frozenset(entry.get("wiring", ())),
        absent=frozenset(entry.get("absent", ())),
        ratio=tuple(entry.get("ratio", ())),
        single_source=entry.get("single_source", False),
    )


def _registers_of(entry: _Table) -> _Table:
    return {key: value for key, value in entry.items() if key in _REGISTER_KEYS}


def _register(entry: _Table, base: int, where: str) -> dict[str, Any]:
    missing = sorted({"address", "function", "type"} - set(entry))
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} is missing")
    address = entry["address"] - base
    if address < 0:
        raise ValueError(f"{where}: address {entry['address']} is below address_base {base}")
    return {**_registers_of(entry), "address": address, "scale": float(entry.get("scale", 1.0))}


def _bounds(key: str, value: object) -> tuple[float, float]:
    match value:
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
    raise ValueError(f"probe {key}: write two bounds such as [45, 65], not {value!r}")
