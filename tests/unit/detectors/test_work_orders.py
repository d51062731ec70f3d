from datetime import UTC, datetime, timedelta

from detectors.work_orders import is_ordered, orders_near
from pipeline.archive_records import WorkOrder
from pipeline.model import MeterId
from pipeline.registry import Installation, Registry

METER = MeterId("m")
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _registry(starts_at: datetime, ends_at: datetime | None) -> Registry:
    return Registry(
        installations=[Installation(meter=METER, service_point="P", starts_at=AT - timedelta(days=30))],
        work_orders=[WorkOrder(id="W", service_point="P", starts_at=starts_at, ends_at=ends_at)],
    )


def test_an_order_covers_its_time_and_the_margin() -> None:
    registry = _registry(AT, AT + HOUR)
    inside = [AT - HOUR, AT, AT + 2 * HOUR]
    outside = [AT - HOUR - timedelta(seconds=1), AT + 2 * HOUR + timedelta(seconds=1)]
    assert all(is_ordered(registry, METER, at, HOUR) for at in inside)
    assert not any(is_ordered(registry, METER, at, HOUR) for at in outside)


def test_an_order_without_an_end_lasts() -> None:
    assert is_ordered(_registry(AT, None), METER, AT + timedelta(days=9), HOUR)


def test_fitting_a_meter_is_work_at_it() -> None:
    registry = _registry(AT, AT + HOUR)
    assert is_ordered(registry, METER, AT - timedelta(days=30) + HOUR, HOUR)
    assert not is_ordered(registry, MeterId("other"), AT, HOUR)


def test_near_orders_are_shown_oldest_first() -> None:
    assert [row["id"] for row in orders_near(_registry(AT, None), "P", AT + HOUR, HOUR)] == ["W"]  # type: ignore[index, call-overload]  # rows are objects
    assert orders_near(_registry(AT, None), "P", AT + 2 * HOUR, HOUR) == []
