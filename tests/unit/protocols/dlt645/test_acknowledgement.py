import pytest

from pipeline.errors import DecodeError
from protocols.dlt645 import orders
from protocols.dlt645.acknowledgement import acknowledged
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.version import VERSION_1997, VERSION_2007

WHO = Authority(password=Password(4, "123456"), operator="12345678")
NEW = Password(4, "654321")


def test_an_order_is_confirmed_without_data() -> None:
    assert acknowledged(VERSION_2007, orders.clear_meter(WHO).body, b"") == {}
    with pytest.raises(DecodeError, match="without data"):
        acknowledged(VERSION_2007, orders.clear_meter(WHO).body, b"\x00")


def test_a_rate_must_be_repeated() -> None:
    body = orders.change_rate(9600).body
    assert acknowledged(VERSION_2007, body, b"\x20") == {}
    for other in (b"\x08", b"", b"\x20\x20"):
        with pytest.raises(DecodeError, match="rate word 20"):
            acknowledged(VERSION_2007, body, other)


def test_a_new_password_must_be_repeated_and_another_is_not_shown() -> None:
    body = orders.change_password(WHO.password, NEW).body
    assert acknowledged(VERSION_2007, body, bytes.fromhex("04 21 43 65")) == {}
    with pytest.raises(DecodeError) as caught:
        acknowledged(VERSION_2007, body, bytes.fromhex("04 56 34 12"))
    assert "56" not in str(caught.value)


def test_a_meter_of_1997_may_confirm_without_repeating() -> None:
    for body in (orders.change_password_1997(NEW, NEW).body, orders.change_rate(1200, VERSION_1997).body):
        assert acknowledged(VERSION_1997, body, b"") == {}
        with pytest.raises(DecodeError):
            acknowledged(VERSION_1997, body, b"\x01")


def test_an_authentication_tells_what_came() -> None:
    body = orders.authenticate(bytes.fromhex("FF000007"), "12345678", b"\x01").body
    said = acknowledged(VERSION_2007, body, bytes.fromhex("FF000007 A1B2"))
    assert said == {"authentication": "A1B2"}
    with pytest.raises(DecodeError, match="identifier"):
        acknowledged(VERSION_2007, body, bytes.fromhex("FE000007 A1B2"))
