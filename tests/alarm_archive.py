"""An archive of 300 meters on twelve buses, whose readings fail as a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.alarms.records import AlarmChannel, AlarmRoute
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Area, Bus, Installation, Meter, Registry, ServicePoint
from storage.coverage import CoverageLedger
from storage.database import Connection

SLOT = timedelta(minutes=15)


def feeder(meters: int = 300, buses: int = 12, areas: int = 5) -> Registry:
    """Return the meters of a feeder."""
    ids = [MeterId(f"M{n:03d}") for n in range(meters)]
    return Registry(
        meters=[Meter(id=meter) for meter in ids],
        areas=[Area(id=f"A{n}") for n in range(areas)],
        buses=[Bus(id=f"B{n}", url=f"tcp://127.0.0.1:{4000 + n}") for n in range(buses)],
        service_points=[ServicePoint(id=f"SP-{m}", area=f"A{n % areas}") for n, m in enumerate(ids)],
        installations=[
            Installation(meter=m, service_point=f"SP-{m}", bus=f"B{n % buses}", address=f"{n:012d}")
            for n, m in enumerate(ids)
        ],
    )


def told(registry: Registry, channels: Sequence[AlarmChannel], routes: Sequence[AlarmRoute]) -> Registry:
    """Return an archive with channels and routes."""
    return replace(registry, alarm_channels=channels, alarm_routes=routes)


def read(
    connection: Connection,
    meters: Sequence[MeterId],
    slots: Sequence[datetime],
    *,
    got: bool,
    cause: Cause = Cause.NO_ANSWER,
) -> None:
    """Write what came of some slots into the coverage ledger."""
    CoverageLedger(connection).record(
        [
            CoverageEntry(
                meter=meter,
                group=Group.ELECTRICAL,
                slot_at=slot,
                status=CoverageStatus.GOT if got else CoverageStatus.MISSING,
                cause=None if got else cause,
            )
            for meter in meters
            for slot in slots
        ]
    )
