"""What the registers of one meter model mean: values, ratios, and whether it is this model at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from protocols.modbus.planner import Span, point_span
from protocols.modbus.registers import decode_registers, unsigned
from protocols.profile import Point, Profile, Register


@dataclass(frozen=True, slots=True)
class Place:
    """A point, or one of the meter's own ratios, and where it lies within an answer."""

    register: Register
    ratio: str
    """Name of the ratio; empty for a point."""
    start: int
    stop: int


class RegisterMap:
    """The points of a profile that mean something on a wiring."""

    def __init__(self, profile: Profile, wiring: str) -> None:
        """Choose them: a register without meaning for the wiring reads zero, and that is no measurement."""
        self.points = tuple(p for p in profile.points if not p.wiring or wiring in p.wiring)
        self.ratios = profile.ratios
        measured = {point.quantity for point in self.points}
        self.probe = {q: bounds for q, bounds in profile.probe.items() if q in measured}
        self._name = profile.name

    def wanted(self, quantities: frozenset[Quantity]) -> list[Register]:
        """Return the registers that bring ``quantities``, the ratios they need among them."""
        points = [point for point in self.points if point.quantity in quantities]
        names = {name for point in points for name in point.ratio}
        return [*(self.ratios[name] for name in sorted(names)), *points]

    def places(self, span: Span) -> tuple[Place, ...]:
        """Return what lies wholly within ``span``."""
        named = [("", point) for point in self.points] + list(self.ratios.items())
        held = (
            (name, register, place) for name, register in named if span.holds(place := point_span(register))
        )
        return tuple(
            Place(register, name, place.address - span.address, place.end - span.address)
            for name, register, place in held
        )

    def ratios_in(self, places: Sequence[Place], registers: Sequence[int]) -> dict[str, float]:
        """Return the meter's own ratios that an answer tells; one of zero or less is none."""
        told = {p.ratio: _number(p.register, registers[p.start : p.stop]) for p in places if p.ratio}
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
            number = _number(point, words)
            if math.isfinite(number):
                values[point.quantity] = number * math.prod(ratios[name] for name in point.ratio)
            else:
                flags[point.quantity] = Quality.NOT_A_NUMBER
        return values, flags

    def misfit(self, values: Mapping[Quantity, Value], before: str) -> str:
        """Return why the meter is not of this model: by what it reads now, or else by what it read before."""
        seen = [quantity for quantity in self.probe if quantity in values]
        for quantity in seen:
            low, high = self.probe[quantity]
            value = values[quantity]
            if isinstance(value, float) and not low <= value <= high:
                return (
                    f"{quantity} reads {value:g} where {self._name} has {low:g} to {high:g}: another model, "
                    "variant or word order; `kilowatch scan` tells which profile fits"
                )
        return "" if seen else before


def _number(register: Register, words: Sequence[int]) -> float:
    return decode_registers(words, register.type, register.word_order) * register.scale
