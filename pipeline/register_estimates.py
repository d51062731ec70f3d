"""The register (示数) of a meter at an instant at which nobody read it, and how it was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline import scalar_estimation
from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.scalar_estimation import Counts
from pipeline.vee_window import Floats, Mask

DAY = np.timedelta64(86_400_000_000, "us")
LONGEST = 60 * DAY
"""How far away a read may be that a register is worked out from; own default."""
LEAST_KNOWN = 0.99
"""Of slots between two reads on either side of an instant, so that their energies share what was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReads:
    """What is known of one register of one meter that nothing happened to: no roll-over, no reset."""

    taken_at: Times
    """Rising."""
    counts: Counts
    """Whole steps of the register."""
    slots_at: Times
    """Starts of the slots before and after the instant."""
    slot_minutes: int
    slot_counts: Floats
    """Energy of each slot in steps of the register; NaN where missing."""
    factors: Floats | None = None
    """The class's load profile over the slots; None where none is filed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedRegister:
    """What a register showed at an instant."""

    counts: int
    method: str
    """``read``, or the name of a rule in :data:`METHODS`."""


def register_at(reads: RegisterReads, at: np.datetime64) -> EstimatedRegister | None:
    """Return the register at ``at`` by the first rule that has an answer; None if none has.

    The rules are those that Oracle Utilities Meter Data Management names: Scalar Calculation From Interval,
    Scalar Proration, Scalar Profile, Scalar Estimation.
    """
    exact = np.flatnonzero(reads.taken_at == at)
    if len(exact):
        return EstimatedRegister(counts=int(reads.counts[exact[0]]), method="read")
    for name, rule in METHODS:
        counts = rule(reads, at)
        if counts is not None:
            return EstimatedRegister(counts=counts, method=name)
    return None


def _from_intervals(reads: RegisterReads, at: np.datetime64) -> int | None:
    """From the read before, plus the energy of every slot in between; the read must lie at a slot's edge.

    Where some are missing, what was counted until the read after is shared by the slots on both sides.
    """
    before = _before(reads, at)
    if before is None:
        return None
    between = _slots_between(reads, reads.taken_at[before], at)
    wanted = (at - reads.taken_at[before]) / np.timedelta64(reads.slot_minutes, "m")
    energy = reads.slot_counts[between]
    if between.sum() != wanted or not np.isfinite(energy).all():
        return _shared(reads, before, at)
    counts = scalar_estimation.from_intervals(
        int(reads.counts[before]), np.array([round(float(energy.sum()))], dtype=np.int64)
    )
    return int(counts[-1])


def _shared(reads: RegisterReads, before: int, at: np.datetime64) -> int | None:
    """Between the reads before and after, in proportion to what the slots on both sides used."""
    after = _after(reads, at)
    if after is None or reads.counts[after] < reads.counts[before]:
        return None
    left = _filled_energy(reads, reads.taken_at[before], at)
    right = _filled_energy(reads, at, reads.taken_at[after])
    if left is None or right is None or min(left, right) < 0 or left + right <= 0:
        return None
    counted = int(reads.counts[after] - reads.counts[before])
    return int(reads.counts[before]) + round(counted * left / (left + right))


def _filled_energy(reads: RegisterReads, since: np.datetime64, until: np.datetime64) -> float | None:
    """Return the energy of slots, missing ones as the mean of the others; None where too many are missing."""
    energy = reads.slot_counts[_slots_between(reads, since, until)]
    known = energy[np.isfinite(energy)]
    slots = float((until - since) / np.timedelta64(reads.slot_minutes, "m"))
    return float(known.mean()) * slots if len(known) and len(known) >= LEAST_KNOWN * slots else None


def _prorated(reads: RegisterReads, at: np.datetime64) -> int | None:
    """On the line between the reads before and after."""
    before, after = _before(reads, at), _after(reads, at)
    if before is None or after is None or reads.counts[after] < reads.counts[before]:
        return None
    ends = [(reads.taken_at[place], int(reads.counts[place])) for place in (before, after)]
    return int(scalar_estimation.prorated(np.array([at]), ends[0], ends[1])[0])


def _from_profile(reads: RegisterReads, at: np.datetime64) -> int | None:
    """From the read before, growing as the class's profile does, at the rate of the reads before it."""
    before = _before(reads, at)
    if before is None or before == 0 or reads.factors is None:
        return None
    past = _slots_between(reads, reads.taken_at[0], reads.taken_at[before])
    ahead = _slots_between(reads, reads.taken_at[before], at)
    over, coming = float(reads.factors[past].sum()), float(reads.factors[ahead].sum())
    grown = int(reads.counts[before] - reads.counts[0])
    if not np.isfinite(over + coming) or over <= 0 or grown < 0:
        return None
    return scalar_estimation.from_profile(int(reads.counts[before]), grown, over, coming)


def _from_history(reads: RegisterReads, at: np.datetime64) -> int | None:
    """From the read before, at the mean daily use between the reads before it."""
    before = _before(reads, at)
    if before is None or before == 0:
        return None
    past = slice(0, before + 1)
    days = np.diff(reads.taken_at[past]) / DAY
    daily = np.diff(reads.counts[past]) / days
    if (daily < 0).any():
        return None
    days_ahead = float((at - reads.taken_at[before]) / DAY)
    try:
        # Each stretch counts by its length, as if each of its days had been read.
        mean = np.array([float(np.average(daily, weights=days))])
        return scalar_estimation.from_history(int(reads.counts[before]), mean, days_ahead)
    except DataError:
        return None


Rule = Callable[[RegisterReads, np.datetime64], "int | None"]
METHODS: Sequence[tuple[str, Rule]] = (
    ("from intervals", _from_intervals),
    ("prorated", _prorated),
    ("class profile", _from_profile),
    ("mean use", _from_history),
)
"""In the order in which they are tried: what is measured goes before what is usual."""


def _before(reads: RegisterReads, at: np.datetime64) -> int | None:
    place = int(np.searchsorted(reads.taken_at, at)) - 1
    return place if place >= 0 and at - reads.taken_at[place] <= LONGEST else None


def _after(reads: RegisterReads, at: np.datetime64) -> int | None:
    place = int(np.searchsorted(reads.taken_at, at, side="right"))
    return place if place < len(reads.taken_at) and reads.taken_at[place] - at <= LONGEST else None


def _slots_between(reads: RegisterReads, since: np.datetime64, until: np.datetime64) -> Mask:
    ends = reads.slots_at + np.timedelta64(reads.slot_minutes, "m")
    inside: Mask = (reads.slots_at >= since) & (ends <= until)
    return inside
