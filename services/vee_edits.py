"""Edits of final intervals by a person: who, why, old and new value, and the bills that they touch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.bills import TouchedBill, touched_bills
from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.timegrid import to_numpy
from services.derive import MINUTES
from services.persons import Person
from storage.database import Connection
from storage.final_edits import Edit, SlotOfEnergy, edit_final, withdraw_edit
from storage.intervals import ENERGIES
from storage.registry import load_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Slots in a row of one energy of one meter."""

    meter: MeterId
    energy: str
    starts_at: datetime
    slots: int = 1

    def each(self) -> list[SlotOfEnergy]:
        """Return the slots.

        Raises:
            DataError: If there is no such energy.
        """
        if self.energy not in ENERGIES:
            raise DataError(f"{self.energy!r} is no energy of an interval; expected {', '.join(ENERGIES)}")
        return [
            SlotOfEnergy(
                meter=self.meter,
                starts_at=self.starts_at + n * timedelta(minutes=MINUTES),
                minutes=MINUTES,
                energy=self.energy,
            )
            for n in range(self.slots)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What was edited, and what follows."""

    edits: Sequence[Edit]
    bills: Sequence[TouchedBill]


def edit(  # noqa: PLR0913, PLR0917 - a deed with all that its record says
    connection: Connection, stretch: Stretch, value: float, person: Person, why: str, now: datetime
) -> Edited:
    """Let ``value`` count in each slot of ``stretch``, all or none.

    Raises:
        DataError: If the value cannot be energy, no reason is given, or there is no interval.
        StorageError: If the database is away or refuses.
    """
    if not math.isfinite(value) or value < 0:
        raise DataError(f"energy of a slot is zero or more, not {value:g}")
    return _each(
        connection,
        stretch,
        why,
        lambda slot: edit_final(connection, slot, value, author=person.shown, note=why, made_at=now),
    )


def withdraw(connection: Connection, stretch: Stretch, person: Person, why: str, now: datetime) -> Edited:
    """Take the edits of ``stretch`` back, all or none.

    Raises:
        DataError: If no reason is given, or a slot has no edit.
        StorageError: If the database is away or refuses.
    """
    return _each(
        connection,
        stretch,
        why,
        lambda slot: withdraw_edit(connection, slot, author=person.shown, note=why, made_at=now),
    )


def _each(connection: Connection, stretch: Stretch, why: str, do: Callable[[SlotOfEnergy], Edit]) -> Edited:
    if not why.strip():
        raise DataError("an edit needs a reason for the record: say why")
    with connection.transaction():
        done = [do(slot) for slot in stretch.each()]
    bills = touched_bills(
        load_registry(connection),
        [stretch.meter] * len(done),
        np.array([to_numpy(e.starts_at) for e in done], dtype="datetime64[us]"),
        np.array([e.before for e in done], dtype=np.float64),
        np.array([e.after for e in done], dtype=np.float64),
        stretch.energy,
    )
    return Edited(edits=done, bills=bills)
