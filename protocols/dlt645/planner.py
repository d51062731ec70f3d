"""Finds the fewest questions: blocks where several of their values are wanted, single items where not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from pipeline.quantities import QUADRANTS_OF, Quantity
from pipeline.registry import Wiring
from protocols.dlt645.catalogue import Item, lookup, measured_items
from protocols.dlt645.combination import ENERGY, WORDS
from protocols.dlt645.decoding import on_wiring
from protocols.dlt645.questions import read_query
from protocols.dlt645.values import YEARLESS
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Query

RATES_USUAL: Final = 7
"""Total and six rates: more is allowed by the standard, and kept nowhere here."""


def parts_of(wanted: Collection[Quantity]) -> set[Quantity]:
    """Return what to ask for: sums that no identifier holds are replaced by their parts."""
    return {part for quantity in wanted for part in QUADRANTS_OF.get(quantity, (quantity,))}


def combined_queries(
    wanted: Collection[Quantity], planned: Sequence[Query], refused: Collection[str], version: Version
) -> Sequence[Query]:
    """Return the questions for combined reactive energies, where a wanted sum's quadrants are not to be had.

    The combination words come first: only they say what the sums are.

    Args:
        wanted: What is to be read, sums and parts.
        planned: The questions for present values so far.
        refused: What this meter does not answer.
        version: Only meters of 2007 have combination words.
    """
    asked = {quantity for query in planned if (item := _item_of(query)) for quantity in item.quantities}
    missing = [
        total
        for total, parts in QUADRANTS_OF.items()
        if (total in wanted or set(parts) <= set(wanted)) and not asked & set(parts)
    ]
    if not missing or version is not VERSION_2007:
        return ()
    words = [read_query(word, 1) for word in WORDS.values()]
    sums = [read_query(bytes((0, 0, combined, ENERGY)), 4) for combined in WORDS]
    return tuple(query for query in (*words, *sums) if query.what not in refused)


def _item_of(query: Query) -> Item | None:
    return lookup(bytes.fromhex(query.what)[::-1])


def present_queries(
    wanted: Collection[Quantity],
    wiring: Wiring,
    refused: Collection[str] = (),
    version: Version = VERSION_2007,
) -> Sequence[Query]:
    """Return the fewest questions that bring the wanted present values."""
    left = set(wanted)
    items = [item for item in measured_items(version.identifier_bytes) if item.di not in refused]
    singles = [item for item in items if not item.is_block]
    chosen: list[Item] = []
    for block in (item for item in items if item.is_block):
        members = _members(block, wiring) & left
        found = [_single(quantity, wiring, singles) for quantity in members]
        if members and (None in found or len({item.di for item in found if item is not None}) > 1):
            chosen.append(block)
            left -= members
    for quantity in sorted(left):
        single = _single(quantity, wiring, singles)
        if single is not None and single not in chosen:
            chosen.append(single)
    questions = [read_query(item.wire, content_bytes(item), version=version) for item in chosen]
    if any(field.form.notation == YEARLESS for item in chosen for field in item.fields if field.quantity):
        return (*clock_queries(refused, version), *questions)  # the clock tells the year
    return (*questions, *(clock_queries(refused, version) if Quantity.CLOCK_OFFSET in left else ()))


def _members(item: Item, wiring: Wiring) -> set[Quantity]:
    return {named for q in item.quantities if (named := on_wiring(q, wiring)) is not None}


def _single(quantity: Quantity, wiring: Wiring, singles: Sequence[Item]) -> Item | None:
    return next((item for item in singles if quantity in _members(item, wiring)), None)


def content_bytes(item: Item) -> int:
    """Return the longest content that an answer is expected to have."""
    return item.element_length * min(len(item.suffixes), RATES_USUAL if item.spectrum is None else 21)


def clock_queries(refused: Collection[str], version: Version = VERSION_2007) -> Sequence[Query]:
    """Return the questions for the meter's clock: one for all of it, or date and time."""
    parts = (read_query(version.date, 4, version=version), read_query(version.time, 3, version=version))
    if version.date_and_time is not None:
        whole = read_query(version.date_and_time, 7, version=version)
        if whole.what not in refused:
            return (whole,)
    return tuple(query for query in parts if query.what not in refused)
