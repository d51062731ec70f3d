"""Writes what a simulated fleet's meters showed over their whole history into a file of readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pipeline.block import ReadingBlock, block_from_snapshots
from pipeline.model import Origin, Snapshot, Value
from pipeline.quantities import Group, Quantity
from pipeline.timegrid import slots
from protocols.profile import Profile, Side
from services.settings import load_settings
from services.wiring import load_profiles
from simulators.fleet.build import Fleet, SimulatedMeter
from simulators.modbus_meter import primary_factors
from storage.reading_files import check_reading_file, write_readings

EVERY_S: Final = 900
GROUPS: Final = frozenset({Group.REGISTER, Group.ELECTRICAL, Group.SPECTRUM, Group.DEMAND})
DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {"V": 1, "A": 3, "kW": 4, "kvar": 4, "kVA": 4, "%": 2, "Hz": 2, "1": 3, "deg": 1, "kWh": 2, "kvarh": 2}
)
"""Decimals as DL/T 645-2007 transmits them, by unit."""
_OTHER_DIGITS: Final = 4


def write_history(fleet: Fleet, path: Path, begin: Callable[[str], None] = lambda _step: None) -> int:
    """Write the readings of every quarter of an hour since the meters remember, and return how many.

    ``begin`` is called with each meter's id before it is read.

    Raises:
        ConfigError: If the file cannot be written.
    """
    check_reading_file(path)
    block = history(fleet, begin)
    write_readings(path, block)
    return len(block)


def history(fleet: Fleet, begin: Callable[[str], None] = lambda _step: None) -> ReadingBlock:
    """Return those readings, one a meter and quarter in which it had power."""
    profiles = load_profiles(load_settings().profile_dir)
    snapshots: list[Snapshot] = []
    for meter in fleet.meters:
        begin(str(meter.id))
        snapshots += _of(meter, fleet, profiles.get(meter.plan.profile or ""))
    return block_from_snapshots(snapshots, GROUPS)


def _of(meter: SimulatedMeter, fleet: Fleet, profile: Profile | None) -> Iterator[Snapshot]:
    """Yield what a meter shows, on the side of its profile; one behind a gateway shows all it measures."""
    is_primary = profile is not None and profile.side is Side.PRIMARY
    factors = primary_factors(meter.plan.ct, meter.plan.pt) if is_primary else {}
    quantities = frozenset(Quantity) if profile is None else profile.quantities
    for at in slots(fleet.memory_from, fleet.now, EVERY_S):
        shown = {
            quantity: _rounded(quantity, value)
            for quantity, value in _shown(meter, at, factors).items()
            if quantity in quantities and quantity.group in GROUPS
        }
        if shown:
            yield Snapshot(meter=meter.id, taken_at=at, received_at=at, origin=Origin.PRESENT, values=shown)


def _shown(meter: SimulatedMeter, at: datetime, factors: Mapping[str, float]) -> Mapping[Quantity, Value]:
    scalars = {q: value * factors.get(q.unit, 1.0) for q, value in meter.model.read(at).items()}
    return {**scalars, **meter.model.spectrum(at)}


def _rounded(quantity: Quantity, value: Value) -> Value:
    digits = DIGITS.get(quantity.unit, _OTHER_DIGITS)
    return tuple(round(v, digits) for v in value) if isinstance(value, tuple) else round(value, digits)
