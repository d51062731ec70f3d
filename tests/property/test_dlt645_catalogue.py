"""Any identifier of the catalogue, with any content, is understood and described, or dropped as malformed."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.catalogue_rows import Axis, Row, Token, rows
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.describe import describe, described_facts
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.session import NEED_DATA, Answer, Dropped, DropReason

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
    session.ask(read_query(wire, 200, version=version))
    session.receive_data(Frame(ADDRESS, version.read | 0x80, wire + content).encode())
    event = session.next_event()
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
