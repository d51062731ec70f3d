"""Every meter on a line is found, whatever their addresses have in common."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.dlt645.discovery import Call, Discovery, hear
from protocols.dlt645.frame import BROADCAST, WILDCARD, Frame
from protocols.dlt645.functions import Function2007

addresses = st.one_of(
    st.integers(0, 10**12 - 1).map(lambda n: f"{n:012d}"),
    # Meters of one batch: their low pairs differ, or only their high ones.
    st.integers(0, 30).map(lambda n: f"2024{n:08d}"),
    st.integers(0, 30).map(lambda n: f"20{n:02d}00000042"),
)
lines = st.dictionaries(addresses, st.sampled_from([2007, 1997]), max_size=25)

Overlay = Callable[[list[bytes]], bytes]


def damaged(answers: list[bytes]) -> bytes:
    """Lay two answers over one another as an RS-485 line does: a 0 wins, and no two begin together."""
    first, second = answers[0], b"\xff" + answers[1]
    longest = max(len(first), len(second))
    return bytes(
        a & b for a, b in zip(first.ljust(longest, b"\xff"), second.ljust(longest, b"\xff"), strict=True)
    )


def side_by_side(answers: list[bytes]) -> bytes:
    """What a multiplexer gives: one answer after the other."""
    return b"".join(answers)


def fits(pattern: str, address: str) -> bool:
    return all(asked in ("A", own) for asked, own in zip(pattern, address, strict=True))


def answer_to(call: Call, address: str, year: int, *, echoing: bool) -> bytes | None:
    if year != call.year or not fits(call.address, address):
        return None
    shown = WILDCARD if echoing and call.address == WILDCARD else address
    if call.body[0] == Function2007.READ_ADDRESS and year == 2007:
        return Frame(shown, 0x93, bytes.fromhex(address)[::-1]).encode()
    return Frame(shown, call.body[0] | 0x80, call.body[1:] + b"\x12\x34\x56\x00").encode()


def search(line: dict[str, int], overlay: Overlay, *, echoing: bool = False, echo: bool = False) -> Discovery:
    discovery = Discovery()
    while (call := discovery.next_call()) is not None:
        answers = [
            a for m, year in line.items() if (a := answer_to(call, m, year, echoing=echoing)) is not None
        ]
        raw = overlay(answers) if len(answers) > 1 else b"".join(answers)
        discovery.take(hear((call.frame if echo else b"") + raw))
    return discovery


@settings(deadline=None, max_examples=60)
@given(line=lines, overlay=st.sampled_from([damaged, side_by_side]), echo=st.booleans())
def test_every_meter_is_found_with_its_edition(line: dict[str, int], overlay: Overlay, *, echo: bool) -> None:
    discovery = search(line, overlay, echo=echo)
    assert {address: meter.year for address, meter in discovery.found.items()} == line
    assert discovery.is_complete
    assert discovery.echoed is echo


@settings(deadline=None, max_examples=30)
@given(line=st.dictionaries(addresses, st.just(2007), min_size=1, max_size=1), echo=st.booleans())
def test_a_meter_that_repeats_the_wildcard_is_found_by_what_it_says(
    line: dict[str, int], *, echo: bool
) -> None:
    discovery = search(line, damaged, echoing=True, echo=echo)
    assert list(discovery.found) == list(line)
    assert next(iter(discovery.found.values())).echoes_wildcard


def test_one_meter_takes_three_questions() -> None:
    assert search({"202400010001": 2007}, damaged).asked == 3


def test_an_old_meter_that_hears_only_the_broadcast_address_is_found() -> None:
    discovery = Discovery()
    calls = []
    while (call := discovery.next_call()) is not None:
        calls.append(call.address)
        deaf = call.address != BROADCAST
        answer = Frame("010003635927", 0x81, call.body[1:] + b"\x12\x34\x56\x00").encode()
        discovery.take(hear(b"" if deaf else answer))
    assert calls == [WILDCARD, WILDCARD, WILDCARD, BROADCAST]
    assert [(m.address, m.year) for m in discovery.found.values()] == [("010003635927", 1997)]


@given(st.binary(max_size=200))
def test_any_bytes_are_heard(raw: bytes) -> None:
    heard = hear(raw)
    assert 0 <= heard.broken_bytes <= len(raw)
    discovery = Discovery()
    discovery.next_call()
    discovery.take(heard)


def test_a_disturbed_answer_is_asked_again_and_is_no_collision() -> None:
    discovery = Discovery()
    broken = 0
    while (call := discovery.next_call()) is not None:
        answer = answer_to(call, "202400010001", 2007, echoing=False) or b""
        if answer and broken < 2:
            answer, broken = answer[:-3] + b"\x00" + answer[-2:], broken + 1
        discovery.take(hear(answer))
    assert list(discovery.found) == ["202400010001"]
    assert discovery.collisions == 0
    assert discovery.asked == 5


def test_what_is_broken_every_time_is_a_collision() -> None:
    line = {"202400010001": 2007, "202400010002": 2007}
    discovery = search(line, damaged)
    assert sorted(discovery.found) == sorted(line)
    assert discovery.collisions > 0


@given(noise=st.binary(min_size=1, max_size=60).filter(lambda raw: hear(raw).broken_bytes > 0))
def test_a_line_on_which_somebody_babbles_is_given_up_soon(noise: bytes) -> None:
    discovery = Discovery()
    while discovery.next_call() is not None:
        discovery.take(hear(noise))
    assert discovery.is_babbled_at
    assert not discovery.is_complete
    assert discovery.asked == 12


@given(line=st.dictionaries(addresses, st.just(2007), max_size=25))
def test_meters_that_collide_are_no_babble(line: dict[str, int]) -> None:
    assert not search(line, damaged).is_babbled_at
