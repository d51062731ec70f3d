"""Any identifier of the catalogue, with any content, is understood and described, or dropped as malformed."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.catalogue import Item, lookup, measured_items
from protocols.dlt645.catalogue_rows import Axis, Row, Token
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.describe import describe, described_facts
from protocols.dlt645.encoding import encode
from protocols.dlt645.events import EVENTS, counts_of, event_of
from protocols.dlt645.frame import Frame
from protocols.dlt645.identifier_files import rows
from protocols.dlt645.memory import DAILY_FREEZE
from protocols.dlt645.questions import read_query
from protocols.dlt645.replay import read_answer, replay
from protocols.dlt645.session import REPORT, Dlt645Session
from protocols.dlt645.values import Format, Kind, show
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.session import NEED_DATA, Answer, Dropped, DropReason, Event

ADDRESS = "123456789012"
ZONE = ZoneInfo("Asia/Shanghai")
VERSIONS = (VERSION_2007, VERSION_1997)
DIGITS = {4: 2, 2: 1}
"""Hexadecimal digits of each code of an identifier, by its bytes."""


def codes_of(token: Token) -> list[int]:
    if isinstance(token, Axis):
        return [*token.suffixes, *([] if token.block is None else [token.block])]
    return list(token) if isinstance(token, tuple) else [token]


@st.composite
def identifiers(draw: st.DrawFn, version: Version) -> bytes:
    row: Row = draw(st.sampled_from(rows(version.identifier_bytes)))
    digits = DIGITS[version.identifier_bytes]
    codes = [draw(st.sampled_from(codes_of(token))) for token in row.tokens]
    return bytes.fromhex("".join(f"{code:0{digits}X}" for code in codes))[::-1]


def told(session: Dlt645Session, wire: bytes, content: bytes, version: Version = VERSION_2007) -> Event:
    """Ask, answer, and return what the session makes of it."""
    session.ask(read_query(wire, 200, version=version))
    session.receive_data(Frame(ADDRESS, version.read | 0x80, wire + content).encode())
    event = session.next_event()
    assert event is not NEED_DATA
    return event


versions = st.sampled_from(VERSIONS)
contents = st.one_of(st.binary(max_size=200), st.integers(0, 200).map(lambda size: b"\x99" * size))


@given(versions.flatmap(identifiers))
def test_every_row_of_the_catalogue_is_found_unless_two_codes_are_blocks(wire: bytes) -> None:
    item = lookup(wire)
    if item is None:
        assert wire.count(0xFF) + wire.hex().count("f") > 1
        return
    assert item.fields[-1].stop == item.element_length * len(item.suffixes)
    for field in item.fields:
        if field.quantity is not None and field.quantity.unit:
            assert field.quantity.unit == field.unit


@given(versions.flatmap(lambda version: st.tuples(st.just(version), identifiers(version))), contents)
def test_any_content_gives_an_answer_or_is_malformed(asked: tuple[Version, bytes], content: bytes) -> None:
    version, wire = asked
    session = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE), version)
    event = told(session, wire, content, version)
    assert isinstance(event, Answer | Dropped)
    if isinstance(event, Dropped):
        assert event.reason is DropReason.MALFORMED
    else:
        assert all(quantity in Quantity for quantity in event.values)
    assert session.next_event() is NEED_DATA


@given(versions.flatmap(identifiers), contents)
def test_a_description_leaves_no_byte_out(wire: bytes, content: bytes) -> None:
    item = lookup(wire)
    if item is None:
        return
    told = describe(item, content)
    known = sum(field.form.length for field in item.fields if field.stop <= len(content))
    rest = content[known:]
    assert len(told) == sum(field.stop <= len(content) for field in item.fields) + (
        1 if rest and not (item.is_block and rest == b"\xaa") else 0
    )
    names = [field.name for field in told]
    assert len(set(names)) == len(names)
    assert described_facts(item, content).keys() <= set(names)


DIGITS_OR_MARKS = st.integers(0, 99).map(lambda number: int(f"{number:02d}", 16)) | st.sampled_from(
    [0xFF, 0x85]
)
measured = versions.flatmap(
    lambda version: st.tuples(st.just(version), st.sampled_from(measured_items(version.identifier_bytes)))
)


@given(measured, st.integers(1, 7), st.sampled_from(Wiring), st.data())
def test_a_stored_answer_says_what_the_session_heard(
    asked: tuple[Version, Item], elements: int, wiring: Wiring, data: st.DataObject
) -> None:
    version, item = asked
    size = item.element_length * min(elements, len(item.suffixes))
    content = bytes(data.draw(st.lists(DIGITS_OR_MARKS, min_size=size, max_size=size)))
    decoder = Decoder(wiring, ZONE)
    heard = told(Dlt645Session(ADDRESS, decoder, version), item.wire, content, version)
    assert isinstance(heard, Answer)
    stored = read_answer(heard.raw, decoder)
    assert repr(stored.values) == repr(heard.values)  # by their text: NaN is not equal to itself
    assert stored.flags == heard.flags
    [columns] = replay([heard.raw], decoder).columns
    assert {q for q, column in columns.numbers.items() if column.ndim > 1 or column[0] == column[0]} == set(
        heard.values
    )


freezes = st.sampled_from([row for row in rows(4) if row.tokens[0] == DAILY_FREEZE[1]])


@given(freezes, st.data())
def test_only_daily_freezes_become_records_and_none_a_present_value(row: Row, data: st.DataObject) -> None:
    """The others' times are not asked with them: what they hold is told by name."""
    wire = bytes(data.draw(st.sampled_from(codes_of(token))) for token in reversed(row.tokens))
    item = lookup(wire)
    assert item is not None
    session = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE))
    time = b"\x00\x00\x10\x03\x26"
    content = b"\x12" * item.element_length
    events = [
        told(session, b"\x01\x00" + wire[2:], time),
        told(session, wire[:1] + b"\x00" + wire[2:], time),
        told(session, wire, content),
        told(session, wire[:1] + b"\x00" + wire[2:], time),
    ]
    answers = [event for event in events if isinstance(event, Answer)]
    assert all(not answer.values for answer in answers)
    assert described_facts(item, content).items() <= answers[2].facts.items()
    if wire[2:] != DAILY_FREEZE:
        assert not any(answer.records for answer in answers)


records = st.sampled_from([row for row in rows(4) if row.event is not None and row.tokens[0] == EVENTS])


@given(records, st.data())
def test_a_record_cut_short_or_with_odd_digits_says_nothing_else(row: Row, data: st.DataObject) -> None:
    wire = bytes(data.draw(st.sampled_from(codes_of(token))) for token in reversed(row.tokens))
    item = lookup(wire)
    assert item is not None
    whole = (bytes.fromhex("000012250925") * (item.element_length // 6 + 1))[: item.element_length]
    short = whole[: data.draw(st.integers(0, len(whole)))]
    event, cut = event_of(item, whole, ZONE), event_of(item, short, ZONE)
    if event is not None and cut is not None:
        assert cut.starts_at == event.starts_at
        # The field that is broken off is told by its bytes.
        assert (
            cut.values.items() - {("further bytes", cut.values.get("further bytes", ""))}
            <= event.values.items()
        )
    assert set(counts_of(item, short)) <= set(counts_of(item, whole))
    at = data.draw(st.integers(0, len(whole) - 1))
    odd = whole[:at] + b"\x1a" + whole[at + 1 :]
    broken = event_of(item, odd, ZONE)
    if event is not None and broken is not None:
        assert broken.starts_at == event.starts_at
        changed = {name for name, value in broken.values.items() if event.values.get(name) != value}
        assert len(changed) <= 1


@given(records, st.lists(st.integers(1, 190), max_size=8), st.data())
def test_a_record_in_several_frames_is_the_record(row: Row, cuts: list[int], data: st.DataObject) -> None:
    wire = bytes(data.draw(st.sampled_from(codes_of(token))) for token in reversed(row.tokens))
    item = lookup(wire)
    assert item is not None
    content = (bytes.fromhex("000012250925") * (item.element_length // 6 + 1))[: item.element_length]
    parts, rest = [], content
    for cut in [*cuts, *[190] * 10]:
        parts.append(rest[:cut])
        rest = rest[cut:]
        if not rest:
            break
    session = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE))
    query = read_query(wire, 200)
    event: Event | None = None
    for number, part in enumerate(parts):
        session.ask(query)
        more = 0x20 if number < len(parts) - 1 else 0
        function, tail = (0x91, b"") if number == 0 else (0x92, bytes((number,)))
        session.receive_data(Frame(ADDRESS, function | more, wire + part + tail).encode())
        heard = session.next_event()
        assert isinstance(heard, Answer)
        event, query = heard, heard.more or query
    assert isinstance(event, Answer)
    alone = event_of(item, content, ZONE)
    assert event.events == (counts_of(item, content) if alone is None else (alone,))
    assert event.facts == described_facts(item, content)


@given(versions.flatmap(identifiers), contents, contents, st.sampled_from([0x91, 0xB1, 0x92, 0xD1, 0x81]))
def test_what_another_meter_says_is_nowhere_in_an_answer(
    wire: bytes, own: bytes, others: bytes, control: int
) -> None:
    version = VERSION_2007 if len(wire) == VERSION_2007.identifier_bytes else VERSION_1997
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE)
    alone = told(Dlt645Session(ADDRESS, decoder, version), wire, own, version)
    crowded = Dlt645Session(ADDRESS, decoder, version)
    crowded.ask(read_query(wire, 200, version=version))
    for sent in (wire, REPORT):
        crowded.receive_data(Frame("123456789013", control, sent + others).encode())
        foreign = crowded.next_event()
        assert isinstance(foreign, Dropped)
        assert foreign.reason is DropReason.FOREIGN_ADDRESS
    crowded.receive_data(Frame(ADDRESS, version.read | 0x80, wire + own).encode())
    assert repr(crowded.next_event()) == repr(alone)


PAIRS = {"YY": (0, 99), "MM": (1, 12), "DD": (1, 28), "hh": (0, 23), "mm": (0, 59), "ss": (0, 59)}


@st.composite
def field_bytes(draw: st.DrawFn, form: Format) -> bytes:
    """Draw what a meter may send for one field: digits, a time that is one, letters, bits."""
    if form.kind in (Kind.WORD, Kind.HEX, Kind.SECRET):
        return draw(st.binary(min_size=form.length, max_size=form.length)).replace(b"\xff", b"\xfe")
    if form.kind is Kind.TEXT:
        letters = st.sampled_from(b"0123456789VA().-")
        return bytes(draw(st.lists(letters, min_size=form.length, max_size=form.length)))
    if form.kind is Kind.TIME:
        units = [form.notation[i : i + 2] for i in range(0, len(form.notation), 2)]
        numbers = {unit: draw(st.integers(*PAIRS[unit])) for unit in units if unit != "WW"}
        if "WW" in units:
            numbers["WW"] = date(2000 + numbers["YY"], numbers["MM"], numbers["DD"]).isoweekday() % 7
        return bytes.fromhex("".join(f"{numbers[unit]:02d}" for unit in units))[::-1]
    digits = draw(st.text("0123456789", min_size=2 * form.length, max_size=2 * form.length))
    raw = bytearray.fromhex(digits)
    if form.signed:
        raw[0] &= 0x7F
        if any(raw) and draw(st.booleans()):
            raw[0] |= 0x80
    return bytes(raw[::-1])


@given(versions.flatmap(identifiers), st.integers(1, 3), st.data())
def test_what_is_read_out_of_an_item_is_written_as_the_same_bytes(
    wire: bytes, elements: int, data: st.DataObject
) -> None:
    item = lookup(wire)
    if item is None or item.element_length > 60:
        return
    fields = item.fields[: item.width * min(elements, len(item.suffixes))]
    raws = [data.draw(field_bytes(field.form)) for field in fields]
    shown = [show(raw, field.form) for raw, field in zip(raws, fields, strict=True)]
    texts = [str(said["reversed"]) if isinstance(said, dict) else str(said) for said in shown]
    assert encode(item, ", ".join(texts)) == b"".join(raws)
