"""What a simulated gateway writes: readings as JSON in Kilowatch's dialect, live ones and stored ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Generic, Protocol, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import orjson

from pipeline.model import MeterId, Origin
from pipeline.quantities import Group, Kind, Quantity
from pipeline.timegrid import local_day, local_days, slots

LOAD_RECORD_MINUTES = 15
LIVE_GROUPS = frozenset({Group.REGISTER, Group.ELECTRICAL, Group.DEMAND})
FREEZE_GROUPS = frozenset({Group.REGISTER, Group.DEMAND})
LOAD_RECORD = frozenset(
    {
        Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT,
        Quantity.REACTIVE_ENERGY_IMPORT, Quantity.REACTIVE_ENERGY_EXPORT,
        Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C, Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC,
        Quantity.CURRENT_A, Quantity.CURRENT_B, Quantity.CURRENT_C,
        Quantity.ACTIVE_POWER, Quantity.ACTIVE_POWER_A, Quantity.ACTIVE_POWER_B, Quantity.ACTIVE_POWER_C,
        Quantity.REACTIVE_POWER, Quantity.POWER_FACTOR,
    }
)  # fmt: skip
"""What a meter's load record (负荷记录) holds of what it shows."""

_DECIMALS = {"kWh": 2, "kvarh": 2, "kVAh": 2, "kW": 4, "kvar": 4, "kVA": 4, "V": 1, "A": 3, "1": 3}
_OTHER_DECIMALS = 2

Reading: TypeAlias = dict[str, object]
T = TypeVar("T")


class Model(Protocol):
    """What a meter shows at an instant."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return every value on the secondary side, in its quantity's unit; empty without power."""
        ...


def live_readings(models: Mapping[MeterId, Model], instant: datetime) -> list[Reading]:
    """Return what every meter that has power shows at ``instant``."""
    readings = (_reading(meter, model, instant, Origin.PRESENT) for meter, model in models.items())
    return [reading for reading in readings if reading["values"]]


def stored_readings(
    models: Mapping[MeterId, Model], starts_at: datetime, ends_at: datetime, zone: ZoneInfo
) -> Iterator[Reading]:
    """Yield the load records and daily freezes of ``[starts_at, ends_at)``, in the order of time.

    Args:
        models: The meters behind the gateway.
        starts_at: From here on.
        ends_at: Up to here.
        zone: Whose midnights end a day.
    """
    midnights = {local_day(day, zone)[0] for day in local_days(starts_at, ends_at, zone)}
    for slot in slots(starts_at, ends_at, LOAD_RECORD_MINUTES * 60):
        for meter, model in models.items():
            origins = [Origin.DAILY_FREEZE] if slot in midnights else []
            for origin in (*origins, Origin.LOAD_RECORD):
                reading = _reading(meter, model, slot, origin)
                if reading["values"]:
                    yield reading


def batches(readings: Iterable[Reading], size: int) -> Iterator[list[Reading]]:
    """Yield the readings in groups of at most ``size``."""
    left = iter(readings)
    while batch := list(islice(left, size)):
        yield batch


def payload(gateway: str, readings: Sequence[Reading]) -> bytes:
    """Return one message (docs/mqtt.md)."""
    return orjson.dumps({"gateway": gateway, "readings": readings})


def _reading(meter: MeterId, model: Model, instant: datetime, origin: Origin) -> Reading:
    return {
        "meter": meter,
        "taken_at": instant.isoformat(),
        "origin": origin.value,
        "values": {
            quantity.value: _rounded(quantity, value)
            for quantity, value in model.read(instant).items()
            if _belongs(quantity, origin)
        },
    }


def _belongs(quantity: Quantity, origin: Origin) -> bool:
    if origin is Origin.LOAD_RECORD:
        return quantity in LOAD_RECORD
    return quantity.group in (FREEZE_GROUPS if origin is Origin.DAILY_FREEZE else LIVE_GROUPS)


def _rounded(quantity: Quantity, value: float) -> float:
    if quantity.kind is Kind.INSTANT:
        return round(value)
    return round(value, _DECIMALS.get(quantity.unit, _OTHER_DECIMALS))


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFaults:
    """The share of messages, 0 to 1, that a careless gateway sends wrongly."""

    duplicate: float = 0.0
    """Sent twice."""
    late: float = 0.0
    """Held back while others go ahead: late and out of order."""
    late_by: int = 5
    """How many messages go ahead of a late one."""

    def __post_init__(self) -> None:
        """Refuse shares that are no shares."""
        if min(self.duplicate, self.late) < 0 or self.duplicate + self.late > 1 or self.late_by < 1:
            raise ValueError(f"gateway faults are shares of 0 to 1 that add up to at most 1: {self}")


NO_FAULTS = GatewayFaults()


class Disorder(Generic[T]):
    """Puts messages into the order in which a careless gateway sends them; loses none."""

    def __init__(self, faults: GatewayFaults, seed: int) -> None:
        """Choose the messages by ``seed``."""
        self._faults = faults
        self._random = random.Random(seed)  # noqa: S311 - a simulation, repeatable by its seed
        self._held: list[tuple[int, T]] = []
        self._count = 0
        self.duplicated = 0
        self.delayed = 0

    def pass_on(self, message: T) -> list[T]:
        """Take the next message and return those to send now."""
        self._count += 1
        chance = self._random.random()
        due = [held for turn, held in self._held if turn <= self._count]
        self._held = [(turn, held) for turn, held in self._held if turn > self._count]
        if chance < self._faults.duplicate:
            self.duplicated += 1
            return [message, message, *due]
        if chance < self._faults.duplicate + self._faults.late:
            self.delayed += 1
            self._held.append((self._count + self._faults.late_by, message))
            return due
        return [message, *due]

    def rest(self) -> list[T]:
        """Return what is still held back."""
        rest = [held for _, held in self._held]
        self._held = []
        return rest
