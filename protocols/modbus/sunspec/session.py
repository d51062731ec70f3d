"""A meter that describes itself: the first question of a conversation leads to it, later ones read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from protocols.modbus.conversation import Conversation, query_span, refusal, span_query
from protocols.modbus.framing import Found, Framing
from protocols.modbus.planner import Span
from protocols.modbus.sunspec.models import catalogue, read_meter
from protocols.modbus.sunspec.walk import BASES, FoundMeter, Walk
from protocols.session import Answer, Event, NeedData, Query

ANSWER_REGISTERS = 125
QUESTION = "sunspec"
"""What a plan asks for: the meter's values, wherever they are."""


def meter_query(framing: Framing) -> Query:
    """Return the question of every round; the session knows which registers it means."""
    longest = span_query(Span(3, 0, ANSWER_REGISTERS), framing)
    return Query(what=QUESTION, body=b"", answer_bytes=longest.answer_bytes)


class SunSpecSession:
    """Bytes in, events out, for the SunSpec device with one unit identifier (从站地址).

    Each step of the walk is an answer without values whose ``more`` asks for the next step. Once the meter is
    found a round is one question: its header, scale factors and values in one answer, so that they belong
    together. A header that says something else sends the session on its walk again.
    """

    def __init__(
        self,
        unit: int,
        framing: Framing,
        *,
        bases: Sequence[int] = BASES,
        wanted: int = 1,
        reversed_power: bool = False,
    ) -> None:
        """Read answers of ``unit``.

        Args:
            unit: The device's address.
            framing: How the line frames.
            bases: Where to look for the letters SunS.
            wanted: Which meter of the device, counted from one.
            reversed_power: The meter counts export as positive power.
        """
        self._unit = unit
        self._framing = framing
        self._bases = tuple(bases)
        self._wanted = wanted
        self._reversed = reversed_power
        self._conversation = Conversation(unit, framing, self._understand)
        self._walk = self._new_walk()
        self._meter: FoundMeter | None = None
        self._reading = False

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send; an older open question is forgotten."""
        if query.body:
            span = query_span(query)
            self._reading = self._meter is not None
        elif self._meter is not None:
            span, self._reading = self._meter.span, True
        else:
            self._walk, self._reading = self._new_walk(), False
            span = self._walk.span or Span(3, 0, 1)
        return self._conversation.ask(query, span)

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        self._conversation.receive_data(data)

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next event, or ``NEED_DATA``."""
        return self._conversation.next_event()

    def _new_walk(self) -> Walk:
        return Walk(catalogue(), bases=self._bases, wanted=self._wanted)

    def _understand(self, query: Query, found: Found) -> Event:
        refused = found.exception_code is not None
        if refused and not refusal(query, found).error.lasting:
            return refusal(query, found)
        registers = None if refused else found.registers
        meter = self._meter
        if self._reading and meter is not None:
            if registers is None or tuple(registers[:2]) != (meter.model.number, registers[1]):
                return self._lost(query, found, meter)
            return self._values(query, found, meter)
        self._walk.take(registers)
        self._meter = self._walk.found
        if self._meter is not None:
            return self._step(query, found, self._meter.span)
        if self._walk.span is not None:
            return self._step(query, found, self._walk.span)
        return Answer(query=query, raw=found.raw, facts=self._facts(), deviations=(self._walk.problem,))

    def _values(self, query: Query, found: Found, meter: FoundMeter) -> Answer:
        told = read_meter(meter.model, found.registers, reversed_power=self._reversed)
        return Answer(
            query=query,
            raw=found.raw,
            values=told.values,
            facts=self._facts(),
            deviations=told.deviations,
        )

    def _lost(self, query: Query, found: Found, meter: FoundMeter) -> Answer:
        """Say that the meter is not where it was; the next round looks for it."""
        self._meter = None
        problem = f"SunSpec model {meter.model.number} is no longer at register {meter.address}"
        return Answer(query=query, raw=found.raw, facts=self._facts(), deviations=(problem,))

    def _step(self, query: Query, found: Found, span: Span) -> Answer:
        more = span_query(span, self._framing, part_of=QUESTION)
        return Answer(query=query, raw=found.raw, facts=self._facts(), more=more)

    def _facts(self) -> dict[str, str]:
        facts = {"address": str(self._unit)}
        if self._meter is not None:
            model = self._meter.model
            facts |= {**self._meter.identity, "sunspec_model": str(model.number)}
            facts |= {"wiring": model.wiring} if model.wiring else {}
        return facts
