"""How each order stands (指令状态), as the record of orders tells it: waiting, turned down, given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.audit import Entry
from services.control import recorded_order
from services.order_record import OrderRecord


class OrderState(StrEnum):
    """What has become of an order."""

    WAITING = "waiting"
    """For its second person."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    APPROVED = "approved"
    """And no outcome is recorded: it is under way, or whoever gave it died. Then it is unknown."""
    OVER = "over"
    """Its result says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStanding:
    """One order and what is recorded of it."""

    record: OrderRecord
    state: OrderState
    frames: Sequence[str] = ()
    """As they were shown when it was asked for, in hex; what tells of a password is hidden."""
    decided_by: str = ""
    """Who approved or cancelled it."""
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    result: str = ""
    """A word of ``order_sending.Result``."""
    detail: str = ""
    read_back: str = ""
    """A word of ``read_back.Confirmed``."""
    read_back_detail: str = ""
    """In English."""
    read_back_message: str = ""
    """The same as a key of ``pipeline.read_back_texts``; empty where that is not known."""
    read_back_parameters: Mapping[str, str] = field(default_factory=dict)
    denials: Sequence[str] = field(default_factory=tuple)
    """Why it was not let through when somebody tried to approve it."""

    @property
    def meter(self) -> str | None:
        """The meter of the archive for which it was asked on the pages; None for one by its URL."""
        return self.record.order.arguments.get("meter")


def order_standings(entries: Iterable[Entry], now: datetime) -> list[OrderStanding]:
    """Return every order of the record, the newest first.

    Raises:
        AuditError: If an entry holds no order.
    """
    found: dict[str, OrderStanding] = {}
    for entry in entries:
        if entry.event == "requested":
            record = recorded_order(entry)
            state = OrderState.WAITING if record.expires_at > now else OrderState.EXPIRED
            frames = tuple(map(str, entry.details.get("frames", ())))
            found[entry.order] = OrderStanding(record=record, state=state, frames=frames)
        elif entry.order in found:
            found[entry.order] = _after(found[entry.order], entry)
    return sorted(found.values(), key=lambda standing: standing.record.requested_at, reverse=True)


def _after(standing: OrderStanding, entry: Entry) -> OrderStanding:
    details = entry.details
    if entry.event in ("approved", "cancelled"):
        return replace(standing, state=OrderState(entry.event), decided_by=_who(details), decided_at=entry.at)
    if entry.event == "denied":
        return replace(standing, denials=(*standing.denials, str(details.get("reason", ""))))
    if entry.event == "outcome":
        return replace(
            standing,
            state=OrderState.OVER,
            ended_at=entry.at,
            result=str(details.get("result", "")),
            detail=str(details.get("detail", "")),
            read_back=str(details.get("read_back", "")),
            read_back_detail=str(details.get("read_back_detail", "")),
            read_back_message=str(details.get("read_back_message", "")),
            read_back_parameters=_texts(details.get("read_back_parameters")),
        )
    return standing


def _who(details: Mapping[str, Any]) -> str:  # Any: JSON
    by = details.get("by")
    return "" if not isinstance(by, Mapping) else str(by.get("name") or by.get("account", ""))


def _texts(given: object) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, Mapping) else {}
