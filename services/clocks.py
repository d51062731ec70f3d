"""Which meters' clocks are off, how fast they run away, and whose task each is (时钟偏差)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from analysis.clock_drift import ClockDrift, clock_drift
from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.timegrid import from_numpy
from services.settings import load_settings
from services.wiring import utc_now
from storage.clocks import ClockOffsets, clock_offsets
from storage.database import Connection, connect

KNOWN_FOR: Final = timedelta(days=40)
"""What is older says nothing of a clock today."""


class ClockTask(StrEnum):
    """What is to be done about a clock."""

    NOTHING = "nothing"
    SYNC = "sync"
    """The collector sets it, where that is allowed."""
    PERSON = "person"
    """A person decides (``kilowatch control clock --large``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """One meter's clock."""

    meter: MeterId
    offset_s: float
    """Meter minus server, at the newest reading."""
    measured_at: datetime
    drift: ClockDrift | None
    """None when the readings are too few or too close."""
    task: ClockTask


def clock_states(
    connection: Connection, *, scope: Scope, now: datetime, meters: Sequence[MeterId] | None = None
) -> list[ClockState]:
    """Return the clocks that were read in the last weeks, those that are off by most first.

    Raises:
        ConfigError: If a threshold in the settings does not fit.
        StorageError: If the database is away or refuses.
    """
    settings = load_settings()
    limits = {
        ClockTask.PERSON: settings.clock_person_above_s,
        ClockTask.SYNC: settings.clock_sync_above_s,
        ClockTask.NOTHING: -1.0,
    }
    offsets = clock_offsets(
        connection, scope=scope, starts_at=now - KNOWN_FOR, ends_at=now + timedelta(minutes=1), meters=meters
    )
    states = [_state(meter, known, limits) for meter, known in offsets.items()]
    return sorted(states, key=lambda state: (-abs(state.offset_s), state.meter))


def all_clocks() -> list[ClockState]:
    """Return every clock of the configured database.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away.
    """
    with connect(load_settings().require_database_url()) as connection:
        return clock_states(connection, scope=EVERYTHING, now=utc_now())


def _state(meter: MeterId, known: ClockOffsets, limits: Mapping[ClockTask, float]) -> ClockState:
    offset_s = float(known.offset_s[-1])
    return ClockState(
        meter=meter,
        offset_s=offset_s,
        measured_at=from_numpy(known.taken_at[-1]),
        drift=clock_drift(known.taken_at, known.offset_s),
        task=next(task for task, above_s in limits.items() if abs(offset_s) > above_s),
    )
