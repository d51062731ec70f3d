"""Orders from the request of one person to the outcome that another's approval brings."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any  # Any: what the audit holds is JSON

import pytest

from collectors.host_lock import HostLock
from pipeline.errors import AuditError, ConfigError, NotAllowedError
from services import control as module
from services.audit import Audit
from services.capabilities import WRITES, Capability
from services.control import OrderDesk
from services.control_settings import ControlSettings
from services.order_record import Order, OrderRecord
from services.order_sending import Result
from services.persons import Person
from services.read_back import Confirmed
from services.wiring import utc_now
from tests.threads import line_of
from tests.unit.services.obedient_meter import ObedientMeter, ObedientMeter1997

LI = Person(account="li", host="station")
WANG = Person(account="wang", host="station")
ADDRESS = "000000000101"
SECRETS = ("123456", "654321", "563412", "56 34 12", "214365")


@dataclass
class Desk:
    """Two persons, one installation, one meter."""

    li: OrderDesk
    wang: OrderDesk
    meter: ObedientMeter
    url: str
    audit: Audit

    def order(self, kind: str, **arguments: str) -> Order:
        return Order(kind=kind, url=self.url, arguments=arguments)

    def given(self, kind: str, **arguments: str) -> module.Report:
        return self.wang.approve(self.li.request(self.order(kind, **arguments)).id)

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.audit.entries()]


def settings(folder: Path, **changed: Any) -> ControlSettings:  # Any: each setting has its own type
    given: dict[str, Any] = {
        "allow_writes": frozenset(WRITES),
        "meter_passwords": "02:123456,04:123456",
        "new_meter_password": "04:654321",
        "meter_operator": "00000001",
        "audit_file": folder / "audit.jsonl",
    }
    return ControlSettings(**{**given, **changed})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    meter = ObedientMeter(ADDRESS)
    allowed = settings(tmp_path)
    with line_of([meter]) as peer:
        yield Desk(
            li=OrderDesk(settings=allowed, person=LI),
            wang=OrderDesk(settings=allowed, person=WANG),
            meter=meter,
            url=f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.3",
            audit=Audit(allowed.audit_file),
        )


def test_a_relay_opens_when_another_person_approves_and_its_status_is_read_back(desk: Desk) -> None:
    report = desk.given("relay", order="open")
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, Confirmed.YES)
    assert report.sent.verdict.words == "the relay is open"
    assert desk.events == ["requested", "approved", "sending", "outcome"]
    assert [frame.control for frame in desk.meter.heard] == [0x1C, 0x11]
    again = desk.given("relay", order="close")
    assert again.sent.verdict.words == "the relay is closed"


def test_a_relay_that_does_not_move_is_told(desk: Desk) -> None:
    desk.meter.stuck = True
    report = desk.given("relay", order="open")
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, Confirmed.NO)


@pytest.mark.parametrize(
    ("kind", "arguments", "control", "read_back"),
    [
        ("write", {"identifier": "04000103", "value": "30"}, 0x14, Confirmed.YES),
        ("write", {"identifier": "04000103", "raw": "60"}, 0x14, Confirmed.YES),
        ("freeze", {"moment": "99999999"}, 0x16, Confirmed.NOTHING),
        ("demand-reset", {}, 0x19, Confirmed.NOTHING),
        ("meter-clear", {}, 0x1A, Confirmed.NOTHING),
        ("event-clear", {"identifier": "03110000"}, 0x1B, Confirmed.NOTHING),
        ("alarm", {"order": "on"}, 0x1C, Confirmed.NOTHING),
        ("guard", {"order": "off"}, 0x1C, Confirmed.NOTHING),
        ("rate", {"baudrate": "9600"}, 0x17, Confirmed.NOTHING),
        ("password", {"class": "4"}, 0x18, Confirmed.NOTHING),
        ("clock", {}, 0x14, Confirmed.YES),
    ],
)
def test_every_order_is_given_once(
    desk: Desk, kind: str, arguments: dict[str, str], control: int, read_back: Confirmed
) -> None:
    desk.meter.offset = timedelta(days=3)
    report = desk.given(kind, **arguments)
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, read_back), report
    assert sum(frame.control == control for frame in desk.meter.heard) == (2 if kind == "clock" else 1)


def test_what_goes_to_all_is_sent_and_nobody_waited_for(desk: Desk) -> None:
    report = desk.given("freeze", moment="99990000", all="yes")
    assert report.sent.result is Result.SENT
    until_s = monotonic() + 10.0  # nobody waited: the frame may still be on its way
    while not desk.meter.frozen and monotonic() < until_s:
        sleep(0.01)
    assert desk.meter.frozen == [bytes.fromhex("00 00 99 99")]


def test_an_address_is_given_when_the_meter_is_alone(desk: Desk) -> None:
    report = desk.given("address", address="202")
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, Confirmed.YES)
    assert desk.meter.address == "000000000202"


def test_an_address_is_not_given_when_another_meter_answers(desk: Desk) -> None:
    desk.meter.address = "000000000303"
    report = desk.given("address", address="202")
    assert report.sent.result is Result.NOT_SENT
    assert "must be alone" in report.sent.detail
    assert all(frame.control != 0x15 for frame in desk.meter.heard)


def test_an_order_without_an_answer_is_unknown_sent_once_and_still_read_back(desk: Desk) -> None:
    desk.meter.mute = frozenset({0x1C})
    report = desk.given("relay", order="open")
    assert report.sent.result is Result.UNKNOWN
    assert "no answer" in report.sent.detail
    assert report.sent.verdict.words == "the relay is open"
    assert sum(frame.control == 0x1C for frame in desk.meter.heard) == 1


def test_a_refusal_is_told_in_the_meters_words(desk: Desk, tmp_path: Path) -> None:
    wrong = settings(tmp_path, meter_passwords="02:000000,04:000000")
    record = desk.li.request(desk.order("write", identifier="04000103", value="30"))
    report = OrderDesk(settings=wrong, person=WANG).approve(record.id)
    assert report.sent.result is Result.REFUSED
    assert "password wrong" in report.sent.detail
    assert desk.meter.items["04000103"] == b"\x15"


def test_nobody_approves_their_own_order(desk: Desk) -> None:
    record = desk.li.request(desk.order("relay", order="open"))
    for person in (LI, replace(WANG, login="li"), replace(LI, name="Wang")):
        with pytest.raises(NotAllowedError, match="another person"):
            OrderDesk(settings=desk.li.settings, person=person).approve(record.id)
    assert desk.meter.heard == []
    assert desk.events == ["requested", "denied", "denied", "denied"]


def test_an_order_is_given_once_and_not_after_it_has_expired(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.li.request(desk.order("meter-clear"))
    desk.wang.approve(record.id)
    with pytest.raises(NotAllowedError, match="waits for a second person"):
        desk.wang.approve(record.id)
    late = desk.li.request(desk.order("demand-reset"))
    later = utc_now() + timedelta(hours=9)
    monkeypatch.setattr(module, "utc_now", lambda: later)
    assert desk.wang.pending() == []
    with pytest.raises(NotAllowedError, match="has expired"):
        desk.wang.approve(late.id)
    assert desk.meter.cleared == ["meter"]


def test_orders_wait_with_who_asked_for_them(desk: Desk) -> None:
    record = desk.li.request(desk.order("relay", order="open"))
    assert [(r.id, r.order.arguments, r.requested_by) for r in desk.wang.pending()] == [
        (record.id, {"order": "open"}, LI)
    ]


@pytest.mark.parametrize(
    ("kind", "arguments", "capability"),
    [
        ("relay", {"order": "open"}, Capability.RELAY),
        ("write", {"identifier": "04000103", "value": "30"}, Capability.PARAMETERS),
        ("write", {"identifier": "04000703", "raw": "08"}, Capability.RATE),
        ("clock", {}, Capability.PARAMETERS),
        ("alarm", {"order": "on"}, Capability.ALARM),
        ("guard", {"order": "on"}, Capability.SUPPLY_GUARD),
        ("password", {"class": "4"}, Capability.PASSWORD),
    ],
)
def test_each_order_needs_its_own_capability(
    desk: Desk, tmp_path: Path, kind: str, arguments: dict[str, str], capability: Capability
) -> None:
    others = settings(tmp_path, allow_writes=frozenset(WRITES) - {capability})
    with pytest.raises(NotAllowedError, match=f"{capability}.*off by default.*KILOWATCH_ALLOW_WRITES="):
        OrderDesk(settings=others, person=LI).request(desk.order(kind, **arguments))
    record = desk.li.request(desk.order(kind, **arguments))
    with pytest.raises(NotAllowedError, match="off by default"):
        OrderDesk(settings=others, person=WANG).approve(record.id)
    assert desk.meter.heard == []


def test_a_protected_meter_keeps_its_supply(desk: Desk, tmp_path: Path) -> None:
    guarded = OrderDesk(settings=settings(tmp_path, protected_meters="101"), person=LI)
    for kind, word in (("relay", "open"), ("relay", "open-then-close"), ("guard", "off")):
        with pytest.raises(NotAllowedError, match="protected"):
            guarded.request(desk.order(kind, order=word))
    guarded.request(desk.order("relay", order="close"))


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("explode", {}, "no order is called 'explode'"),
        ("relay", {"order": "up"}, "write one of open, permit"),
        ("relay", {"order": "open", "valid_min": "0"}, "valid for 1 to"),
        ("write", {"identifier": "04000103", "value": "soon"}, "a number NN is wanted"),
        ("write", {"identifier": "04CC0001", "value": "1"}, "is not in the catalogue"),
        ("write", {"identifier": "00010000", "value": "1.00"}, "no parameter that is written"),
        ("write", {"identifier": "0400", "value": "1"}, "has 8 digits"),
        ("write", {"identifier": "04000C05", "raw": "04123456"}, "kilowatch control password"),
        ("write", {"identifier": "04000102", "value": "12:00:00"}, "kilowatch control clock"),
        ("write", {"identifier": "04000401", "value": "000000000202"}, "kilowatch control address"),
        ("write", {"identifier": "04CC0001", "raw": "zz"}, "in hexadecimal"),
        ("freeze", {"moment": "soon"}, "a freeze is 99999999"),
        ("rate", {"baudrate": "300"}, "one of 600"),
        ("address", {"address": "AAAAAAAAAAAA"}, "decimal digits"),
    ],
)
def test_an_order_that_cannot_be_is_refused_when_it_is_asked_for(
    desk: Desk, kind: str, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        desk.li.request(desk.order(kind, **arguments))
    assert not desk.audit.path.exists()


@pytest.mark.parametrize("address", ["AAAAAAAAAAAA", "AAAAAAAA0101", "999999999999"])
def test_no_order_goes_to_a_wildcard(desk: Desk, address: str) -> None:
    with pytest.raises(ConfigError, match="an order goes to one meter"):
        desk.li.request(Order(kind="meter-clear", url=desk.url.replace(ADDRESS, address)))


def test_a_meter_of_1997_knows_no_relay(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="meters of 1997 have no such function"):
        desk.li.request(
            Order(kind="relay", url=f"{desk.url}&profile=dlt645_1997", arguments={"order": "open"})
        )
    frames = desk.li.dry_run(
        Order(kind="demand-reset", url=f"{desk.url}&profile=dlt645_1997", arguments={"level": "0"})
    )
    assert frames[0].fields["function"] == 0x10


@pytest.mark.parametrize(
    ("kind", "arguments", "control", "read_back"),
    [
        ("write", {"identifier": "C117", "raw": "0001"}, 0x04, Confirmed.YES),
        ("address", {"address": "202"}, 0x0A, Confirmed.YES),
        ("rate", {"baudrate": "2400"}, 0x0C, Confirmed.NOTHING),
        ("password", {"class": "4"}, 0x0F, Confirmed.NOTHING),
        ("demand-reset", {}, 0x10, Confirmed.NOTHING),
        ("clock", {}, 0x04, Confirmed.YES),
    ],
)
def test_a_meter_of_1997_obeys_too(
    desk: Desk, kind: str, arguments: dict[str, str], control: int, read_back: Confirmed
) -> None:
    meter = ObedientMeter1997(ADDRESS)
    meter.offset = timedelta(days=3)
    with line_of([meter]) as peer:
        url = f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.3&profile=dlt645_1997"
        order = Order(kind=kind, url=url, arguments=arguments)
        report = desk.wang.approve(desk.li.request(order).id)
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, read_back), report
    assert control in [frame.control for frame in meter.heard]


def test_a_missing_password_shows_before_the_order_is_used_up(desk: Desk, tmp_path: Path) -> None:
    record = desk.li.request(desk.order("meter-clear"))
    without = OrderDesk(settings=settings(tmp_path, meter_passwords=None), person=WANG)
    with pytest.raises(ConfigError, match="no password of class 02: set KILOWATCH_METER_PASSWORDS"):
        without.approve(record.id)
    assert desk.wang.approve(record.id).sent.result is Result.DONE


def test_an_owned_bus_is_told_and_the_order_not_sent(desk: Desk, tmp_path: Path) -> None:
    peer = desk.url.split("/")[2]
    collector = HostLock(f"tcp://{peer}", tmp_path)
    collector.acquire()
    report = desk.given("meter-clear")
    collector.release()
    assert report.sent.result is Result.NOT_SENT
    assert "belongs to process" in report.sent.detail
    assert desk.meter.heard == []


def test_a_line_that_does_not_open_leaves_the_order_unsent(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    order = Order(kind="meter-clear", url=f"dlt645+tcp://127.0.0.1:{port}/{ADDRESS}")
    report = desk.wang.approve(desk.li.request(order).id)
    assert report.sent.result is Result.NOT_SENT


def test_a_damaged_record_stops_every_order(desk: Desk) -> None:
    record = desk.li.request(desk.order("meter-clear"))
    text = desk.audit.path.read_text("utf-8").replace("meter-clear", "relay")
    desk.audit.path.write_text(text, "utf-8")
    with pytest.raises(AuditError, match="the record was changed here"):
        desk.wang.approve(record.id)
    assert desk.meter.heard == []


def test_no_password_is_in_the_audit_the_log_the_report_or_a_dry_run(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = ""
    for kind, arguments in (
        ("password", {"class": "4"}),
        ("write", {"identifier": "04000103", "value": "30"}),
        ("relay", {"order": "open"}),
    ):
        order = desk.order(kind, **arguments)
        said += repr(desk.li.dry_run(order))
        said += repr(desk.wang.approve(desk.li.request(order).id))
        said += repr((desk.li, desk.li.settings))
    said += desk.audit.path.read_text("utf-8") + caplog.text
    wire = " ".join(f"{(byte + 0x33) & 0xFF:02X}" for byte in bytes.fromhex("563412"))
    for secret in (*SECRETS, wire):
        assert secret not in said
    assert "**" in said
    assert "******" in said


def test_a_dry_run_shows_every_field_and_sends_nothing(desk: Desk) -> None:
    (dry,) = desk.li.dry_run(desk.order("relay", order="open-then-close", delay_min="15"))
    assert dry.fields["order"] == "open the relay, later close it 跳闸自动转合闸"
    assert (dry.fields["delay_min"], dry.fields["pa"], dry.fields["password"]) == (15, "02", "******")
    assert dry.frame.count("**") == 4
    assert desk.meter.heard == []
    assert not desk.audit.path.exists()


@pytest.mark.parametrize("who", ["li", "wang"])
def test_an_order_is_cancelled_by_either_person_and_never_given(desk: Desk, who: str) -> None:
    getattr(desk, who).cancel((record := desk.li.request(desk.order("relay", order="open"))).id)
    for deed in (desk.wang.approve, desk.wang.cancel):
        with pytest.raises(NotAllowedError, match="no order"):
            deed(record.id)
    assert (desk.events, desk.meter.heard, desk.wang.pending()) == (["requested", "cancelled"], [], [])


def test_an_order_that_was_cancelled_in_the_same_moment_is_not_given(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.li.request(desk.order("relay", order="open"))
    waiting = OrderDesk._waiting  # Wang has read the record; before he writes into it, Li cancels.

    def then_cancelled(self: OrderDesk, order_id: str) -> OrderRecord:
        found = waiting(self, order_id)
        if self.person is WANG:
            monkeypatch.setattr(OrderDesk, "_waiting", waiting)
            desk.li.cancel(order_id)
        return found

    monkeypatch.setattr(OrderDesk, "_waiting", then_cancelled)
    with pytest.raises(NotAllowedError, match="was cancelled before"):
        desk.wang.approve(record.id)
    assert (desk.events, desk.meter.heard) == (["requested", "cancelled"], [])


@pytest.mark.parametrize("asked", ["on the pages", "on the command line"])
def test_what_was_asked_on_the_pages_is_approved_there_and_nothing_else(desk: Desk, asked: str) -> None:
    on_pages = replace(desk.wang, person=Person(account="pages/zhao"))
    asking, approving = (on_pages, desk.li) if asked == "on the pages" else (desk.li, on_pages)
    record = asking.request(desk.order("relay", order="open"))
    with pytest.raises(NotAllowedError, match=f"{asked} and is approved there"):
        approving.approve(record.id)
    assert (desk.events, desk.meter.heard) == (["requested", "denied"], [])
