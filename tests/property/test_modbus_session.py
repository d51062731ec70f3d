"""Any bytes in any chunks: the same events, bounded memory, never an exception."""

import struct
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from protocols.modbus.conversation import span_query
from protocols.modbus.framing import Framing
from protocols.modbus.planner import Span
from protocols.modbus.register_map import RegisterMap
from protocols.modbus.session import ModbusSession
from protocols.profile import Point, Profile, Side
from protocols.session import NEED_DATA, Answer, Event

POINTS = (
    Point(quantity=Quantity.VOLTAGE_A, address=0, function=4, type="float32"),
    Point(quantity=Quantity.VOLTAGE_B, address=2, function=4, type="float32"),
)
MAP = RegisterMap(
    Profile(
        name="toy",
        protocol="modbus",
        description="",
        side=Side.PRIMARY,
        source="",
        quantities=frozenset(point.quantity for point in POINTS),
        points=POINTS,
    ),
    "3P4W",
)
FRAMINGS = st.sampled_from(list(Framing))


def started(framing: Framing) -> tuple[ModbusSession, bytes]:
    conversation = ModbusSession(1, MAP, framing)
    return conversation, conversation.ask(span_query(Span(4, 0, 4), framing))


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return bytes((value & 0xFF, value >> 8))


def frame(framing: Framing, unit: int, body: bytes, transaction: int) -> bytes:
    if framing is Framing.RTU:
        return bytes((unit,)) + body + crc(bytes((unit,)) + body)
    return struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body


BODIES = st.one_of(
    st.binary(min_size=8, max_size=8).map(lambda data: b"\x04\x08" + data),
    st.binary(min_size=4, max_size=4).map(lambda data: b"\x04\x04" + data),
    st.integers(0, 255).map(lambda code: bytes((0x84, code))),
    st.binary(max_size=12),
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Framing, bytes]:
    framing = draw(FRAMINGS)
    pieces = draw(
        st.lists(
            st.one_of(
                st.binary(max_size=20),
                st.builds(
                    lambda unit, body, transaction: frame(framing, unit, body, transaction),
                    st.integers(0, 3),
                    BODIES,
                    st.integers(0, 3),
                ),
            ),
            max_size=8,
        )
    )
    return framing, b"".join(pieces)


def events_of(framing: Framing, data: bytes, cuts: list[int]) -> list[Event]:
    conversation, _ = started(framing)
    events: list[Event] = []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        conversation.receive_data(data[start:end])
        while (event := conversation.next_event()) is not NEED_DATA:
            events.append(event)
    return events


def told(events: list[Event]) -> list[str]:
    return [repr(event) for event in events]  # NaN differs from itself, its text does not


@given(streams(), st.lists(st.integers(0, 200), max_size=12))
def test_chunks_do_not_matter(stream: tuple[Framing, bytes], cuts: list[int]) -> None:
    framing, data = stream
    assert told(events_of(framing, data, cuts)) == told(events_of(framing, data, []))


@given(FRAMINGS, st.binary(max_size=2000))
def test_garbage_gives_events_and_a_bounded_buffer(framing: Framing, data: bytes) -> None:
    conversation, _ = started(framing)
    conversation.receive_data(data)
    assert len(conversation._conversation) < 400
    while conversation.next_event() is not NEED_DATA:
        pass


@settings(max_examples=50)
@given(FRAMINGS, st.binary(max_size=300), st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_answer_is_found_behind_any_noise(framing: Framing, noise: bytes, voltage: float) -> None:
    body = b"\x04\x08" + struct.pack(">ff", voltage, 230.0)
    answers = [e for e in events_of(framing, noise + frame(framing, 1, body, 1), []) if isinstance(e, Answer)]
    # TCP has no checksum: noise that is by itself a sound answer is taken for one. Random noise is not.
    assert [answer.values[Quantity.VOLTAGE_A] for answer in answers] == [voltage]


@given(FRAMINGS, st.lists(st.binary(max_size=60), max_size=6))
def test_asking_again_always_recovers(framing: Framing, pieces: list[bytes]) -> None:
    conversation, _ = started(framing)
    for piece in pieces:
        conversation.receive_data(piece)
        conversation.ask(span_query(Span(4, 0, 4), framing))
    body = b"\x04\x08" + struct.pack(">ff", 231.0, 230.0)
    conversation.receive_data(frame(framing, 1, body, len(pieces) + 1))
    events = []
    while (event := conversation.next_event()) is not NEED_DATA:
        events.append(event)
    assert isinstance(events[-1], Answer)
