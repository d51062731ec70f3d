"""The orders to meters (远程控制) that the pages offer, and the words for what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dashboard.words import marked
from pipeline.read_back_texts import read_back_text
from services.order_kinds import kind_of
from services.order_record import Order
from services.order_standing import OrderStanding
from services.persons import OF_THE_PAGES, Person

ARCHIVE_METER: Final = "meter"
"""The argument that names the meter of the archive: the kinds of orders pass it over, the record holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedOrder:
    """One choice of the form."""

    title: str
    """A marked word."""
    kind: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    wants_item: bool = False
    """Which item is written, and what."""


OFFERED: Final[Mapping[str, OfferedOrder]] = {
    "relay-open": OfferedOrder(
        title=marked("Open the relay: the supply is cut off"), kind="relay", arguments={"order": "open"}
    ),
    "relay-permit": OfferedOrder(
        title=marked("Permit closing by hand"), kind="relay", arguments={"order": "permit"}
    ),
    "relay-close": OfferedOrder(title=marked("Close the relay"), kind="relay", arguments={"order": "close"}),
    "guard-on": OfferedOrder(title=marked("Guard the supply"), kind="guard", arguments={"order": "on"}),
    "guard-off": OfferedOrder(
        title=marked("End the guard of the supply"), kind="guard", arguments={"order": "off"}
    ),
    "alarm-on": OfferedOrder(
        title=marked("Raise the meter's alarm"), kind="alarm", arguments={"order": "on"}
    ),
    "alarm-off": OfferedOrder(
        title=marked("End the meter's alarm"), kind="alarm", arguments={"order": "off"}
    ),
    "write": OfferedOrder(title=marked("Write a parameter"), kind="write", wants_item=True),
    "clock": OfferedOrder(title=marked("Set date and time"), kind="clock"),
    "freeze": OfferedOrder(
        title=marked("Freeze the registers now"), kind="freeze", arguments={"moment": "99999999"}
    ),
    "demand-reset": OfferedOrder(title=marked("Reset the maximum demand"), kind="demand-reset"),
    "event-clear": OfferedOrder(title=marked("Clear all event records"), kind="event-clear"),
    "meter-clear": OfferedOrder(title=marked("Clear every register of the meter"), kind="meter-clear"),
}
"""Address, rate and password are given at the line, with the command: docs/control.md."""
STATES: Final[Mapping[str, str]] = {
    "waiting": marked("waits for a second person"),
    "expired": marked("has expired"),
    "cancelled": marked("cancelled"),
    "approved": marked("approved, no outcome yet"),
    "over": marked("concluded"),
}
RESULTS: Final[Mapping[str, str]] = {
    "done": marked("the meter obeyed"),
    "sent": marked("sent; nobody answers such an order"),
    "refused": marked("the meter refused"),
    "unknown": marked("unknown: the meter may have obeyed"),
    "not sent": marked("not sent"),
}
READ_BACK: Final[Mapping[str, str]] = {
    "confirmed": marked("read back: confirmed"),
    "differs": marked("read back: differs"),
    "not read back": marked("not read back"),
    "nothing to read back": marked("nothing to read back"),
}
OFF: Final = marked("Control is switched off. Whoever answers for it sets KILOWATCH_ALLOW_WRITES for the "
                    "dashboard, such as KILOWATCH_ALLOW_WRITES=relay,alarm, with the meters' passwords: "
                    "docs/control.md says how.")  # fmt: skip
KIND_OFF: Final = marked("This kind of order is switched off: KILOWATCH_ALLOW_WRITES does not name it.")
OWN: Final = marked("You asked for this order: another person, with another account, approves it.")
ELSEWHERE: Final = marked("This order was asked for on the command line and is approved there.")
NO_LONGER: Final = marked("This order does not wait any more.")
PROTECTED: Final = marked("This meter is protected: its supply is not taken away.")
MOVED: Final = marked(
    "The archive says now that the meter is reached another way: cancel the order, ask anew."
)
NO_METER: Final = marked("No such meter, or it does not lie in your areas.")
NO_ORDER: Final = marked("No such order.")
NOT_ALLOWED: Final = marked("This order is not allowed; the reason stands below.")
CANNOT_BE: Final = marked("This order cannot be given as it is: change it, then ask again.")
NOT_READY: Final = marked(
    "Orders rest until those who run the server have put right what stands below: nothing is sent before."
)


def title_of(order: Order) -> str:
    """Return the marked words for an order; its kind, where the pages do not offer it."""
    for offered in OFFERED.values():
        if offered.kind == order.kind and offered.arguments.items() <= order.arguments.items():
            return offered.title
    return order.kind


def made(key: str, url: str, meter: str, identifier: str, value: str) -> Order:
    """Return the order that somebody chose."""
    offered = OFFERED[key]
    item = {"identifier": identifier.strip().upper(), "value": value.strip()} if offered.wants_item else {}
    return Order(kind=offered.kind, url=url, arguments={**offered.arguments, **item, ARCHIVE_METER: meter})


def capability_of(key: str) -> str:
    """Return which capability a choice needs; of ``write`` the usual one, its item may want another."""
    offered = OFFERED[key]
    return str(kind_of(Order(kind=offered.kind, url="")).capability(Order(kind=offered.kind, url="")))


def shown_text(standing: OrderStanding, language: str) -> str:
    """Return what the meter showed in the reader's language; empty where only its English words are known."""
    try:
        return read_back_text(standing.read_back_message, standing.read_back_parameters, language)
    except KeyError:
        return ""


def person_text(person: Person) -> str:
    """Return a person for the pages, whose accounts stand there by their names alone."""
    account = account_text(person.account)
    if not person.is_of_the_pages:
        return person.shown
    return f"{person.name} ({account})" if person.name else account


def account_text(account: str) -> str:
    """Return an account, or what somebody is called, without what tells accounts of the pages from others."""
    return account.removeprefix(OF_THE_PAGES)
