"""Our DL/T 645 client against the meter of PyPI dlt645 3.2.0, in an environment of its own, over TCP.

Where that package differs from the standard a row of ``DEVIATIONS`` says so: our client is not bent, and when
one of them begins to conform its test fails and asks for the row's removal.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any  # Any: the other process's JSON
from zoneinfo import ZoneInfo

import pytest

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.explain import explain
from protocols.dlt645.questions import address_query, following_query, read_query
from protocols.dlt645.relay import Control, ControlOrder
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.version import VERSION_2007
from protocols.session import Answer, Event, NeedData, Query, Refused
from services.control import OrderDesk
from services.control_settings import ControlSettings
from services.order_record import Order
from services.order_sending import Result
from services.persons import Person
from services.read_back import Confirmed
from services.read_meter import read_meter_at
from services.scan import scan

ROOT = Path(__file__).parents[2]
ADDRESS = "000000000101"
EVERYBODY = "AAAAAAAAAAAA"
SILENCE_S = 0.5
ANSWER_S = 5.0
WHO = Authority(password=Password(4, "123456"), operator="00000001")
CLEARS = Authority(password=Password(2, "123456"), operator="00000001")
ZONE = ZoneInfo("Asia/Shanghai")


class Peer:
    """The other package's meter in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        (self.port,) = self._line().values()

    @property
    def url(self) -> str:
        return f"dlt645+tcp://127.0.0.1:{self.port}/{ADDRESS}?timeout_s=2"

    def holds(self, name: str) -> Any:  # Any: its JSON
        """Ask the process itself, not its protocol."""
        assert self._process.stdin is not None
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:  # Any: its JSON
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, query: Query, address: str = ADDRESS, wait_s: float = ANSWER_S) -> Event | None:
        """Ask one question with our session; None for silence."""
        talk = Dlt645Session(address, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE))
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S) as line:
            line.sendall(talk.ask(query))
            line.settimeout(wait_s)
            while isinstance(event := talk.next_event(), NeedData):
                try:
                    data = line.recv(4096)
                except TimeoutError:
                    return None
                if not data:
                    return None
                talk.receive_data(data)
            return event

    def said(self, query: Query, address: str = ADDRESS, wait_s: float = ANSWER_S) -> str:
        """Ask one question; say in a word what came."""
        event = self.ask(query, address, wait_s)
        if isinstance(event, Refused):
            return f"refused {event.error.code:02X}"
        return "silence" if event is None else "answer" if isinstance(event, Answer) else event.reason.value


@pytest.fixture(scope="module")
def python() -> str:
    made = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "peer", "dlt645"], capture_output=True, text=True, check=True
    )
    return made.stdout.strip().splitlines()[-1]


@contextmanager
def served(python: str) -> Iterator[Peer]:
    script = ROOT / "tests" / "peers" / "dlt645_server.py"
    with subprocess.Popen(  # noqa: S603 - our own script
        [python, "-I", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Peer(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def peer(python: str) -> Iterator[Peer]:
    """A meter that no test changes."""
    with served(python) as made:
        yield made


@pytest.fixture
def obeying(python: str) -> Iterator[Peer]:
    """A meter of the test's own."""
    with served(python) as made:
        yield made


def read(di: str) -> Query:
    return read_query(bytes.fromhex(di)[::-1], 200)


@pytest.mark.parametrize(
    ("di", "value"),
    [
        ("00010000", "123456.78"),
        ("00010100", "40.50"),
        ("02010100", "220.5"),
        ("02020100", "-1.234"),
        ("02030000", "2.5000"),
        ("02060000", "0.987"),
        ("02800002", "49.98"),
        ("04000102", "12:34:56"),
        ("04000103", "15"),
    ],
)
def test_single_items_are_read_as_they_were_set(peer: Peer, di: str, value: str) -> None:
    event = peer.ask(read(di))
    assert isinstance(event, Answer)
    assert explain(event.raw)["value"] == value


def test_a_demand_is_read_with_its_time(peer: Peer) -> None:
    """Its server sends the time in the standard's order; only its client reads it the other way round."""
    event = peer.ask(read("01010000"))
    assert isinstance(event, Answer)
    assert explain(event.raw)["value"] == ["1.5000", "2025-09-25 12:30"]


def test_its_address_is_read(peer: Peer) -> None:
    event = peer.ask(address_query(), EVERYBODY)
    assert isinstance(event, Answer)
    assert event.facts == {"address": ADDRESS}


def test_it_takes_an_address_and_answers_from_there(obeying: Peer) -> None:
    assert obeying.said(orders.write_address("202"), EVERYBODY) == "answer"
    assert obeying.holds("address") == "020200000000"
    assert obeying.said(read("02010100"), "000000000202") == "answer"


def test_it_takes_a_rate(obeying: Peer) -> None:
    assert obeying.said(orders.change_rate(2400)) == "answer"
    assert obeying.holds("baud_rate") == 2400


def test_it_takes_a_parameter_and_refuses_a_wrong_password(obeying: Peer) -> None:
    wrong = Authority(password=Password(4, "000000"), operator="00000001")
    assert obeying.said(orders.write(bytes.fromhex("03010004"), b"\x30", wrong)) == "refused 04"
    assert obeying.said(orders.write(bytes.fromhex("03010004"), b"\x30", WHO)) == "answer"
    event = obeying.ask(read("04000103"))
    assert isinstance(event, Answer)
    assert explain(event.raw)["value"] == "30"


def test_it_changes_a_password_and_clears_events(obeying: Peer) -> None:
    assert obeying.said(orders.change_password(WHO.password, Password(4, "654321"))) == "answer"
    assert obeying.said(orders.write(bytes.fromhex("03010004"), b"\x30", WHO)) == "refused 04"
    assert obeying.said(orders.clear_events(CLEARS)) == "answer"


def test_what_it_does_not_have_is_refused_by_name(peer: Peer) -> None:
    event = peer.ask(read("00FE0000"))
    assert isinstance(event, Refused)
    assert "no such data" in str(event.error)


def test_a_meter_is_read_in_spite_of_refused_blocks(peer: Peer) -> None:
    wanted = {
        Quantity.ACTIVE_ENERGY_IMPORT: 123456.78,
        Quantity.ACTIVE_ENERGY_IMPORT_T1: 40.5,
        Quantity.VOLTAGE_A: 220.5,
        Quantity.CURRENT_A: -1.234,
        Quantity.ACTIVE_POWER: 2.5,
        Quantity.POWER_FACTOR: 0.987,
        Quantity.FREQUENCY: 49.98,
    }
    found = read_meter_at(peer.url, frozenset(wanted))
    assert {quantity: found.snapshot.values[quantity] for quantity in wanted} == wanted


def test_a_scan_finds_it_with_its_habit(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    report = scan(f"dlt645+tcp://127.0.0.1:{peer.port}?timeout_s=0.5", tell=lambda _news: None)
    assert [(meter.address, meter.version) for meter in report.meters] == [(ADDRESS, 2007)]


def test_two_persons_write_a_parameter_and_it_is_read_back(
    obeying: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    monkeypatch.delenv("KILOWATCH_DATABASE_URL", raising=False)
    settings = ControlSettings(
        allow_writes="parameters",  # type: ignore[arg-type]  # as the environment has it
        meter_passwords="04:123456",  # type: ignore[arg-type]  # becomes a secret
        meter_operator="00000001",
        audit_file=tmp_path / "audit.jsonl",
    )
    order = Order(kind="write", url=obeying.url, arguments={"identifier": "04000103", "value": "30"})
    asked = OrderDesk(settings=settings, person=Person(account="li")).request(order)
    report = OrderDesk(settings=settings, person=Person(account="wang")).approve(asked.id)
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, Confirmed.YES)


@dataclass(frozen=True)
class Deviation:
    """In what the package differs from the standard."""

    what: str
    look: Callable[[Peer], object]
    standard: object
    seen: object


def told_time(peer: Peer) -> object:
    at = datetime(2026, 3, 1, 1, 2, 3)  # noqa: DTZ001 - the meter's local time
    peer.ask(orders.broadcast_time(at), "999999999999", SILENCE_S)
    return peer.holds("time")


def answering_address(peer: Peer) -> object:
    event = peer.ask(read("02010100"), EVERYBODY)
    assert isinstance(event, Answer)
    return event.raw[6:0:-1].hex().upper()


def relay(peer: Peer) -> str:
    until = datetime(2099, 1, 1)  # noqa: DTZ001 - the meter's local time
    return peer.said(orders.control(ControlOrder(control=Control.OPEN, deadline=until), CLEARS))


def following(peer: Peer) -> str:
    wire = bytes.fromhex("00FF0100")[::-1]
    return peer.said(following_query(read_query(wire, 40), wire, 1, VERSION_2007))


DEVIATIONS = [
    Deviation(
        "an address is sent first pair first",
        lambda p: p.holds("address_of_text"),
        "010100000000",
        "000000000101",
    ),
    Deviation(
        "a foreign address is answered",
        lambda p: p.said(read("02010100"), "000000000999", SILENCE_S),
        "silence",
        "refused 01",
    ),
    Deviation("a wildcard is echoed", answering_address, ADDRESS, EVERYBODY),
    Deviation(
        "a shortened address is refused",
        lambda p: p.said(read("02010100"), "AAAAAAAA0101"),
        "answer",
        "refused 01",
    ),
    *(
        Deviation(f"block {di} is refused", lambda p, di=di: p.said(read(di)), "answer", "refused 02")  # type: ignore[misc]  # each has its own
        for di in ("0001FF00", "0201FF00", "000100FF", "020A01FF", "040005FF")
    ),
    Deviation(
        "a demand's time is read year first",
        lambda p: p.holds("time_of_a_demand"),
        "2025-09-25 12:30:00",
        "2030-12-25 09:25:00",
    ),
    Deviation("broadcast time is taken year first", told_time, "2026-03-01 01:02:03", "2003-02-01 01:03:26"),
    Deviation(
        "a demand reset wants an identifier",
        lambda p: p.said(orders.reset_demand(WHO)),
        "answer",
        "refused 01",
    ),
    Deviation(
        "a meter clear wants an identifier",
        lambda p: p.said(orders.clear_meter(CLEARS)),
        "answer",
        "refused 01",
    ),
    Deviation("following frames do not exist", following, "answer", "refused 01"),
    Deviation("freezes do not exist", lambda p: p.said(read("05060001")), "answer", "refused 01"),
    Deviation("load records do not exist", lambda p: p.said(read("06000002")), "answer", "refused 01"),
    Deviation("relays do not exist", relay, "answer", "refused 01"),
    Deviation("an absent voltage is a number", lambda p: p.holds("absent_voltage"), None, -715151.5),
    Deviation("every number has a sign", lambda p: p.holds("large_energy"), 923456.78, -123456.78),
]


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.what)
def test_its_known_deviations_are_still_there(peer: Peer, deviation: Deviation) -> None:
    observed = deviation.look(peer)
    assert observed != deviation.standard, f"{deviation.what}: it conforms now, remove the row"
    assert observed == deviation.seen
