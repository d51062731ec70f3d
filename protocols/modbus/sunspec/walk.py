"""Walks a SunSpec device's chain of models, one question at a time, to the device's name and its meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from protocols.modbus.planner import Span
from protocols.modbus.sunspec.models import HEADER, Catalogue, MeterModel, text

MARKER = (0x5375, 0x6E53)
"""The letters SunS."""
BASES = (40000, 0, 50000)
"""Where the marker may stand, as on the wire; the usual place first."""
FUNCTION = 3
COMMON = 1
END = 0xFFFF
MODELS_MOST = 64
"""A chain that goes on longer is no chain."""
LAST_REGISTER = 0x10000


class _Step(Enum):
    MARKER = auto()
    HEADER = auto()
    IDENTITY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMeter:
    """A meter within a device."""

    model: MeterModel
    address: int
    """Of the model's identifier."""
    identity: Mapping[str, str]
    """What the model 1 before it says: vendor, model, version, serial."""

    @property
    def span(self) -> Span:
        """The registers that hold its header and values, scale factors among them: read in one answer."""
        return Span(FUNCTION, self.address, self.model.registers)


class Walk:
    """From the marker along (identifier, length) to the wanted meter; ends by itself whatever it is told."""

    def __init__(self, catalogue: Catalogue, *, bases: Sequence[int] = BASES, wanted: int = 1) -> None:
        """Start before the first base.

        Args:
            catalogue: The models we know.
            bases: Where to look for the marker.
            wanted: Which meter of the device, counted from one.
        """
        self._catalogue = catalogue
        self._bases = list(bases)
        self._looked_at = ", ".join(map(str, bases))
        self._wanted = wanted
        self._meters = 0
        self._seen: list[int] = []
        self._identity: dict[str, str] = {}
        self._step = _Step.MARKER
        self._behind = 0
        self.span: Span | None = Span(FUNCTION, self._bases.pop(0), len(MARKER))
        """The registers to ask for next; None at the end."""
        self.found: FoundMeter | None = None
        self.problem = ""
        """Why no meter was found."""

    def take(self, registers: Sequence[int] | None) -> None:
        """Take the registers of ``span``, or None when the device refused them, and go on."""
        span = self.span
        if span is None:
            return
        match self._step:
            case _Step.MARKER:
                self._take_marker(span, registers)
            case _Step.HEADER:
                self._take_header(span, registers)
            case _Step.IDENTITY:
                if registers is not None:
                    self._identity = self._named(registers)
                self._go_to(self._behind)

    def _take_marker(self, span: Span, registers: Sequence[int] | None) -> None:
        if registers is not None and tuple(registers) == MARKER:
            self._go_to(span.end)
        elif self._bases:
            self.span = Span(FUNCTION, self._bases.pop(0), len(MARKER))
        else:
            self._end(f"no SunSpec device: the letters SunS are not at register {self._looked_at}")

    def _take_header(self, span: Span, registers: Sequence[int] | None) -> None:
        if registers is None:
            self._end(self._without_meter("the chain breaks off"))
            return
        number, length = registers
        behind = span.address + HEADER + length
        if number == END or not number:
            self._end(self._without_meter("the chain ends"))
            return
        self._seen.append(number)
        model = self._catalogue.meters.get(number)
        self._meters += model is not None
        if behind > LAST_REGISTER or len(self._seen) > MODELS_MOST:
            self._end(self._without_meter(f"the chain leads nowhere behind model {number}"))
        elif model is not None and self._meters == self._wanted:
            self._find(model, span.address, length)
        elif number == COMMON and length + HEADER >= self._identity_end:
            self._step, self._behind = _Step.IDENTITY, behind
            self.span = Span(FUNCTION, span.address, self._identity_end)
        else:
            self._go_to(behind)

    @property
    def _identity_end(self) -> int:
        return max(at + count for at, count in self._catalogue.identity.values())

    def _find(self, model: MeterModel, address: int, length: int) -> None:
        if length < model.length:
            self._end(f"SunSpec model {model.number} has {length} registers where {model.length} are due")
            return
        self.found = FoundMeter(model=model, address=address, identity=dict(self._identity))
        self.span = None

    def _named(self, registers: Sequence[int]) -> dict[str, str]:
        told = {f: text(registers[at : at + count]) for f, (at, count) in self._catalogue.identity.items()}
        return {fact: words for fact, words in told.items() if words}

    def _go_to(self, address: int) -> None:
        """Read the next model's header; registers beyond the last one end the chain."""
        self._step = _Step.HEADER
        if address + HEADER > LAST_REGISTER:
            self._end(self._without_meter("the chain runs out of registers"))
            return
        self.span = Span(FUNCTION, address, HEADER)

    def _without_meter(self, how: str) -> str:
        known = ", ".join(map(str, sorted(self._catalogue.meters)))
        seen = ", ".join(map(str, self._seen)) or "none"
        which = f"meter {self._wanted} of models {known}" if self._wanted > 1 else f"meter of models {known}"
        return f"SunSpec device without a {which}: {how}; its models: {seen}"

    def _end(self, problem: str) -> None:
        self.span = None
        self.problem = problem
