from protocols.dlt645.splitting import split_frames

FRAME = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")


def test_frames_and_noise_come_in_their_order_and_nothing_is_lost() -> None:
    raw = b"\x00\x68" + b"\xfe" * 3 + FRAME + FRAME + b"\x16\x16"
    pieces = split_frames(raw)
    assert pieces == [b"\x00\x68", b"\xfe" * 3 + FRAME, FRAME, b"\x16\x16"]
    assert b"".join(pieces) == raw


def test_bytes_without_a_frame_are_none() -> None:
    assert split_frames(b"\x68" * 40) == []
    assert split_frames(b"") == []


def test_a_frame_inside_one_that_was_begun_and_broke_off_is_found() -> None:
    begun = bytes.fromhex("68 00 00 00 00 00 00 68 91 C8")
    assert split_frames(begun + FRAME) == [begun, FRAME]


def test_many_frames_beyond_what_a_framer_keeps_are_all_found() -> None:
    assert split_frames(FRAME * 5000) == [FRAME] * 5000
