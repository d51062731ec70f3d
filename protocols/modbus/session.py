"""A meter with a fixed register map: requests out, registers in, as measured values in their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from protocols.modbus.conversation import Conversation, query_span, refusal
from protocols.modbus.framing import Found, Framing
from protocols.modbus.register_map import Place, RegisterMap
from protocols.session import Answer, Event, NeedData, Query, Refused

SPANS_KEPT = 64
"""Questions of which a session remembers what their answers hold."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What an answer told before the probe was through."""

    values: Mapping[Quantity, Value] = field(default_factory=dict)
    flags: Mapping[Quantity, Quality] = field(default_factory=dict)


class ModbusSession:
    """Bytes in, events out, for the meter with one unit identifier (从站地址)."""

    def __init__(self, unit: int, register_map: RegisterMap, framing: Framing) -> None:
        """Read answers of ``unit``."""
        self._unit = unit
        self._map = register_map
        self._conversation = Conversation(unit, framing, self._understand)
        self._places: dict[bytes, tuple[Place, ...]] = {}
        self._ratios: dict[str, float] = {}
        self._misfits: Mapping[str, str] = {}
        self._held = _Held()
        self._unanswered: Query | None = None

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send; an older open question is forgotten."""
        if self._unanswered not in (None, query):
            self._held = _Held()  # what waited for an answer that never came is of another time
        self._unanswered = query
        return self._conversation.ask(query, query_span(query))

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        self._conversation.receive_data(data)

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next event, or ``NEED_DATA``."""
        return self._conversation.next_event()

    def _understand(self, query: Query, found: Found) -> Event:
        self._unanswered = None
        if found.exception_code is not None:
            return self._refused(query, found)
        places = self._places_of(query)
        self._ratios |= self._map.ratios_in(places, found.registers)
        values, flags = self._map.read(places, found.registers, self._ratios)
        judged: Mapping[str, str] = self._judged(places, values)
        strange = self._map.strangeness(places, found.registers)
        self._misfits = {**self._misfits, **strange, **judged}
        self._held = _Held({**self._held.values, **values}, {**self._held.flags, **flags})
        facts = {"address": str(self._unit), **{name: f"{value:g}" for name, value in self._ratios.items()}}
        misfits = tuple(filter(None, self._misfits.values()))
        if misfits:
            # Numbers of another map look like numbers: none is better.
            self._held = _Held()
            return Answer(query=query, raw=found.raw, facts=facts, deviations=misfits)
        if not self._map.probe.keys() <= self._misfits.keys():
            # The rest of the probe is still to come, with one of the next answers of this round.
            return Answer(query=query, raw=found.raw, facts=facts)
        held, self._held = self._held, _Held()
        return Answer(query=query, raw=found.raw, values=held.values, flags=held.flags, facts=facts)

    def _judged(self, places: Sequence[Place], values: Mapping[Quantity, Value]) -> dict[str, str]:
        """Return what the probe says of an answer.

        A meter that has passed once and reads 0 now, as in an outage (停电), is still the same model.
        """
        found = self._map.misfits(places, values, self._ratios)
        return {q: why for q, why in found.items() if values.get(q) or self._misfits.get(q) != ""}

    def _refused(self, query: Query, found: Found) -> Refused:
        refused = refusal(query, found)
        if refused.error.lasting:
            # A register that the model has is not there; a later answer to it alone may say otherwise.
            meaning = ", ".join(refused.error.meanings)
            self._misfits = {**self._misfits, **self._map.refused(query_span(query), meaning)}
        return refused

    def _places_of(self, query: Query) -> tuple[Place, ...]:
        """Return what an answer holds; the same questions come slot after slot."""
        places = self._places.get(query.body)
        if places is None:
            if len(self._places) >= SPANS_KEPT:
                self._places.clear()
            places = self._places[query.body] = self._map.places(query_span(query))
        return places
