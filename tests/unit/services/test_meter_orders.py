"""Orders of ours as detectors see them: those that a meter of the archive may have obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import MeterId
from pipeline.records import OrderKind
from pipeline.registry import Bus, Installation, Meter, Registry
from services.audit import Audit
from services.meter_orders import orders_in, sent_orders
from services.order_record import Order, OrderRecord
from services.persons import Person

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LINE, OTHER = "tcp://10.0.0.7:4001", "tcp://10.0.0.8:4001"
REGISTRY = Registry(
    meters=[Meter(id=MeterId(name)) for name in ("A", "B", "C")],
    buses=[Bus(id="one", url=LINE), Bus(id="two", url=OTHER)],
    installations=[
        Installation(meter=MeterId("A"), bus="one", address="202600000001"),
        # Two lines have a meter of one address.
        Installation(meter=MeterId("B"), bus="one", address="7"),
        Installation(meter=MeterId("C"), bus="two", address="000000000007"),
    ],
)


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "audit.jsonl")


def _ordered(  # noqa: PLR0913 - an order and what became of it
    audit: Audit,
    url: str,
    *,
    kind: str = "write",
    arguments: Mapping[str, str] | None = None,
    result: str | None = "done",
    sent: bool = True,
) -> str:
    record = OrderRecord(
        order=Order(kind=kind, url=url, arguments=arguments or {"identifier": "04000306", "value": "40"}),
        requested_by=Person(account="li"),
        requested_at=NOW,
        expires_at=NOW + timedelta(hours=8),
    )
    audit.append("requested", record.id, NOW, record.details())
    if sent:
        audit.append("approved", record.id, NOW, {}, unless=("approved",))
        audit.append("sending", record.id, NOW + timedelta(minutes=1), {"frames": []})
    if result is not None:
        audit.append("outcome", record.id, NOW + timedelta(minutes=2), {"result": result})
    return record.id


def test_an_order_is_told_with_meter_parameter_and_time(audit: Audit) -> None:
    order_id = _ordered(audit, "dlt645+tcp://10.0.0.7:4001/202600000001")
    (order,) = orders_in(audit.entries(), REGISTRY)
    assert (order.id, order.meter, order.kind) == (order_id, "A", OrderKind.WRITE)
    assert (order.parameter, order.sent_at) == ("ct_ratio", NOW + timedelta(minutes=1))
    assert order.value == 40.0


@pytest.mark.parametrize(
    ("identifier", "how", "given", "value"),
    [
        ("04090101", "value", "171.6", 171.6),
        ("04090101", "raw", "1617", 171.6),  # the lowest byte first
        ("04000b01", "value", "01 00", 100.0),
        ("04000601", "value", "0x05", 5.0),
        ("04000902", "raw", "FF", 255.0),
        # What cannot have been sent so, or is read otherwise than it was written.
        ("04090101", "value", "much", None),
        ("04090101", "raw", "", None),
        ("04010001", "raw", "040000" * 14, None),
        ("04000302", "value", "6", None),
    ],
)
def test_an_order_is_told_with_what_the_parameter_is_when_it_was_obeyed(
    audit: Audit, identifier: str, how: str, given: str, value: float | None
) -> None:
    _ordered(
        audit,
        "dlt645+tcp://10.0.0.7:4001/202600000001",
        arguments={"identifier": identifier, how: given},
    )
    (order,) = orders_in(audit.entries(), REGISTRY)
    assert order.value == value


def test_of_meters_with_one_address_the_line_decides(audit: Audit) -> None:
    _ordered(audit, "dlt645+tcp://10.0.0.8:4001/7")
    assert [order.meter for order in orders_in(audit.entries(), REGISTRY)] == ["C"]


@pytest.mark.parametrize(
    "url",
    [
        "dlt645+tcp://192.0.2.1:9/7",
        # Its address is A's alone, but A is not on that line.
        "dlt645+tcp://10.0.0.8:4001/202600000001",
        "dlt645+tcp://10.0.0.7:4001/999",
        "nonsense",
    ],
)
def test_a_meter_that_is_not_surely_ours_is_none(audit: Audit, url: str) -> None:
    _ordered(audit, url)
    assert orders_in(audit.entries(), REGISTRY) == []


def test_a_meter_without_a_line_is_told_by_its_address_if_no_other_has_it(audit: Audit) -> None:
    _ordered(audit, "dlt645+tcp://192.0.2.1:9/202600000001")
    unplaced = Installation(meter=MeterId("A"), address="202600000001")
    archive = replace(REGISTRY, installations=[unplaced, *REGISTRY.installations[1:]])
    assert [order.meter for order in orders_in(audit.entries(), archive)] == ["A"]
    twin = Installation(meter=MeterId("B"), address="202600000001")
    archive = replace(archive, installations=[*archive.installations, twin])
    assert orders_in(audit.entries(), archive) == []


@pytest.mark.parametrize(
    ("result", "sent", "counts"),
    [
        ("done", True, 1),
        ("unknown", True, 1),
        (None, True, 1),
        ("refused", True, 0),
        ("not sent", True, 0),
        (None, False, 0),
    ],
)
def test_only_what_may_have_been_obeyed_counts(
    audit: Audit,
    result: str | None,
    sent: bool,  # noqa: FBT001 - a case
    counts: int,
) -> None:
    _ordered(audit, "dlt645+tcp://10.0.0.7:4001/202600000001", result=result, sent=sent)
    assert len(orders_in(audit.entries(), REGISTRY)) == counts


def test_orders_that_program_nothing_are_left_out_and_unknown_items_keep_their_identifier(
    audit: Audit,
) -> None:
    url = "dlt645+tcp://10.0.0.7:4001/202600000001"
    _ordered(audit, url, kind="relay", arguments={"order": "open"})
    _ordered(audit, url, arguments={"identifier": "04000302", "value": "6"})
    _ordered(audit, url, kind="meter-clear", arguments={"level": "2"})
    found = orders_in(audit.entries(), REGISTRY)
    assert [(o.kind.value, o.parameter) for o in found] == [("write", "04000302"), ("meter-clear", "")]


def test_a_damaged_record_explains_nothing_and_says_so(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KILOWATCH_AUDIT_FILE", str(audit.path))
    assert not sent_orders(REGISTRY)
    _ordered(audit, "dlt645+tcp://10.0.0.7:4001/202600000001")
    assert [order.meter for order in sent_orders(REGISTRY)] == ["A"]
    audit.path.write_bytes(audit.path.read_bytes().replace(b"04000306", b"04000307"))
    assert not sent_orders(REGISTRY)
    assert caplog.records[-1].message == "orders unknown"
