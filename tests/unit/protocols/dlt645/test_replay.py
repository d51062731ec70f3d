"""Stored answers give the same values one by one and many at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DecodeError, FrameError
from pipeline.model import Quality
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.replay import read_answer, replay

THREE_PHASE = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
ONE_PHASE = Decoder(Wiring.ONE_PHASE, DEFAULT_ZONE)

# Worked examples of dlt645_vectors.json: the standard's figure 9, and captures of real meters.
FIGURE_9 = "68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16"
BLOCK_OF_RATES = (
    "68 00 36 19 00 00 00 68 91 18 33 32 34 33 63 69 33 33 89 35 33 33 "
    "4C 33 33 33 6B 33 33 33 4A 66 33 33 E9 16"
)
ONE_PHASE_VOLTAGES = "68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16"
REFUSAL = "68 12 00 00 00 10 20 68 D1 01 35 19 16"
METER_OF_1997 = "68 27 59 63 03 00 01 68 81 04 44 E9 56 35 F4 16"


def test_an_answer_of_2007_is_read() -> None:
    address, values, flags = read_answer(bytes.fromhex(FIGURE_9), THREE_PHASE)
    assert (address, values, flags) == ("123456789012", {Quantity.ACTIVE_ENERGY_IMPORT: 123456.78}, {})


def test_many_answers_are_read_in_groups_of_like_ones() -> None:
    frames = [bytes.fromhex(text) for text in (FIGURE_9, BLOCK_OF_RATES, FIGURE_9, METER_OF_1997)]
    done = replay(frames, THREE_PHASE)
    by_item = {columns.item.di: columns for columns in done.columns}
    assert by_item["00010000"].rows.tolist() == [0, 2]
    assert by_item["00010000"].addresses.tolist() == [0x123456789012] * 2
    assert by_item["00010000"].numbers[Quantity.ACTIVE_ENERGY_IMPORT].tolist() == [123456.78] * 2
    rates = by_item["0001FF00"].numbers
    assert [column.tolist() for column in rates.values()] == [[36.30], [2.56], [0.19], [0.38], [33.17]]
    assert by_item["B611"].numbers[Quantity.VOLTAGE_A].tolist() == [223.0]
    assert done.left.tolist() == []


def test_what_the_meter_marks_as_absent_is_missing_and_not_flagged() -> None:
    frame = bytes.fromhex(ONE_PHASE_VOLTAGES)
    (columns,) = replay([frame], THREE_PHASE).columns
    assert columns.numbers[Quantity.VOLTAGE_A].tolist() == [225.6]
    assert np.isnan(columns.numbers[Quantity.VOLTAGE_B]).all()
    assert columns.flags == {}
    (columns,) = replay([frame], ONE_PHASE).columns
    assert set(columns.numbers) == {Quantity.VOLTAGE_A}


def test_a_digit_above_nine_is_missing_and_flagged_and_keeps_its_neighbours() -> None:
    sound = bytes.fromhex(ONE_PHASE_VOLTAGES)
    odd = bytearray(sound)
    odd[14] = 0x1A + 0x33
    odd[-2] = sum(odd[:-2]) & 0xFF
    (columns,) = replay([sound, bytes(odd)], ONE_PHASE).columns
    assert columns.numbers[Quantity.VOLTAGE_A][0] == 225.6
    assert np.isnan(columns.numbers[Quantity.VOLTAGE_A][1])
    assert columns.flags[Quantity.VOLTAGE_A].tolist() == [Quality.GOOD, Quality.NOT_BCD]


def test_frames_without_present_values_are_left_and_their_neighbours_are_read() -> None:
    broken = bytearray.fromhex(FIGURE_9)
    broken[-2] ^= 1
    frames = [bytes(broken), b"", bytes.fromhex(REFUSAL), bytes.fromhex(FIGURE_9), b"\x68\x16"]
    done = replay(frames, THREE_PHASE)
    assert done.left.tolist() == [0, 1, 2, 4]
    assert [columns.rows.tolist() for columns in done.columns] == [[3]]


@pytest.mark.parametrize(
    ("frame", "error", "says"),
    [
        (FIGURE_9[:-5] + "CD 16", FrameError, "checksum"),
        (REFUSAL, DecodeError, "D1 is no whole answer"),
        ("68 12 90 78 56 34 12 68 91 03 33 33 34 B4 16", DecodeError, "has no present values"),
        ("", FrameError, "not a DL/T 645 frame"),
    ],
)
def test_a_frame_that_cannot_be_read_says_why(frame: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        read_answer(bytes.fromhex(frame), THREE_PHASE)


def test_every_captured_answer_is_read_alike_both_ways() -> None:
    vectors = json.loads((Path("tests") / "data" / "dlt645_vectors.json").read_text())["vectors"]
    frames = [bytes.fromhex(vector["hex"]).lstrip(b"\xfe") for vector in vectors]
    done = replay(frames, THREE_PHASE)
    for row in done.left.tolist():
        with pytest.raises((FrameError, DecodeError)):
            read_answer(frames[row], THREE_PHASE)
    assert sum(len(columns.rows) for columns in done.columns) > len(frames) / 3
