"""Orders are told in words: who, and what the meter showed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.order_words import account_text, person_text, shown_text
from services.order_record import Order, OrderRecord
from services.order_standing import OrderStanding, OrderState
from services.persons import Person

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)


def standing(message: str, parameters: Mapping[str, str]) -> OrderStanding:
    person = Person(account="pages/li")
    record = OrderRecord(
        order=Order(kind="clock", url="dlt645+tcp://127.0.0.1:1/1"),
        requested_by=person,
        requested_at=AT,
        expires_at=AT + timedelta(hours=8),
    )
    return OrderStanding(
        record=record,
        state=OrderState.OVER,
        read_back_message=message,
        read_back_parameters=parameters,
    )


@pytest.mark.parametrize(
    ("person", "told"),
    [
        (Person(account="pages/li", host="10.0.0.1"), "li"),
        (Person(account="pages/li", host="10.0.0.1", name="李伟"), "李伟 (li)"),
        (Person(account="li", host="station"), "li (li@station)"),
    ],
)
def test_accounts_of_the_pages_are_told_by_their_names(person: Person, told: str) -> None:
    assert person_text(person) == told
    assert account_text(person.account) == "li"


def test_what_was_read_back_is_told_in_the_readers_language() -> None:
    off = standing("clock_off", {"offset_s": "+3.5"})
    assert shown_text(off, "zh") == "时钟误差 +3.5 s"
    assert shown_text(off, "en") == "the clock is off by +3.5 s"


@pytest.mark.parametrize(("message", "parameters"), [("", {}), ("sun", {}), ("clock_off", {})])
def test_a_record_without_a_text_of_ours_is_left_to_its_english_words(
    message: str, parameters: Mapping[str, str]
) -> None:
    assert shown_text(standing(message, parameters), "zh") == ""
