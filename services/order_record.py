"""One order to one meter as it is asked for, approved and kept: plain text, without any password."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from services.persons import Person

ID_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be done to which meter."""

    kind: str
    """One of ``order_kinds.KINDS``."""
    url: str
    """Of the meter, as ``kilowatch read`` takes it."""
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order with who asked for it, and until when another may approve it."""

    order: Order
    requested_by: Person
    requested_at: datetime
    expires_at: datetime

    @property
    def hash(self) -> str:
        """SHA-256 over everything: who approves, approves exactly this."""
        return hashlib.sha256(orjson.dumps(self.details(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def id(self) -> str:
        """The beginning of the hash: what people type."""
        return self.hash[:ID_LENGTH]

    def details(self) -> dict[str, object]:
        """Return the record as the audit keeps it."""
        return {
            "kind": self.order.kind,
            "url": self.order.url,
            "arguments": dict(self.order.arguments),
            "requested_by": person_details(self.requested_by),
            "requested_at": self.requested_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
        }


def person_details(person: Person) -> dict[str, str]:
    """Return a person as the audit keeps one."""
    return {"account": person.account, "login": person.login, "host": person.host, "name": person.name}


def record_of(details: Mapping[str, object]) -> OrderRecord:
    """Return the record that an entry of the audit holds.

    Raises:
        KeyError: If something is missing.
        TypeError: If something is of another type.
        ValueError: If a time is none.
    """
    arguments, person = details["arguments"], details["requested_by"]
    if not isinstance(arguments, dict) or not isinstance(person, dict):
        raise TypeError("no order")
    return OrderRecord(
        order=Order(kind=str(details["kind"]), url=str(details["url"]), arguments=arguments),
        requested_by=Person(**person),
        requested_at=datetime.fromisoformat(str(details["requested_at"])),
        expires_at=datetime.fromisoformat(str(details["expires_at"])),
    )
