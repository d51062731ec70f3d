"""What the utility meant to do: by a work order, or by an order that it put on the line itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detectors.metering.parameter_orders import Meant
from detectors.metering.parameter_series import Held
from pipeline.archive_records import WorkOrder
from pipeline.events import EventKind
from pipeline.model import MeterId
from pipeline.records import MeterOrder, OrderKind
from pipeline.registry import Installation, Meter, Registry

METER = MeterId("M1")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
REGISTRY = Registry(meters=[Meter(id=METER)], installations=[Installation(meter=METER, service_point="P1")])


def _meant(
    kind: OrderKind | None = None,
    parameter: str = "",
    registry: Registry = REGISTRY,
    value: float | None = None,
) -> Meant:
    order = None if kind is None else MeterOrder(
        id="o", meter=METER, kind=kind, parameter=parameter, value=value, sent_at=NOON
    )  # fmt: skip
    return Meant(
        registry=registry,
        meter=METER,
        sent=[] if order is None else [order],
        order_margin=4 * timedelta(hours=1),
        sent_margin=QUARTER,
    )


def _held(
    value: float = 60.0, before_at: datetime | None = NOON - DAY, first_at: datetime = NOON + DAY
) -> Held:
    return Held(value=value, first_at=first_at, last_at=first_at, before_at=before_at)


def test_our_write_explains_the_value_that_it_wrote_between_two_reads() -> None:
    meant = _meant(OrderKind.WRITE, "ct_ratio", value=60.0)
    assert meant.value("ct_ratio", _held(60.0), is_permitted=False)
    assert not meant.value("ct_ratio", _held(80.0), is_permitted=False)
    assert not meant.value("ct_ratio", _held(80.0), is_permitted=True)
    assert not meant.value("pt_ratio", _held(60.0), is_permitted=True)
    assert not meant.value("ct_ratio", _held(60.0, NOON + QUARTER * 2), is_permitted=True)
    assert not meant.value("ct_ratio", _held(60.0, None), is_permitted=True)
    assert not _meant(OrderKind.PASSWORD).value("ct_ratio", _held(), is_permitted=True)
    assert not _meant().value("ct_ratio", _held(), is_permitted=True)


def test_our_write_of_nobody_knows_what_explains_what_is_permitted() -> None:
    meant = _meant(OrderKind.WRITE, "ct_ratio")
    assert meant.value("ct_ratio", _held(), is_permitted=True)
    assert not meant.value("ct_ratio", _held(), is_permitted=False)


def test_an_order_explains_the_record_that_it_makes_within_the_clock_s_margin() -> None:
    meant = _meant(OrderKind.WRITE, "ct_ratio")
    assert meant.event(EventKind.PROGRAMMING, NOON + QUARTER)
    assert not meant.event(EventKind.PROGRAMMING, NOON + QUARTER * 2)
    assert not meant.event(EventKind.METER_CLEAR, NOON)
    assert _meant(OrderKind.METER_CLEAR).event(EventKind.METER_CLEAR, NOON)
    assert _meant(OrderKind.EVENT_CLEAR).event(EventKind.EVENT_CLEAR, NOON)
    assert not _meant(OrderKind.EVENT_CLEAR).event(EventKind.PROGRAMMING, NOON)


def test_a_counter_may_move_as_often_as_we_programmed() -> None:
    meant = _meant(OrderKind.WRITE, "ct_ratio")
    assert meant.count(NOON - DAY, NOON + DAY, moved=1)
    assert not meant.count(NOON - DAY, NOON + DAY, moved=2)
    # Nobody of ours turns a counter back, ordered or not.
    assert not meant.count(NOON - DAY, NOON + DAY, moved=-2)
    assert not _meant().count(NOON - DAY, NOON + DAY, moved=-2)
    assert not _meant(OrderKind.EVENT_CLEAR).count(NOON - DAY, NOON + DAY, moved=1)


def test_a_work_order_explains_everything_in_its_time() -> None:
    work = WorkOrder(id="W", service_point="P1", starts_at=NOON, ends_at=NOON)
    meant = _meant(registry=replace(REGISTRY, work_orders=[work]))
    assert meant.value("ct_ratio", _held(first_at=NOON), is_permitted=False)
    assert meant.event(EventKind.METER_CLEAR, NOON + timedelta(hours=4))
    assert not meant.event(EventKind.METER_CLEAR, NOON + timedelta(hours=5))
    assert meant.count(NOON - DAY, NOON, moved=7)
