"""What a simulated world tells one by one (events, clock offsets, outcomes of reads), and its papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from pipeline.archive_records import WorkOrder
from pipeline.contracts import Suspension
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Group, Quantity
from pipeline.records import EventRecord, ParameterReading, Records, TimedValues
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy, slot_grid
from simulators.physics.handling import Bridged, DemandReset, Handling, Opened, Programmed
from simulators.physics.window import Window
from simulators.physics.world import World

CLOCK_EVERY_MINUTES = 60


def records_of(world: World, known: Records, starts_at: datetime, ends_at: datetime) -> Records:
    """Return what a collector would have brought of a world over a stretch of time, beside what is known."""
    meter = world.config.id
    grid = slot_grid(starts_at, ends_at, 15)
    return replace(
        known,
        events=[EventRecord(meter=meter, event=event) for h in world.handlings for event in _events(h)],
        readings={**known.readings, Quantity.CLOCK_OFFSET: _offsets(world, starts_at, ends_at)},
        parameters=list(_parameters(world, starts_at, ends_at)),
        outcomes=[_outcome(world, meter, from_numpy(slot)) for slot in grid],
    )


def _events(handling: Handling) -> Iterator[MeterEvent]:
    window = handling.window
    match handling:
        case Opened(kind=kind):
            yield _event(kind, window.starts_at, window.ends_at)
        case DemandReset():
            yield _event(EventKind.DEMAND_RESET, window.starts_at)
        case Programmed():
            yield _event(EventKind.PROGRAMMING, window.starts_at)
            yield _event(EventKind.PROGRAMMING, window.ends_at)
        case Bridged():
            yield _event(EventKind.RELAY_TRIP, window.starts_at)
            yield _event(EventKind.RELAY_CLOSE, window.ends_at)


def _event(kind: EventKind, starts_at: datetime, ends_at: datetime | None = None) -> MeterEvent:
    return MeterEvent(kind=kind, number=1, starts_at=starts_at, ends_at=ends_at)


def _parameters(world: World, starts_at: datetime, ends_at: datetime) -> Iterator[ParameterReading]:
    """Read them at six in the morning of each day; nobody looks at what is shown on the display."""
    config = world.config
    usual = {
        "voltage_loss_trigger": round(0.78 * config.rated_voltage_v, 1),
        "day_table_1": 1234.0,
        "ct_ratio": config.ct,
        "pt_ratio": config.pt,
    }
    written = {"04090101": ("voltage_loss_trigger", 0.0), "04010001": ("day_table_1", 4321.0)}
    written |= {"04000306": ("ct_ratio", 1.0), "04000307": ("pt_ratio", 1.0)}
    done = [handling for handling in world.handlings if isinstance(handling, Programmed)]
    days = (ends_at - starts_at) // timedelta(days=1)
    for at in (starts_at + timedelta(days=day, hours=6) for day in range(days)):
        now = dict(usual)
        now["programming_count"] = float(
            sum(edge <= at for h in done for edge in (h.window.starts_at, h.window.ends_at))
        )
        for handling in done:
            name, value = written.get(handling.identifier, ("", 0.0))
            if name and handling.window.holds(at.timestamp()):
                now[name] = value
        for name, value in now.items():
            yield ParameterReading(meter=config.id, name=name, taken_at=at, value=value)


def _offsets(world: World, starts_at: datetime, ends_at: datetime) -> TimedValues:
    """A meter shows whole seconds."""
    times = slot_grid(starts_at, ends_at, CLOCK_EVERY_MINUTES)
    stamps = [from_numpy(at).timestamp() for at in times]
    offsets = [float(np.floor(sum(c.offset_s(stamp) for c in world.clock))) for stamp in stamps]
    return TimedValues(meters=[world.config.id] * len(times), taken_at=times, values=np.array(offsets))


def _outcome(world: World, meter: MeterId, slot_at: datetime) -> CoverageEntry:
    silent = any(window.holds(slot_at.timestamp()) for window in world.silences)
    return CoverageEntry(
        meter=meter,
        group=Group.REGISTER,
        slot_at=slot_at,
        status=CoverageStatus.MISSING if silent else CoverageStatus.GOT,
        cause=Cause.NO_ANSWER if silent else None,
    )


def with_papers(registry: Registry, world: World, point: str) -> Registry:
    """Return the archive with the work orders and suspensions that a world has at a point."""
    return replace(
        registry,
        work_orders=[
            WorkOrder(id=f"WO{n}", service_point=point, starts_at=o.starts_at, ends_at=o.ends_at)
            for n, o in enumerate(world.work_orders)
        ],
        suspensions=[
            Suspension(
                id=f"F{n}",
                service_point=point,
                starts_at=filed.window.starts_at,
                ends_at=filed.window.ends_at,
                remaining_kva=filed.remaining_kva,
            )
            for n, filed in enumerate(world.suspensions)
        ],
    )


def evenings(first: datetime, days: int, *, hour: int = 20, hours: int = 3) -> list[Window]:
    """Return the same hours of so many days, the first of which begins at ``first``."""
    starts = [first + timedelta(days=day, hours=hour) for day in range(days)]
    return [Window(starts_at=at, ends_at=at + timedelta(hours=hours)) for at in starts]
