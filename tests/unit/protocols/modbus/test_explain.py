import pytest

from pipeline.errors import FrameError
from protocols.modbus.explain import crc16, explain_modbus, split_modbus


def test_the_crc_of_the_well_known_request() -> None:
    # 01 04 00 00 00 02 is followed by 71 CB on the wire, low byte first.
    assert crc16(bytes.fromhex("010400000002")) == 0xCB71


def test_an_rtu_request_is_explained() -> None:
    assert explain_modbus(bytes.fromhex("01 04 00 00 00 02 71 CB")) == {
        "ok": True,
        "protocol": "modbus rtu",
        "crc": "CB71",
        "dir": "req",
        "address": "1",
        "function": 4,
        "function_name": "read input registers",
        "error": False,
        "L": 4,
        "start": "0000",
        "count": 2,
    }


def test_a_tcp_answer_is_explained() -> None:
    told = explain_modbus(bytes.fromhex("0001 0000 0005 01 04 02 000A"))
    assert told["protocol"] == "modbus tcp"
    assert told["transaction"] == 1
    assert told["dir"] == "resp"
    assert told["registers"] == ["000A"]


def test_an_exception_is_explained() -> None:
    told = explain_modbus(bytes.fromhex("0001 0000 0003 01 84 02"))
    assert (told["error"], told["function"], told["exception_name"]) == (True, 4, "illegal data address")


def test_another_function_shows_its_data() -> None:
    told = explain_modbus(bytes.fromhex("0001 0000 0006 01 06 0001 0003"))
    assert (told["dir"], told["function_name"], told["data"]) == (
        "unknown",
        "write single register",
        "00 01 00 03",
    )


@pytest.mark.parametrize(
    "hexa",
    ["", "01", "01 04 00 00 00 02 71 CC", "0001 0001 0006 01 04 0000 0002", "0001 0000 0007 01 04 0000 0002"],
)
def test_what_is_neither_is_refused(hexa: str) -> None:
    with pytest.raises(FrameError):
        explain_modbus(bytes.fromhex(hexa))


def test_writes_are_taken_apart() -> None:
    """The examples of the application protocol specification, sections 6.6 and 6.12."""
    single = explain_modbus(bytes.fromhex("0001 0000 0006 01 06 0001 0003"))
    assert (single["start"], single["value"]) == ("0001", "0003")
    asked = explain_modbus(bytes.fromhex("0001 0000 000B 01 10 0001 0002 04 000A 0102"))
    assert (asked["dir"], asked["start"], asked["count"], asked["written"]) == (
        "req",
        "0001",
        2,
        "00 0A 01 02",
    )
    told = explain_modbus(bytes.fromhex("0001 0000 0006 01 10 0001 0002"))
    assert (told["dir"], told["start"], told["count"]) == ("resp", "0001", 2)


def test_a_wrong_checksum_says_what_came_and_what_is_expected() -> None:
    with pytest.raises(FrameError, match="checksum is CC71H where CB71H is expected"):
        explain_modbus(bytes.fromhex("01 04 00 00 00 02 71 CC"))


def test_frames_in_a_row_are_split_until_none_follows() -> None:
    frame = bytes.fromhex("01 04 00 00 00 02 71 CB")
    assert split_modbus(frame * 2 + b"\x01") == [frame, frame, b"\x01"]
    assert split_modbus(b"\x01" + frame) == []
