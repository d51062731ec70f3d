"""Whatever a meter answers to an order is an event, and no password comes out of any of it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import FrameError
from pipeline.registry import Wiring
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.encoding import encode
from protocols.dlt645.explain_orders import explain_in_full
from protocols.dlt645.frame import MINUS_33, Frame
from protocols.dlt645.redaction import redacted, shown
from protocols.dlt645.relay import Control, ControlOrder
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.values import Kind, parse_format, show
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.session import NEED_DATA, Answer, Dropped, NeedData, Query, Refused

ADDRESS = "000000000001"
UNTIL = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the meter's local time
# No byte of theirs stands anywhere else in these frames.
telling = st.builds(Password, st.integers(0, 9), st.from_regex("(4[4-9]|[5-9][0-9]){3}", fullmatch=True))
passwords = st.builds(Password, st.integers(0, 9), st.from_regex("[0-9]{6}", fullmatch=True))
versions = st.sampled_from([VERSION_2007, VERSION_1997])


def all_orders(password: Password, new: Password, version: Version) -> list[Query]:
    who = Authority(password=password, operator="00112233")
    if version is VERSION_1997:
        return [
            orders.write_1997(b"\x10\xc0", bytes(4), password),
            orders.change_password_1997(password, new),
            orders.reset_demand_1997(password),
            orders.write_address("1", version),
            orders.change_rate(1200, version),
            orders.read_again(),
        ]
    return [
        orders.authenticate(bytes(4), "00112233", b"\x01"),
        orders.broadcast_time(UNTIL),
        orders.write(b"\x03\x01\x00\x04", b"\x15", who),
        orders.write_address("1"),
        orders.freeze("99999999"),
        orders.change_rate(1200),
        orders.change_password(password, new),
        orders.reset_demand(who),
        orders.clear_meter(who),
        orders.clear_events(who),
        orders.control(ControlOrder(control=Control.OPEN, deadline=UNTIL), who),
    ]


@given(passwords, versions, st.data())
def test_any_answer_to_any_order_is_an_event(
    password: Password, version: Version, data: st.DataObject
) -> None:
    query = data.draw(st.sampled_from(all_orders(password, password, version)))
    talk = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZoneInfo("Asia/Shanghai")), version)
    talk.ask(query)
    control = data.draw(st.sampled_from([query.body[0] | flags for flags in (0x00, 0x80, 0xA0, 0xC0, 0xE0)]))
    talk.receive_data(data.draw(st.binary(max_size=8)))
    talk.receive_data(Frame(ADDRESS, control, data.draw(st.binary(max_size=40))).encode())
    for event in iter(talk.next_event, NEED_DATA):
        assert isinstance(event, Answer | Refused | Dropped)


@given(telling, telling, versions, st.data())
def test_no_event_name_or_error_shows_a_password(
    password: Password, new: Password, version: Version, data: st.DataObject
) -> None:
    """An adapter that echoes the order, whole or with a flipped bit, and a meter that repeats a password."""
    query = data.draw(st.sampled_from([q for q in all_orders(password, new, version) if q.is_secret]))
    talk = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZoneInfo("Asia/Shanghai")), version)
    echo = bytearray(talk.ask(query))
    flipped = data.draw(st.integers(-1, 8 * len(echo) - 1))
    if flipped >= 0:
        echo[flipped // 8] ^= 1 << flipped % 8
    answer = Frame(ADDRESS, query.body[0] | 0x80, query.body[-4:]).encode()
    for chunk in (bytes(echo), answer, bytes(echo[:-3]), answer):
        talk.receive_data(chunk)
    talk.ask(query)
    hidden = (password.wire[1:], new.wire[1:])
    while not isinstance(event := talk.next_event(), NeedData):
        plain = event.raw.translate(MINUS_33)
        assert not any(digits in event.raw or digits in plain for digits in hidden)
        assert "body" not in repr(event)


@given(passwords, passwords, versions)
def test_no_frame_for_a_log_tells_the_password(password: Password, new: Password, version: Version) -> None:
    """Two orders that differ only in their passwords look alike."""
    other = Password(password.level, f"{(int(password.digits) + 1) % 1_000_000:06d}")
    for query, twin in zip(
        all_orders(password, new, version),
        all_orders(other, Password(new.level, "424242"), version),
        strict=True,
    ):
        raw, second = (Frame(ADDRESS, q.body[0], q.body[1:]).encode() for q in (query, twin))
        assert redacted(raw) == redacted(second)
        if query.is_secret and raw != second:
            assert shown(raw) == shown(second)


@given(st.binary(max_size=80))
def test_any_bytes_can_be_cleaned_for_a_log(raw: bytes) -> None:
    assert len(redacted(raw)) == len(raw)
    assert len(shown(raw).split()) == len(raw)


@given(st.integers(0, 255), st.binary(max_size=60))
@example(0x08, bytes.fromhex("01790100"))  # a broadcast time that is cut short
def test_any_sound_frame_is_explained_in_full(control: int, data: bytes) -> None:
    assert explain_in_full(Frame(ADDRESS, control, data).encode())["L"] == len(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_explained_or_refused_by_one_name(raw: bytes) -> None:
    try:
        explain_in_full(raw)
    except FrameError:
        return


ITEMS = [
    item
    for di in ("04000103", "04000102", "04000401", "04000409", "04000501", "02010100", "02020100", "04000A01")
    if (item := lookup(bytes.fromhex(di)[::-1])) is not None
]


@given(st.sampled_from(ITEMS), st.text(max_size=20))
def test_any_text_is_written_or_refused_by_one_name(item: object, text: str) -> None:
    try:
        encode(item, text)  # type: ignore[arg-type]  # an Item of the list
    except ValueError:
        return


@given(st.decimals(min_value=0, max_value=999, places=1))
def test_what_is_written_reads_back_as_it_was_typed(value: object) -> None:
    voltage = lookup(bytes.fromhex("00010102"))
    assert voltage is not None
    form = parse_format("XXX.X")
    assert form.kind is Kind.NUMBER
    shown_again = show(encode(voltage, f"{value:f}"), form)
    assert float(str(shown_again)) == float(f"{value:f}")
