"""Orders against the frames of the reference, byte for byte, and against what the standard refuses."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.frame import Frame
from protocols.dlt645.relay import Control, ControlOrder
from protocols.dlt645.version import VERSION_1997
from protocols.session import Query

VECTORS = json.loads((Path(__file__).parents[3] / "data" / "dlt645_vectors.json").read_text("utf-8"))[
    "vectors"
]
KNOWN = {vector["hex"] for vector in VECTORS}
WHO = Authority(password=Password(4, "123456"), operator="12345678")
CLEARS = Authority(password=Password(2, "123456"), operator="12345678")
METER = "123456789012"


# Frames of the documents and captures that the reference gives.
@pytest.mark.parametrize(
    ("address", "query", "frame"),
    [
        (
            METER,
            orders.write(bytes.fromhex("03010004"), b"\x15", WHO),
            "68 12 90 78 56 34 12 68 14 0D 36 34 33 37 37 89 67 45 AB 89 67 45 48 0F 16",
        ),
        (
            "AAAAAAAAAAAA",
            orders.write_address(METER),
            "68 AA AA AA AA AA AA 68 15 06 45 C3 AB 89 67 45 CF 16",
        ),
        (
            "999999999999",
            orders.broadcast_time(datetime(2025, 9, 25, 12, 34, 56)),  # noqa: DTZ001 - local time
            "68 99 99 99 99 99 99 68 08 06 89 67 45 58 3C 58 95 16",
        ),
        (
            "999999999999",
            orders.freeze("99990000", to_all=True),
            "68 99 99 99 99 99 99 68 16 04 33 33 CC CC 7E 16",
        ),
        (METER, orders.reset_demand(WHO), "68 12 90 78 56 34 12 68 19 08 37 89 67 45 AB 89 67 45 F3 16"),
        (
            METER,
            orders.clear_events(CLEARS),
            "68 12 90 78 56 34 12 68 1B 0C 35 89 67 45 AB 89 67 45 32 32 32 32 BF 16",
        ),
    ],
)
def test_an_order_is_the_frame_of_the_reference(address: str, query: Query, frame: str) -> None:
    assert frame in KNOWN
    assert Frame(address, query.body[0], query.body[1:]).encode() == bytes.fromhex(frame)


def test_the_captured_order_to_open_a_relay_differs_only_in_its_deadline() -> None:
    (real,) = (v for v in VECTORS if v["decoded"].get("n1") == "1A")
    who = Authority(password=Password(2, "000000"), operator="30303030")
    until = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001 - the meter's local time
    query = orders.control(ControlOrder(control=Control.OPEN, deadline=until), who)
    data = bytes.fromhex(real["decoded"]["data_minus_33"])
    assert (query.body[0], query.body[1:11]) == (0x1C, data[:10])
    assert query.body[11:] == bytes.fromhex("00 00 12 01 03 26")


def test_a_password_is_changed_by_the_identifier_of_its_class() -> None:
    """Table of function 18: DI PAo P0o P1o P2o PAn P0n P1n P2n, L = 0CH; the classes are 04000C01 on."""
    query = orders.change_password(Password(2, "123456"), Password(4, "654321"))
    assert query.body == bytes.fromhex("18 05 0C 00 04 02 56 34 12 04 21 43 65")


def test_a_clear_of_one_event_sends_its_last_byte_as_ff() -> None:
    assert orders.clear_events(CLEARS, bytes.fromhex("00001003")).body[-4:] == bytes.fromhex("FF 00 10 03")


def test_the_clear_of_a_meter_has_no_identifier() -> None:
    assert orders.clear_meter(CLEARS).body == bytes.fromhex("1A 02 56 34 12 78 56 34 12")


def test_authentication_is_framed_but_not_understood() -> None:
    query = orders.authenticate(bytes.fromhex("FF000007"), "12345678", b"\x01\x02")
    assert query.body == bytes.fromhex("03 FF 00 00 07 78 56 34 12 01 02")


@pytest.mark.parametrize(
    ("baudrate", "z"), [(600, 0x02), (1200, 0x04), (2400, 0x08), (4800, 0x10), (9600, 0x20), (19200, 0x40)]
)
def test_a_rate_is_one_bit(baudrate: int, z: int) -> None:
    assert orders.change_rate(baudrate).body == bytes((0x17, z))
    assert orders.change_rate(baudrate, VERSION_1997).body == bytes((0x0C, z))


def test_the_orders_of_1997_carry_no_operator() -> None:
    password = Password(0, "000000")
    # The captured write of a date: 10 C0, password 00000000, 2019-07-06 of weekday 06.
    query = orders.write_1997(bytes.fromhex("10C0"), bytes.fromhex("06060719"), password)
    frames = [v["decoded"] for v in VECTORS if v["decoded"]["control"] == "04"]
    assert query.body[1:].hex(" ").upper() == frames[0]["data_minus_33"]
    assert orders.reset_demand_1997(password).body == bytes.fromhex("10 00 00 00 00")
    assert orders.change_password_1997(password, Password(0, "111111")).body == bytes.fromhex(
        "0F 00 00 00 00 00 11 11 11"
    )
    assert orders.write_address("12", VERSION_1997).body == bytes.fromhex("0A 12 00 00 00 00 00")
    assert orders.read_again().body == b"\x03"


def test_nobody_answers_what_goes_to_all() -> None:
    assert orders.freeze("99999999", to_all=True).answer_bytes == 0
    assert orders.freeze("99999999").answer_bytes > 0
    assert orders.broadcast_time(datetime(2026, 3, 1)).answer_bytes == 0  # noqa: DTZ001 - local time


@pytest.mark.parametrize("moment", ["99999999", "99999930", "99990015", "99280000", "03010000", "12310000"])
def test_a_freeze_is_now_hourly_daily_monthly_or_yearly(moment: str) -> None:
    assert orders.freeze(moment).body == b"\x16" + bytes.fromhex(moment)[::-1]


@pytest.mark.parametrize(
    "moment",
    [
        "9999",
        "999999999",
        "99999960",
        "99992400",
        "99290000",
        "13010000",
        "12320000",
        "99009900",
        "9901993A",
        "",
    ],
)
def test_a_freeze_at_a_time_that_is_none_is_refused(moment: str) -> None:
    with pytest.raises(ValueError, match="a freeze is 99999999"):
        orders.freeze(moment)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: orders.write(b"\x01\x02\x03\x04", bytes(39), WHO), "at most 50 bytes, this one 51"),
        (lambda: orders.write_1997(b"\x01\x02", bytes(45), WHO.password), "at most 50 bytes, this one 51"),
        (lambda: orders.write_address("AAAAAAAAAAAA"), "up to twelve decimal digits"),
        (lambda: orders.write_address("999999999999"), "up to twelve decimal digits"),
        (lambda: orders.write_address("1234567890123"), "has 12 digits"),
        (lambda: orders.change_rate(300), "one of 600, 1200"),
        (lambda: orders.clear_events(WHO, b"\x01"), "four bytes"),
        (lambda: orders.authenticate(bytes(4), "12345678", bytes(193)), "at most 200 bytes"),
    ],
)
def test_what_the_standard_does_not_allow_is_refused(build: Callable[[], Query], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build()


def test_the_name_and_repr_of_an_order_do_not_show_its_password() -> None:
    for query in (
        orders.write(bytes(4), b"", WHO),
        orders.change_password(WHO.password, Password(4, "654321")),
        orders.clear_meter(WHO),
    ):
        for digits in ("123456", "654321", repr(WHO.wire[1:4])[2:-1]):
            assert digits not in repr(query)
        assert query.is_secret
