import json
from pathlib import Path

import pytest

from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.frame import Frame
from protocols.dlt645.redaction import redacted, shown
from protocols.session import Query

VECTORS = json.loads((Path(__file__).parents[3] / "data" / "dlt645_vectors.json").read_text("utf-8"))[
    "vectors"
]
WHO = Authority(password=Password(4, "135790"), operator="12345678")
NEW = Password(4, "246813")
DIGITS = {bytes.fromhex("907531"), bytes.fromhex("136824")}
METER = "123456789012"

SECRETS = [
    orders.write(bytes.fromhex("03010004"), b"\x15", WHO),
    orders.write(bytes.fromhex("050C0004"), NEW.wire, WHO),
    orders.change_password(WHO.password, NEW),
    orders.reset_demand(WHO),
    orders.clear_meter(WHO),
    orders.clear_events(WHO),
    orders.write_1997(bytes.fromhex("10C0"), bytes(4), WHO.password),
    orders.change_password_1997(WHO.password, NEW),
    orders.reset_demand_1997(WHO.password),
]


@pytest.mark.parametrize("query", SECRETS, ids=lambda q: q.what)
def test_no_password_is_left_in_an_order(query: Query) -> None:
    raw = b"\xfe\xfe" + Frame(METER, query.body[0], query.body[1:]).encode()
    clean = redacted(raw)
    data = Frame.decode(clean[2:]).data
    assert len(clean) == len(raw)
    assert not any(digits in data for digits in DIGITS)
    assert "**" in shown(raw)
    assert shown(raw).startswith("FE FE 68 12 90 78 56 34 12 68")


def test_the_checksum_does_not_tell_the_password_either() -> None:
    raw = Frame(METER, 0x19, WHO.wire).encode()
    assert shown(raw) == "68 12 90 78 56 34 12 68 19 08 37 ** ** ** AB 89 67 45 ** 16"


def test_the_answer_that_repeats_a_new_password_is_cleaned() -> None:
    assert Frame.decode(redacted(Frame(METER, 0x98, NEW.wire).encode())).data == bytes.fromhex("04 EE EE EE")


def test_a_password_that_a_meter_should_not_have_told_is_hidden() -> None:
    raw = Frame(METER, 0x91, bytes.fromhex("050C0004 04563412")).encode()
    assert Frame.decode(redacted(raw)).data == bytes.fromhex("050C0004 EEEEEEEE")


def test_keys_of_an_authentication_are_hidden_and_its_identifier_is_not() -> None:
    raw = Frame(METER, 0x03, bytes.fromhex("FF000007 78563412 0102")).encode()
    assert Frame.decode(redacted(raw)).data == bytes.fromhex("FF000007 78563412 EEEE")


def test_a_broken_order_is_hidden_altogether() -> None:
    raw = Frame(METER, 0x19, WHO.wire).encode()
    assert redacted(raw[:-1]) == b"\xee" * (len(raw) - 1)
    assert set(shown(raw[:-1]).split()) == {"**"}


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if "password" not in v["decoded"]], ids=lambda v: v["hex"][:40]
)
def test_a_frame_without_a_password_is_left_as_it_is(vector: dict[str, str]) -> None:
    raw = bytes.fromhex(vector["hex"])
    control = raw.lstrip(b"\xfe")[8]
    if control not in (0x04, 0x19, 0x1B):  # orders with a password that the vectors do not take apart
        assert redacted(raw) == raw
