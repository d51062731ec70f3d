from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from collectors.exchange import Outcome
from collectors.poller import (
    IGNORED_AFTER,
    REFUSED_FOR,
    REFUSES_FOLLOWING,
    MeterState,
    Poll,
    present_snapshot,
    stored_frames,
    stored_snapshots,
)
from pipeline.coverage import Cause
from pipeline.errors import MeterRefusedError
from pipeline.model import MeterId, Origin, Quality, Snapshot
from pipeline.quantities import Quantity
from protocols.session import Answer, Refused
from tests.unit.collectors.toy import START, VALUES, ToyDriver, ToySession, toy_answer, toy_query

ONE_SECOND = timedelta(seconds=1)
WANTED = frozenset({Quantity.VOLTAGE_A, Quantity.CURRENT_A, Quantity.ACTIVE_ENERGY_IMPORT})


def outcome(event: Answer | Refused | None = None, cause: Cause | None = None, at_s: float = 0.0) -> Outcome:
    sent_at = START + timedelta(seconds=at_s)
    return Outcome(
        event=event, cause=cause, attempts=1, dropped={}, sent_at=sent_at,
        answered_at=sent_at + timedelta(seconds=1) if event else None,
        first_byte_s=1.0 if event else None, raw=b"",
    )  # fmt: skip


def answered(what: str, at_s: float = 0.0) -> Outcome:
    return outcome(toy_answer(toy_query(what), b"", VALUES[what[0]]), at_s=at_s)


def refused(what: str, *, lasting: bool = True) -> Outcome:
    error = MeterRefusedError(what, 2, (), lasting=lasting)
    return outcome(Refused(query=toy_query(what), raw=b"", error=error), Cause.REFUSED)


def new_state() -> MeterState:
    return MeterState(session=ToySession("07"))


def new_poll(state: MeterState, blocks: Sequence[str] = ("P", "E"), at: datetime = START) -> Poll:
    driver = ToyDriver(blocks)
    return Poll(state, lambda refused: driver.plan(WANTED, refused), at)


def run(poll: Poll, behave: Callable[[str, int], Outcome]) -> list[str]:
    """Ask all that the poll wants, with ``behave`` as the meter; return what was asked."""
    asked: list[str] = []
    while (query := poll.next_query()) is not None:
        asked.append(query.what)
        poll.take(query, behave(query.what, len(asked)))
    poll.finish()
    return asked


def snapshot_of(poll: Poll, wanted: Collection[Quantity] = WANTED) -> Snapshot:
    snapshot = present_snapshot(MeterId("M1"), poll, wanted, START)
    assert snapshot is not None
    return snapshot


def silence(_what: str, _number: int) -> Outcome:
    return outcome(cause=Cause.NO_ANSWER)


def test_a_snapshot_is_taken_in_the_middle_between_first_question_and_last_answer() -> None:
    poll = new_poll(new_state())
    run(poll, lambda what, number: answered(what, at_s=4.0 * (number - 1)))
    snapshot = snapshot_of(poll)
    assert snapshot.taken_at == START + timedelta(seconds=2.5)
    assert snapshot.received_at == START + timedelta(seconds=5)
    assert snapshot.slot_at == START
    assert snapshot.quality is Quality.GOOD
    assert set(snapshot.values) == WANTED


def test_a_refused_block_is_planned_again_and_not_asked_the_next_time() -> None:
    state = new_state()

    def behave(what: str, _number: int) -> Outcome:
        return refused(what) if what == "P" else answered(what)

    first = new_poll(state)
    assert run(first, behave) == ["P", "V", "C", "E"]
    assert first.cause is None
    assert run(new_poll(state), behave) == ["V", "C", "E"]


def test_a_refusal_is_forgotten_after_a_day() -> None:
    state = new_state()
    run(new_poll(state), lambda what, _: refused(what) if what == "P" else answered(what))
    assert "P" in run(new_poll(state, at=START + REFUSED_FOR), lambda what, _: answered(what))


def test_one_refusal_of_a_known_question_leaves_it_in_the_plan_and_makes_the_read_partial() -> None:
    state = new_state()
    run(new_poll(state), lambda what, _: answered(what))
    poll = new_poll(state)
    run(poll, lambda what, _: refused(what) if what == "P" else answered(what))
    assert snapshot_of(poll).quality is Quality.PARTIAL
    assert "P" in run(new_poll(state), lambda what, _: answered(what))


def test_a_gateway_that_does_not_reach_the_meter_strikes_nothing_off() -> None:
    state = new_state()
    poll = new_poll(state)
    assert run(poll, lambda what, _: refused(what, lasting=False)) == ["P"]
    assert poll.cause is Cause.REFUSED
    assert state.refused(START) == frozenset()
    assert state.failures == 1


def test_a_silent_meter_is_asked_one_question_and_counted() -> None:
    state = new_state()
    poll = new_poll(state)
    assert len(run(poll, silence)) == 1
    assert present_snapshot(MeterId("M1"), poll, WANTED, START) is None
    assert state.failures == 1


def test_three_silent_reads_make_a_silent_meter_and_one_answer_ends_it() -> None:
    state = new_state()
    for _ in range(3):
        run(new_poll(state), silence)
    assert state.silent
    run(new_poll(state), lambda what, _: answered(what))
    assert not state.silent


def test_one_lost_answer_among_others_makes_the_read_partial_and_the_rest_is_still_asked() -> None:
    poll = new_poll(new_state(), blocks=("V", "C", "E"))
    asked = run(poll, lambda what, _: silence(what, 0) if what == "C" else answered(what))
    assert asked == ["V", "C", "E"]
    snapshot = snapshot_of(poll)
    assert snapshot.quality is Quality.PARTIAL
    assert Quantity.CURRENT_A not in snapshot.values


def test_a_question_that_the_meter_passes_over_does_not_make_it_look_silent_for_ever() -> None:
    state = new_state()

    def behave(what: str, _number: int) -> Outcome:
        return silence(what, 0) if what == "P" else answered(what)

    rounds = [run(new_poll(state), behave) for _ in range(2 + IGNORED_AFTER)]
    assert rounds[0] == ["P"]
    assert rounds[1][0] == "E"
    assert "P" not in rounds[-1]


@pytest.mark.parametrize("cause", [Cause.LINK, Cause.BUS_BUSY])
def test_a_broken_line_ends_the_round_and_is_not_held_against_the_meter(cause: Cause) -> None:
    state = new_state()
    poll = new_poll(state)
    run(poll, lambda _what, _number: outcome(cause=cause))
    assert poll.cause is cause
    assert state.failures == 0


def test_a_driver_that_plans_without_end_is_stopped() -> None:
    state = new_state()
    poll = Poll(state, lambda refused: [toy_query(f"V{len(refused)}")], START)
    assert len(run(poll, lambda what, _: refused(what))) <= 256
    assert poll.cause is Cause.NOT_ASKED


def test_the_meter_s_clock_gives_its_offset_from_ours() -> None:
    query = toy_query("T")
    told = START + timedelta(seconds=30)
    event = Answer(query=query, raw=b"", facts={"clock": told.isoformat()})
    poll = Poll(new_state(), lambda _refused: [query], START)
    run(poll, lambda _what, _number: outcome(event))
    snapshot = snapshot_of(poll, {Quantity.CLOCK_OFFSET})
    assert snapshot.values == {Quantity.CLOCK_OFFSET: 30.0}  # asked for one second, half a second is unseen
    assert poll.facts == {"clock": told.isoformat()}


def test_stored_records_of_one_instant_become_one_snapshot_with_the_meter_s_time() -> None:
    state = new_state()
    poll = Poll(state, lambda _refused: [toy_query(f"L{hour}") for hour in (2, 1)], START, remember=False)
    run(poll, lambda what, _number: answered(what))
    snapshots = stored_snapshots(MeterId("M1"), poll)
    assert [s.taken_at for s in snapshots] == [START - timedelta(hours=2), START - timedelta(hours=1)]
    assert all(s.meter_time == s.taken_at and s.origin is Origin.LOAD_RECORD for s in snapshots)


# An answer in parts: E comes first with a part, and goes on with "E #1".
REST = replace(toy_query("E"), what="E #1", part_of="E")


def begun_answer() -> Outcome:
    return outcome(toy_answer(toy_query("E"), b"", VALUES["E"])._replace(more=REST))


def parts(rest: Outcome) -> tuple[Poll, list[str]]:
    poll = new_poll(new_state(), ("E", "P"))
    behave = {"E": begun_answer(), "E #1": rest, "P": answered("P")}
    return poll, run(poll, lambda what, _number: behave[what])


def test_the_rest_of_an_answer_is_asked_before_anything_else() -> None:
    poll, asked = parts(outcome(toy_answer(toy_query("E"), b"", VALUES["E"])))
    assert asked[asked.index("E") + 1] == "E #1"
    assert poll.cause is None
    assert "E #1" not in poll.state.answered


def test_an_answer_whose_rest_is_lost_is_kept_and_marked() -> None:
    poll, asked = parts(outcome(cause=Cause.NO_ANSWER))
    assert set(asked) == {"E", "E #1", "P"}
    snapshot = snapshot_of(poll)
    assert set(snapshot.values) == WANTED
    assert snapshot.quality is Quality.PARTIAL
    assert poll.cause is Cause.NO_ANSWER


def test_a_meter_that_refuses_the_rest_is_told_and_its_item_is_asked_again() -> None:
    error = MeterRefusedError("E #1", 2, ())
    poll, _ = parts(outcome(Refused(query=REST, raw=b"", error=error), Cause.REFUSED))
    assert snapshot_of(poll).quality is Quality.PARTIAL
    assert list(poll.deviations) == [REFUSES_FOLLOWING]
    assert poll.state.refused(START) == frozenset()


def test_a_deviation_is_new_once() -> None:
    state = new_state()
    assert list(state.note_deviations(["closes blocks with AA"])) == ["closes blocks with AA"]
    assert list(state.note_deviations(["closes blocks with AA", "other"])) == ["other"]


def test_the_bytes_of_every_exchange_of_a_round_are_at_hand_answered_or_not() -> None:
    poll = new_poll(new_state())

    def behave(what: str, number: int) -> Outcome:
        if number == 1:
            answer = toy_answer(toy_query(what), b"answer", VALUES[what[0]])
            return outcome(answer)._replace(asked=b"question", raw=b"noise and answer")
        return outcome(cause=Cause.CHECKSUM)._replace(asked=b"question", raw=b"damaged")

    run(poll, behave)
    first, second, *_ = poll.frames
    assert (first.asked, first.answered, first.answered_at) == (b"question", b"answer", START + ONE_SECOND)
    assert (second.answered, second.answered_at) == (b"damaged", None)


def test_the_bytes_of_a_secret_are_not_at_hand() -> None:
    poll = new_poll(new_state())
    query = poll.next_query()
    assert query is not None
    secret = replace(query, is_secret=True)
    answer = toy_answer(secret, b"password", VALUES[query.what[0]])
    poll.take(secret, outcome(answer)._replace(asked=bytes(8), raw=bytes(8)))
    assert [(frame.asked, frame.answered) for frame in poll.frames] == [(bytes(8), bytes(8))]


def test_the_bytes_behind_stored_records_are_those_of_every_answer_that_gave_them() -> None:
    """Two questions of one instant, one of another: each snapshot's bytes are under its own receipt."""
    questions = [replace(toy_query(what), what=what) for what in ("L1", "L2", "L1 again")]
    poll = Poll(new_state(), lambda _refused: questions, START, remember=False)
    run(poll, lambda what, number: answered(what[:2], at_s=10.0 * number)._replace(raw=what.encode()))
    receipts = {s.received_at: s.taken_at for s in stored_snapshots(MeterId("M1"), poll)}
    behind = stored_frames(poll)
    assert behind.keys() == receipts.keys()
    whats = {receipts[at]: [frame.what for frame in frames] for at, frames in behind.items()}
    assert whats == {START - timedelta(hours=1): ["L1", "L1 again"], START - timedelta(hours=2): ["L2"]}


def test_every_part_of_a_stored_answer_is_kept_and_what_brought_no_record_is_not() -> None:
    rest = replace(toy_query("L1"), what="L1 #1", part_of="L1")
    begun = Answer(query=toy_query("L1"), raw=b"begun", more=rest)
    ended = toy_answer(toy_query("L1"), b"ended", VALUES["L"])._replace(query=rest)
    behave = {
        "L1": outcome(begun),
        "L1 #1": outcome(ended, at_s=5),
        "V": answered("V", at_s=9),
        "C": outcome(cause=Cause.NO_ANSWER),
    }
    queries = [toy_query(what) for what in ("V", "L1", "C")]
    poll = Poll(new_state(), lambda _refused: queries, START, remember=False)
    run(poll, lambda what, _number: behave[what])
    (frames,) = stored_frames(poll).values()
    assert [(frame.what, frame.answered) for frame in frames] == [("L1", b"begun"), ("L1 #1", b"ended")]
