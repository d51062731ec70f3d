"""Windows of daily rows alone, out of what is kept by days: a hundredth of what slots are."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import EVERYTHING
from pipeline.registry import Registry
from pipeline.timegrid import MINUTES_PER_DAY, local_day
from storage.database import Connection
from storage.energy_days import ZONE, energy_days


def days_are_kept(registry: Registry) -> bool:
    """Whether the days of all meters are those by which energy is kept."""
    zones = {registry.zone_of(point.id) for point in registry.service_points} | {registry.zone_of(None)}
    return zones == {ZONE}


def whole_days(span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """Return the span with its first local day in full."""
    return local_day(span[0].astimezone(ZONE).date(), ZONE)[0], span[1]


def daily_window(
    connection: Connection, group: Registry, span: tuple[datetime, datetime], minutes: int
) -> MeterMatrix:
    """Return the daily rows of a group's meters and no slot; ``span`` begins with a local day.

    Greatest and smallest loads are not kept by days: they are missing.

    Raises:
        StorageError: If the database is away or refuses.
    """
    meters = list(group.meter_by_id)
    first, last = (instant.astimezone(ZONE) for instant in span)
    ends_at_midnight = local_day(last.date(), ZONE)[0] == span[1]
    days = (last.date() - first.date()).days + (not ends_at_midnight)
    found = energy_days(
        connection, scope=EVERYTHING, first=first.date(), days=days, minutes=minutes, meters=meters
    )
    shape = len(meters), days
    missing, no_slots = np.full(shape, np.nan), np.zeros((len(meters), 0))
    has_export = np.isfinite(found.export_kwh).any()
    return MeterMatrix(
        meters=meters,
        starts_at=np.zeros(0, "datetime64[us]"),
        minutes=minutes,
        values={},
        import_kwh=no_slots,
        quality=no_slots.astype("U1"),
        step_kwh=np.array([meter.resolution for meter in group.meter_by_id.values()]),
        power_kw=no_slots,
        daily=DailyRows(
            zones=[ZONE] * len(meters),
            days=np.arange(np.datetime64(first.date(), "D"), days + np.datetime64(first.date(), "D")),
            kwh=found.kwh,
            # No clock of this zone has been set back or forward since 1991.
            coverage=found.slots * minutes / MINUTES_PER_DAY,
            max_kw=missing,
            min_kw=missing,
            zero_slots=missing,
            energies={"export_kwh": found.export_kwh} if has_export else {},
        ),
    )
