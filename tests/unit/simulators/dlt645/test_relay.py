from datetime import timedelta

import pytest

from simulators.dlt645.events import EventKind
from simulators.dlt645.relay import RelayOrder
from tests.unit.simulators.dlt645.bench import NOW, core

MINUTE = timedelta(minutes=1)


def test_open_and_close_switch_the_load_and_are_remembered() -> None:
    meter = core()
    assert meter.relay.order(RelayOrder.OPEN, 0, NOW)
    assert meter.measuring.is_open
    assert meter.relay.order(RelayOrder.CLOSE, 0, NOW + MINUTE)
    assert not meter.measuring.is_open
    counts = [meter.events.count(kind) for kind in (EventKind.RELAY_OPEN, EventKind.RELAY_CLOSE)]
    assert counts == [1, 1]


def test_a_permit_waits_for_the_button() -> None:
    relay = (meter := core()).relay
    relay.order(RelayOrder.OPEN, 0, NOW)
    relay.press_button(NOW)
    assert meter.measuring.is_open
    relay.order(RelayOrder.PERMIT, 0, NOW)
    assert meter.measuring.is_open
    relay.press_button(NOW + MINUTE)
    assert not meter.measuring.is_open


@pytest.mark.parametrize(
    ("order", "closed", "permitted"),
    [(RelayOrder.OPEN_THEN_CLOSE, True, False), (RelayOrder.OPEN_THEN_PERMIT, False, True)],
)
def test_an_order_that_returns_does_so_after_its_delay(
    order: RelayOrder,
    closed: bool,
    permitted: bool,  # noqa: FBT001 - a case
) -> None:
    relay = (meter := core()).relay
    relay.order(order, 2, NOW)
    relay.settle(NOW + 9 * MINUTE)
    assert (meter.measuring.is_open, relay.is_permitted) == (True, False)
    relay.settle(NOW + 30 * MINUTE)
    assert (not meter.measuring.is_open, relay.is_permitted) == (closed, permitted)
    if closed:
        [event] = meter.events.last(EventKind.RELAY_CLOSE)
        assert event.starts_at == NOW + 10 * MINUTE


def test_a_guarded_supply_is_not_opened() -> None:
    relay = (meter := core()).relay
    relay.order(RelayOrder.GUARD, 0, NOW)
    assert not relay.order(RelayOrder.OPEN, 0, NOW)
    assert not meter.measuring.is_open
    relay.order(RelayOrder.GUARD_OFF, 0, NOW)
    assert relay.order(RelayOrder.OPEN, 0, NOW)


def test_the_alarm_goes_on_and_off() -> None:
    relay = core().relay
    relay.order(RelayOrder.ALARM, 0, NOW)
    assert relay.is_alarmed
    relay.order(RelayOrder.ALARM_OFF, 0, NOW)
    assert not relay.is_alarmed
