"""Every kind of order: which capability it needs, which frames it becomes, and how it is read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from pipeline.errors import ConfigError
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.encoding import encode
from protocols.dlt645.frame import BROADCAST, WILDCARD, padded_address
from protocols.dlt645.relay import EXPECTED, OPENING, Control, ControlOrder
from protocols.dlt645.values import parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_1997, VERSION_2007
from protocols.session import Query
from services.capabilities import Capability
from services.order_record import Order
from services.ordered_meter import OrderedMeter
from services.read_back import ReadBack, address_is, answers_at, clock_is_right, item_reads, relay_shows

WRITES_LEVEL = 4
CLEARS_LEVEL = 2
"""The usual classes of password: 04 for writes and demand resets, 02 for clears and relays."""
DEADLINE_MIN = 10
"""After so long a meter no longer obeys an order of function 1C."""
DEADLINE_MOST_MIN = 24 * 60
PASSWORD_ITEMS = "04000C"  # noqa: S105 - the beginning of identifiers
ADDRESS_ITEM = "04000401"
RATE_ITEMS = "040007"
CLOCK_ITEMS = frozenset({"04000101", "04000102", "0400010C"})
EVERYBODY = MappingProxyType({2007: WILDCARD, 1997: BROADCAST})
"""Where the order to take an address goes."""

WORDS: Mapping[str, Mapping[str, Control]] = {
    "relay": {
        "open": Control.OPEN,
        "permit": Control.PERMIT_CLOSE,
        "close": Control.CLOSE,
        "open-then-permit": Control.OPEN_THEN_PERMIT,
        "open-then-close": Control.OPEN_THEN_CLOSE,
    },
    "alarm": {"on": Control.ALARM, "off": Control.ALARM_OFF},
    "guard": {"on": Control.GUARD, "off": Control.GUARD_OFF},
}


class Credentials(Protocol):
    """Who we are to a meter."""

    def authority(self, level: int) -> Authority:
        """Return the password of a class with our operator code."""
        ...

    def password(self, level: int) -> Password:
        """Return the password of a class."""
        ...

    def new_password(self) -> Password:
        """Return the password to give the meter."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an order is made with."""

    meter: OrderedMeter
    credentials: Credentials
    now: datetime

    @property
    def local(self) -> datetime:
        """The present time on a right clock of the meter."""
        return self.now.astimezone(self.meter.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is put on the line for an order."""

    queries: Sequence[Query]
    address: str = ""
    """Where they go; empty for the meter's own."""
    read_back: ReadBack | None = None
    alone: bool = False
    """Only when the meter is the only one that answers to everybody's address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of order."""

    zh: str
    capability: Callable[[Order], Capability]
    plan: Callable[[Order, Means], Plan]
    editions: frozenset[int] = frozenset({2007})


def plan_of(order: Order, means: Means) -> Plan:
    """Return what an order puts on the line.

    Raises:
        ConfigError: If the order cannot be: an unknown kind, a value that does not fit, no password.
    """
    kind = kind_of(order)
    if means.meter.version.year not in kind.editions:
        raise ConfigError(
            f"{order.kind} ({kind.zh}): meters of {means.meter.version.year} have no such function"
        )
    try:
        return kind.plan(order, means)
    except ValueError as error:
        raise ConfigError(f"{order.kind} ({kind.zh}): {error}") from error


def kind_of(order: Order) -> Kind:
    """Return the kind of an order.

    Raises:
        ConfigError: If there is none of that name.
    """
    kind = KINDS.get(order.kind)
    if kind is None:
        raise ConfigError(f"no order is called {order.kind!r}; there are: {', '.join(KINDS)}")
    return kind


def opens_supply(order: Order) -> bool:
    """Tell whether an order takes a supply away, or the guard that keeps it."""
    control = WORDS.get(order.kind, {}).get(order.arguments.get("order", ""))
    return control in OPENING or control is Control.GUARD_OFF


def _level(order: Order, usual: int) -> int:
    return int(order.arguments.get("level", usual))


def _control(order: Order, means: Means) -> Plan:
    words = WORDS[order.kind]
    word = order.arguments.get("order", "")
    if word not in words:
        raise ValueError(f"write one of {', '.join(words)}, not {word!r}")
    valid_min = int(order.arguments.get("valid_min", DEADLINE_MIN))
    if not 1 <= valid_min <= DEADLINE_MOST_MIN:
        raise ValueError(f"an order is valid for 1 to {DEADLINE_MOST_MIN} minutes, not {valid_min}")
    ordered = ControlOrder(
        control=words[word],
        deadline=means.local + timedelta(minutes=valid_min),
        delay_min=int(order.arguments.get("delay_min", 0)),
    )
    query = orders.control(ordered, means.credentials.authority(_level(order, CLEARS_LEVEL)))
    read_back = relay_shows(means.meter, EXPECTED.get(words[word])) if order.kind == "relay" else None
    return Plan(queries=(query,), read_back=read_back)


def _write_capability(order: Order) -> Capability:
    identifier = order.arguments.get("identifier", "").upper()
    if identifier == ADDRESS_ITEM:
        return Capability.ADDRESS
    return Capability.RATE if identifier.startswith(RATE_ITEMS) else Capability.PARAMETERS


def _write(order: Order, means: Means) -> Plan:
    text = order.arguments.get("identifier", "").upper()
    size = means.meter.version.identifier_bytes
    identifier = _hex(text, "an identifier")[::-1]
    if len(identifier) != size:
        raise ValueError(f"an identifier of {means.meter.version.year} has {2 * size} digits, not {text!r}")
    if text.startswith(PASSWORD_ITEMS):
        raise ValueError("passwords are changed with `kilowatch control password`")
    if text == ADDRESS_ITEM:
        raise ValueError("addresses are given with `kilowatch control address`, which checks the line first")
    if text in CLOCK_ITEMS:
        raise ValueError("clocks are set with `kilowatch control clock`, which takes the time when it sends")
    content = written_content(order, identifier)
    level = _level(order, WRITES_LEVEL)
    query = (
        orders.write(identifier, content, means.credentials.authority(level))
        if means.meter.version is VERSION_2007
        else orders.write_1997(identifier, content, means.credentials.password(level))
    )
    return Plan(queries=(query,), read_back=item_reads(means.meter, identifier, content))


def written_content(order: Order, identifier: bytes) -> bytes:
    """Return what an order of the kind ``write`` puts into an item, in wire order.

    Raises:
        ValueError: If its value does not fit the item, or nothing is known of the item; says what would.
    """
    raw = order.arguments.get("raw", "")
    if raw:
        return _hex(raw, "raw content")
    item = lookup(identifier)
    if item is None:
        shown = identifier[::-1].hex().upper()
        raise ValueError(f"{shown} is not in the catalogue: give its bytes in wire order with --raw")
    if not item.row.writable:
        raise ValueError(
            f"{item.di} ({item.row.name}) is no parameter that is written; "
            "a meter that takes it all the same gets its bytes with --raw"
        )
    return encode(item, order.arguments.get("value", ""))


def _freeze(order: Order, _means: Means) -> Plan:
    to_all = order.arguments.get("all") == "yes"
    query = orders.freeze(order.arguments.get("moment", ""), to_all=to_all)
    return Plan(queries=(query,), address=BROADCAST if to_all else "")


def _reset_demand(order: Order, means: Means) -> Plan:
    level = _level(order, WRITES_LEVEL)
    if means.meter.version is VERSION_1997:
        return Plan(queries=(orders.reset_demand_1997(means.credentials.password(level)),))
    return Plan(queries=(orders.reset_demand(means.credentials.authority(level)),))


def _clear_meter(order: Order, means: Means) -> Plan:
    return Plan(queries=(orders.clear_meter(means.credentials.authority(_level(order, CLEARS_LEVEL))),))


def _clear_events(order: Order, means: Means) -> Plan:
    which = order.arguments.get("identifier", "")
    identifier = _hex(which, "an identifier")[::-1] if which else orders.ALL_EVENTS
    authority = means.credentials.authority(_level(order, CLEARS_LEVEL))
    return Plan(queries=(orders.clear_events(authority, identifier),))


def _address(order: Order, means: Means) -> Plan:
    version = means.meter.version
    new = order.arguments.get("address", "")
    query = orders.write_address(new, version)
    return Plan(
        queries=(query,),
        address=EVERYBODY[version.year],
        read_back=address_is(padded_address(new), EVERYBODY[version.year], version),
        alone=True,
    )


def _rate(order: Order, means: Means) -> Plan:
    baudrate = int(order.arguments.get("baudrate", 0))
    query = orders.change_rate(baudrate, means.meter.version)
    line_url = means.meter.line_at(baudrate)
    return Plan(queries=(query,), read_back=answers_at(means.meter, line_url) if line_url else None)


def _password(order: Order, means: Means) -> Plan:
    new = means.credentials.new_password()
    wanted = int(order.arguments.get("class", new.level))
    if new.level != wanted:
        raise ValueError(
            f"the order is for class {wanted:02d}, the new password set here is of another class"
        )
    old = means.credentials.password(_level(order, wanted))
    change = orders.change_password if means.meter.version is VERSION_2007 else orders.change_password_1997
    return Plan(queries=(change(old, new),))


def _clock(order: Order, means: Means) -> Plan:
    """Set date and time whatever they are now; within five minutes one person may, see ``control_clock``."""
    version, local = means.meter.version, means.local
    level = _level(order, WRITES_LEVEL)
    contents = (
        (version.date, time_to_bytes(local, parse_format("YYMMDDWW"))),
        (version.time, time_to_bytes(local, parse_format("hhmmss"))),
    )
    if version is VERSION_1997:
        password = means.credentials.password(level)
        queries = tuple(orders.write_1997(wire, content, password) for wire, content in contents)
    else:
        authority = means.credentials.authority(level)
        queries = tuple(orders.write(wire, content, authority) for wire, content in contents)
    return Plan(queries=queries, read_back=clock_is_right(means.meter))


def _hex(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{what} is written in hexadecimal, not {text!r}") from None


def _always(capability: Capability) -> Callable[[Order], Capability]:
    return lambda _order: capability


_BOTH = frozenset({1997, 2007})
KINDS: Mapping[str, Kind] = {
    "relay": Kind(zh="跳合闸", capability=_always(Capability.RELAY), plan=_control),
    "alarm": Kind(zh="报警", capability=_always(Capability.ALARM), plan=_control),
    "guard": Kind(zh="保电", capability=_always(Capability.SUPPLY_GUARD), plan=_control),
    "write": Kind(zh="写数据", capability=_write_capability, plan=_write, editions=_BOTH),
    "freeze": Kind(zh="冻结", capability=_always(Capability.FREEZE), plan=_freeze),
    "demand-reset": Kind(
        zh="最大需量清零", capability=_always(Capability.DEMAND_RESET), plan=_reset_demand, editions=_BOTH
    ),
    "meter-clear": Kind(zh="电表清零", capability=_always(Capability.METER_CLEAR), plan=_clear_meter),
    "event-clear": Kind(zh="事件清零", capability=_always(Capability.EVENT_CLEAR), plan=_clear_events),
    "address": Kind(zh="写通信地址", capability=_always(Capability.ADDRESS), plan=_address, editions=_BOTH),
    "rate": Kind(zh="更改通信速率", capability=_always(Capability.RATE), plan=_rate, editions=_BOTH),
    "password": Kind(zh="修改密码", capability=_always(Capability.PASSWORD), plan=_password, editions=_BOTH),
    "clock": Kind(zh="设置时钟", capability=_always(Capability.PARAMETERS), plan=_clock, editions=_BOTH),
}
