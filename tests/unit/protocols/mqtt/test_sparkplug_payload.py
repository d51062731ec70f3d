"""Sparkplug B payloads against bytes that are put together by hand from the protocol buffers' own rules."""

import struct

import pytest

from protocols.mqtt.findings import MAX_PAYLOAD_BYTES
from protocols.mqtt.numbers import UnreadableError
from protocols.mqtt.sparkplug_payload import MAX_METRICS, DataType, Metric, Payload, decode, encode, signed


def varint(number: int) -> bytes:
    low, number = number & 0x7F, number >> 7
    return bytes((low | 0x80,)) + varint(number) if number else bytes((low,))


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


AT_MS = 1_486_144_502_122
BY_HAND = b"".join(
    (
        field(1, AT_MS),
        field(2, field(1, b"My Metric") + field(2, 7) + field(3, AT_MS) + field(4, 10) + double(13, 1.5)),
        field(2, field(2, 8) + field(4, 3) + field(5, 1) + field(10, 0xFFFF_FFFB)),
        field(3, 255),
    )
)
MEANT = Payload(
    timestamp_ms=AT_MS,
    seq=255,
    metrics=(
        Metric(name="My Metric", alias=7, timestamp_ms=AT_MS, datatype=DataType.DOUBLE, value=1.5),
        Metric(alias=8, datatype=DataType.INT32, is_historical=True, value=0xFFFF_FFFB),
    ),
)


def test_bytes_put_together_by_hand_are_read() -> None:
    assert decode(BY_HAND) == MEANT


def test_what_is_written_is_what_is_put_together_by_hand() -> None:
    assert encode(MEANT) == BY_HAND


@pytest.mark.parametrize(
    ("datatype", "wire", "value"),
    [
        (DataType.INT8, 0xFFFF_FFFF, -1),
        (DataType.INT8, 0x80, -128),
        (DataType.INT16, 0xFFFF_8000, -32768),
        (DataType.INT32, 0xFFFF_FFFB, -5),
        (DataType.INT64, 0xFFFF_FFFF_FFFF_FFFE, -2),
        (DataType.UINT32, 0xFFFF_FFFB, 0xFFFF_FFFB),
        (None, 0xFFFF_FFFB, 0xFFFF_FFFB),
        (DataType.INT32, True, True),
        (DataType.INT32, "5", "5"),
    ],
)
def test_negative_numbers_are_twos_complements_of_their_type(
    datatype: int | None, wire: int | str, value: int | str
) -> None:
    assert signed(wire, datatype) == value


def test_fields_that_are_not_described_are_passed_over() -> None:
    property_set = field(9, field(1, b"engUnit"))
    data_set = field(17, field(1, 2))
    payload = decode(
        field(2, field(1, b"m") + property_set + data_set) + field(4, b"uuid") + field(5, b"body")
    )
    assert payload.metrics == (Metric(name="m"),)


def test_a_broken_character_in_a_name_costs_only_itself() -> None:
    assert decode(field(2, field(1, b"\xffx"))).metrics[0].name == "\ufffdx"


@pytest.mark.parametrize(
    "raw", [b"\xff", b"\x12\x05\x0a", b"not protobuf", b"\x00" * (MAX_PAYLOAD_BYTES + 1)]
)
def test_what_is_no_payload_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode(raw)


def test_more_metrics_than_are_read_are_counted() -> None:
    payload = decode(field(2, field(2, 1)) * (MAX_METRICS + 3))
    assert len(payload.metrics) == MAX_METRICS
    assert payload.left_out == 3
