import pytest

from simulators.dlt645.following import Following, Part
from simulators.dlt645.replies import ErrorBit
from simulators.dlt645.traits import STANDARD, Traits

DI = b"\x01\x00\x00\x06"
LONG = bytes(range(256)) * 3


def joined(following: Following, content: bytes) -> bytes:
    part: Part | ErrorBit = following.first(DI, content)
    assert isinstance(part, Part)
    whole, number = part.data[4:], 0
    assert len(part.data) <= 200
    while part.more:
        number = number % 255 + 1
        part = following.next(DI, number)
        assert isinstance(part, Part)
        assert len(part.data) <= 200
        assert part.data[-1] == number
        whole += part.data[4:-1]
    return whole


@pytest.mark.parametrize("size", [0, 196, 197, 391, 392, 768])
def test_parts_joined_are_the_content(size: int) -> None:
    assert joined(Following(STANDARD), LONG[:size]) == LONG[:size]


def test_numbers_begin_at_one_again_after_255() -> None:
    long = bytes(196 + 195 * 300)
    assert joined(Following(STANDARD), long) == long


def test_a_part_may_be_asked_again_and_the_read_begun_anew() -> None:
    following = Following(STANDARD)
    first = following.first(DI, LONG)
    one, two = following.next(DI, 1), following.next(DI, 2)
    assert following.next(DI, 2) == two
    assert following.next(DI, 1) == one
    assert following.first(DI, LONG) == first
    assert following.next(DI, 1) == one


@pytest.mark.parametrize("number", [0, 2, 200])
def test_a_number_that_is_not_due_is_refused(number: int) -> None:
    following = Following(STANDARD)
    following.first(DI, LONG)
    assert following.next(DI, number) == ErrorBit.NO_SUCH_DATA


def test_another_identifier_or_none_pending_is_refused() -> None:
    following = Following(STANDARD)
    assert following.next(DI, 1) == ErrorBit.NO_SUCH_DATA
    following.first(DI, LONG)
    assert following.next(b"\x02" + DI[1:], 1) == ErrorBit.NO_SUCH_DATA
    following.first(DI, b"short")
    assert following.next(DI, 1) == ErrorBit.NO_SUCH_DATA


def test_traits_break_it() -> None:
    refusing, wrong = Following(Traits(refuses_following=True)), Following(Traits(wrong_sequence=True))
    assert refusing.first(DI, LONG).more
    assert refusing.next(DI, 1) == ErrorBit.NO_SUCH_DATA
    wrong.first(DI, LONG)
    part = wrong.next(DI, 1)
    assert isinstance(part, Part)
    assert part.data[-1] == 2
