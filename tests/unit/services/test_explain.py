"""Any frame is recognised by itself."""

import pytest

from pipeline.errors import FrameError
from services.explain import explain_frame


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
