import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from collectors.exchange import RAW_KEPT, Outcome, Timing, exchange
from pipeline.coverage import Cause
from pipeline.quantities import Quantity
from protocols.session import Answer, DropReason, Refused
from tests.unit.collectors.toy import (
    START,
    MemoryLine,
    Reply,
    Respond,
    ToySession,
    answer,
    run_simulated,
    simulated_now,
    toy_query,
    toy_reply,
)

GOOD = answer("07", "V", 230.0)
TIMING = Timing(timeout_s=1.0, retries=2)


def ask(
    respond: Respond,
    what: str = "V",
    timing: Timing = TIMING,
    before: Callable[[MemoryLine], None] | None = None,
) -> tuple[Outcome, MemoryLine, float]:
    """Exchange one question with meter 07 in simulated time; return outcome, line and end time."""
    line = MemoryLine(respond)

    async def main() -> tuple[Outcome, MemoryLine, float]:
        await line.open()
        if before is not None:
            before(line)
            await asyncio.sleep(0.5)
        outcome = await exchange(line, ToySession("07"), toy_query(what), timing, now=simulated_now)
        return outcome, line, asyncio.get_running_loop().time()

    return run_simulated(main())


def replies(*turns: Reply) -> Respond:
    """Answer the first question with the first turn, and so on; then silence."""
    rest = list(turns)
    return lambda _question: rest.pop(0) if rest else []


def test_an_answer_is_taken_with_the_times_of_its_exchange() -> None:
    outcome, _, _ = ask(toy_reply)
    assert isinstance(outcome.event, Answer)
    assert outcome.event.values == {Quantity.VOLTAGE_A: 230.0}
    assert outcome.cause is None
    assert outcome.attempts == 1
    assert outcome.sent_at == START
    assert outcome.answered_at == START + timedelta(seconds=0.1)
    assert outcome.first_byte_s == pytest.approx(0.1)


def test_an_answer_may_come_in_any_chunks() -> None:
    outcome, _, _ = ask(lambda _: [(0.01 * (i + 1), GOOD[i : i + 1]) for i in range(len(GOOD))])
    assert isinstance(outcome.event, Answer)


def test_a_silent_meter_costs_the_attempts_and_no_more() -> None:
    outcome, line, ended = ask(replies())
    assert outcome.event is None
    assert outcome.cause is Cause.NO_ANSWER
    assert outcome.attempts == len(line.questions) == 3
    assert ended == pytest.approx(3.0)


def test_a_slow_baud_rate_adds_the_time_of_the_bytes() -> None:
    timing = Timing(timeout_s=1.0, retries=0, baudrate=2400)
    _, line, ended = ask(replies(), timing=timing)
    question = line.questions[0][1]
    assert ended == pytest.approx(1.0 + (len(question) + 20) * 11 / 2400)


def test_a_damaged_answer_is_asked_again_and_counted() -> None:
    outcome, _, _ = ask(replies([(0.1, GOOD.replace(b"230", b"280"))], [(0.1, GOOD)]))
    assert isinstance(outcome.event, Answer)
    assert outcome.attempts == 2
    assert outcome.dropped == {DropReason.CHECKSUM: 1}
    assert outcome.sent_at == START + timedelta(seconds=1)


def test_only_damaged_answers_give_the_cause_checksum() -> None:
    outcome, _, _ = ask(lambda _: [(0.1, GOOD.replace(b"230", b"280"))])
    assert outcome.cause is Cause.CHECKSUM


def test_a_refusal_ends_the_exchange_at_once() -> None:
    outcome, _, ended = ask(lambda _: [(0.1, b"E07V\n")])
    assert isinstance(outcome.event, Refused)
    assert outcome.cause is Cause.REFUSED
    assert ended == pytest.approx(0.1)


def test_echo_foreign_answers_and_noise_are_dropped_and_counted_by_reason() -> None:
    stray = b"?07V\n" + answer("08", "V", 1.0) + b"\xff\xfe\n"
    outcome, _, _ = ask(lambda _: [(0.05, stray), (0.1, GOOD)])
    assert isinstance(outcome.event, Answer)
    assert outcome.dropped == {DropReason.ECHO: 1, DropReason.FOREIGN_ADDRESS: 1, DropReason.NOISE: 1}
    assert outcome.foreign == (("08", answer("08", "V", 1.0).rstrip()),)


def test_a_babbling_neighbour_is_told_of_a_few_times_only() -> None:
    outcome, _, _ = ask(lambda _: [(0.05, 50 * answer("08", "V", 1.0)), (0.1, GOOD)])
    assert outcome.dropped == {DropReason.FOREIGN_ADDRESS: 50}
    assert len(outcome.foreign) == 8


def test_what_came_before_the_question_is_never_its_answer() -> None:
    outcome, _, _ = ask(
        replies(), before=lambda line: line._inbox.feed(answer("07", "V", 99.0)), timing=Timing(retries=0)
    )
    assert outcome.event is None
    assert outcome.dropped == {DropReason.LATE: 1}


def test_a_line_that_babbles_for_ever_is_given_up_in_bounded_time_and_memory() -> None:
    def babble(_question: bytes) -> Reply:
        return [(0.001 * i, b"x" * 50) for i in range(20_000)]

    outcome, _, ended = ask(babble)
    assert outcome.event is None
    assert len(outcome.raw) == RAW_KEPT
    assert ended <= 3 * TIMING.timeout_s + 2 * TIMING.timeout_s + 0.1


def test_half_a_frame_at_the_end_of_an_attempt_runs_out_before_the_next_question() -> None:
    late_tail = [(0.98, GOOD[:6]), (1.005, GOOD[6:])]
    outcome, line, _ = ask(replies(late_tail, [(0.1, GOOD)]))
    assert isinstance(outcome.event, Answer)
    second_question_at = line.questions[1][0]
    assert second_question_at >= 1.005 + TIMING.quiet_s - 1e-6


def test_a_broken_line_gives_the_cause_link_and_what_the_line_said() -> None:
    line = MemoryLine(replies())

    async def main() -> Outcome:
        await line.open()
        asyncio.get_running_loop().call_later(0.3, line.cut)
        return await exchange(line, ToySession("07"), toy_query("V"), TIMING, now=simulated_now)

    outcome = run_simulated(main())
    assert outcome.cause is Cause.LINK
    assert "cut" in outcome.failure
    assert outcome.attempts == 1


def test_a_probe_gives_up_when_not_even_a_first_byte_comes() -> None:
    _, _, ended = ask(replies(), timing=Timing(timeout_s=1.0, retries=0, first_byte_s=0.2))
    assert ended == pytest.approx(0.2)


def test_a_probe_waits_for_the_rest_once_the_meter_has_begun() -> None:
    timing = Timing(timeout_s=1.0, retries=0, first_byte_s=0.2)
    outcome, _, _ = ask(lambda _: [(0.15, GOOD[:3]), (0.8, GOOD[3:])], timing=timing)
    assert isinstance(outcome.event, Answer)


def test_our_own_echo_does_not_count_as_a_meter_that_has_begun() -> None:
    timing = Timing(timeout_s=1.0, retries=0, first_byte_s=0.2)
    _, _, ended = ask(lambda question: [(0.01, question)], timing=timing)
    assert ended == pytest.approx(0.2)


def test_a_protocol_without_names_waits_for_the_second_answer_of_a_repeated_question() -> None:
    slow = [(1.4, GOOD)]
    outcome, line, ended = ask(replies(slow, slow), timing=Timing(timeout_s=1.0, linger=True))
    assert isinstance(outcome.event, Answer)
    assert ended == pytest.approx(2.4 + 0.03)
    assert line.drain_input() == b""


def test_what_nobody_answers_is_sent_once_and_awaited_only_until_it_is_out() -> None:
    line = MemoryLine(lambda _: [])
    to_all = replace(toy_query("V"), answer_bytes=0)

    async def main() -> tuple[Outcome, float]:
        await line.open()
        timing = Timing(timeout_s=1.0, retries=2, baudrate=1100, linger=True)
        outcome = await exchange(line, ToySession("07"), to_all, timing, now=simulated_now)
        return outcome, asyncio.get_running_loop().time()

    outcome, ended_s = run_simulated(main())
    assert (outcome.event, outcome.cause, outcome.attempts, outcome.failure) == (None, None, 1, "")
    assert ended_s == pytest.approx(len(b"?07V\n") * 11 / 1100)


def test_bytes_around_a_secret_are_counted_and_not_kept() -> None:
    line = MemoryLine(lambda _: [(0.1, b"?07V\n"), (0.2, GOOD)])

    async def main() -> Outcome:
        await line.open()
        secret = replace(toy_query("V"), is_secret=True)
        return await exchange(line, ToySession("07"), secret, TIMING, now=simulated_now)

    outcome = run_simulated(main())
    assert isinstance(outcome.event, Answer)
    assert outcome.raw == bytes(len(b"?07V\n") + len(GOOD))
    assert outcome.asked == bytes(len(b"?07V\n"))
