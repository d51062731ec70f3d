"""How orders stand, out of entries of the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import AuditError
from services.audit import Audit
from services.order_record import Order, OrderRecord
from services.order_standing import OrderState, order_standings
from services.persons import Person

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
LI = {"account": "pages/li", "name": "Li Wei"}


def record(minutes_ago: int, **arguments: str) -> OrderRecord:
    asked = NOW - timedelta(minutes=minutes_ago)
    return OrderRecord(
        order=Order(kind="relay", url="dlt645+tcp://127.0.0.1:1/000000000101", arguments=arguments),
        requested_by=Person(account="pages/wang", host="10.0.0.1"),
        requested_at=asked,
        expires_at=asked + timedelta(minutes=60),
    )


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "audit.jsonl")


def ask(audit: Audit, minutes_ago: int, **arguments: str) -> str:
    made = record(minutes_ago, **arguments)
    audit.append("requested", made.id, made.requested_at, {**made.details(), "frames": ["68 ** 16"]})
    return made.id


def add(audit: Audit, event: str, order: str, details: Mapping[str, object]) -> None:
    audit.append(event, order, NOW, {**details, "by": LI})


def test_orders_stand_as_the_record_tells_the_newest_first(audit: Audit) -> None:
    given, waiting, expired, cancelled, dead = (ask(audit, n, meter=f"M{n}") for n in (50, 10, 90, 40, 30))
    add(audit, "denied", given, {"reason": "not by Wang"})
    add(audit, "approved", given, {})
    add(audit, "sending", given, {})
    outcome = {
        "result": "unknown",
        "detail": "no answer",
        "read_back": "confirmed",
        "read_back_detail": "open",
        "read_back_message": "clock_off",
        "read_back_parameters": {"offset_s": "+1.0"},
    }
    add(audit, "outcome", given, outcome)
    add(audit, "cancelled", cancelled, {})
    add(audit, "approved", dead, {})
    add(audit, "sending", dead, {})
    add(audit, "clock", "none", {})
    standings = order_standings(audit.entries(), NOW)
    assert [(s.record.id, s.state) for s in standings] == [
        (waiting, OrderState.WAITING),
        (dead, OrderState.APPROVED),
        (cancelled, OrderState.CANCELLED),
        (given, OrderState.OVER),
        (expired, OrderState.EXPIRED),
    ]
    over = standings[3]
    assert {name: getattr(over, name) for name in outcome} == outcome
    assert (over.meter, over.frames, over.decided_by) == ("M50", ("68 ** 16",), "Li Wei")
    assert (over.decided_at, over.ended_at, over.denials) == (NOW, NOW, ("not by Wang",))


def test_an_order_by_its_url_is_for_no_meter_of_the_archive(audit: Audit) -> None:
    ask(audit, 1, order="open")
    assert order_standings(audit.entries(), NOW)[0].meter is None


def test_an_entry_that_holds_no_order_is_told(audit: Audit) -> None:
    audit.append("requested", "0a", NOW, {"kind": "relay"})
    with pytest.raises(AuditError, match="entry 1"):
        order_standings(audit.entries(), NOW)
