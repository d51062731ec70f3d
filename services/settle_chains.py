"""A meter's stretches of a billing month as one chain: each edge between them has one register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby, pairwise

from analysis.settlement.billing_month import RegisterEnd, RegisterSource
from pipeline.registry import Meter, Registry
from pipeline.vee_window import IMPORT
from services.settle_book import Book
from services.settle_edges import TOTAL, Edge, steps
from services.settle_pairs import (
    Counted,
    Stretch,
    added_up,
    closing_edge,
    count,
    from_reads,
    opening_edge,
    stretches,
)


def counted(
    registry: Registry,
    book: Book,
    own: Sequence[Stretch],
    before: tuple[datetime, datetime] | None,
    primary: frozenset[str],
) -> list[Counted]:
    """Return what was counted of each stretch; a register that nobody read is the same on both its sides.

    Args:
        registry: The archive.
        book: Where readings and intervals are looked up.
        own: The stretches of a service point's month, meter by meter.
        before: The billing month before, with whose estimate this one opens; None where there is none.
        primary: The profiles that report primary values already.
    """
    found: list[Counted] = []
    for _, stretches_of_one in groupby(own, key=lambda stretch: id(stretch.placed)):
        chain = list(stretches_of_one)
        edges = _edges(book, registry.meter_by_id[chain[0].placed.meter], chain)
        if TOTAL not in edges[0].ends and not chain[0].opens:
            edges[0] = _with_total(edges[0], _closed_before(registry, book, chain[0], before, primary))
        edges = _filled(registry, book, chain, edges, primary)
        found += [
            count(registry, book, stretch, both, primary)
            for stretch, both in zip(chain, pairwise(edges), strict=True)
        ]
    return found


def _edges(book: Book, meter: Meter, chain: Sequence[Stretch]) -> list[Edge]:
    return [
        opening_edge(book, meter, chain[0]),
        *(closing_edge(book, meter, stretch) for stretch in chain),
    ]


def _with_total(edge: Edge, total: RegisterEnd | None) -> Edge:
    return edge if total is None else replace(edge, ends={**edge.ends, TOTAL: total})


def _closed_before(
    registry: Registry,
    book: Book,
    stretch: Stretch,
    before: tuple[datetime, datetime] | None,
    primary: frozenset[str],
) -> RegisterEnd | None:
    """Return the register up to which the bill before counted: what was billed is not billed again.

    It is that of the stored bill, else what that month's registers and intervals come to. Intervals alone
    tell none: their register counts from 0.
    """
    placed = stretch.placed
    value = book.billed(placed.service_point or "", placed.meter, stretch.starts_at)
    if value is not None:
        return RegisterEnd(at=stretch.starts_at, value=value, source=RegisterSource.ESTIMATED)
    if before is None or before[1] != stretch.starts_at:
        return None
    own = stretches(registry, placed.service_point or "", before, primary)
    earlier = [each for each in own if each.placed is placed]
    pairs = [pair for found in counted(registry, book, earlier, None, primary) for pair in found.pairs]
    totals = [pair for pair in pairs if pair.quantity == TOTAL]
    if not totals or totals[0].opening.source is RegisterSource.ESTIMATED:
        return None
    closing = totals[-1].closing
    return closing if closing.at == stretch.starts_at else None


def _filled(
    registry: Registry, book: Book, chain: Sequence[Stretch], edges: Sequence[Edge], primary: frozenset[str]
) -> list[Edge]:
    """Return a chain's edges with a total at each of those within it."""
    if len(chain) == 1:
        return list(edges)
    meter = registry.meter_by_id[chain[0].placed.meter]
    read = [edge.ends.get(TOTAL) for edge in edges]
    instants = [chain[0].starts_at, *(stretch.ends_at for stretch in chain)]
    bounds = [instant if end is None else end.at for instant, end in zip(instants, read, strict=True)]
    amounts = [_counts(book, stretch, span) for stretch, span in zip(chain, pairwise(bounds), strict=True)]
    values = shared(
        [None if end is None else end.value for end in read], amounts, Decimal(10) ** meter.digits
    )
    filled = list(edges)
    for place in range(1, len(chain)):
        value = values[place]
        if read[place] is not None:
            continue
        if value is None:
            total = from_reads(registry, book, chain[place], instants[place], primary)
        else:
            rounded = steps(float(value), meter)
            total = RegisterEnd(at=instants[place], value=rounded, source=RegisterSource.ESTIMATED)
        filled[place] = _with_total(edges[place], total)
    return filled


def _counts(book: Book, stretch: Stretch, span: tuple[datetime, datetime]) -> Decimal | None:
    """Return what intervals say that the register counted; None where one is missing."""
    kwh = added_up(book, stretch, span, IMPORT) if stretch.has_ratio else None
    return None if kwh is None else Decimal(str(kwh)) / stretch.factor


def shared(
    read: Sequence[Decimal | None], amounts: Sequence[Decimal | None], counts_to: Decimal
) -> list[Decimal | None]:
    """Return the registers of a chain: those that were read, and between them what amounts make of them.

    Two that were read share what lies between them in proportion to the amounts. Where one of these is not
    known, and beyond the outermost reading, registers go by the amounts as far as they are known; where
    nothing was read they count from 0.

    Args:
        read: The register at each edge; None where nobody read it.
        amounts: What was counted from each edge to the next, on the meter's own side; None is not known.
        counts_to: Where the register rolls over.
    """
    values = list(read)
    if all(value is None for value in values):
        values[0] = Decimal(0)
    known = [place for place, value in enumerate(values) if value is not None]
    for first, last in pairwise(known):
        _share(values, amounts, (first, last), counts_to)
    for place in range(1, len(values)):
        earlier, amount = values[place - 1], amounts[place - 1]
        if values[place] is None and earlier is not None and amount is not None:
            values[place] = _rolled(earlier + amount, counts_to)
    for place in range(len(values) - 2, -1, -1):
        later, amount = values[place + 1], amounts[place]
        if values[place] is None and later is not None and amount is not None:
            values[place] = _rolled(later - amount, counts_to)
    return values


def _share(
    values: list[Decimal | None],
    amounts: Sequence[Decimal | None],
    between: tuple[int, int],
    counts_to: Decimal,
) -> None:
    first, last = between
    opening, closing = values[first], values[last]
    parts = [amount for amount in amounts[first:last] if amount is not None]
    whole = sum(parts, Decimal(0))
    if opening is None or closing is None or len(parts) < last - first or whole <= 0:
        return
    difference = closing - opening
    if difference < 0:
        difference += counts_to
    if difference >= counts_to / 2:
        return  # it ran back
    reached = Decimal(0)
    for place, part in zip(range(first + 1, last), parts, strict=False):
        reached += part
        values[place] = _rolled(opening + difference * reached / whole, counts_to)


def _rolled(value: Decimal, counts_to: Decimal) -> Decimal:
    """Return a register within what it shows; decimals keep the sign of what is below 0."""
    return (value % counts_to + counts_to) % counts_to
