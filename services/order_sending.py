"""Puts one order on the line, once, reads back, and says what is known: done, refused or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from collectors.exchange import Outcome
from collectors.free_turn import Ordering
from pipeline.errors import TransportError
from protocols.dlt645.frame import address_bytes
from protocols.session import Answer, DropReason
from services.order_kinds import EVERYBODY, Plan
from services.ordered_meter import OrderedMeter
from services.read_back import NO_VERDICT, Confirmed, ReadBack, Verdict, who_is_there


class Result(StrEnum):
    """What became of an order. One without an answer is unknown, never failed: the meter may have obeyed."""

    DONE = "done"
    """The meter said so."""
    SENT = "sent"
    """Nobody answers such an order."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is known of an order after it was given."""

    result: Result
    detail: str = ""
    verdict: Verdict = NO_VERDICT


INTERRUPTED = Sent(result=Result.UNKNOWN, detail="interrupted")
"""What is known of an order while it is on its way."""


async def give(line: Ordering, meter: OrderedMeter, plan: Plan) -> Sent:
    """Give an order on a line that is open, and read back.

    Nothing is raised for what line or meter do. An order of several frames ends with the first that is
    not done.
    """
    if plan.alone and (trouble := await _not_alone(line, meter)):
        return Sent(result=Result.NOT_SENT, detail=trouble)
    session = meter.session(plan.address)
    sent = Sent(result=Result.NOT_SENT, detail="nothing to send")
    for number, query in enumerate(plan.queries):
        try:
            sent = _judge(await line.order(session, query), awaited=query.answer_bytes > 0)
        except TransportError as error:
            sent = Sent(result=Result.NOT_SENT, detail=str(error))
        if sent.result not in (Result.DONE, Result.SENT):
            done = f"; done before: {', '.join(q.what for q in plan.queries[:number])}" if number else ""
            sent = Sent(result=sent.result, detail=f"{query.what}: {sent.detail}{done}")
            break
    # Also after silence: what the meter shows now is the only way to know.
    if plan.read_back is None or sent.result in (Result.NOT_SENT, Result.REFUSED):
        return sent
    return Sent(result=sent.result, detail=sent.detail, verdict=await _read_back(line, meter, plan.read_back))


def _judge(outcome: Outcome, *, awaited: bool) -> Sent:
    event = outcome.event
    if isinstance(event, Answer):
        return Sent(result=Result.DONE)
    if event is not None:
        return Sent(result=Result.REFUSED, detail=str(event.error))
    if not outcome.attempts:
        return Sent(result=Result.NOT_SENT, detail=outcome.failure)
    if not awaited and not outcome.failure:
        return Sent(result=Result.SENT)
    return Sent(result=Result.UNKNOWN, detail=outcome.failure or str(outcome.cause))


async def _not_alone(line: Ordering, meter: OrderedMeter) -> str:
    """Say why an order to everybody must not be sent: the one who answers is not this meter alone."""
    version = meter.version
    try:
        outcome = await line.ask(meter.session(EVERYBODY[version.year]), who_is_there(version))
    except TransportError as error:
        return str(error)
    if outcome.event is None:
        return f"nobody alone answers to everybody's address ({outcome.failure or outcome.cause})"
    disturbed = outcome.attempts > 1 or set(outcome.dropped) - {DropReason.ECHO}
    if outcome.event.raw[1:7] != address_bytes(meter.address) or disturbed:
        return f"another meter than {meter.address}, or more than one, is on this line: it must be alone"
    return ""


async def _read_back(line: Ordering, meter: OrderedMeter, read_back: ReadBack) -> Verdict:
    try:
        if read_back.line_url:
            await line.switch(read_back.line_url)
        session = meter.session(read_back.address)
        outcomes: Sequence[Outcome] = [await line.ask(session, query) for query in read_back.queries]
    except TransportError as error:
        return Verdict(confirmed=Confirmed.UNREAD, trouble=str(error))
    return read_back.judge(outcomes)
