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


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value in a register map: where it is, how it is coded, which quantity it becomes."""

    quantity: Quantity
    address: int
    """Zero-based, as on the wire."""
    function: int
    """Modbus function code, 3 or 4."""
    type: str
    """``float32``, ``uint16``, ``int16``, ``uint32``, ``int32``, ``uint64`` or ``int64``."""
    word_order: str = "ABCD"
    scale: float = 1.0
    """The quantity's unit = raw value x scale."""
    wiring: frozenset[str] = frozenset()
    """Wirings for which the value means something; empty = all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One meter model."""

    name: str
    protocol: str
    """The driver's name in ``protocols.session.drivers``."""
    description: str
    side: Side
    source: str
    quantities: frozenset[Quantity]
    """What the model can give. For a register map these are its points' quantities."""
    points: tuple[Point, ...] = ()
    load_record_minutes: int | None = None
    """Period of the load record in the meter's memory; None when it keeps none."""
    load_record_days: int = 0
    daily_freeze_days: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: each protocol checks its own


_KEYS = {
    "name", "protocol", "description", "side", "source", "quantities", "points",
    "load_record_minutes", "load_record_days", "daily_freeze_days", "options",
}  # fmt: skip


def parse_profile(text: str, name: str) -> Profile:
    """Read one profile file.

    Args:
        text: The TOML text.
        name: The file's name without its ending; the profile is called so.

    Raises:
        ConfigError: If the text is not TOML, a key is unknown or missing, or a value does not fit.
    """
    try:
        table = tomllib.loads(text)
        unknown = set(table) - _KEYS
        if unknown:
            raise ConfigError(f"profile {name}: unknown keys {sorted(unknown)}")
        points = tuple(_point(entry) for entry in table.get("points", ()))
        given = table.get("quantities", ())
        return Profile(
            name=name,
            protocol=table["protocol"],
            description=table["description"],
            side=Side(table["side"]),
            source=table["source"],
            quantities=frozenset(map(Quantity, given)) | {point.quantity for point in points},
            points=points,
            load_record_minutes=table.get("load_record_minutes"),
            load_record_days=table.get("load_record_days", 0),
            daily_freeze_days=table.get("daily_freeze_days", 0),
            options=table.get("options", {}),
        )
    except KeyError as error:
        raise ConfigError(f"profile {name}: key {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"profile {name}: {error}") from error


def _point(entry: Mapping[str, Any]) -> Point:  # Any: one TOML table, checked by Point's own fields
    return Point(
        quantity=Quantity(entry["quantity"]),
        address=entry["address"],
        function=entry["function"],
        type=entry["type"],
        word_order=entry.get("word_order", "ABCD"),
        scale=entry.get("scale", 1.0),
        wiring=frozenset(entry.get("wiring", ())),
    )
