import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import DecodeError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.memory import load_records
from protocols.dlt645.records import (
    CLASSES,
    LoadBlock,
    block_length,
    blocks_per_answer,
    decode_blocks,
    encode_block,
    section_length,
)

DATA = Path(__file__).parents[3] / "data" / "dlt645_vectors.json"
VECTORS = json.loads(DATA.read_text(encoding="utf-8"))["vectors"]
FULL = bytes.fromhex(
    next(v["decoded"]["data_minus_33"] for v in VECTORS if "full load record block" in v["meaning"])
)[4:]
DECODER = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZoneInfo("Asia/Shanghai"))


def test_the_full_block_of_the_annex_is_read() -> None:
    [record] = load_records(FULL, 0, DECODER)
    assert record.taken_at == datetime(2025, 9, 25, 2, 0, tzinfo=UTC)
    assert record.values[Quantity.VOLTAGE_A] == 230.1
    assert record.values[Quantity.VOLTAGE_C] == 229.9
    assert record.values[Quantity.CURRENT_A] == 5.0
    assert record.values[Quantity.CURRENT_C] == 5.1
    assert record.values[Quantity.FREQUENCY] == 50.03
    assert record.values[Quantity.ACTIVE_ENERGY_IMPORT] == 0.0


def test_the_full_block_is_written_again_byte_for_byte() -> None:
    [block] = decode_blocks(FULL, 0)
    assert encode_block(block, 0) == FULL


def test_the_section_lengths_are_those_of_the_annex() -> None:
    assert [section_length(c) for c in CLASSES] == [17, 24, 8, 16, 16, 6]
    assert block_length(0) == 103


@pytest.mark.parametrize("load_class", range(7))
def test_as_many_blocks_as_fit_stay_within_the_longest_answer(load_class: int) -> None:
    count = blocks_per_answer(load_class)
    assert 4 + count * block_length(load_class) <= 200 < 4 + (count + 1) * block_length(load_class)


def test_a_read_of_one_class_brings_several_blocks_with_that_section_only() -> None:
    sections = {4: bytes.fromhex("78563412 00000000 00000000 AAAAAAAA")}  # AA inside is no end
    blocks = [LoadBlock(stored_at=bytes((m, 0, 1, 1, 0x26)), sections=sections) for m in (0x00, 0x15, 0x30)]
    payload = b"".join(encode_block(block, 4) for block in blocks)
    assert decode_blocks(payload, 4) == tuple(blocks)
    values = [r.values[Quantity.ACTIVE_ENERGY_IMPORT] for r in load_records(payload, 4, DECODER)]
    assert values == [123456.78] * 3


def test_sections_that_were_not_recorded_are_only_their_aa() -> None:
    block = LoadBlock(stored_at=bytes.fromhex("0000010126"), sections={1: bytes(17), 5: bytes(16)})
    assert decode_blocks(encode_block(block, 0), 0) == (block,)


def test_a_block_that_the_meter_calls_invalid_gives_no_record() -> None:
    block = LoadBlock(stored_at=bytes.fromhex("0000010126"), sections={4: bytes(16)}, is_valid=False)
    [decoded] = decode_blocks(encode_block(block, 4), 4)
    assert not decoded.is_valid
    assert load_records(encode_block(block, 4), 4, DECODER) == ()


def test_no_match_is_no_record() -> None:
    assert load_records(b"", 4, DECODER) == ()


def test_a_length_that_counts_to_the_end_is_understood_too() -> None:
    block = encode_block(LoadBlock(stored_at=bytes.fromhex("0000010126"), sections={4: bytes(16)}), 4)
    other = bytearray(block[:-2])
    other[2] = len(block)
    other += bytes((sum(other) & 0xFF, 0xE5))
    assert decode_blocks(bytes(other), 4)[0].sections == {4: bytes(16)}


@pytest.mark.parametrize(
    "payload",
    [b"\x00", b"\xa0\xa0", FULL[:-1], FULL[:-2] + b"\x00\xe5", b"\xa1" + FULL[1:], FULL + b"\xa0"],
)
def test_a_broken_block_is_one_named_error(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_blocks(payload, 0)
