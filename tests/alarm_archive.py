"""An archive of 300 meters on twelve buses whose reads fail as a test wants, and what alarms tell of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.quantities import Group
from pipeline.registry import Area, Bus, Installation, Meter, Registry, ServicePoint
from storage.coverage import CoverageLedger
from storage.database import Connection
from tests.fix_alarm_receivers import Receiver

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
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


def mail_channel(name: str = "duty") -> AlarmChannel:
    """Return a channel to a mailbox of that name."""
    return AlarmChannel(id=name, kind=ChannelKind.EMAIL, address=f"{name}@grid.example")


def hook(receiver: Receiver) -> AlarmChannel:
    """Return the channel ``orders`` to a web server."""
    return AlarmChannel(id="orders", kind=ChannelKind.WEBHOOK, address=f"{receiver.url}/alarms")


def episode(name: str, meter: str = "M000", **changed: object) -> Episode:
    """Return a voltage loss that goes on since two hours, or what is said otherwise."""
    values: dict[str, object] = {
        "id": name,
        "detector": "voltage_loss",
        "version": 1,
        "meter": MeterId(meter),
        "starts_at": NOW - timedelta(hours=2),
        "ends_at": None,
        "detected_at": NOW,
        "verdict": Verdict.ABNORMAL,
        "severity": Severity.MAJOR,
        "score": 0.9,
        "message": "episode.voltage_loss",
        "parameters": {},
        **changed,
    }
    return Episode(**values)  # type: ignore[arg-type]  # its own fields, by name


def seen(connection: Connection) -> list[tuple[str, str, int, int]]:
    """Return of each incident its state and place, and how many signals and meters it has."""
    rows = connection.execute(
        "SELECT state, place, signals, meters FROM incident ORDER BY state, id"
    ).fetchall()
    return [(str(a), str(b), c, d) for a, b, c, d in rows]
