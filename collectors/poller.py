"""Decides what one meter is asked next, and gathers its answers; knows no line and no time-out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from collectors.exchange import WRONG_SEQUENCE, Outcome
from pipeline.coverage import Cause
from pipeline.errors import bounded_hex
from pipeline.frames import FRAME_KEPT_BYTES, RawFrame
from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.quantities import Quantity
from protocols.session import Answer, DropReason, Query, Refused, Session

Plan: TypeAlias = Callable[[Collection[str]], Sequence[Query]]
"""Returns the questions that remain when the named ones are refused."""

SILENT_AFTER = 3
"""Reads in a row without any answer, after which a meter is only probed."""
IGNORED_AFTER = 3
"""Reads in a row in which a living meter passed over one question, after which it counts as refused."""
REFUSED_FOR = timedelta(hours=24)
"""How long a refused question is left out before it is tried again: a meter may have been replaced."""
QUESTIONS_MOST = 256
"""A bound on one round of present values, whatever a driver plans."""
REFUSES_FOLLOWING = "says that more follows and refuses to send it"
WITHIN_SECOND = timedelta(seconds=0.5)
"""A clock that shows whole seconds is half a second further on the average."""
BACKFILL_QUESTIONS_MOST = 20_000
"""The same for backfill: a month of one-minute records needs some thousands."""


@dataclass(slots=True)
class MeterState:
    """What the collector has learned of one meter; changes from read to read."""

    session: Session
    failures: int = 0
    """Reads in a row without any answer."""
    probed_at: float = 0.0
    """The event loop's time of the last probe of a silent meter."""
    answered: set[str] = field(default_factory=set)
    """Questions it has answered before."""
    _refused: dict[str, datetime] = field(default_factory=dict)
    _passed_over: dict[str, int] = field(default_factory=dict)
    _deviations: set[str] = field(default_factory=set)

    @property
    def silent(self) -> bool:
        """Tell whether the meter has been away so long that it is only probed."""
        return self.failures >= SILENT_AFTER

    def refused(self, at: datetime) -> frozenset[str]:
        """Return the questions not to ask at ``at``."""
        self._refused = {what: since for what, since in self._refused.items() if at - since < REFUSED_FOR}
        return frozenset(self._refused)

    def strike_off(self, what: str, at: datetime) -> None:
        """Leave a question out from now on."""
        self._refused[what] = at
        if len(self._refused) > QUESTIONS_MOST:
            del self._refused[next(iter(self._refused))]

    def note_answered(self, what: str) -> None:
        """Remember that the meter knows this question."""
        self.answered.add(what)
        self._passed_over.pop(what, None)

    def note_deviations(self, deviations: Collection[str]) -> Collection[str]:
        """Remember in what the meter differs from its standard; return what is new."""
        new = [deviation for deviation in deviations if deviation not in self._deviations]
        self._deviations.update(new)
        return new

    def note_passed_over(self, whats: Collection[str], at: datetime) -> None:
        """Remember questions that a living meter did not answer; strike off those it never answers."""
        for what in whats:
            self._passed_over[what] = self._passed_over.get(what, 0) + 1
            if self._passed_over[what] >= IGNORED_AFTER:
                self.strike_off(what, at)
                del self._passed_over[what]


class Poll:
    """One round of questions to one meter, planned again whenever it refuses one."""

    def __init__(self, state: MeterState, plan: Plan, at: datetime, *, remember: bool = True) -> None:
        """Plan the first questions.

        Args:
            state: What is known of the meter; changed by this poll.
            plan: Plans the questions that remain.
            at: The present time.
            remember: Learn which questions the meter knows; not for backfill, whose questions carry times.
        """
        self.state = state
        self.outcomes: list[Outcome] = []
        """The answered questions, in order."""
        self.frames: list[RawFrame] = []
        """The bytes of every exchange of a round of present values, answered or not; of a backfill those of
        the outcomes, in the same order."""
        self.attempts = 0
        self.cause: Cause | None = None
        self.failure = ""
        self.deviations: dict[str, None] = {}
        """In what the meter was seen to differ from its standard, in the order it was seen."""
        self._plan = plan
        self._at = at
        self._remember = remember
        self._asked: set[str] = set()
        self._passed_over: list[str] = []
        self._row = 0
        self._alive = False
        self._over = False
        self._queue = self._planned()

    def next_query(self) -> Query | None:
        """Return what to ask now, or None when the round is over."""
        if self._over or not self._queue or self._too_many():
            return None
        return self._queue[0]

    @property
    def alive(self) -> bool:
        """Tell whether the meter has answered anything in this round."""
        return self._alive

    @property
    def facts(self) -> dict[str, str]:
        """What the meter said that is no quantity."""
        facts: dict[str, str] = {}
        for outcome in self.outcomes:
            if isinstance(outcome.event, Answer):
                facts |= outcome.event.facts
        return facts

    def take(self, query: Query, outcome: Outcome) -> None:
        """Take what became of the question."""
        self.attempts += outcome.attempts
        if outcome.attempts if self._remember else isinstance(outcome.event, Answer):
            self.frames.append(_raw(query, outcome))
        self._asked.add(query.what)
        self._queue.popleft()
        match outcome.event:
            case Answer():
                self._take_answer(query, outcome)
            case Refused(error=error):
                self.failure = str(error)
                if query.part_of:
                    self._lose_rest(query, Cause.REFUSED)
                elif error.lasting:
                    self._take_refusal(query)
                else:
                    self._take_nothing(query, outcome)
            case None:
                self._take_nothing(query, outcome)

    def finish(self) -> None:
        """Learn from the round: whether the meter lives, and what it passes over."""
        if self._queue and self._too_many():
            self.cause = self.cause or Cause.NOT_ASKED
            self.failure = (
                f"{len(self._asked)} questions were asked and more were planned; take a shorter time"
            )
        if self._alive:
            self.state.failures = 0
            if self._remember:
                self.state.note_passed_over(self._passed_over, self._at)
        elif self._remember and self.cause in {Cause.NO_ANSWER, Cause.CHECKSUM, Cause.REFUSED}:
            self.state.failures += 1

    def _take_answer(self, query: Query, outcome: Outcome) -> None:
        self._alive, self._row = True, 0
        self.outcomes.append(outcome)
        answer = outcome.event
        if isinstance(answer, Answer):
            self.deviations |= dict.fromkeys(answer.deviations)
            if answer.more is not None:
                self._queue.appendleft(answer.more)
        if self._remember and not query.part_of:
            self.state.note_answered(query.what)

    def _lose_rest(self, query: Query, cause: Cause) -> None:
        """Keep what came of an answer that goes on; the rest is missing, and the identifier stays asked."""
        self._alive, self._row = True, 0
        self.cause = self.cause or cause
        self.deviations[REFUSES_FOLLOWING] = None
        self.failure = f"{query.part_of}: {self.failure}"

    def _take_refusal(self, query: Query) -> None:
        self._alive, self._row = True, 0
        if query.what in self.state.answered:
            # It knows the question: busy, or in a bad moment. Ask again next time.
            self.cause = self.cause or Cause.REFUSED
            return
        self.state.strike_off(query.what, self._at)
        self._queue = self._planned()

    def _take_nothing(self, query: Query, outcome: Outcome) -> None:
        self.cause = outcome.cause
        self.failure = outcome.failure or self.failure or bounded_hex(outcome.raw)
        if outcome.dropped.get(DropReason.SEQUENCE):
            self.deviations[WRONG_SEQUENCE] = None
        self._row += 1
        if outcome.cause in {Cause.LINK, Cause.BUS_BUSY}:
            self._over = True
            return
        if not query.part_of:
            self._passed_over.append(query.what)
        self._over = self._row >= (2 if self._alive else 1)

    def _too_many(self) -> bool:
        return len(self._asked) >= (QUESTIONS_MOST if self._remember else BACKFILL_QUESTIONS_MOST)

    def _planned(self) -> deque[Query]:
        """Plan again without what was asked.

        A meter may pass over a question it does not know. So that such a one does not make it look silent for
        ever, questions it never answered go behind the known ones, and a meter that was never heard is asked
        another one each time. The order of backfill stays: its answers build on one another.
        """
        queries = [q for q in self._plan(self.state.refused(self._at)) if q.what not in self._asked]
        if not self._remember or not queries:
            return deque(queries)
        known = self.state.answered
        if not known and not self._asked:
            turn = self.state.failures % len(queries)
            return deque(queries[turn:] + queries[:turn])
        return deque(sorted(queries, key=lambda query: query.what not in known))


def present_snapshot(
    meter: MeterId, poll: Poll, wanted: Collection[Quantity], slot_at: datetime | None
) -> Snapshot | None:
    """Return the present values of a round as one snapshot, or None when there are none.

    ``taken_at`` is the middle between the first answered question and the last answer.
    """
    values: dict[Quantity, Value] = {}
    flags: dict[Quantity, Quality] = {}
    for outcome in poll.outcomes:
        answer = outcome.event
        if isinstance(answer, Answer):
            values |= answer.values
            flags |= answer.flags
            offset_s = _clock_offset_s(answer, _middle(outcome, outcome))
            if offset_s is not None and Quantity.CLOCK_OFFSET in wanted:
                values[Quantity.CLOCK_OFFSET] = offset_s
    if not values and not flags:
        return None
    return Snapshot(
        meter=meter,
        taken_at=_middle(poll.outcomes[0], poll.outcomes[-1]),
        received_at=_answered_at(poll.outcomes[-1]),
        values=values,
        origin=Origin.PRESENT,
        slot_at=slot_at,
        quality=Quality.GOOD if poll.cause is None else Quality.PARTIAL,
        flags=flags,
    )


def stored_snapshots(meter: MeterId, poll: Poll) -> list[Snapshot]:
    """Return the stored records of a round, those of one instant and origin merged, oldest first."""
    merged: dict[
        tuple[datetime, Origin], tuple[dict[Quantity, Value], dict[Quantity, Quality], datetime]
    ] = {}
    for outcome in poll.outcomes:
        if not isinstance(outcome.event, Answer):
            continue
        for record in outcome.event.records:
            key = (record.taken_at, record.origin)
            values, flags, _ = merged.get(key, ({}, {}, None))
            merged[key] = (values | dict(record.values), flags | dict(record.flags), _answered_at(outcome))
    return [
        Snapshot(
            meter=meter,
            taken_at=taken_at,
            meter_time=taken_at,
            received_at=received_at,
            values=values,
            flags=flags,
            origin=origin,
        )
        for (taken_at, origin), (values, flags, received_at) in sorted(merged.items(), key=lambda e: e[0])
    ]


def stored_frames(poll: Poll) -> dict[datetime, tuple[RawFrame, ...]]:
    """Return the bytes of the answers behind :func:`stored_snapshots`, by the snapshots' ``received_at``."""
    records = [answer.records if isinstance(answer := o.event, Answer) else () for o in poll.outcomes]
    received = {
        (record.taken_at, record.origin): _answered_at(outcome)
        for outcome, held in zip(poll.outcomes, records, strict=True)
        for record in held
    }
    behind: dict[datetime, dict[RawFrame, None]] = {}
    parts: list[RawFrame] = []
    for outcome, frame, held in zip(poll.outcomes, poll.frames, records, strict=True):
        is_part = isinstance(outcome.event, Answer) and outcome.event.query.part_of
        parts = [*parts, frame] if is_part else [frame]
        for received_at in {received[record.taken_at, record.origin] for record in held}:
            behind.setdefault(received_at, {}).update(dict.fromkeys(parts))
    return {received_at: tuple(frames)[-QUESTIONS_MOST:] for received_at, frames in behind.items()}


def _raw(query: Query, outcome: Outcome) -> RawFrame:
    """Return the bytes of an exchange: the answer's own, or what was heard where there is none."""
    event = outcome.event
    heard = outcome.raw if event is None or query.is_secret else event.raw
    return RawFrame(
        query.what,
        outcome.sent_at,
        outcome.answered_at,
        outcome.asked[:FRAME_KEPT_BYTES],
        heard[:FRAME_KEPT_BYTES],
    )


def _middle(first: Outcome, last: Outcome) -> datetime:
    return first.sent_at + (_answered_at(last) - first.sent_at) / 2


def _answered_at(outcome: Outcome) -> datetime:
    return outcome.answered_at or outcome.sent_at


def _clock_offset_s(answer: Answer, at: datetime) -> float | None:
    """Return meter minus server in seconds, if the answer tells the meter's time."""
    told = answer.facts.get("clock")
    if told is None:
        return None
    clock = datetime.fromisoformat(told)
    return None if clock.tzinfo is None else (clock + WITHIN_SECOND - at).total_seconds()
