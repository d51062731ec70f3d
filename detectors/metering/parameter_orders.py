"""Whether the utility meant what happened to a meter: a work order (工单), or an order that it sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from detectors.metering.parameter_series import Held, is_same
from detectors.work_orders import was_ordered_between
from pipeline.events import EventKind
from pipeline.model import MeterId
from pipeline.records import MeterOrder, OrderKind
from pipeline.registry import Registry

PROGRAMS: Final = frozenset({OrderKind.WRITE, OrderKind.PASSWORD, OrderKind.ADDRESS, OrderKind.RATE})
"""Orders that a meter notes as a programming."""
NOTED_AS: Final[Mapping[EventKind, frozenset[OrderKind]]] = MappingProxyType(
    {
        EventKind.METER_CLEAR: frozenset({OrderKind.METER_CLEAR}),
        EventKind.EVENT_CLEAR: frozenset({OrderKind.EVENT_CLEAR}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """All that the utility meant to do to one meter."""

    registry: Registry
    meter: MeterId
    sent: Sequence[MeterOrder]
    """Orders that we put on its line ourselves."""
    order_margin: timedelta
    """Allowed before and after a work order."""
    sent_margin: timedelta
    """Allowed beside the instant of sending: the meter notes it by its own clock."""

    def value(self, name: str, held: Held, *, is_permitted: bool) -> bool:
        """Tell whether a value was to come between two reads: by a work order, or our write of just it.

        A write of which the value is not known explains no more than what is permitted anyway.
        """
        if held.before_at is None:
            return False
        return self._worked(held.before_at, held.first_at) or any(
            is_permitted if order.value is None else is_same(order.value, held.value)
            for order in self._between(held.before_at, held.first_at)
            if order.kind is OrderKind.WRITE and order.parameter == name
        )

    def event(self, kind: EventKind, at: datetime) -> bool:
        """Tell whether somebody was to work at the meter, or an order of ours makes such a record."""
        kinds = NOTED_AS.get(kind, PROGRAMS)
        return self._worked(at, at) or any(order.kind in kinds for order in self._between(at, at))

    def count(self, first: datetime, last: datetime, moved: int) -> bool:
        """Tell whether the counter of programmings was to move so often between two reads: never back."""
        ours = sum(order.kind in PROGRAMS for order in self._between(first, last))
        return self._worked(first, last) or 0 < moved <= ours

    def _worked(self, first: datetime, last: datetime) -> bool:
        return was_ordered_between(self.registry, self.meter, first, last, self.order_margin)

    def _between(self, first: datetime, last: datetime) -> list[MeterOrder]:
        first, last = first - self.sent_margin, last + self.sent_margin
        return [order for order in self.sent if first <= order.sent_at <= last]
