"""Load curves: what a customer draws, in steps of constant power, with the exact energy at every instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadCurve:
    """Power on the primary side, constant within each slot; import is positive.

    Outside its time the first and the last step hold on, so a meter never runs out of curve.
    """

    starts_at: datetime
    minutes: int
    """Length of a slot; a divisor of an hour, so that tariff hours fall on slot borders."""
    active_kw: NDArray[np.float64]
    reactive_kvar: NDArray[np.float64]
    _start_s: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what no meter could integrate."""
        if self.starts_at.tzinfo is None:
            raise ValueError(f"a load curve needs a start with a time zone: {self.starts_at}")
        if self.minutes < 1 or MINUTES_PER_HOUR % self.minutes:
            raise ValueError(f"slots of a load curve must divide an hour, not be {self.minutes} min long")
        if self.active_kw.ndim != 1 or not self.active_kw.size:
            raise ValueError("a load curve needs at least one step")
        if self.active_kw.shape != self.reactive_kvar.shape:
            raise ValueError(f"{self.active_kw.size} kW steps, but {self.reactive_kvar.size} kvar steps")
        if not (np.isfinite(self.active_kw).all() and np.isfinite(self.reactive_kvar).all()):
            raise ValueError("a load curve has steps that are no numbers")
        object.__setattr__(self, "_start_s", self.starts_at.timestamp())

    @classmethod
    def of(
        cls, starts_at: datetime, minutes: int, active_kw: ArrayLike, reactive_kvar: ArrayLike | None = None
    ) -> LoadCurve:
        """Make a curve of any sequence of kW, and of kvar where it is known (else 0)."""
        active = np.array(active_kw, dtype=np.float64)
        reactive = np.zeros_like(active) if reactive_kvar is None else np.array(reactive_kvar, np.float64)
        return cls(starts_at=starts_at, minutes=minutes, active_kw=active, reactive_kvar=reactive)

    @property
    def ends_at(self) -> datetime:
        """The end of the last slot."""
        return self.starts_at + timedelta(minutes=self.minutes) * self.active_kw.size

    @property
    def slot_hours(self) -> float:
        """Length of a slot in hours: kW to kWh."""
        return self.minutes / MINUTES_PER_HOUR

    def locate(self, stamp_s: float) -> tuple[int, float]:
        """Return the slot that rules at a POSIX time and the hours since the slot's start.

        The hours are below 0 before the curve and above the slot's length behind it.
        """
        elapsed_s = stamp_s - self._start_s
        slot_s = self.minutes * 60
        slot = min(max(int(elapsed_s // slot_s), 0), self.active_kw.size - 1)
        return slot, (elapsed_s - slot * slot_s) / 3600

    def edges_of(self, starts_at: datetime, ends_at: datetime) -> Iterator[datetime]:
        """Yield when what was done to the slots that begin in ``[starts_at, ends_at)`` begins and ends."""
        where = self.slots_between(starts_at, ends_at)
        if where.start < where.stop:
            for slot in (where.start, where.stop):
                yield self.starts_at + timedelta(minutes=self.minutes) * slot

    def power_kw(self, instant: datetime) -> float:
        """Return the active power drawn at ``instant``."""
        return self.active_kw.item(self.locate(instant.timestamp())[0])

    def power_kvar(self, instant: datetime) -> float:
        """Return the reactive power drawn at ``instant``; lagging is positive."""
        return self.reactive_kvar.item(self.locate(instant.timestamp())[0])

    def energy_kwh(self, instant: datetime) -> float:
        """Return the active energy drawn since the start: the exact integral of the steps."""
        slot, hours = self.locate(instant.timestamp())
        before_kwh = float(self.active_kw[:slot].sum()) * self.slot_hours
        return before_kwh + self.active_kw.item(slot) * hours

    def slots_between(self, starts_at: datetime, ends_at: datetime) -> slice:
        """Return the slots that begin in ``[starts_at, ends_at)``."""
        slot_s = self.minutes * 60
        first, last = (
            min(max(-int((self._start_s - t.timestamp()) // slot_s), 0), self.active_kw.size)
            for t in (starts_at, ends_at)
        )
        return slice(first, last)

    def replaced(
        self, starts_at: datetime, ends_at: datetime, active_kw: ArrayLike, reactive_kvar: ArrayLike
    ) -> LoadCurve:
        """Return the curve with other powers in the slots that begin in ``[starts_at, ends_at)``."""
        where = self.slots_between(starts_at, ends_at)
        active, reactive = self.active_kw.copy(), self.reactive_kvar.copy()
        active[where], reactive[where] = active_kw, reactive_kvar
        return LoadCurve(
            starts_at=self.starts_at, minutes=self.minutes, active_kw=active, reactive_kvar=reactive
        )
