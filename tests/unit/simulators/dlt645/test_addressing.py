import pytest

from simulators.dlt645.addressing import is_shortened_for

OWN = bytes.fromhex("129078563412")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("aaaaaaaaaaaa", True),
        ("1290aaaaaaaa", True),
        ("1291aaaaaaaa", False),
        ("129078563412", False),  # nothing is left out
        ("aa9078563412", False),  # only high bytes may be left out
        ("12aa78563412", False),
    ],
)
def test_low_bytes_are_given_and_high_ones_left_out(asked: str, meant: bool) -> None:  # noqa: FBT001 - a case
    assert is_shortened_for(bytes.fromhex(asked), OWN) is meant
