"""Foreign fields as our quantities: scaled to our units, NaN flagged, the unreadable kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.model import MeterId, Origin, Quality, Snapshot
from pipeline.quantities import Quantity
from pipeline.scaling import Scaled
from protocols.mqtt.numbers import LARGEST, JsonValue, NotANumberError, UnreadableError, read_number
from protocols.mqtt.times import measured

MAX_DEPTH = 4
"""How deep fields are looked for in a message's objects."""
SIGNIFICANT = ".13g"
"""Digits that a product keeps: more than any register shows; the rest is noise of binary fractions."""
KILO = 0.001
"""From W, VA, var, Wh to our kW, kVA, kvar, kWh."""


@dataclass(slots=True)
class Gathered:
    """Values of one instant, as they are collected from a message."""

    values: dict[Quantity, float] = field(default_factory=dict)
    flags: dict[Quantity, Quality] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """Reason and field of what is neither."""

    def take(self, name: str, value: JsonValue, scaled: Scaled) -> None:
        """Add one field; null is missing."""
        if value is None:
            return
        try:
            self.values[scaled.quantity] = in_our_unit(value, scaled)
        except NotANumberError:
            self.flags[scaled.quantity] = Quality.NOT_A_NUMBER
        except UnreadableError as error:
            self.wrong.append((str(error), name))

    def snapshot(
        self,
        meter: MeterId,
        told: datetime | None,
        received_at: datetime,
        origin: Origin = Origin.PUSH,
    ) -> Snapshot | None:
        """Return everything gathered, measured at the time the device ``told``; None if there is nothing."""
        if not self.values and not self.flags:
            return None
        taken_at, quality = measured(told, received_at)
        return Snapshot(
            meter=meter,
            taken_at=taken_at,
            received_at=received_at,
            values=self.values,
            origin=origin,
            meter_time=told,
            quality=quality,
            flags=self.flags,
        )


def in_our_unit(value: JsonValue, scaled: Scaled) -> float:
    """Return a foreign value in its quantity's own unit.

    Raises:
        NotANumberError: If it is NaN, infinite, or beyond single precision.
        UnreadableError: If it is no number.
    """
    number = read_number(value)
    if scaled.factor != 1:
        number = float(format(number * scaled.factor, SIGNIFICANT))
    if not abs(number) <= LARGEST:
        raise NotANumberError("not a number")
    return number


def flat(
    fields: Mapping[str, JsonValue], before: str = "", depth: int = 1
) -> Iterator[tuple[str, JsonValue]]:
    """Yield every field with its path, like ``ENERGY.Power`` or ``ENERGY.Power.0``."""
    for name, value in fields.items():
        path = before + name
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from flat(value, path + ".", depth + 1)
        elif isinstance(value, list) and depth < MAX_DEPTH:
            yield from flat({str(place): item for place, item in enumerate(value)}, path + ".", depth + 1)
        else:
            yield path, value
