"""The fields of orders, against the tables of the standard's clause 7."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.errors import FrameError
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.explain import explain
from protocols.dlt645.explain_orders import explain_in_full
from protocols.dlt645.frame import Frame
from protocols.dlt645.relay import Control, ControlOrder

VECTORS = json.loads((Path(__file__).parents[3] / "data" / "dlt645_vectors.json").read_text("utf-8"))[
    "vectors"
]
WHO = {"pa": "04", "password": "123456", "operator": "12345678"}
AUTHORITY = "04 56 34 12 78 56 34 12"
UNTIL = datetime(2026, 3, 1, 12, 34, 56)  # noqa: DTZ001 - the meter's local time


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["hex"][:40])
def test_every_known_frame_keeps_what_the_reference_says_of_it(vector: dict[str, object]) -> None:
    full = explain_in_full(bytes.fromhex(str(vector["hex"])))
    assert full == {**full, **dict(vector["decoded"])}  # type: ignore[call-overload]  # JSON


@pytest.mark.parametrize(
    ("control", "data", "fields"),
    [
        (
            0x03,
            "FF 00 00 07 78 56 34 12 AB CD",
            {"di": "070000FF", "operator": "12345678", "payload": "AB CD"},
        ),
        (0x83, "FF 00 00 07 01 02 03 04", {"di": "070000FF", "payload": "01 02 03 04"}),
        (0x15, "12 90 78 56 34 12", {"new_address": "123456789012"}),
        (0x16, "99 99 99 99", {"moment": "99999999", "freezes": "now"}),
        (0x16, "30 99 99 99", {"moment": "99999930", "freezes": "every hour at minute 30"}),
        (0x16, "00 00 99 99", {"moment": "99990000", "freezes": "every day at 00:00"}),
        (0x16, "15 23 28 99", {"moment": "99282315", "freezes": "every month on day 28 at 23:15"}),
        (0x16, "15 23 28 02", {"moment": "02282315", "freezes": "every year on 02-28 at 23:15"}),
        (0x16, "99 23 99 02", {"moment": "02992399", "freezes": None}),
        (0x17, "08", {"z": "08", "baudrate": 2400}),
        (0x97, "20", {"z": "20", "baudrate": 9600}),
        (0x17, "D5", {"z": "D5", "baudrate": None}),
        (
            0x18,
            "05 0C 00 04 02 56 34 12 04 21 43 65",
            {
                "di": "04000C05",
                "old_pa": "02",
                "old_password": "123456",
                "new_pa": "04",
                "new_password": "654321",
            },
        ),
        (0x98, "04 21 43 65", {"new_pa": "04", "new_password": "654321"}),
        (0x19, AUTHORITY, WHO),
        (0x1A, AUTHORITY, WHO),
        (0x1B, AUTHORITY + "FF FF FF FF", {**WHO, "di": "FFFFFFFF", "clears": "all events"}),
        (0x1B, AUTHORITY + "FF 00 10 03", {**WHO, "di": "031000FF", "clears": "one event"}),
        (0x1D, "01", {"output": "demand period 需量周期"}),
        (
            0x04,
            "10 C0 00 56 34 12 06 06 07 19",
            {"di": "C010", "pa": "00", "password": "123456", "payload": "06 06 07 19"},
        ),
        (0x0A, "12 90 78 56 34 12", {"new_address": "123456789012"}),
        (0x0C, "04", {"z": "04", "baudrate": 1200}),
        (
            0x0F,
            "00 00 00 00 00 11 11 11",
            {"old_pa": "00", "old_password": "000000", "new_pa": "00", "new_password": "111111"},
        ),
        (0x10, "00 56 34 12", {"pa": "00", "password": "123456"}),
    ],
)
def test_every_function_is_taken_apart(control: int, data: str, fields: dict[str, object]) -> None:
    raw = Frame("123456789012", control, bytes.fromhex(data)).encode()
    plain = explain(raw)
    added = {k: v for k, v in explain_in_full(raw).items() if k not in plain and k != "function_name"}
    assert added == fields


def test_an_order_that_undoes_itself_shows_its_delay() -> None:
    order = ControlOrder(control=Control.OPEN_THEN_CLOSE, deadline=UNTIL, delay_min=15)
    query = orders.control(order, Authority(password=Password(2, "123456"), operator="12345678"))
    full = explain_in_full(Frame("1" * 12, query.body[0], query.body[1:]).encode())
    assert (full["order"], full["delay_min"], full["deadline"]) == (
        "open the relay, later close it 跳闸自动转合闸",
        15,
        "260301123456",
    )


@pytest.mark.parametrize(
    ("control", "name"),
    [
        (0x11, "read 读数据"),
        (0x1C, "relay, alarm, supply guard 跳合闸、报警、保电"),
        (0x04, "write 写数据"),
        (0xDC, "relay, alarm, supply guard 跳合闸、报警、保电"),
    ],
)
def test_a_function_is_named(control: int, name: str) -> None:
    assert explain_in_full(Frame("1" * 12, control).encode())["function_name"] == name


@pytest.mark.parametrize(
    "control", [0x03, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x04, 0x0F, 0x10]
)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 7, 9, 30])
def test_data_of_a_wrong_length_cost_only_their_own_fields(control: int, size: int) -> None:
    assert explain_in_full(Frame("1" * 12, control, bytes(size)).encode())["L"] == size


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(FrameError):
        explain_in_full(b"\x68\x16")
