import struct
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from pipeline.quantities import QUANTITIES_OF, Group, Quantity
from pipeline.registry import Wiring
from protocols.modbus.driver import ModbusDriver, with_framing
from protocols.modbus.framing import Framing
from protocols.profile import Profile, parse_profile
from protocols.session import Answer
from simulators.modbus_meter import ModbusMeter

NOW = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)


class Steady:
    """A model that shows the same at every instant, and remembers which it was asked for."""

    def __init__(self, **shown: float) -> None:
        self.shown = {Quantity(name): value for name, value in shown.items()}
        self.asked: list[datetime] = []

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        self.asked.append(instant)
        return self.shown


def sdm630() -> Profile:
    """Return the register map without its probe, for meters that show little."""
    text = (files("protocols") / "profiles" / "eastron_sdm630.toml").read_text("utf-8")
    return replace(parse_profile(text, "eastron_sdm630"), probe={})


def meter(
    unit: int = 1, *, framing: Framing = Framing.SOCKET, ct: float = 1.0, **shown: float
) -> ModbusMeter:
    return ModbusMeter(unit, sdm630(), Steady(**shown), lambda: NOW, framing=framing, ct=ct)


def request(function: int, address: int, count: int, unit: int = 1) -> bytes:
    return struct.pack(">HHHBBHH", 7, 0, 6, unit, function, address, count)


def test_a_register_is_answered_as_the_document_shows_it() -> None:
    # Section 3.7: 240.5 is 43 70 80 00.
    answer = meter(voltage_a=240.5).receive(request(4, 0, 2))
    assert answer.hex() == "0007000000070104" + "04" + "43708000"


def test_power_is_on_the_wire_in_watts() -> None:
    answer = meter(active_power=1.5).receive(request(4, 0x34, 2))
    assert struct.unpack(">f", answer[-4:]) == (1500.0,)


def test_a_meter_with_its_own_transformers_shows_the_primary_side() -> None:
    wired = meter(ct=40.0, current_a=2.5, voltage_a=220.0, active_energy_import=10.0)
    assert struct.unpack(">f", wired.receive(request(4, 6, 2))[-4:]) == (100.0,)
    assert struct.unpack(">f", wired.receive(request(4, 0, 2))[-4:]) == (220.0,)
    assert struct.unpack(">f", wired.receive(request(4, 0x48, 2))[-4:]) == (400.0,)


def test_a_register_without_meaning_reads_zero() -> None:
    assert meter(voltage_a=220.0).receive(request(4, 2, 2))[-4:] == bytes(4)


@pytest.mark.parametrize(
    ("function", "address", "count", "code"),
    [
        (4, 0x2000, 2, 2),
        (4, 0x0060, 4, 2),
        (4, 0, 82, 3),
        (4, 0, 0, 3),
        (3, 0, 2, 2),
        (6, 0, 2, 1),
    ],
)
def test_what_it_does_not_have_is_refused_with_the_codes_of_the_standard(
    function: int, address: int, count: int, code: int
) -> None:
    answer = meter().receive(request(function, address, count))
    assert answer[7:] == bytes((function | 0x80, code))


def test_other_units_are_answered_with_silence() -> None:
    assert meter(unit=2).receive(request(4, 0, 2, unit=1)) == b""


@pytest.mark.parametrize("framing", list(Framing))
def test_chunks_and_noise_do_not_matter(framing: Framing) -> None:
    driver = ModbusDriver(with_framing(sdm630(), framing), Wiring.THREE_PHASE_FOUR_WIRE)
    (query,) = driver.plan([Quantity.VOLTAGE_A])
    asked = driver.session("1").ask(query)
    whole = meter(framing=framing, voltage_a=230.0).receive(asked)
    slave = meter(framing=framing, voltage_a=230.0)
    pieces = [slave.receive(bytes((byte,))) for byte in b"\x01\x04\x00" + asked]
    assert b"".join(pieces) == whole != b""


@pytest.mark.parametrize("framing", list(Framing))
def test_our_own_driver_reads_what_the_model_shows(framing: Framing) -> None:
    shown = {point.quantity: 1.0 + index for index, point in enumerate(sdm630().points)}
    model = Steady(**{quantity.value: value for quantity, value in shown.items()})
    slaves = [
        ModbusMeter(unit, sdm630(), model if unit == 9 else Steady(), lambda: NOW, framing=framing)
        for unit in (8, 9, 10)
    ]
    driver = ModbusDriver(with_framing(sdm630(), framing), Wiring.THREE_PHASE_FOUR_WIRE)
    session = driver.session("9")
    read: dict[Quantity, object] = {}
    for query in driver.plan([*QUANTITIES_OF[Group.ELECTRICAL], *QUANTITIES_OF[Group.REGISTER]]):
        asked = session.ask(query)
        for slave in slaves:
            session.receive_data(slave.receive(asked))
        event = session.next_event()
        assert isinstance(event, Answer)
        assert len(event.raw) <= query.answer_bytes
        read.update(event.values)
    assert read == pytest.approx(shown)
    assert set(model.asked) == {NOW}
