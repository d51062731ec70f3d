from datetime import timedelta

import pytest

from pipeline.events import EventKind
from protocols.dlt645.relay import Control
from tests.unit.simulators.dlt645.bench import NOW, core

MINUTE = timedelta(minutes=1)


def test_open_and_close_switch_the_load_and_are_remembered() -> None:
    meter = core()
    assert meter.relay.order(Control.OPEN, 0, NOW)
    assert meter.measuring.is_open
    assert meter.relay.order(Control.CLOSE, 0, NOW + MINUTE)
    assert not meter.measuring.is_open
    counts = [meter.events.count(kind) for kind in (EventKind.RELAY_TRIP, EventKind.RELAY_CLOSE)]
    assert counts == [1, 1]


def test_a_permit_waits_for_the_button() -> None:
    relay = (meter := core()).relay
    relay.order(Control.OPEN, 0, NOW)
    relay.press_button(NOW)
    assert meter.measuring.is_open
    relay.order(Control.PERMIT_CLOSE, 0, NOW)
    assert meter.measuring.is_open
    relay.press_button(NOW + MINUTE)
    assert not meter.measuring.is_open


@pytest.mark.parametrize(
    ("order", "closed", "permitted"),
    [(Control.OPEN_THEN_CLOSE, True, False), (Control.OPEN_THEN_PERMIT, False, True)],
)
def test_an_order_that_returns_does_so_after_its_delay(
    order: Control,
    closed: bool,  # noqa: FBT001 - a case
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
    relay.order(Control.GUARD, 0, NOW)
    assert not relay.order(Control.OPEN, 0, NOW)
    assert not meter.measuring.is_open
    relay.order(Control.GUARD_OFF, 0, NOW)
    assert relay.order(Control.OPEN, 0, NOW)


def test_the_alarm_goes_on_and_off() -> None:
    relay = core().relay
    relay.order(Control.ALARM, 0, NOW)
    assert relay.is_alarmed
    relay.order(Control.ALARM_OFF, 0, NOW)
    assert not relay.is_alarmed
