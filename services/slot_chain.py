"""The chain behind one slot of one meter (时段溯源): coverage, readings, checks, ratio, energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from pipeline.coverage import CoverageEntry
from pipeline.errors import DataError
from pipeline.frames import RawMessage
from pipeline.intervals import ORIGIN_RANK
from pipeline.model import EVERYTHING, MeterId, Quality, Scope
from pipeline.quantities import Quantity
from pipeline.timegrid import slot_start
from services.derive import MINUTES, REGISTERS
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.dashboard_queries import MeterCard, meter_cards
from storage.database import Connection, connect
from storage.meter_record import ledger_of
from storage.raw_frames import raw_messages_of
from storage.slot_record import (
    Contradiction,
    EnergyOfSlot,
    StoredReading,
    contradictions,
    energies_of_slot,
    stored_readings,
)
from storage.vee_findings import StoredFinding, findings

EDGE_S = 60.0
"""How far from a slot's edge a register reading may be to stand for it (``RegisterBounds.tolerance_s``)."""
LOOK_BACK = timedelta(days=1)
"""The longest slot: an energy that begins so long before a time may hold it."""
FINDING_REACH = timedelta(days=2)
"""How long before a slot a finding of many slots may begin."""
ROUNDING_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A register at one end of a slot."""

    taken_at: datetime
    origin: str
    value: float
    off_s: float
    """Taken so many seconds after the edge; before it where negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyChain:
    """One energy from its registers to what counts."""

    energy: str
    register: Quantity
    opening: Edge | None
    closing: Edge | None
    by_edges: float | None
    """What the registers rose by times the factor, primary side; None without both edges, or after a fall."""
    stored: EnergyOfSlot | None
    """None while the intervals have not been derived."""

    @property
    def is_moved(self) -> bool:
        """Whether a reading lies beside its edge: the line to its neighbour tells the edge's register."""
        return any(edge is not None and edge.off_s != 0 for edge in (self.opening, self.closing))

    @property
    def agrees(self) -> bool | None:
        """Whether the stored raw energy is what registers on both edges say; None where one is not on it."""
        if self.by_edges is None or self.is_moved or self.stored is None or self.stored.raw_value is None:
            return None
        return abs(self.by_edges - self.stored.raw_value) <= ROUNDING_KWH * max(1.0, abs(self.by_edges))


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChain:
    """Everything that is known of one slot, in the order in which it came about."""

    meter: MeterId
    starts_at: datetime
    ends_at: datetime
    minutes: int
    card: MeterCard
    """The place and the ratio in force when the slot began."""
    is_primary: bool
    """The profile's values are primary ones already: the ratio is not applied again."""
    coverage: Sequence[CoverageEntry]
    raw: Sequence[RawMessage]
    """The bytes of the slot's reads, and those that the readings were made of."""
    readings: Sequence[StoredReading]
    """Taken within the slot, or standing for one of its edges."""
    contradictions: Sequence[Contradiction]
    energies: Sequence[EnergyChain]
    findings: Sequence[StoredFinding]
    """Of the rules of validation, over stretches that hold the slot."""

    @property
    def factor(self) -> float:
        """What the meter's energies are multiplied by to become primary ones."""
        return 1.0 if self.is_primary else (self.card.ct or 1.0) * (self.card.pt or 1.0)


FLAG_NAMES: Mapping[Quality, str] = MappingProxyType(
    {flag: (flag.name or "").lower().replace("_", " ") for flag in Quality if flag}
)


def flags_of(quality: Quality | int) -> list[str]:
    """Return the names of the flags of a mask."""
    return [name for flag, name in FLAG_NAMES.items() if Quality(quality) & flag]


def explain_slot(meter: str, at: datetime, settings: Settings | None = None) -> SlotChain:
    """Return the chain behind the slot that holds ``at``, out of the database of the settings.

    Raises:
        ConfigError: If no database is named.
        DataError: If there is no such meter.
        StorageError: If the database is away.
    """
    settings = settings or load_settings()
    if at > utc_now():
        raise DataError(f"{at.isoformat()} has not come yet: name a time that has passed")
    with connect(settings.require_database_url()) as connection:
        return slot_chain(
            connection, MeterId(meter), at, scope=EVERYTHING, primary=primary_profiles(settings)
        )


def slot_chain(
    connection: Connection, meter: MeterId, at: datetime, *, scope: Scope, primary: frozenset[str]
) -> SlotChain:
    """Return the chain behind the slot that holds ``at``: the finest that is derived, else of 15 minutes.

    Args:
        connection: The database.
        meter: Whose slot.
        at: Any instant of the slot.
        scope: The areas the caller may see.
        primary: The profiles whose values are primary ones already.

    Raises:
        DataError: If there is no such meter, or the caller may not see it.
        StorageError: If the database is away or refuses.
    """
    starts_at, minutes, stored = _slot(connection, meter, at, scope)
    ends_at = starts_at + timedelta(minutes=minutes)
    cards = meter_cards(connection, scope=scope, now=starts_at, since=starts_at, meters=[meter], limit=1)
    if not cards:
        raise DataError(f"no meter {meter!r} in the archive: look at the list of `kilowatch registry export`")
    card = cards[0]
    is_primary = card.profile in primary
    edge = timedelta(seconds=min(EDGE_S, minutes * 30.0))
    around = stored_readings(
        connection, meter, scope=scope, starts_at=starts_at - edge, ends_at=ends_at + edge
    )
    factor = 1.0 if is_primary else (card.ct or 1.0) * (card.pt or 1.0)
    by_energy = {energy.energy: energy for energy in stored}
    return SlotChain(
        meter=meter,
        starts_at=starts_at,
        ends_at=ends_at,
        minutes=minutes,
        card=card,
        is_primary=is_primary,
        coverage=ledger_of(connection, meter, scope=scope, starts_at=starts_at, ends_at=ends_at),
        raw=raw_messages_of(
            connection,
            meter,
            scope=scope,
            starts_at=starts_at,
            ends_at=ends_at,
            received=sorted({reading.received_at for reading in around}),
        ),
        readings=around,
        contradictions=contradictions(
            connection, meter, scope=scope, starts_at=starts_at - edge, ends_at=ends_at + edge
        ),
        energies=[
            chain
            for name, register in REGISTERS.items()
            if (
                chain := _energy(
                    name, register, around, (starts_at, ends_at), edge, factor, by_energy.get(name)
                )
            )
            is not None
        ],
        findings=[
            finding
            for finding in findings(
                connection,
                scope=scope,
                starts_at=starts_at - FINDING_REACH,
                ends_at=ends_at,
                meters=[meter],
                gone=True,
            )
            if finding.starts_at + timedelta(minutes=finding.minutes * finding.slots) > starts_at
        ],
    )


def _slot(
    connection: Connection, meter: MeterId, at: datetime, scope: Scope
) -> tuple[datetime, int, Sequence[EnergyOfSlot]]:
    """Return start and length of the finest slot that is derived and holds ``at``, with its energies."""
    known = energies_of_slot(
        connection, meter, scope=scope, within=(at - LOOK_BACK, at + timedelta(microseconds=1))
    )
    holding = [
        (energy.minutes, starts_at)
        for starts_at, energies in known.items()
        for energy in energies
        if starts_at + timedelta(minutes=energy.minutes) > at
    ]
    if not holding:
        return slot_start(at, MINUTES * 60), MINUTES, ()
    minutes, starts_at = min(holding)
    return starts_at, minutes, [energy for energy in known[starts_at] if energy.minutes == minutes]


def _energy(  # noqa: PLR0913, PLR0917 - one energy with all that it is made of
    name: str,
    register: Quantity,
    readings: Sequence[StoredReading],
    ends: tuple[datetime, datetime],
    reach: timedelta,
    factor: float,
    stored: EnergyOfSlot | None,
) -> EnergyChain | None:
    """Return the chain of one energy; None where nothing is known of it."""
    opening, closing = (_edge(register, readings, at, reach) for at in ends)
    if stored is None and opening is None and closing is None:
        return None
    rise = None if opening is None or closing is None else closing.value - opening.value
    return EnergyChain(
        energy=name,
        register=register,
        opening=opening,
        closing=closing,
        by_edges=None if rise is None or rise < 0 else rise * factor,
        stored=stored,
    )


def _edge(
    register: Quantity, readings: Sequence[StoredReading], at: datetime, reach: timedelta
) -> Edge | None:
    """Return the register at an edge: of the readings near it the best origin's, then the nearest."""
    found: list[tuple[int, timedelta, Edge]] = []
    for reading in readings:
        value = reading.values.get(register)
        off = reading.taken_at - at
        distance = abs(off)
        if isinstance(value, float) and distance <= reach:
            edge = Edge(
                taken_at=reading.taken_at, origin=reading.origin, value=value, off_s=off.total_seconds()
            )
            found.append((ORIGIN_RANK.get(reading.origin, len(ORIGIN_RANK)), distance, edge))
    return min(found, key=lambda f: f[:2])[2] if found else None
