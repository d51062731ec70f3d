"""What the registers of one meter model mean: values, ratios, and whether it is this model at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Quality, Value
from pipeline.quantities import QUADRANTS_OF, Quantity
from protocols.modbus.planner import Span, point_span
from protocols.modbus.registers import decode_registers, unsigned
from protocols.profile import Coding, Point, Profile, Register
from protocols.quadrants import summed, sums_of


@dataclass(frozen=True, slots=True)
class Place:
    """A point, or one of the meter's own ratios, and where it lies within an answer."""

    register: Register
    ratio: str
    """Name of the ratio or of what tells the model; empty for a point."""
    start: int
    stop: int


class RegisterMap:
    """The points of a profile that mean something on a wiring."""

    def __init__(self, profile: Profile, wiring: str) -> None:
        """Choose them: a register without meaning for the wiring reads zero, and that is no measurement."""
        self.points = tuple(p for p in profile.points if not p.wiring or wiring in p.wiring)
        self.ratios = profile.ratios
        measured = {point.quantity for point in self.points}
        self.sums = sums_of(measured)
        """Reactive energies by direction that come of the quadrants alone."""
        self.probe = {q: bounds for q, bounds in profile.probe.items() if q in measured}
        self.identity = profile.identity
        self._name = profile.name
        self._variants = profile.variants

    def wanted(self, quantities: frozenset[Quantity]) -> list[Register]:
        """Return the registers that bring ``quantities``, the ratios they need among them."""
        quantities |= {part for whole in self.sums & quantities for part in QUADRANTS_OF[whole]}
        signs = {p.sign_of for p in self.points if p.quantity in quantities}
        points = [point for point in self.points if point.quantity in quantities | signs]
        names = {name for point in points for name in point.ratio}
        return [*(self.ratios[name] for name in sorted(names)), *points]

    def places(self, span: Span) -> tuple[Place, ...]:
        """Return what lies wholly within ``span``."""
        named = [
            *(("", point) for point in self.points),
            *self.ratios.items(),
            *self.identity.items(),
        ]
        held = (
            (name, register, place) for name, register in named if span.holds(place := point_span(register))
        )
        return tuple(
            Place(register, name, place.address - span.address, place.end - span.address)
            for name, register, place in held
        )

    def ratios_in(self, places: Sequence[Place], registers: Sequence[int]) -> dict[str, float]:
        """Return the meter's own ratios that an answer tells; one of zero or less is none."""
        told = {
            p.ratio: _number(p.register, registers[p.start : p.stop])
            for p in places
            if p.ratio in self.ratios
        }
        return {name: ratio for name, ratio in told.items() if math.isfinite(ratio) and ratio > 0}

    def read(
        self, places: Sequence[Place], registers: Sequence[int], ratios: Mapping[str, float]
    ) -> tuple[dict[Quantity, Value], dict[Quantity, Quality]]:
        """Return an answer's values, and a flag where the meter sent no number.

        A value that needs a ratio which the meter has not told is missing: the wrong side is no value.
        """
        values: dict[Quantity, Value] = {}
        flags: dict[Quantity, Quality] = {}
        for place in places:
            point = place.register
            if not isinstance(point, Point) or not ratios.keys() >= set(point.ratio):
                continue
            words = registers[place.start : place.stop]
            if point.absent and unsigned(words, point.word_order) in point.absent:
                continue
            number = _decoded(point, words)
            if point.nan_is_absent and math.isnan(number):
                continue
            if math.isfinite(number):
                values[point.quantity] = number * math.prod(ratios[name] for name in point.ratio)
            else:
                flags[point.quantity] = Quality.NOT_A_NUMBER
        return values | _signed(places, values) | self._summed(values), flags

    def _summed(self, values: Mapping[Quantity, Value]) -> dict[Quantity, Value]:
        """Return the sums of quadrants that the meter itself does not tell."""
        return {whole: value for whole, value in summed(values).items() if whole in self.sums}

    def misfits(
        self, places: Sequence[Place], values: Mapping[Quantity, Value], ratios: Mapping[str, float]
    ) -> dict[Quantity, str]:
        """Return why each quantity of the probe in an answer does not fit; empty text where it does.

        One whose ratio the meter has not told is not judged yet.
        """
        found: dict[Quantity, str] = {}
        for place in places:
            point = place.register
            if not isinstance(point, Point) or not ratios.keys() >= set(point.ratio):
                continue
            if point.quantity in self.probe:
                found[point.quantity] = self._misfit(point.quantity, values.get(point.quantity))
        return found

    def strangeness(self, places: Sequence[Place], registers: Sequence[int]) -> dict[str, str]:
        """Return by name why what tells the model does not fit; empty text where it does."""
        found: dict[str, str] = {}
        for place in places:
            if place.ratio in self.identity:
                low, high = self.identity[place.ratio].between
                number = _number(place.register, registers[place.start : place.stop])
                said = "" if low <= number <= high else f"reads {number:g}"
                found[place.ratio] = said and self._another(place.ratio, said, (low, high))
        return found

    def refused(self, span: Span, meaning: str) -> dict[str, str]:
        """Return for each part of the probe and identity within a refused question that it was refused."""
        said = f"is refused ({meaning})"
        strange = {
            name: self._another(name, said, register.between)
            for name, register in self.identity.items()
            if span.holds(point_span(register))
        }
        return strange | {
            q: self._told(q, said)
            for point in self.points
            if (q := point.quantity) in self.probe and span.holds(point_span(point))
        }

    def _misfit(self, quantity: Quantity, value: Value | None) -> str:
        """Judge a value; what is no number is a fault, tells nothing of the model and costs nobody."""
        low, high = self.probe[quantity]
        misfits = isinstance(value, float) and not low <= value <= high
        return self._told(quantity, f"reads {value:g}") if misfits else ""

    def _told(self, quantity: Quantity, what: str) -> str:
        return self._another(quantity, what, self.probe[quantity])

    def _another(self, name: str, what: str, bounds: tuple[float, float]) -> str:
        low, high = bounds
        siblings = f" ({', '.join(self._variants)})" if self._variants else ""
        return (
            f"{name} {what} where {self._name} has {low:g} to {high:g}: another model, "
            f"variant{siblings} or word order; `kilowatch scan` tells which profile fits"
        )


def _signed(places: Sequence[Place], values: Mapping[Quantity, Value]) -> dict[Quantity, Value]:
    """Give each value that has no sign of its own that of another in the same answer, where that is not 0."""
    signed: dict[Quantity, Value] = {}
    for place in places:
        point = place.register
        if isinstance(point, Point) and point.sign_of is not None:
            value, sign = values.get(point.quantity), values.get(point.sign_of)
            if isinstance(value, float) and isinstance(sign, float) and sign:
                signed[point.quantity] = math.copysign(value, sign)
    return signed


def _number(register: Register, words: Sequence[int]) -> float:
    return decode_registers(words, register.type, register.word_order) * register.scale


def _decoded(point: Point, words: Sequence[int]) -> float:
    number = _number(point, words)
    if point.coding is Coding.FOUR_QUADRANTS and abs(number) > 1:
        return math.copysign(2.0, number) - number
    return number
