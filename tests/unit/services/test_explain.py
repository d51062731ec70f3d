"""Any frame is recognised by itself."""

import pytest

from pipeline.errors import FrameError
from protocols.dlt645.frame import Frame
from protocols.dlt645.values import HIDDEN
from services.explain import explain_frame, explain_without_passwords, frames_in, subject_of_frame


def test_dlt645_is_known_by_its_start_with_or_without_a_preamble() -> None:
    frame = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")
    plain = explain_frame(frame)
    assert (plain["di"], plain["value"]) == ("00010000", "123456.78")
    assert explain_frame(b"\xfe\xfe" + frame) == {**plain, "preamble": 2}


def test_modbus_is_known_by_its_header_or_checksum() -> None:
    tcp = explain_frame(bytes.fromhex("0007 0000 0006 01 04 0000 0002"))
    assert (tcp["protocol"], tcp["start"], tcp["count"]) == ("modbus tcp", "0000", 2)
    assert explain_frame(bytes.fromhex("01 04 00 00 00 02 71 CB"))["protocol"] == "modbus rtu"


def test_modbus_whose_header_begins_as_dlt645_does_is_still_modbus() -> None:
    """Transaction 6800H of Modbus TCP, unit 68H of RTU."""
    tcp = explain_frame(bytes.fromhex("6800 0000 0006 01 04 0000 0002"))
    assert (tcp["protocol"], tcp["transaction"]) == ("modbus tcp", 0x6800)
    assert explain_frame(bytes.fromhex("68 04 00 00 00 02 78 F2"))["address"] == "104"


@pytest.mark.parametrize("raw", [b"", b"\xfe\xfe", b"\x68", b"\x00" * 300, b"hello"])
def test_what_is_no_frame_is_one_clear_error(raw: bytes) -> None:
    with pytest.raises(FrameError):
        explain_frame(raw)


def test_a_damaged_dlt645_frame_is_told_as_such() -> None:
    with pytest.raises(FrameError, match="checksum"):
        explain_frame(bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CD 16"))


def test_a_screen_never_shows_a_password() -> None:
    """Published change of the password of class 02 (18H): old 000000, new 123456 in its place."""
    raw = Frame("1" * 12, 0x18, bytes.fromhex("030c0004 02 111111 02 563412")).encode()
    shown = explain_without_passwords(raw)
    assert [shown[name] for name in ("old_password", "new_password")] == [HIDDEN, HIDDEN]
    assert shown["data_minus_33"] == "03 0C 00 04 02 ** ** ** 02 ** ** **"
    assert (shown["old_pa"], shown["new_pa"]) == ("02", "02")


def test_a_written_password_is_not_shown_either() -> None:
    raw = Frame("1" * 12, 0x14, bytes.fromhex("030c0004 02 111111 78563412 02563412")).encode()
    assert explain_without_passwords(raw)["payload"] == "** ** ** **"
    subject = subject_of_frame(raw)
    assert subject is not None
    assert [(field.name, field.value) for field in subject.fields] == [("password of class 02", "******")]


def test_modbus_frames_of_a_line_are_told_apart() -> None:
    ask, answer = bytes.fromhex("000100000006010300000002"), bytes.fromhex("00010000000701030443660000")
    assert frames_in(ask + answer) == [ask, answer]
    rtu = bytes.fromhex("01 06 00 01 00 03 98 0B")
    assert frames_in(rtu + rtu + b"\x00") == [rtu, rtu, b"\x00"]


def test_one_whole_frame_is_never_taken_apart() -> None:
    """Modbus unit 68H, whose registers hold a whole DL/T 645 frame."""
    inner = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")
    pdu = bytes([1, 3, len(inner)]) + inner
    raw = b"\x00\x01\x00\x00" + len(pdu).to_bytes(2, "big") + pdu
    assert frames_in(raw) == [raw]
