"""Register pairs of a service point over a billing month: what each meter counted, stretch by stretch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np

from analysis.settlement.billing_month import Lack, Lacking, RegisterEnd, RegisterPair, RegisterSource
from pipeline.bills import SIGN
from pipeline.model import MeterId
from pipeline.quantities import QUADRANTS_OF, Quantity
from pipeline.register_estimates import register_at
from pipeline.registry import Installation, Meter, Registry, in_force
from pipeline.timegrid import slot_grid, slot_start, to_numpy
from pipeline.vee_window import IMPORT
from services.derive import MINUTES
from services.settle_book import RATES, Book
from services.settle_edges import NO_REGISTER, TOTAL, Edge, Ends, ends_at_edge, steps, written_down
from services.settle_roll_overs import with_range
from services.vee_registers import register_reads, shown_counts
from storage.intervals import IntervalColumns, energy_of, kvarh_of

REACH = timedelta(days=40)
"""How far from an edge a read may be that a register there is estimated from: a month and some days."""


DIRECTIONS = tuple((whole, parts, kvarh_of(whole)) for whole, parts in QUADRANTS_OF.items())
"""Lagging and leading: the register, the quadrants that make it, and its energy of intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A meter at a service point under one ratio, within the billing month."""

    placed: Installation
    starts_at: datetime
    ends_at: datetime
    factor: Decimal
    has_ratio: bool = True
    """False where the meter's archive has ratios of which none is in force: its factor is not known."""
    opens: bool
    """Whether the meter was fitted as it begins."""
    closes: bool
    """Whether it was taken off as it ends."""

    @property
    def sign(self) -> int:
        """-1 for a sub-meter."""
        return int(SIGN[self.placed.role])


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was found of registers, and what was not."""

    pairs: Sequence[RegisterPair]
    lacks: Sequence[Lack]


def stretches(
    registry: Registry, service_point: str, span: tuple[datetime, datetime], primary: frozenset[str]
) -> list[Stretch]:
    """Return the stretches of the meters that count at a service point; check meters do not."""
    found = []
    for placed in registry.installations_of(service_point):
        starts_at = span[0] if placed.starts_at is None else max(span[0], placed.starts_at)
        ends_at = span[1] if placed.ends_at is None else min(span[1], placed.ends_at)
        if placed.role not in SIGN or starts_at >= ends_at:
            continue
        edges = [starts_at, *_ratio_changes(registry, placed, starts_at, ends_at), ends_at]
        found += [
            Stretch(
                placed=placed,
                starts_at=begins,
                ends_at=ends,
                factor=_factor(registry, placed, begins, primary),
                has_ratio=placed.profile in primary or _has_ratio(registry, placed.meter, begins),
                opens=begins == placed.starts_at,
                closes=ends == placed.ends_at,
            )
            for begins, ends in pairwise(edges)
        ]
    return found


def count(
    registry: Registry, book: Book, stretch: Stretch, edges: tuple[Edge, Edge], primary: frozenset[str]
) -> Counted:
    """Return the register pairs of one stretch; the active total is estimated where nobody read it.

    Args:
        registry: The archive.
        book: Where readings and intervals are looked up.
        stretch: Of which meter, from when to when.
        edges: The registers as it begins and as it ends.
        primary: The profiles that report primary values already.
    """
    meter = registry.meter_by_id[stretch.placed.meter]
    opening, closing = edges[0].ends, edges[1].ends
    lacks = [*_swap_lacks(stretch, opening, closing), *_conflicts(stretch, edges)]
    if not stretch.has_ratio:
        lacks.append(_lack(stretch, Lacking.RATIO))
    if not lacks and not (TOTAL in opening and TOTAL in closing):
        estimated = _estimated(registry, book, stretch, (opening, closing), primary)
        if estimated is None:
            lacks.append(_lack(stretch, Lacking.REGISTER))
        else:
            opening, closing = {**opening, TOTAL: estimated[0]}, {**closing, TOTAL: estimated[1]}
    if lacks:
        return Counted(pairs=(), lacks=lacks)
    opening, closing = _with_reactive(registry, book, stretch, opening, closing)
    both = [q for q in Quantity if q in opening and q in closing]
    # Rates of two readings that are not those of the total do not add up to it.
    usable = [q for q in both if q not in RATES or _beside_total(q, opening, closing)]
    pairs = [
        RegisterPair(
            meter=meter.id,
            quantity=q.value,
            opening=opening[q],
            closing=closing[q],
            factor=stretch.factor,
            sign=stretch.sign,
            step=Decimal(str(meter.resolution)),
        )
        for q in usable
    ]
    return Counted(pairs=[with_range(book, meter, pair, stretch.placed) for pair in pairs], lacks=())


def opening_edge(book: Book, meter: Meter, stretch: Stretch) -> Edge:
    """Return the registers as a stretch begins: read, or written down as the meter was fitted."""
    if stretch.opens and stretch.placed.opening:
        source = RegisterSource.OPENING
        return Edge(ends=written_down(stretch.placed.opening, meter, stretch.starts_at, source))
    return ends_at_edge(book, meter, stretch.starts_at, _hung(stretch))


def closing_edge(book: Book, meter: Meter, stretch: Stretch) -> Edge:
    """Return the registers as a stretch ends: read, or written down as the meter was taken off."""
    if stretch.closes and stretch.placed.closing:
        source = RegisterSource.CLOSING
        return Edge(ends=written_down(stretch.placed.closing, meter, stretch.ends_at, source))
    return ends_at_edge(book, meter, stretch.ends_at, _hung(stretch))


def _hung(stretch: Stretch) -> tuple[datetime, datetime]:
    """Return while when the meter hung there; readings beyond the billing month's edges are still its own."""
    return (
        stretch.placed.starts_at or stretch.starts_at - REACH,
        stretch.placed.ends_at or stretch.ends_at + REACH,
    )


def _swap_lacks(stretch: Stretch, opening: Ends, closing: Ends) -> Iterator[Lack]:
    if stretch.opens and TOTAL not in opening:
        yield _lack(stretch, Lacking.OPENING)
    if stretch.closes and TOTAL not in closing:
        yield _lack(stretch, Lacking.CLOSING)


def _conflicts(stretch: Stretch, edges: Sequence[Edge]) -> Iterator[Lack]:
    for quantity in dict.fromkeys(quantity for edge in edges for quantity in edge.disputed):
        yield _lack(stretch, Lacking.CONFLICT, f" {quantity}")


def _lack(stretch: Stretch, code: Lacking, register: str = "") -> Lack:
    return Lack(
        code=code,
        what=f"{stretch.placed.meter}{register}",
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
    )


def _beside_total(quantity: Quantity, opening: Ends, closing: Ends) -> bool:
    return all(ends[quantity].at == ends[TOTAL].at for ends in (opening, closing))


def _ratio_changes(
    registry: Registry, placed: Installation, starts_at: datetime, ends_at: datetime
) -> list[datetime]:
    edges = {
        edge
        for ratio in registry.ratios
        if ratio.meter == placed.meter
        for edge in (ratio.starts_at, ratio.ends_at)
        if edge is not None and starts_at < edge < ends_at
    }
    return sorted(edges)


def _has_ratio(registry: Registry, meter: MeterId, at: datetime) -> bool:
    """Tell whether the ratio at an instant is known; a meter without any recorded has CT 1 and PT 1."""
    own = [ratio for ratio in registry.ratios if ratio.meter == meter]
    return not own or any(in_force(ratio.starts_at, ratio.ends_at, at) for ratio in own)


def _factor(registry: Registry, placed: Installation, at: datetime, primary: frozenset[str]) -> Decimal:
    if placed.profile in primary:
        return Decimal(1)
    ratio = registry.ratio_of(placed.meter, at)
    return Decimal(str(ratio.ct)) * Decimal(str(ratio.pt))


def _estimated(
    registry: Registry,
    book: Book,
    stretch: Stretch,
    known: tuple[Ends, Ends],
    primary: frozenset[str],
) -> tuple[RegisterEnd, RegisterEnd] | None:
    """Return the total's edges, those that nobody read worked out of intervals, else of reads around them."""
    opening, closing = (ends.get(TOTAL) for ends in known)
    meter = registry.meter_by_id[stretch.placed.meter]
    found = _from_intervals(book, meter, stretch, (opening, closing), IMPORT)
    if found is not None:
        return found
    begins = stretch.starts_at if opening is None else opening.at
    ends = stretch.ends_at if closing is None else closing.at
    opening = opening or from_reads(registry, book, stretch, begins, primary)
    closing = closing or from_reads(registry, book, stretch, ends, primary)
    return None if opening is None or closing is None else (opening, closing)


def _with_reactive(
    registry: Registry, book: Book, stretch: Stretch, opening: Ends, closing: Ends
) -> tuple[Ends, Ends]:
    """Return edges with one way of each reactive direction: its register, its quadrants, else intervals.

    What of a direction is known in part, and has no intervals, is left as it is: the bill says so.
    """
    meter = registry.meter_by_id[stretch.placed.meter]
    for whole, parts, energy in DIRECTIONS:
        if whole in opening and whole in closing:
            opening, closing = _without(opening, parts), _without(closing, parts)
        elif not all(part in opening and part in closing for part in parts):
            known = opening.get(whole), closing.get(whole)
            found = _from_intervals(book, meter, stretch, known, energy)
            if found is not None:
                opening = {**_without(opening, parts), whole: found[0]}
                closing = {**_without(closing, parts), whole: found[1]}
    return opening, closing


def _without(ends: Ends, quantities: Sequence[Quantity]) -> Ends:
    return {quantity: end for quantity, end in ends.items() if quantity not in quantities}


def _from_intervals(
    book: Book,
    meter: Meter,
    stretch: Stretch,
    known: tuple[RegisterEnd | None, RegisterEnd | None],
    energy: str,
) -> tuple[RegisterEnd, RegisterEnd] | None:
    """Return a register's edges with what intervals add up to between them; from 0 where neither is known.

    One that rolls over meanwhile stays within its range; one that is not within it as read counts on.
    """
    opening, closing = known
    begins = stretch.starts_at if opening is None else opening.at
    ends = stretch.ends_at if closing is None else closing.at
    total = added_up(book, stretch, (begins, ends), energy)
    if total is None or abs(total) >= NO_REGISTER:
        return None
    counted = steps(total / float(stretch.factor), meter)
    counts_to = Decimal(10) ** meter.digits
    if opening is None:
        value = Decimal(0) if closing is None else closing.value - counted
        rolled_over = closing is not None and value < 0 < closing.value < counts_to
        value += counts_to if rolled_over else 0
        opening = RegisterEnd(at=begins, value=value, source=RegisterSource.ESTIMATED)
    if closing is None:
        value = opening.value + counted
        value -= counts_to if opening.value < counts_to <= value else 0
        closing = RegisterEnd(at=ends, value=value, source=RegisterSource.ESTIMATED)
    return opening, closing


def added_up(book: Book, stretch: Stretch, span: tuple[datetime, datetime], energy: str) -> float | None:
    """Return what the meter's intervals add up to; None where one is missing or cut by an edge."""
    intervals = book.intervals([stretch.placed.meter], *span)
    amounts = energy_of(intervals, energy)
    if not len(intervals) or amounts is None:
        return None
    whole = (span[1] - span[0]) / timedelta(minutes=int(intervals.minutes[0]))
    begins = intervals.starts_at.min() == to_numpy(span[0])
    if whole != len(intervals) or not begins or not np.isfinite(amounts).all():
        return None
    return float(amounts.sum())


def from_reads(
    registry: Registry, book: Book, stretch: Stretch, at: datetime, primary: frozenset[str]
) -> RegisterEnd | None:
    """Return the total at an instant by the rules that estimate registers, where one has an answer."""
    meter = registry.meter_by_id[stretch.placed.meter]
    hung = _hung(stretch)
    span = slot_start(max(at - REACH, hung[0]), MINUTES * 60), min(at + REACH, hung[1])
    readings = book.midnights(meter.id, *span)
    if not len(slot_grid(*span, MINUTES)):
        return None
    settled = _quarter_hours(book.intervals([meter.id], *span))
    reads = register_reads(registry, meter, (readings, settled), (span[0], at, span[1]), (IMPORT, primary))
    found = register_at(reads, to_numpy(at))
    if found is None:
        return None
    return RegisterEnd(
        at=at,
        value=shown_counts(meter, reads, found) * Decimal(str(meter.resolution)),
        source=RegisterSource.ESTIMATED,
    )


def _quarter_hours(intervals: IntervalColumns) -> IntervalColumns:
    """Return the intervals of the length that such rules know."""
    return intervals.take(intervals.minutes == MINUTES)
