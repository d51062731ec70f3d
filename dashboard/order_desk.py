"""What the pages and the API do with orders to meters: show, ask, approve, cancel; services give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from dashboard import order_words
from dashboard.access import NotAllowedError
from dashboard.asking import Asking
from dashboard.failures import NotFoundError, UnavailableError, WrongAddressError
from pipeline import errors
from services.audit_looks import known_entries
from services.control import OrderDesk
from services.control_settings import ControlSettings, load_control_settings
from services.order_address import order_url
from services.order_kinds import kind_of, opens_supply
from services.order_record import Order
from services.order_standing import OrderStanding, OrderState, order_standings
from services.ordered_meter import parse_ordered_meter
from services.persons import OF_THE_PAGES, Person, are_the_same
from services.protected_supply import protection_of
from services.wiring import utc_now
from storage.order_meters import meters_hung_in, order_place

MOST_SHOWN: Final = 1000
"""Orders in a list, the newest first; one that is named is found however old it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for, and of which meter."""

    choice: str
    """One of ``order_words.OFFERED``."""
    meter: str
    identifier: str = ""
    value: str = ""


def desk_of(person: Person) -> OrderDesk:
    """Return the desk of somebody who is logged in; their account is told from those of the system.

    Raises:
        UnavailableError: If a setting of control is none.
    """
    known = replace(person, account=f"{OF_THE_PAGES}{person.account}", login="")
    return OrderDesk(settings=_settings(), person=known)


def offered(settings: ControlSettings) -> Sequence[str]:
    """Return the choices that this installation allows."""
    return [key for key in order_words.OFFERED if order_words.capability_of(key) in settings.allow_writes]


def seen_orders(asking: Asking, meter: str = "") -> Sequence[OrderStanding]:
    """Return the orders that the caller may see, of one meter if it is named, the newest first.

    These are the orders for meters that hung in the caller's areas when they were asked for; the rest is seen
    with all areas.

    Raises:
        UnavailableError: If the record is damaged or a setting of control is none.
    """
    return _seen(asking, [each for each in _standings() if not meter or each.meter == meter])[:MOST_SHOWN]


def seen_order(asking: Asking, order: str) -> OrderStanding:
    """Return one order.

    Raises:
        NotFoundError: If there is none of that id that the caller may see.
    """
    found = _seen(asking, [each for each in _standings() if each.record.id == order])
    if not found:
        raise NotFoundError(order_words.NO_ORDER)
    return found[0]


def ask_for(asking: Asking, person: Person, wish: Wish) -> str:
    """File an order for another person and return its id.

    Raises:
        NotAllowedError: If it is switched off, or the meter protected.
        NotFoundError: If the caller may see no such meter.
        WrongAddressError: If the order cannot be.
        UnavailableError: If it cannot be recorded.
    """
    desk = desk_of(person)
    place = order_place(asking.connection, wish.meter, scope=asking.scope, now=asking.now)
    if place is None:
        raise NotFoundError(order_words.NO_METER)
    if wish.choice not in order_words.OFFERED:
        raise WrongAddressError(f"order: {', '.join(order_words.OFFERED)}")
    if wish.choice not in offered(desk.settings):
        raise NotAllowedError(order_words.KIND_OFF if desk.settings.allow_writes else order_words.OFF)
    with _refusals():
        order = order_words.made(wish.choice, order_url(place), wish.meter, wish.identifier, wish.value)
        refused = _by_settings(order, desk.settings)
        if refused is not None:
            raise NotAllowedError(refused)
        return desk.request(order).id


def approve(asking: Asking, person: Person, order: str) -> None:
    """Approve another person's order: it is given now, and its outcome is recorded.

    Raises:
        NotFoundError: If the caller may see no such order.
        NotAllowedError: If it is the caller's own, does not wait, or is not allowed any more.
        WrongAddressError: If a password is missing: nothing is sent then.
        UnavailableError: If a step cannot be recorded, before anything is sent.
    """
    standing = seen_order(asking, order)
    desk = desk_of(person)
    hindrance = hindrance_of(standing, desk)
    if hindrance is not None:
        raise NotAllowedError(hindrance)
    place = order_place(asking.connection, standing.meter or "", scope=asking.scope, now=asking.now)
    with _refusals():
        if place is None or order_url(place) != standing.record.order.url:
            raise NotAllowedError(order_words.MOVED)
        desk.approve(order)


def cancel(asking: Asking, person: Person, order: str) -> None:
    """Withdraw or turn down an order that waits.

    Raises:
        NotFoundError: If the caller may see no such order.
        NotAllowedError: If it does not wait any more.
        UnavailableError: If that cannot be recorded.
    """
    if seen_order(asking, order).state is not OrderState.WAITING:
        raise NotAllowedError(order_words.NO_LONGER)
    with _refusals():
        desk_of(person).cancel(order)


def _standings() -> Sequence[OrderStanding]:
    with _refusals():
        return order_standings(known_entries(_settings().audit_file), utc_now())


def _seen(asking: Asking, standings: Sequence[OrderStanding]) -> Sequence[OrderStanding]:
    """Return those that the caller may see: a meter that was moved tells each area of its own time only."""
    if asking.scope.areas is None:
        return standings
    asked = {(each.meter, each.record.requested_at) for each in standings if each.meter is not None}
    hung = meters_hung_in(asking.connection, asked, scope=asking.scope)
    return [each for each in standings if (each.meter, each.record.requested_at) in hung]


def hindrance_of(standing: OrderStanding, desk: OrderDesk) -> str | None:
    """Return why somebody may not approve an order, as marked words; None if nothing is in the way.

    What the words are about is checked once more by whoever gives the order.
    """
    if standing.state is not OrderState.WAITING:
        return order_words.NO_LONGER
    return _by_settings(standing.record.order, desk.settings) or _by_persons(standing, desk.person)


def _by_settings(order: Order, settings: ControlSettings) -> str | None:
    if not settings.allow_writes:
        return order_words.OFF
    with _refusals():
        if kind_of(order).capability(order) not in settings.allow_writes:
            return order_words.KIND_OFF
        return order_words.PROTECTED if opens_supply(order) and _is_protected(order, settings) else None


def _by_persons(standing: OrderStanding, person: Person) -> str | None:
    asked = standing.record.requested_by
    if not asked.is_of_the_pages:
        return order_words.ELSEWHERE
    return order_words.OWN if are_the_same(asked, person) else None


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what services refuse as answers of the pages."""
    try:
        yield
    except errors.NotAllowedError as error:
        raise NotAllowedError(order_words.NOT_ALLOWED, str(error)) from error
    except errors.ConfigError as error:
        raise WrongAddressError(order_words.CANNOT_BE, str(error)) from error
    except errors.AuditError as error:
        raise _not_ready(error) from error


def _settings() -> ControlSettings:
    try:
        return load_control_settings()
    except errors.ConfigError as error:
        raise _not_ready(error) from error


def _not_ready(error: errors.KilowatchError) -> UnavailableError:
    return UnavailableError(HTTPStatus.SERVICE_UNAVAILABLE, order_words.NOT_READY, str(error))


def _is_protected(order: Order, settings: ControlSettings) -> bool:
    return protection_of(parse_ordered_meter(order.url), settings) is not None
