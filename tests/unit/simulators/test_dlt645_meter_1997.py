from datetime import timedelta

import pytest

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.driver import Dlt645Driver1997
from protocols.dlt645.frame import Frame
from protocols.profile import Profile, Side
from protocols.session import Answer
from simulators.dlt645.traits import Traits
from simulators.dlt645_meter_1997 import Dlt645Meter1997
from tests.unit.simulators.dlt645.bench import ADDRESS, MASTER_KEY, NOW, ZONE, Clock, Load, Q, ask, digits

EVERYBODY = "999999999999"


def meter(load: Load | None = None, clock: Clock | None = None, **traits: object) -> Dlt645Meter1997:
    return Dlt645Meter1997(
        ADDRESS,
        load or Load(),
        clock or Clock(),
        zone=ZONE,
        traits=Traits(**traits),  # type: ignore[arg-type]  # names of traits
    )


def di(text: str) -> bytes:
    return bytes.fromhex(text)[::-1]


def test_our_own_master_reads_it() -> None:
    profile = Profile(
        name="t", protocol="dlt645-1997", description="t", side=Side.SECONDARY, source="t",
        quantities=frozenset(), load_record_minutes=None, load_record_days=0, daily_freeze_days=0,
    )  # fmt: skip
    driver = Dlt645Driver1997(profile, Wiring.THREE_PHASE_FOUR_WIRE, ZONE)
    wanted = {Q.ACTIVE_ENERGY_IMPORT, Q.ACTIVE_ENERGY_IMPORT_T4, Q.VOLTAGE_A, Q.ACTIVE_POWER}
    slave, session = meter(), driver.session(ADDRESS)
    values: dict[Quantity, object] = {}
    for query in driver.plan(wanted):
        session.receive_data(slave.receive(session.ask(query)))
        event = session.next_event()
        assert isinstance(event, Answer), query
        values |= event.values
    assert values[Q.ACTIVE_ENERGY_IMPORT] == 1634.33
    assert values[Q.VOLTAGE_A] == 220.0
    assert values[Q.ACTIVE_POWER] == 1.0


def test_functions_of_2007_are_met_with_silence() -> None:
    for function in (0x11, 0x13, 0x14, 0x1C):
        assert ask(meter(), function, bytes(8)) == (0, b"")
    assert ask(meter(), 0x13, b"", "AAAAAAAAAAAA") == (0, b"")


def test_reads_to_everybody_are_answered_by_those_that_do() -> None:
    assert ask(meter(), 0x01, di("C032"), EVERYBODY) == (0, b"")
    answer = ask(meter(answers_broadcast=True), 0x01, di("C032"), EVERYBODY)
    assert answer == (0x81, di("C032") + digits(ADDRESS))


def test_an_echo_of_the_wildcard_is_a_trait() -> None:
    raw = meter(echoes_wildcard=True).receive(Frame("AAAAAAAAAAAA", 0x01, di("9010")).encode())
    assert raw[4 + 1 : 4 + 7] == b"\xaa" * 6


def test_the_last_answer_is_read_again() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    assert ask(slave, 0x03) == (0xC3, b"\x01")
    control, data = ask(slave, 0x01, di("9010"))
    clock.pass_(hours=1)
    assert (control, ask(slave, 0x03)) == (0x81, (0x83, data))
    assert ask(slave, 0x02, di("9010")) == (0xC2, b"\x01")


def test_the_date_is_written_as_captured() -> None:
    # Vector: 04 with identifier C010, password 00000000, Sunday 19 06 06 (made-up date), sent to everybody.
    slave, order = meter(), di("C010") + MASTER_KEY + digits("26031103")
    assert ask(slave, 0x04, order) == (0x84, b"")
    assert slave.core.clock.now() == NOW + timedelta(days=1)
    assert ask(slave, 0x04, di("C011") + MASTER_KEY + digits("102100")) == (0x84, b"")
    assert slave.core.clock.now() == NOW + timedelta(days=1, minutes=1)


@pytest.mark.parametrize(
    ("function", "data", "answer"),
    [
        (0x01, di("DEAD"), (0xC1, b"\x02")),
        (0x01, b"\x10", (0xC1, b"\x01")),
        (0x04, di("C010") + b"\x04\x11\x11\x11" + bytes(4), (0xC4, b"\x04")),
        (0x04, di("9010") + MASTER_KEY + bytes(4), (0xC4, b"\x02")),
        (0x04, di("C010"), (0xC4, b"\x01")),
        (0x0C, b"\x08", (0x8C, b"\x08")),
        (0x0C, b"\x0c", (0xCC, b"\x01")),
        (0x0F, bytes.fromhex("0400000004111111"), (0x8F, b"")),
        (0x0F, bytes.fromhex("0411111104111111"), (0xCF, b"\x04")),
        (0x10, MASTER_KEY, (0x90, b"")),
        (0x10, b"\x05\x00\x00\x00", (0xD0, b"\x04")),
        (0x08, digits("260310102000"), (0, b"")),
    ],
)
def test_each_function_answers_or_refuses(function: int, data: bytes, answer: tuple[int, bytes]) -> None:
    assert ask(meter(), function, data) == answer


def test_a_new_address_is_taken_from_everybodys() -> None:
    slave = meter()
    raw = slave.receive(Frame(EVERYBODY, 0x0A, digits("000000000009")).encode())
    assert Frame.decode(raw[4:]) == Frame("000000000009", 0x8A, b"")
