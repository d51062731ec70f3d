from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DecodeError, FrameError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.explain import explain
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.records import CLASSES, LoadBlock, decode_blocks, encode_block, section_length
from protocols.dlt645.session import Dlt645Session
from protocols.session import NEED_DATA, Answer, Dropped, Refused
from simulators.dlt645_meter import Dlt645Meter

ADDRESS = "123456789012"
NOW = datetime(2026, 3, 10, 2, 20, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
wires = st.sampled_from(
    [bytes.fromhex(di)[::-1] for di in (
        "00010000", "0001FF00", "0101FF00", "0201FF00", "0203FF00", "020A01FF", "040005FF", "04000101",
        "0400010C", "05060001", "05060101", "06000001", "06040001", "03110001", "03100000", "DEADBEEF",
    )]
)  # fmt: skip


class Nothing:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {}


@st.composite
def load_blocks(draw: st.DrawFn) -> LoadBlock:
    chosen = draw(st.sets(st.sampled_from(CLASSES)))
    # AA at the beginning of a section would say that the section is empty; BCD never begins so.
    sections = {
        c: b"\x00" + draw(st.binary(min_size=section_length(c) - 1, max_size=section_length(c) - 1))
        for c in sorted(chosen)
    }
    return LoadBlock(stored_at=draw(st.binary(min_size=5, max_size=5)), sections=sections)


@given(
    wires, st.binary(max_size=220), st.sampled_from([0x91, 0xB1, 0xD1, 0x93, 0x11]), st.sampled_from(Wiring)
)
def test_any_content_is_an_answer_a_refusal_or_dropped(
    wire: bytes, content: bytes, control: int, wiring: Wiring
) -> None:
    session = Dlt645Session(ADDRESS, Decoder(wiring, ZONE))
    session.ask(read_query(wire, 40))
    session.receive_data(Frame(ADDRESS, control, wire + content).encode())
    for event in iter(session.next_event, NEED_DATA):
        assert isinstance(event, Answer | Refused | Dropped)


@given(wires, st.binary(max_size=400))
def test_any_bytes_on_the_line_are_taken(wire: bytes, garbage: bytes) -> None:
    session = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE))
    session.ask(read_query(wire, 40))
    session.receive_data(garbage)
    for event in iter(session.next_event, NEED_DATA):
        assert isinstance(event, Answer | Refused | Dropped)


@given(st.integers(0, 255), st.binary(max_size=220))
def test_any_sound_frame_is_explained(control: int, data: bytes) -> None:
    assert explain(Frame(ADDRESS, control, data).encode())["L"] == len(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_explained_or_refused_by_name(raw: bytes) -> None:
    try:
        explain(raw)
    except FrameError as error:
        assert error.frame == raw.lstrip(b"\xfe")  # noqa: PT017 - either outcome is right


@given(st.integers(0, 0x7F), st.binary(max_size=40))
def test_a_simulated_meter_survives_any_question(control: int, data: bytes) -> None:
    meter = Dlt645Meter(ADDRESS, Nothing(), lambda: NOW, memory_from=datetime(2026, 3, 1, tzinfo=UTC))
    answer = meter.receive(Frame(ADDRESS, control, data).encode())
    assert not answer or explain(answer)["dir"] == "resp"


@given(load_blocks(), st.sampled_from(CLASSES))
def test_load_record_blocks_come_back_as_they_were_written(block: LoadBlock, load_class: int) -> None:
    assert decode_blocks(encode_block(block, 0), 0) == (block,)
    alone = {c: raw for c, raw in block.sections.items() if c == load_class}
    assert decode_blocks(encode_block(block, load_class), load_class)[0].sections == alone


@given(st.binary(max_size=220), st.integers(0, 6))
def test_any_load_record_payload_is_blocks_or_one_error(payload: bytes, load_class: int) -> None:
    for content in (payload, b"\xa0\xa0" + payload):
        try:
            decode_blocks(content, load_class)
        except DecodeError:
            continue
