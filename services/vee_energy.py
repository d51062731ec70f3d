"""What service points and totalising groups used, from the energy that counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Registry
from pipeline.timegrid import slot_grid
from services.derive import MINUTES
from services.point_energies import PointEnergy, point_energies, total_energies
from storage.database import Connection
from storage.finals import settled_series
from storage.matrices import energies_at_slots


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinedUp:
    meters: Sequence[MeterId]
    starts_at: Times
    minutes: int


def energies(
    connection: Connection,
    registry: Registry,
    span: tuple[datetime, datetime],
    *,
    points: Collection[str],
    totals: Collection[str],
) -> list[PointEnergy]:
    """Return the import of service points (mains minus sub-meters, 套减) and totalising groups (总加组).

    Raises:
        DataError: If there is no such point with a main meter, or no such group.
        StorageError: If the database is away or refuses.
    """
    wanted = {i.meter for i in registry.installations if i.service_point in points}
    wanted |= {m.meter for m in registry.total_members if m.total in totals}
    meters = sorted(wanted)
    grid = slot_grid(*span, MINUTES)
    settled = settled_series(
        connection, scope=EVERYTHING, starts_at=span[0], ends_at=span[1], minutes=MINUTES, meters=meters
    )
    kwh, _, quality = energies_at_slots(settled, meters, grid, MINUTES)
    lined_up = _LinedUp(meters=meters, starts_at=grid, minutes=MINUTES)
    found = [e for e in point_energies(registry, lined_up, kwh, quality) if e.name in points]
    found += [e for e in total_energies(registry, lined_up, kwh, quality) if e.name in totals]
    told = {(e.kind, e.name) for e in found}
    lacking = [p for p in points if ("service_point", p) not in told]
    lacking += [t for t in totals if ("total", t) not in told]
    if lacking:
        raise DataError(
            f"{', '.join(sorted(lacking))}: no main meter or member is filed. Next step: add "
            "[[installation]] or [[total_member]] to the archive"
        )
    return found
