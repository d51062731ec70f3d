"""What is asked of a meter after an order, and what its answers say of the order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from collectors.exchange import Outcome
from pipeline.read_back_texts import read_back_text
from protocols.dlt645.questions import address_query, read_query
from protocols.dlt645.relay import STATUS_WORD_3, RelayState, relay_state
from protocols.dlt645.version import Version
from protocols.session import Query
from services.ordered_meter import OrderedMeter, clock_offset_s, content_of

STATUS_BYTES = 2
DATE_BYTES = 4
CLOCK_TOLERANCE_S = 2.0
"""After setting: one second that a meter's clock shows late, and one on the way."""


class Confirmed(StrEnum):
    """What reading back has shown."""

    YES = "confirmed"
    NO = "differs"
    UNREAD = "not read back"
    NOTHING = "nothing to read back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a meter showed after an order."""

    confirmed: Confirmed
    message: str = ""
    """A key of ``pipeline.read_back_texts``; empty where nothing was shown."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    """Why nothing was shown, in English."""

    @property
    def words(self) -> str:
        """What was shown, or why nothing was, in English."""
        return read_back_text(self.message, self.parameters, "en") if self.message else self.trouble


NO_VERDICT = Verdict(confirmed=Confirmed.NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """Questions after an order, where to ask them, and what to make of the answers."""

    queries: Sequence[Query]
    judge: Callable[[Sequence[Outcome]], Verdict]
    address: str = ""
    """Where the meter is then; empty for where it was."""
    line_url: str = ""
    """The line's URL then; empty for as it was."""


def item_reads(meter: OrderedMeter, identifier: bytes, content: bytes) -> ReadBack:
    """Return the question whether an item holds what was written."""

    def judge(outcomes: Sequence[Outcome]) -> Verdict:
        found = content_of(outcomes[0], identifier)
        if found is None:
            return unread(outcomes)
        if found == content:
            return Verdict(confirmed=Confirmed.YES)
        held = {"found": found.hex(" ").upper(), "written": content.hex(" ").upper()}
        return Verdict(confirmed=Confirmed.NO, message="item_holds", parameters=held)

    query = read_query(identifier, len(content), version=meter.version)
    return ReadBack(queries=(query,), judge=judge)


def relay_shows(meter: OrderedMeter, expected: RelayState | None) -> ReadBack:
    """Return the question for bit 4 of status word 3; None expects nothing of the relay."""

    def judge(outcomes: Sequence[Outcome]) -> Verdict:
        found = content_of(outcomes[0], STATUS_WORD_3)
        if found is None or len(found) != STATUS_BYTES:
            return unread(outcomes)
        state = relay_state(found)
        message = f"relay_{state}"
        if expected is None:
            return Verdict(confirmed=Confirmed.NOTHING, message=message)
        return Verdict(confirmed=Confirmed.YES if state is expected else Confirmed.NO, message=message)

    query = read_query(STATUS_WORD_3, STATUS_BYTES, version=meter.version)
    return ReadBack(queries=(query,), judge=judge)


def address_is(address: str, everybody: str, version: Version) -> ReadBack:
    """Return the question which address the only meter of a line has now."""

    def judge(outcomes: Sequence[Outcome]) -> Verdict:
        event = outcomes[0].event
        if event is None:
            return unread(outcomes)
        found = event.raw[6:0:-1].hex().upper()
        confirmed = Confirmed.YES if found == address else Confirmed.NO
        return Verdict(confirmed=confirmed, message="address", parameters={"address": found})

    return ReadBack(queries=(who_is_there(version),), judge=judge, address=everybody)


def who_is_there(version: Version) -> Query:
    """Return the question that the only meter of a line answers from its own address."""
    if version.read_address is not None:
        return address_query()
    return read_query(version.date, DATE_BYTES, version=version)


def answers_at(meter: OrderedMeter, line_url: str) -> ReadBack:
    """Return the question whether a meter is heard on the line's new setting."""

    def judge(outcomes: Sequence[Outcome]) -> Verdict:
        if outcomes[0].event is None:
            return Verdict(confirmed=Confirmed.NO, message="rate_silent")
        return Verdict(confirmed=Confirmed.YES, message="rate_answers")

    query = read_query(meter.version.date, DATE_BYTES, version=meter.version)
    return ReadBack(queries=(query,), judge=judge, line_url=line_url)


def clock_is_right(meter: OrderedMeter) -> ReadBack:
    """Return the questions whether a meter's clock is now the server's."""

    def judge(outcomes: Sequence[Outcome]) -> Verdict:
        offset_s = clock_offset_s(outcomes)
        if offset_s is None:
            return unread(outcomes)
        right = abs(offset_s) <= CLOCK_TOLERANCE_S
        return Verdict(
            confirmed=Confirmed.YES if right else Confirmed.NO,
            message="clock_off",
            parameters={"offset_s": f"{offset_s:+.1f}"},
        )

    return ReadBack(queries=meter.clock_queries(), judge=judge)


def unread(outcomes: Sequence[Outcome]) -> Verdict:
    """Say why there was nothing to compare."""
    last = outcomes[-1]
    return Verdict(confirmed=Confirmed.UNREAD, trouble=last.failure or str(last.cause or "an unknown answer"))
