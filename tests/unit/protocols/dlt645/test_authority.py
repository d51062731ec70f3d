import pytest

from protocols.dlt645.authority import Authority, Password, operator_bytes

SECRET = "135790"  # noqa: S105  # a test's own


def test_a_password_travels_class_first_then_its_last_pair() -> None:
    # The worked write of the reference: PA 04, password 123456, operator 12345678.
    authority = Authority(password=Password(4, "123456"), operator="12345678")
    assert authority.wire == bytes.fromhex("04 56 34 12 78 56 34 12")


def test_a_password_is_never_shown() -> None:
    authority = Authority(password=Password(2, SECRET), operator="00000001")
    for shown in (repr(authority), str(authority), str(authority.password), f"{authority.password}"):
        assert SECRET not in shown
    assert "class 02" in str(authority.password)


@pytest.mark.parametrize("digits", ["12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", ""])
def test_what_is_no_password_is_refused_without_repeating_it(digits: str) -> None:
    with pytest.raises(ValueError, match="a password has 6 digits") as caught:
        Password(4, digits)
    assert not digits or digits not in str(caught.value)


@pytest.mark.parametrize(
    ("level", "said"), [(0x98, "ESAM"), (0x99, "ESAM"), (10, "00 to 09"), (-1, "00 to 09")]
)
def test_a_class_that_no_person_has_is_refused(level: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Password(level, SECRET)


@pytest.mark.parametrize("operator", ["1234567", "123456789", "1234567G", ""])
def test_an_operator_code_has_eight_digits(operator: str) -> None:
    with pytest.raises(ValueError, match="an operator code has 8 digits"):
        operator_bytes(operator)
