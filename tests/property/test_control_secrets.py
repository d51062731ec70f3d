"""No password reaches the audit, a log, a report or a dry run, whatever it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.capabilities import WRITES
from services.control import OrderDesk
from services.control_settings import ControlSettings
from services.order_record import Order
from services.order_sending import Result
from services.persons import Person
from tests.threads import line_of
from tests.unit.services.obedient_meter import ObedientMeter

ADDRESS = "000000000001"
# No time, address or operator code of these orders has such digits in a row.
DIGITS = st.from_regex("(4[4-9]|[5-9][0-9]){3}", fullmatch=True)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[ObedientMeter, str]]:
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    monkeypatch.delenv("KILOWATCH_DATABASE_URL", raising=False)
    meter = ObedientMeter(ADDRESS)
    with line_of([meter]) as peer:
        yield meter, f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.5"


def spellings(digits: str) -> set[str]:
    """Return how a password may stand in a text: as typed, and its bytes in hex, with and without 33H."""
    wire = bytes.fromhex(digits)[::-1]
    sent = bytes((byte + 0x33) & 0xFF for byte in wire)
    return {digits, wire.hex(" ").upper(), sent.hex(" ").upper(), repr(wire)[2:-1], repr(sent)[2:-1]}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=DIGITS, new=DIGITS, kind=st.sampled_from(["password", "meter-clear", "write", "relay"]))
def test_an_order_from_request_to_outcome_leaves_no_password_behind(  # noqa: PLR0913, PLR0917 - fixtures and examples
    line: tuple[ObedientMeter, str],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
    old: str,
    new: str,
    kind: str,
) -> None:
    meter, url = line
    arguments = {
        "password": {"class": "4"},
        "meter-clear": {},
        "write": {"identifier": "04000103", "value": "30"},
        "relay": {"order": "close"},
    }[kind]
    meter.passwords = {level: bytes.fromhex(old)[::-1] for level in (2, 4)}
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    allowed = ControlSettings(
        allow_writes=frozenset(WRITES),
        meter_passwords=f"02:{old},04:{old}",  # type: ignore[arg-type]  # becomes a secret
        new_meter_password=f"04:{new}",  # type: ignore[arg-type]  # becomes a secret
        meter_operator="00000001",
        audit_file=tmp_path_factory.mktemp("audit") / "audit.jsonl",
    )
    order = Order(kind=kind, url=url, arguments=arguments)
    asked = OrderDesk(settings=allowed, person=Person(account="li")).request(order)
    report = OrderDesk(settings=allowed, person=Person(account="wang")).approve(asked.id)
    assert report.sent.result is Result.DONE
    entries = OrderDesk(settings=allowed, person=Person(account="li")).audit.entries()
    frames = [frame for entry in entries for frame in entry.details.get("frames", [])]
    said = " ".join([*frames, repr([entry.details for entry in entries]), repr(report), repr(allowed)])
    said = (said + caplog.text).replace(asked.id, "").replace(asked.hash, "")
    for digits in (old, new):
        assert not any(spelling in said for spelling in spellings(digits) if len(spelling) >= 6)
    assert all(frame.count("**") in (4, 7) for frame in frames)
