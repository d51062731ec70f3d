"""Whatever registers a device holds: values or one sentence, after a bounded number of questions."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.modbus.framing import Framing
from protocols.modbus.sunspec.models import SCALE_FACTORS, catalogue, read_meter
from protocols.modbus.sunspec.session import SunSpecSession, meter_query
from protocols.modbus.sunspec.walk import MODELS_MOST, Walk
from protocols.session import NEED_DATA, Answer, Query

WORDS = st.integers(0, 0xFFFF)
MODELS = st.sampled_from([0, 1, 103, 201, 202, 203, 204, 211, 212, 213, 214, 0xFFFF])
PIECES = st.one_of(
    st.lists(WORDS, max_size=20),
    st.tuples(MODELS, st.integers(0, 140)).flatmap(
        lambda head: st.lists(WORDS, min_size=0, max_size=head[1]).map(
            lambda content: [*head, *content, *([0] * (head[1] - len(content)))]
        )
    ),
)
DEVICES = st.lists(PIECES, max_size=8).map(lambda pieces: [0x5375, 0x6E53, *(w for p in pieces for w in p)])


def read(device: Sequence[int], address: int, count: int) -> Sequence[int] | None:
    start = address - 40000
    found = device[start : start + count] if start >= 0 else []
    return found if len(found) == count else None


@given(DEVICES)
def test_a_walk_ends_with_a_meter_or_a_sentence(device: list[int]) -> None:
    walk = Walk(catalogue())
    steps = 0
    while (span := walk.span) is not None:
        steps += 1
        assert steps <= 3 + 2 * MODELS_MOST
        assert 0 < span.count <= 125
        assert 0 <= span.address < span.end <= 0x10000
        walk.take(read(device, span.address, span.count))
    assert (walk.found is None) == bool(walk.problem)


@given(st.sampled_from(sorted(catalogue().meters)), st.data())
def test_any_registers_give_finite_values(number: int, data: st.DataObject) -> None:
    model = catalogue().meters[number]
    registers = data.draw(st.lists(WORDS, min_size=model.registers, max_size=model.registers))
    told = read_meter(model, registers)
    for value in told.values.values():
        assert isinstance(value, float)
        assert abs(value) < 3.5e38 * 10.0 ** SCALE_FACTORS[-1]
    assert len(told.deviations) <= 10


@settings(max_examples=60)
@given(DEVICES, st.lists(st.binary(max_size=30), max_size=5))
def test_a_conversation_is_bounded_and_never_raises(device: list[int], noise: list[bytes]) -> None:
    session = SunSpecSession(1, Framing.SOCKET)
    query: Query | None = meter_query(Framing.SOCKET)
    asked = 0
    while query is not None:
        asked += 1
        assert asked <= 4 + 2 * MODELS_MOST
        request = session.ask(query)
        for piece in noise:
            session.receive_data(piece)
        query = None
        session.receive_data(response(request, device))
        while (event := session.next_event()) is not NEED_DATA:
            if isinstance(event, Answer):
                query = event.more


def response(request: bytes, device: Sequence[int]) -> bytes:
    transaction, unit, function, address, count = struct.unpack(">HxxxxBBHH", request)
    registers = read(device, address, count)
    body = bytes((function | 0x80, 2))
    if registers is not None:
        body = struct.pack(f">BB{count}H", function, 2 * count, *registers)
    return struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body
