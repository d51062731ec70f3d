"""Orders as two people give them at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services import persons
from services.persons import Person
from tests.threads import line_of
from tests.unit.cli.invoke import Invoke
from tests.unit.services.obedient_meter import ObedientMeter

ADDRESS = "000000000101"
ORDERS = (
    "relay URL open",
    "alarm URL on",
    "guard URL off",
    "write URL 04000103 30",
    "write URL 04CC0001 --raw 11",
    "freeze URL 99999999",
    "demand-reset URL",
    "meter-clear URL",
    "event-clear URL 03110000",
    "address URL 202",
    "rate URL 9600",
    "password URL 4",
    "clock URL --large",
)


@pytest.fixture
def meter() -> ObedientMeter:
    return ObedientMeter(ADDRESS)


@pytest.fixture
def url(meter: ObedientMeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in {
        "LOCK_DIR": str(tmp_path),
        "AUDIT_FILE": str(tmp_path / "audit.jsonl"),
        "ALLOW_WRITES": "relay,parameters,meter_clear",
        "METER_PASSWORDS": "02:123456,04:123456",
        "METER_OPERATOR": "00000001",
    }.items():
        monkeypatch.setenv(f"KILOWATCH_{name}", value)
    with line_of([meter]) as peer:
        yield f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.3"


def be(monkeypatch: pytest.MonkeyPatch, account: str) -> None:
    monkeypatch.setattr(persons, "this_person", lambda name="": Person(account=account, name=name))


def test_two_people_open_a_relay(
    kilowatch: Invoke, url: str, meter: ObedientMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, "li")
    (asked,) = kilowatch("control", "relay", url, "open", "--name", "Li Wei", "--json").lines
    own = kilowatch("control", "approve", asked["id"])
    assert own.status == 1
    assert "another person" in own.err
    be(monkeypatch, "wang")
    (waiting,) = kilowatch("control", "pending", "--json").lines
    assert (waiting["id"], waiting["requested_by"]["name"]) == (asked["id"], "Li Wei")
    approved = kilowatch("control", "approve", asked["id"], "--json")
    (report,) = approved.lines
    assert approved.status == 0
    assert (report["result"], report["read_back"], report["read_back_detail"]) == (
        "done",
        "confirmed",
        "the relay is open",
    )
    assert meter.items["04000503"] == b"\x50\x00"
    events = [line["event"] for line in kilowatch("control", "audit", "--json").lines]
    assert events == ["requested", "denied", "approved", "sending", "outcome"]
    for shown in (kilowatch("control", "audit").out, kilowatch("control", "pending").out):
        assert "123456" not in shown


def test_an_order_that_was_cancelled_waits_no_more(
    kilowatch: Invoke, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, "li")
    first, second = (kilowatch("control", "relay", url, "open", "--json").lines[0]["id"] for _ in range(2))
    assert kilowatch("control", "cancel", first, "--json").lines == [{"id": first, "cancelled": True}]
    assert kilowatch("control", "cancel", second).out == f"{second}: cancelled\n"
    assert kilowatch("control", "pending", "--json").lines == []


def test_people_are_told_what_to_type_next(kilowatch: Invoke, url: str) -> None:
    ran = kilowatch("control", "write", url, "04000103", "30")
    assert ran.status == 0
    assert "waits for a second person" in ran.out
    assert "kilowatch control approve " in ran.out
    assert "******" in ran.out


def test_people_read_times_of_orders_in_the_meters_zone(
    kilowatch: Invoke, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The zone of the URL, else China's; programs get UTC."""
    monkeypatch.setenv("COLUMNS", "300")
    kilowatch("control", "relay", url, "open")
    kilowatch("control", "relay", f"{url}&zone=Asia/Tokyo", "open")
    asked = kilowatch("control", "relay", url, "close").out
    assert "+08:00; another account" in asked
    for shown in (kilowatch("control", "pending").out, kilowatch("control", "audit").out):
        assert shown.count("+08:00") == 2
        assert shown.count("+09:00") == 1
        assert "+00:00" not in shown


@pytest.mark.parametrize("order", ORDERS)
def test_a_dry_run_shows_any_order_without_permission_or_password(
    kilowatch: Invoke, url: str, meter: ObedientMeter, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ALLOW_WRITES", "METER_PASSWORDS", "METER_OPERATOR"):
        monkeypatch.delenv(f"KILOWATCH_{name}")
    words = [url if word == "URL" else word for word in order.split()]
    ran = kilowatch("control", *words, "--dry-run", "--json")
    assert ran.status == 0
    assert all(line["sent"] is False and line["frame"] and line["function_name"] for line in ran.lines)
    assert "nothing was sent" in kilowatch("control", *words, "--dry-run").out
    assert meter.heard == []


def test_an_order_that_is_off_says_who_may_switch_it_on(kilowatch: Invoke, url: str) -> None:
    ran = kilowatch("control", "demand-reset", url)
    assert ran.status == 1
    assert "KILOWATCH_ALLOW_WRITES=demand_reset,meter_clear,parameters,relay" in ran.err


def test_an_unknown_outcome_is_no_success(
    kilowatch: Invoke, url: str, meter: ObedientMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter.mute = frozenset({0x1A})
    be(monkeypatch, "li")
    (asked,) = kilowatch("control", "meter-clear", url, "--json").lines
    be(monkeypatch, "wang")
    ran = kilowatch("control", "approve", asked["id"])
    assert ran.status == 1
    assert "unknown" in ran.out
    assert "the meter may have obeyed" in ran.out
    assert meter.cleared == ["meter"]


def test_a_clock_takes_one_person_and_its_own_setting(
    kilowatch: Invoke, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = kilowatch("control", "clock", url)
    assert ran.status == 1
    assert "KILOWATCH_ALLOW_CLOCK=true" in ran.err
    monkeypatch.setenv("KILOWATCH_ALLOW_CLOCK", "true")
    (right,) = kilowatch("control", "clock", url, "--json").lines
    assert right["result"] == "not sent"
    assert abs(right["clock_offset_s"]) < 2


def test_a_damaged_record_is_told_with_its_line(kilowatch: Invoke, url: str, tmp_path: Path) -> None:
    kilowatch("control", "meter-clear", url)
    file = tmp_path / "audit.jsonl"
    file.write_text(file.read_text("utf-8").replace("meter-clear", "demand-reset"), "utf-8")
    ran = kilowatch("control", "audit")
    assert ran.status == 1
    assert f"{file}:1: the record was changed here" in ran.err


COMMANDS = sorted({order.split()[0] for order in ORDERS} | {"pending", "approve", "audit"})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(kilowatch: Invoke, command: str) -> None:
    shown = " ".join(kilowatch("control", command, "--help").out.split())
    assert f"Example: kilowatch control {command}" in shown
