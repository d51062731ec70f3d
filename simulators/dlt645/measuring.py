"""What a simulated meter measures: its model, less what an open relay or a clear took off the registers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from pipeline.quantities import Group, Kind, Quantity
from simulators.dlt645.traits import Traits


class Model(Protocol):
    """What the meter is connected to."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return everything the meter shows at ``instant``, secondary side; empty while it had no power."""
        ...


@runtime_checkable
class SpectrumModel(Protocol):
    """A model that also knows harmonics."""

    def spectrum(self, instant: datetime) -> Mapping[Quantity, tuple[float, ...]]:
        """Return contents in per cent of the fundamental by quantity; the index is the order."""
        ...


@runtime_checkable
class ChangingModel(Protocol):
    """A model that knows when something happens, so that nothing short is missed."""

    def changes(self, starts_at: datetime, ends_at: datetime) -> Iterable[datetime]:
        """Return the instants in ``[starts_at, ends_at)`` at which something begins or ends."""
        ...


_COUNTERS: Final = frozenset(q for q in Quantity if q.kind is Kind.COUNTER)
_NO_CURRENT: Final = ("current", "active_power", "reactive_power", "apparent_power", "phase_angle")
_WITHOUT_LOAD: Final = {
    **{q: 0.0 for q in Quantity if q.startswith(_NO_CURRENT) and q.group is Group.ELECTRICAL},
    **{q: 1.0 for q in Quantity if q.startswith("power_factor")},
    Quantity.DEMAND_IMPORT: 0.0,
}
"""What a meter shows behind an open relay; a meter without current shows a power factor of 1."""


class Measuring:
    """The meter's view of its model; a pure function of time between two orders."""

    __slots__ = ("_boot_zero", "_last", "_open", "_taken_off", "model")

    def __init__(self, model: Model, traits: Traits) -> None:
        """Measure a model."""
        self.model = model
        self._boot_zero = timedelta(seconds=traits.boot_zero_s)
        self._taken_off: list[tuple[datetime, Mapping[Quantity, float]]] = []
        self._open: list[tuple[datetime, datetime | None]] = []
        self._last: tuple[datetime, Mapping[Quantity, float]] | None = None

    @property
    def is_plain(self) -> bool:
        """True while no order changed what the model shows."""
        return not self._taken_off and not self._open

    @property
    def is_open(self) -> bool:
        """True while the relay is open."""
        return bool(self._open) and self._open[-1][1] is None

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return what the meter measured at a true instant; empty while it had no power."""
        if self._last is not None and self._last[0] == instant:
            return self._last[1]
        shown = self._seen(instant)
        self._last = (instant, shown)
        return shown

    def changes(self, starts_at: datetime, ends_at: datetime) -> Iterable[datetime]:
        """Return when something begins or ends at the terminals, as far as the model knows."""
        return self.model.changes(starts_at, ends_at) if isinstance(self.model, ChangingModel) else ()

    def is_booting(self, now: datetime) -> bool:
        """Tell whether power came back so lately that the registers still read 0."""
        if not self._boot_zero:
            return False
        since = now - self._boot_zero
        return not all(map(self.model.read, [since, *self.changes(since, now)]))

    def open(self, now: datetime) -> None:
        """Open the relay: from now on nothing flows."""
        if not self.is_open:
            self._last = None
            self._open.append((now, None))

    def close(self, now: datetime) -> None:
        """Close the relay; what the model drew meanwhile was never drawn."""
        if not self.is_open:
            return
        opened_at = self._open[-1][0]
        before, after = self.model.read(opened_at), self.model.read(now)
        missed = {q: after[q] - before[q] for q in before.keys() & after.keys() & _COUNTERS}
        self._open[-1] = (opened_at, now)
        self._take_off(now, missed)

    def clear(self, now: datetime) -> None:
        """Set every register to zero (电表清零)."""
        if self.is_open:
            self.close(now)
            self._open.append((now, None))
        shown = self._seen(now)
        self._take_off(now, {q: value for q, value in shown.items() if q in _COUNTERS})

    def _take_off(self, now: datetime, more: Mapping[Quantity, float]) -> None:
        so_far = self._taken_off[-1][1] if self._taken_off else {}
        whole = {q: so_far.get(q, 0.0) + more.get(q, 0.0) for q in so_far.keys() | more.keys()}
        self._taken_off.append((now, whole))
        self._last = None

    def _seen(self, instant: datetime) -> Mapping[Quantity, float]:
        opened_at = next((a for a, b in self._open if a <= instant and (b is None or instant < b)), None)
        shown = self.model.read(instant)
        if not shown:
            return shown
        if opened_at is not None:
            held = self.model.read(opened_at)
            shown = {
                q: held.get(q, value) if q in _COUNTERS else _WITHOUT_LOAD.get(q, value)
                for q, value in shown.items()
            }
        if self._taken_off:
            off = next((off for at, off in reversed(self._taken_off) if at <= instant), None)
            if off is not None:
                shown = {q: value - off.get(q, 0.0) for q, value in shown.items()}
        return shown
