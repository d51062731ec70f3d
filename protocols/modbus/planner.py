"""Which registers to ask for in one request: neighbours together, never across what the meter refuses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from protocols.modbus.registers import register_count
from protocols.profile import Register


@dataclass(frozen=True, slots=True)
class Span:
    """Registers ``address`` to ``address + count - 1`` of one function code."""

    function: int
    address: int
    count: int

    @property
    def what(self) -> str:
        """Its name in logs and in the set of refused queries, such as ``4:0x0000+80``."""
        return f"{self.function}:0x{self.address:04X}+{self.count}"

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count

    def holds(self, other: Span) -> bool:
        """Say whether ``other`` lies wholly within this span."""
        return self.function == other.function and self.address <= other.address and other.end <= self.end


def parse_span(what: str) -> Span | None:
    """Return the span that ``what`` names, or None when it is no span's name."""
    try:
        function, rest = what.split(":")
        address, count = rest.split("+")
        return Span(int(function), int(address, 16), int(count))
    except ValueError:
        return None


def point_span(point: Register) -> Span:
    """Return the registers of one point."""
    return Span(point.function, point.address, register_count(point.type))


def plan_spans(
    points: Iterable[Register], *, max_registers: int, max_gap: int, refused: Collection[str] = ()
) -> tuple[Span, ...]:
    """Return the fewest spans that cover ``points``.

    A span that holds a refused one would be refused too, so it is halved until its parts are clean; a single
    point that was refused is given up, and its neighbours are kept.

    Args:
        points: What to read.
        max_registers: The most registers the meter gives in one answer.
        max_gap: The most unwanted registers read along to save a request.
        refused: ``what`` of the queries that this meter has refused.
    """
    known_bad = [span for span in map(parse_span, refused) if span is not None]
    ordered = sorted(points, key=lambda point: (point.function, point.address))
    spans: list[Span] = []
    for group in _coalesce(ordered, max_registers, max_gap):
        spans.extend(_without_refused(group, known_bad))
    return tuple(spans)


def _coalesce(ordered: Sequence[Register], max_registers: int, max_gap: int) -> list[list[Register]]:
    groups: list[list[Register]] = []
    function = address = end = 0
    for point in ordered:
        span = point_span(point)
        near = span.function == function and span.address - end <= max_gap
        if groups and near and span.end - address <= max_registers:
            groups[-1].append(point)
            end = max(end, span.end)
        else:
            groups.append([point])
            function, address, end = span.function, span.address, span.end
    return groups


def _without_refused(group: Sequence[Register], known_bad: Sequence[Span]) -> list[Span]:
    cover = _cover(group)
    if not any(cover.holds(bad) for bad in known_bad):
        return [cover]
    if len(group) == 1:
        return []
    middle = len(group) // 2
    return _without_refused(group[:middle], known_bad) + _without_refused(group[middle:], known_bad)


def _cover(group: Sequence[Register]) -> Span:
    first, end = point_span(group[0]), max(point_span(point).end for point in group)
    return Span(first.function, first.address, end - first.address)
