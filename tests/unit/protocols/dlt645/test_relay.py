from datetime import datetime

import pytest

from protocols.dlt645.relay import NAMES, Control, ControlOrder, RelayState, relay_state

UNTIL = datetime(2026, 3, 1, 12, 34, 56)  # noqa: DTZ001 - the meter's local time


def test_the_deadline_travels_seconds_first_after_order_and_delay() -> None:
    assert ControlOrder(control=Control.OPEN, deadline=UNTIL).wire == bytes.fromhex("1A 00 56 34 12 01 03 26")
    back = ControlOrder(control=Control.OPEN_THEN_CLOSE, deadline=UNTIL, delay_min=15)
    assert back.wire[:2] == bytes.fromhex("1E 03")


@pytest.mark.parametrize("delay_min", [0, 4, 7, 1280, -5])
def test_a_delay_that_one_byte_of_five_minutes_cannot_carry_is_refused(delay_min: int) -> None:
    with pytest.raises(ValueError, match="5 to 1275 minutes in steps of 5"):
        ControlOrder(control=Control.OPEN_THEN_PERMIT, deadline=UNTIL, delay_min=delay_min)


def test_an_order_that_does_not_undo_itself_takes_no_delay() -> None:
    with pytest.raises(ValueError, match="open the relay takes no delay"):
        ControlOrder(control=Control.OPEN, deadline=UNTIL, delay_min=5)


def test_every_order_has_a_name_in_both_languages() -> None:
    assert set(NAMES) == set(Control)


def test_a_real_meter_with_an_open_relay_says_so() -> None:
    """The captured 04000503 = 0050H of a meter whose relay had opened."""
    assert relay_state(bytes.fromhex("50 00")) is RelayState.OPEN
    assert relay_state(bytes.fromhex("40 00")) is RelayState.CLOSED
