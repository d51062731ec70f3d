"""Lets a simulated meter undergo what hands did to it, each thing when its time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeAlias

from pipeline.events import EventKind
from protocols.dlt645.values import digits_to_bytes
from simulators.dlt645.core import MeterCore
from simulators.dlt645.events import Event
from simulators.dlt645.orders import OPERATOR, Orders
from simulators.physics.handling import Bridged, DemandReset, Handling, Opened, Programmed

BY_HAND: Final = digits_to_bytes("00000001")
"""The operator code (操作者代码) of whoever stands before the meter."""

Act: TypeAlias = Callable[[], None]


class Hands:
    """What is still to be done to one meter, in the order of time."""

    __slots__ = ("_core", "_due", "_orders")

    def __init__(self, core: MeterCore) -> None:
        """Lay out what the meter's ``handlings`` ask for."""
        self._core, self._orders = core, Orders(core)
        acts = [act for handling in core.handlings for act in self._acts(handling)]
        self._due = sorted(acts, key=lambda act: act[0], reverse=True)

    def settle(self) -> None:
        """Do what became due since the last look, each as at its own time."""
        clock = self._core.clock
        while self._due and self._due[-1][0] <= clock.true_now():
            at, act = self._due.pop()
            with clock.held_at(at):
                act()

    def _acts(self, handling: Handling) -> Iterator[tuple[datetime, Act]]:
        starts_at, ends_at = handling.window.starts_at, handling.window.ends_at
        match handling:
            case Opened(kind=kind):
                yield starts_at, lambda: self._note(kind, starts_at, None)
                yield ends_at, lambda: self._core.events.end(kind, "", ends_at)
            case Programmed():
                put, put_back = self._programmed(handling)
                yield starts_at, put
                yield ends_at, put_back
            case DemandReset():
                yield starts_at, lambda: self._orders.begin_demand_again(BY_HAND)
            case Bridged():
                yield starts_at, lambda: self._bridge(EventKind.RELAY_TRIP, starts_at)
                yield ends_at, lambda: self._bridge(EventKind.RELAY_CLOSE, ends_at)

    def _programmed(self, handling: Programmed) -> tuple[Act, Act]:
        wire = digits_to_bytes(handling.identifier)
        length = 2 * handling.entry_bytes
        entries = [handling.content[at : at + length] for at in range(0, len(handling.content), length)]
        before: list[bytes] = []

        def put() -> None:
            before.append(self._core.parameters.content(handling.identifier))
            self._orders.program(wire, b"".join(map(digits_to_bytes, entries)), BY_HAND)

        def put_back() -> None:
            self._orders.program(wire, before.pop(), BY_HAND)

        return put, put_back

    def _bridge(self, kind: EventKind, at: datetime) -> None:
        self._core.relay.is_bridged = kind is EventKind.RELAY_TRIP
        self._note(kind, at, at)

    def _note(self, kind: EventKind, starts_at: datetime, ends_at: datetime | None) -> None:
        values = {"operator": BY_HAND[:OPERATOR]}
        self._core.events.add(Event(kind=kind, starts_at=starts_at, ends_at=ends_at, values=values))
