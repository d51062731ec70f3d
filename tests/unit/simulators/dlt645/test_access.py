from datetime import timedelta

import pytest

from simulators.dlt645.access import CLEAR_CLASS, WRITE_CLASS, Access
from simulators.dlt645.replies import ErrorBit
from simulators.dlt645.traits import STANDARD, Traits
from tests.unit.simulators.dlt645.bench import CLEAR_KEY, MASTER_KEY, NOW

FOUR = bytes.fromhex("04000000")


@pytest.mark.parametrize(
    ("given", "needed", "wrong"),
    [
        (MASTER_KEY, WRITE_CLASS, 0),
        (CLEAR_KEY, WRITE_CLASS, 0),
        (FOUR, WRITE_CLASS, 0),
        (FOUR, CLEAR_CLASS, ErrorBit.PASSWORD),
        (bytes.fromhex("04000001"), WRITE_CLASS, ErrorBit.PASSWORD),
        (bytes.fromhex("98000000"), WRITE_CLASS, ErrorBit.PASSWORD),
        (b"", WRITE_CLASS, ErrorBit.PASSWORD),
    ],
)
def test_a_password_opens_its_class_and_lower_ones(given: bytes, needed: int, wrong: int) -> None:
    assert Access(STANDARD).check(given, needed, NOW) == wrong


def test_wrong_passwords_lock_the_meter_for_a_day() -> None:
    access = Access(STANDARD)
    for _ in range(3):
        assert access.check(b"\x04\x11\x11\x11", WRITE_CLASS, NOW)
    assert access.is_locked(NOW)
    assert access.check(FOUR, WRITE_CLASS, NOW) == ErrorBit.PASSWORD
    assert not access.check(FOUR, WRITE_CLASS, NOW + timedelta(hours=24))


def test_a_right_password_starts_the_count_anew() -> None:
    access = Access(STANDARD)
    for key in (b"\x04\1\1\1", b"\x04\1\1\1", FOUR, b"\x04\1\1\1", b"\x04\1\1\1"):
        access.check(key, WRITE_CLASS, NOW)
    assert not access.is_locked(NOW)


def test_where_the_programming_key_is_needed_it_must_be_held() -> None:
    access = Access(Traits(needs_programming_key=True))
    assert access.check(FOUR, WRITE_CLASS, NOW) == ErrorBit.PASSWORD
    assert not access.check(FOUR, WRITE_CLASS, NOW, needs_key=False)
    access.is_key_held = True
    assert not access.check(FOUR, WRITE_CLASS, NOW)


def test_a_changed_password_replaces_the_old_one() -> None:
    access = Access(STANDARD)
    new = bytes.fromhex("04214365")
    assert not access.change(FOUR, new, NOW)
    assert access.check(FOUR, WRITE_CLASS, NOW) == ErrorBit.PASSWORD
    assert not access.check(new, WRITE_CLASS, NOW)


def test_a_lower_class_cannot_change_the_password_of_a_higher() -> None:
    assert Access(STANDARD).change(FOUR, bytes.fromhex("02111111"), NOW) == ErrorBit.PASSWORD
    assert Access(STANDARD).change(MASTER_KEY, bytes.fromhex("021A1111"), NOW) == ErrorBit.OTHER
