"""Whether somebody of the utility was to work at a meter (工单): what happens then is expected."""

from __future__ import annotations

from datetime import datetime, timedelta

from detectors.stretches import iso
from pipeline.model import Json, MeterId
from pipeline.registry import Registry


def is_ordered(registry: Registry, meter: MeterId, at: datetime, margin: timedelta) -> bool:
    """Tell whether an instant lies within a work order at a meter's point, or at its fitting or removal.

    ``margin`` is allowed before and after; an order without an end lasts.
    """
    return was_ordered_between(registry, meter, at, at, margin)


def was_ordered_between(
    registry: Registry, meter: MeterId, first: datetime, last: datetime, margin: timedelta
) -> bool:
    """Tell the same of something that happened nobody knows when from ``first`` to ``last``."""
    first, last = first - margin, last + margin
    point = registry.service_point_of(meter, last - margin)
    if any(
        order.starts_at <= last and (order.ends_at is None or first <= order.ends_at)
        for order in registry.work_orders
        if order.service_point == point
    ):
        return True
    placed = registry.installations_by_meter.get(meter, ())
    edges = (edge for i in placed for edge in (i.starts_at, i.ends_at) if edge is not None)
    return any(first <= edge <= last for edge in edges)


def orders_near(registry: Registry, point: str, at: datetime, within: timedelta) -> list[Json]:
    """Return the orders at a point that are near an instant, for evidence."""
    return [
        {
            "id": order.id,
            "kind": order.kind,
            "from": iso(order.starts_at),
            "to": None if order.ends_at is None else iso(order.ends_at),
        }
        for order in sorted(registry.work_orders, key=lambda order: (order.starts_at, order.id))
        if order.service_point == point and abs(order.starts_at - at) <= within
    ]
