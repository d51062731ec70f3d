import json
from pathlib import Path

import pytest

from protocols.dlt645.framer import MAX_BUFFER, Framer
from protocols.session import NEED_DATA, Dropped, DropReason, NeedData

DATA = Path(__file__).parents[3] / "data" / "dlt645_vectors.json"
VECTORS = [bytes.fromhex(v["hex"]) for v in json.loads(DATA.read_text(encoding="utf-8"))["vectors"]]
TRAP = bytes.fromhex("68 61 01 00 00 00 00 68 91 07 33 34 35 35 CC 7C 33 16 16")
ANSWER = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")


def events_of(framer: Framer) -> list[bytes | Dropped]:
    events: list[bytes | Dropped] = []
    while not isinstance(event := framer.next_event(), NeedData):
        events.append(event)
    return events


def framed(data: bytes) -> list[bytes | Dropped]:
    framer = Framer()
    framer.receive_data(data)
    return events_of(framer)


def test_a_checksum_of_16h_does_not_end_the_frame_early() -> None:
    assert framed(TRAP) == [TRAP]


def test_all_known_frames_back_to_back_are_found_in_order() -> None:
    assert framed(b"".join(VECTORS)) == [raw.lstrip(b"\xfe") for raw in VECTORS]


@pytest.mark.parametrize("count", range(6))
def test_any_number_of_preamble_bytes_is_skipped(count: int) -> None:
    assert framed(b"\xfe" * count + ANSWER) == [ANSWER]


def test_noise_before_a_frame_is_handed_out_before_it() -> None:
    assert framed(b"\x00\x68\x01\xfe\xfe" + ANSWER) == [
        Dropped(reason=DropReason.NOISE, raw=b"\x00\x68\x01"),
        ANSWER,
    ]


def test_a_broken_checksum_is_told_as_soon_as_the_frame_is_over() -> None:
    broken = ANSWER[:-2] + b"\xcd\x16"
    assert framed(broken) == [Dropped(reason=DropReason.CHECKSUM, raw=broken)]


def test_a_frame_that_begins_inside_a_broken_one_is_found() -> None:
    # The first answer lost its last seven bytes; what follows is read as its end.
    cut = ANSWER[:-7]
    assert framed(cut + ANSWER)[-1] == ANSWER


def test_nothing_is_said_until_the_frame_is_whole() -> None:
    framer = Framer()
    for byte in ANSWER[:-1]:
        framer.receive_data(bytes((byte,)))
        assert framer.next_event() is NEED_DATA
    framer.receive_data(ANSWER[-1:])
    assert framer.next_event() == ANSWER


def test_a_given_up_beginning_does_not_swallow_the_next_frame() -> None:
    framer = Framer()
    framer.receive_data(bytes.fromhex("68 00 00 00 00 00 00 68 91 C8"))
    assert framer.next_event() is NEED_DATA
    framer.abandon()
    framer.receive_data(ANSWER)
    assert ANSWER in events_of(framer)


def test_a_line_that_babbles_beginnings_of_frames_does_not_fill_the_memory() -> None:
    # 68 68 68 ...: every byte begins a frame of 104 bytes of data whose sum and end are wrong.
    framer = Framer()
    dropped = []
    for _ in range(100):
        framer.receive_data(b"\x68" * 960)
        dropped += events_of(framer)
    assert {type(event) for event in dropped} == {Dropped}
    assert len(framer._buffer) < 1000
    framer.receive_data(b"\xfe" * 4 + ANSWER + bytes(300))
    assert ANSWER in events_of(framer)


def test_memory_stays_bounded_when_nobody_takes_events() -> None:
    framer = Framer()
    for _ in range(20):
        framer.receive_data(b"\x67" * 10_000)
    assert framer.overflowed == 20 * 10_000 - MAX_BUFFER
    framer.receive_data(ANSWER)
    assert events_of(framer)[-1] == ANSWER
