"""A meter with a few points, a conversation with it, and the serial line's checksum worked out by hand."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pipeline.quantities import Quantity
from protocols.modbus.framing import Framing
from protocols.modbus.register_map import RegisterMap
from protocols.modbus.session import ModbusSession
from protocols.profile import Point, Profile, Register, Side
from protocols.session import NEED_DATA, Answer, Event


def crc(data: bytes) -> bytes:
    """The bit-wise CRC of the serial line specification, written apart from the code under test."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return bytes((value & 0xFF, value >> 8))


def rtu(hexa: str) -> bytes:
    raw = bytes.fromhex(hexa)
    return raw + crc(raw)


def point(quantity: Quantity, address: int, kind: str = "float32", scale: float = 1.0) -> Point:
    return Point(quantity=quantity, address=address, function=4, type=kind, scale=scale)


VOLTAGES = (
    point(Quantity.VOLTAGE_A, 0),
    point(Quantity.VOLTAGE_B, 2),
    point(Quantity.ACTIVE_POWER, 4, scale=0.001),
)


def register_map(
    points: Sequence[Point],
    ratios: Mapping[str, Register] = MappingProxyType({}),
    probe: Mapping[Quantity, tuple[float, float]] = MappingProxyType({}),
) -> RegisterMap:
    profile = Profile(
        name="toy",
        protocol="modbus",
        description="",
        side=Side.PRIMARY,
        source="",
        quantities=frozenset(p.quantity for p in points),
        points=tuple(points),
        ratios=ratios,
        probe=probe,
    )
    return RegisterMap(profile, "3P4W")


def session(framing: Framing, points: Sequence[Point] = VOLTAGES, unit: int = 1) -> ModbusSession:
    return ModbusSession(unit, register_map(points), framing)


def drain(conversation: ModbusSession) -> list[Event]:
    events: list[Event] = []
    while (event := conversation.next_event()) is not NEED_DATA:
        assert not isinstance(event, type(NEED_DATA))
        events.append(event)
    return events


def answer_of(conversation: ModbusSession) -> Answer:
    (event,) = drain(conversation)
    assert isinstance(event, Answer)
    return event
