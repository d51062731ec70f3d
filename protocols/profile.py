"""A meter model as data: which protocol it speaks, what it holds, what it is bad at. One TOML file each."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from protocols.quadrants import sums_of


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


class Coding(StrEnum):
    """How a register's number stands for the value, beyond type and scale."""

    PLAIN = "plain"
    FOUR_QUADRANTS = "four_quadrants"
    """A power factor from -2 to 2: above 1 it is 2 minus the register, below -1 it is -2 minus the register
    (Schneider iEM3000 user manual DOCA0005EN-04 page 109, PM5500 user manual "Power factor register format").
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Silence that a meter needs, or it misses what it is asked."""

    between_s: float = 0.0
    """Between an answer of this meter, or of another on its bus, and the next question."""
    after_connect_s: float = 0.0
    """Between the opening of the line and the first question."""


NO_PAUSES = Pauses()


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where a number is in a register map, and how it is coded."""

    address: int
    """Zero-based, as on the wire."""
    function: int
    """Modbus function code, 3 or 4."""
    type: str
    """``float32``, ``float64``, ``uint16``, ``int16``, ``uint32``, ``int32``, ``uint64`` or ``int64``."""
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
    nan_is_absent: bool = False
    """NaN says "not available" too; elsewhere it is a fault and flagged."""
    coding: Coding = Coding.PLAIN
    sign_of: Quantity | None = None
    """The value takes the sign of this one, read in the same answer: makers differ in a power factor's."""
    ratio: tuple[str, ...] = ()
    """Names of the meter's own ratio registers that the value is multiplied by."""
    single_source: bool = False
    """Only one source gives this register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Register):
    """A register that tells a model from others with the same measurements at the same addresses."""

    between: tuple[float, float]
    """Both included; a register that is refused or reads otherwise says that it is another model."""


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
    """What the model can give. For a register map these are its points' quantities, and sums of quadrants."""
    points: tuple[Point, ...] = ()
    ratios: Mapping[str, Register] = field(default_factory=dict)
    """The meter's own ratio registers by name: ``ct``, ``pt``."""
    probe: Mapping[Quantity, tuple[float, float]] = field(default_factory=dict)
    """What must read between two bounds, or this is not the meter's map."""
    identity: Mapping[str, Identity] = field(default_factory=dict)
    """What tells the model apart, by a name for people; asked with the probe alone, by a scan."""
    covers: tuple[str, ...] = ()
    """Profiles whose registers are all in this one, so that their probes fit this model too."""
    lookalikes: Mapping[str, str] = field(default_factory=dict)
    """Profiles that no register we know of tells from this one, and why."""
    variants: tuple[str, ...] = ()
    """Profiles of the other maps sold under this name; the probes tell them apart."""
    pauses: Pauses = NO_PAUSES
    load_record_minutes: int | None = None
    """Period of the load record in the meter's memory; None when it keeps none."""
    load_record_days: int = 0
    daily_freeze_days: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: each protocol checks its own

    def __hash__(self) -> int:
        """Tell profiles apart by name, for the tables that are looked up by profile."""
        return hash(self.name)

    @property
    def family(self) -> str:
        """The protocol without its kind: what stands in front of a meter's URL."""
        return self.protocol.partition("-")[0]

    @property
    def single_sourced(self) -> tuple[Quantity, ...]:
        """The quantities that only one source gives a register for."""
        return tuple(point.quantity for point in self.points if point.single_source)


PROFILE_KEYS = {
    "protocol", "description", "vendor", "models", "firmware", "side", "source", "trust",
    "quantities", "points", "defaults", "address_base", "ratios", "probe", "identity", "covers",
    "lookalikes", "variants", "pauses",
    "load_record_minutes", "load_record_days", "daily_freeze_days", "options",
}  # fmt: skip
_REGISTER_KEYS = {"address", "function", "type", "word_order", "scale"}
POINT_KEYS = _REGISTER_KEYS | {"quantity", "wiring", "absent", "ratio", "single_source", "coding", "sign_of"}
IDENTITY_KEYS = _REGISTER_KEYS | {"between"}
_DEFAULT_KEYS = POINT_KEYS - {"address", "quantity"}
_PAUSE_KEYS = {"between_ms", "after_connect_ms"}
PAUSE_MOST_MS = 10_000
LAST_ADDRESS = 0xFFFF
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
        return _profile(tomllib.loads(text), name)
    except KeyError as error:
        raise ConfigError(f"profile {name}: key {error} is missing") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"profile {name}: {error}") from error


def _profile(table: _Table, name: str) -> Profile:
    _refuse_unknown(table, PROFILE_KEYS, "")
    defaults = _section(table, "defaults")
    _refuse_unknown(defaults, _DEFAULT_KEYS, "defaults: ")
    base = _base(table.get("address_base", 0))
    points = _points(table.get("points", ()), defaults, base)
    own = frozenset(point.quantity for point in points)
    given = _texts(table, "quantities")
    profile = Profile(
        name=name,
        protocol=_text(table, "protocol"),
        description=_text(table, "description"),
        vendor=_text(table, "vendor", ""),
        models=_texts(table, "models"),
        firmware=_text(table, "firmware", ""),
        side=Side(table["side"]),
        source=_text(table, "source"),
        trust=Trust(table.get("trust", Trust.DOCUMENTED)),
        quantities=frozenset(map(Quantity, given)) | own | sums_of(own),
        points=points,
        ratios={
            key: _ratio({**_registers_of(defaults), **entry}, base, f"ratio {key}")
            for key, entry in _section(table, "ratios").items()
        },
        probe={
            Quantity(key): _bounds(f"probe {key}", value) for key, value in _section(table, "probe").items()
        },
        identity={
            key: _identity({**_registers_of(defaults), **entry}, base, f"identity {key}")
            for key, entry in _section(table, "identity").items()
        },
        covers=_texts(table, "covers"),
        lookalikes={key: _reason(key, why) for key, why in _section(table, "lookalikes").items()},
        variants=_texts(table, "variants"),
        pauses=_pauses(_section(table, "pauses")),
        load_record_minutes=_whole(table, "load_record_minutes") if "load_record_minutes" in table else None,
        load_record_days=_whole(table, "load_record_days"),
        daily_freeze_days=_whole(table, "daily_freeze_days"),
        options=_section(table, "options"),
    )
    _refuse_dangling(profile)
    return profile


def _base(base: object) -> int:
    if isinstance(base, int) and not isinstance(base, bool) and base in ADDRESS_BASES:
        return base
    raise ValueError(f"address_base is one of {', '.join(map(str, ADDRESS_BASES))}, not {base!r}")


def _section(table: _Table, key: str) -> _Table:
    section = table.get(key, {})
    if not isinstance(section, Mapping):
        raise TypeError(f"{key} is a table, written [{key}], not {section!r}")
    return section


def _text(table: _Table, key: str, otherwise: str | None = None) -> str:
    text = table[key] if otherwise is None else table.get(key, otherwise)
    if not isinstance(text, str):
        raise TypeError(f"{key} is text in quotes, not {text!r}")
    return text


def _texts(table: _Table, key: str) -> tuple[str, ...]:
    texts = table.get(key, ())
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f'{key} is a list of texts such as ["one", "two"], not {texts!r}')
    return tuple(texts)


def _whole(table: _Table, key: str) -> int:
    number = table.get(key, 0)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise TypeError(f"{key} is a whole number, not {number!r}")
    return number


def _pauses(table: _Table) -> Pauses:
    _refuse_unknown(table, _PAUSE_KEYS, "pauses: ")
    for key in table:
        if _whole(table, key) > PAUSE_MOST_MS:
            raise ValueError(f"pauses: {key} is at most {PAUSE_MOST_MS}, not {table[key]}")
    return Pauses(
        between_s=_whole(table, "between_ms") / 1000, after_connect_s=_whole(table, "after_connect_ms") / 1000
    )


def _refuse_unknown(table: _Table, known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where}unknown keys {unknown}; known are {', '.join(sorted(known))}")


def _refuse_dangling(profile: Profile) -> None:
    for point in profile.points:
        missing = set(point.ratio) - set(profile.ratios)
        if missing:
            raise ValueError(f"point {point.quantity}: there is no [ratios] entry {sorted(missing)}")
        if point.sign_of is not None and point.sign_of not in profile.quantities:
            raise ValueError(
                f"point {point.quantity}: the profile has no {point.sign_of} to take the sign of"
            )
    if profile.identity and not profile.probe:
        raise ValueError("identity: it is asked with a probe, and there is none")
    absent = sorted(set(profile.probe) - profile.quantities)
    if absent:
        raise ValueError(f"probe: the profile has no {', '.join(absent)}")


def _points(entries: object, defaults: _Table, base: int) -> tuple[Point, ...]:
    """Read every point, and tell every mistake at once."""
    if not isinstance(entries, Sequence) or not all(isinstance(entry, Mapping) for entry in entries):
        raise TypeError(f"points is a list of tables, written [[points]], not {entries!r}")
    points: list[Point] = []
    wrong: list[str] = []
    for number, entry in enumerate(entries, start=1):
        where = f"point {entry.get('quantity', '?')} (entry {number})"
        try:
            points.append(_point({**defaults, **entry}, base, where))
        except KeyError as error:
            wrong.append(f"{where}: key {error} is missing")
        except (ValueError, TypeError, OverflowError) as error:
            text = str(error)
            wrong.append(text if text.startswith(where) else f"{where}: {text}")
    if wrong:
        raise ValueError("\n  ".join(wrong))
    return tuple(points)


def _point(entry: _Table, base: int, where: str) -> Point:
    _refuse_unknown(entry, POINT_KEYS, f"{where}: ")
    absent = entry.get("absent", ())
    return Point(
        **_register(entry, base, where),
        quantity=Quantity(entry["quantity"]),
        wiring=frozenset(_texts(entry, "wiring")),
        absent=frozenset(value for value in absent if isinstance(value, int)),
        nan_is_absent=any(_is_nan(value) for value in absent),
        coding=Coding(entry.get("coding", Coding.PLAIN)),
        sign_of=Quantity(entry["sign_of"]) if "sign_of" in entry else None,
        ratio=_texts(entry, "ratio"),
        single_source=bool(entry.get("single_source", False)),
    )


def _ratio(entry: _Table, base: int, where: str) -> Register:
    _refuse_unknown(entry, _REGISTER_KEYS, f"{where}: ")
    return Register(**_register(entry, base, where))


def _identity(entry: _Table, base: int, where: str) -> Identity:
    _refuse_unknown(entry, IDENTITY_KEYS, f"{where}: ")
    return Identity(**_register(entry, base, where), between=_bounds(where, entry.get("between")))


def _reason(other: str, why: object) -> str:
    if isinstance(why, str) and why:
        return why
    raise ValueError(f"lookalikes {other}: say in words why no register tells them apart, not {why!r}")


def _is_nan(value: object) -> bool:
    if isinstance(value, int):
        return False
    if isinstance(value, float) and math.isnan(value):
        return True
    raise ValueError(f"absent holds raw values as whole numbers, and nan, not {value!r}")


def _registers_of(entry: _Table) -> _Table:
    return {key: value for key, value in entry.items() if key in _REGISTER_KEYS}


def _register(entry: _Table, base: int, where: str) -> dict[str, Any]:
    missing = sorted({"address", "function", "type"} - set(entry))
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} is missing")
    for key in ("address", "function"):
        if not isinstance(entry[key], int) or isinstance(entry[key], bool):
            raise TypeError(f"{where}: {key} is a whole number, not {entry[key]!r}")
    address = entry["address"] - base
    if address < 0:
        raise ValueError(f"{where}: address {entry['address']} is below address_base {base}")
    if address > LAST_ADDRESS:
        raise ValueError(
            f"{where}: address {entry['address']} is beyond the last register, {LAST_ADDRESS + base}"
        )
    scale = float(entry.get("scale", 1.0))
    if not math.isfinite(scale) or scale == 0:
        raise ValueError(f"{where}: scale is a number other than 0, not {entry['scale']!r}")
    texts = {key: _text(entry, key) for key in ("type", "word_order") if key in entry}
    return {**_registers_of(entry), **texts, "address": address, "scale": scale}


def _bounds(key: str, value: object) -> tuple[float, float]:
    match value:
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
    raise ValueError(f"{key}: write two bounds such as [45, 65], not {value!r}")
