"""Whether a register of a bill that closes below its opening has rolled over: by what else is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from analysis.settlement.billing_month import RegisterEnd, RegisterPair
from analysis.settlement.metered import LEAST_KNOWN
from pipeline.intervals import counts_of, full_scale, most_per_hour
from pipeline.model import DOUBTED
from pipeline.quantities import QUADRANTS_OF, Quantity
from pipeline.registry import Installation, Meter
from pipeline.roll_overs import RegisterBehind, RegisterStand, rolled_over
from pipeline.timegrid import to_numpy
from pipeline.vee_window import IMPORT
from services.settle_book import Book
from services.settle_edges import NO_REGISTER
from storage.intervals import energy_of, kvarh_of, letters_of

PAST = timedelta(days=100)
"""How far back reads tell the usual pace of a register: three months and some days."""
LATER = timedelta(days=10)
"""How far on reads tell whether the closing one is sound."""
ENERGIES: Mapping[str, str] = MappingProxyType(
    {Quantity.ACTIVE_ENERGY_IMPORT: IMPORT, **{whole: kvarh_of(whole) for whole in QUADRANTS_OF}}
)
"""The intervals behind a register, where there are any."""


def with_range(book: Book, meter: Meter, pair: RegisterPair, placed: Installation) -> RegisterPair:
    """Return a pair, with what its register counts to where it closes below its opening and rolled over.

    Args:
        book: Where readings and intervals are looked up.
        meter: The pair's meter, with its ratings on the side of its registers.
        pair: What the register showed as a stretch began and as it ended.
        placed: Where the meter hung: reads before and after are of another place.
    """
    if pair.closing.value >= pair.opening.value:
        return pair
    begins, ends = pair.opening.at - PAST, pair.closing.at + LATER
    readings = book.midnights(
        meter.id, max(begins, placed.starts_at or begins), min(ends, placed.ends_at or ends)
    )
    values = readings.values[Quantity(pair.quantity)]
    sound = (np.abs(values) < NO_REGISTER) & ((readings.quality & int(DOUBTED)) == 0)
    taken_at, first = np.unique(readings.taken_at[sound], return_index=True)
    behind = RegisterBehind(
        taken_at=taken_at,
        counts=counts_of(values[sound][first], meter.resolution),
        full_scale=full_scale(meter.digits, meter.resolution),
        most_per_hour=most_per_hour(meter),
        by_intervals=_by_intervals(book, meter, pair),
    )
    rolled = rolled_over(_stand(pair.opening, meter), _stand(pair.closing, meter), behind)
    return replace(pair, range=Decimal(10) ** meter.digits) if rolled else pair


def _stand(end: RegisterEnd, meter: Meter) -> RegisterStand:
    (counts,) = counts_of(np.array([float(end.value)]), meter.resolution)
    return RegisterStand(at=to_numpy(end.at), counts=int(counts))


def _by_intervals(book: Book, meter: Meter, pair: RegisterPair) -> float | None:
    """Return the counts that actual intervals come to, others as their mean; None where these are too many.

    Estimates may be made of the very registers that are in question.
    """
    energy = ENERGIES.get(pair.quantity)
    if energy is None:
        return None
    intervals = book.intervals([meter.id], pair.opening.at, pair.closing.at)
    kwh = energy_of(intervals, energy)
    if kwh is None or not len(intervals):
        return None
    slots = (pair.closing.at - pair.opening.at) / timedelta(minutes=int(intervals.minutes[0]))
    known = (np.abs(kwh) < NO_REGISTER) & (letters_of(intervals, energy) == "A")
    if known.sum() < float(LEAST_KNOWN) * slots:
        return None
    return float(kwh[known].mean()) * slots / float(pair.factor) / meter.resolution
