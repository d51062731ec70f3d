from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.raw_bytes import told_bytes

# Built by DL/T 645-2007 clause 5.2 (examples of documents are in tests/data/dlt645_vectors.json):
# address 202611200000, control 91H, data 02010100 (voltage A) 2273 = 227.3 V, each byte plus 33H.
VOLTAGE = bytes.fromhex("68 00 00 20 11 26 20 68 91 06 33 34 34 35 A6 55")
VOLTAGE += bytes([sum(VOLTAGE) % 256, 0x16])


def test_a_frame_is_told_by_its_fields_also_behind_noise() -> None:
    for raw in (VOLTAGE, b"\xfe\xfe\xfe\xfe" + VOLTAGE):
        told = told_bytes(raw)
        assert told.error == ""
        assert told.fields["address"] == "202611200000"


def test_a_payload_is_told_as_its_text_also_where_a_bound_cut_a_character() -> None:
    payload = '{"表": 1}'.encode()
    assert told_bytes(payload).text == '{"表": 1}'
    assert told_bytes(payload[:4]).text == '{"'


def test_damaged_bytes_are_told_with_what_is_wrong() -> None:
    told = told_bytes(VOLTAGE[:-2] + b"\x00\x16")
    assert (told.fields, told.text) == ({}, "")
    assert told.error


def test_nothing_and_the_blanks_of_a_secret_are_told_as_they_are() -> None:
    assert told_bytes(b"").hex == ""
    assert told_bytes(bytes(3)).error == ""


@given(st.binary(max_size=300))
def test_any_bytes_are_told(raw: bytes) -> None:
    told = told_bytes(raw)
    assert told.hex == raw.hex(" ").upper()
    assert sum(map(bool, (told.text, told.fields, told.error))) <= 1
