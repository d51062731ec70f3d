"""Interval energy (区间电量) from register readings: whole counts that add up exactly to last minus first.

A register's value at a slot's edge is, in this order: a reading within the tolerance of it (load records
before freezes before present reads; the seconds that a present read is off are made up for along the line to
its neighbour); a point on the line between two readings at most one slot apart; a point on the line between
the readings around a longer gap, whose slots are then estimated. Where a reset lies between the readings, or
there is none on one side, the energy is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.model import Origin
from pipeline.register_falls import HIDING, RegisterEvent, SoundReadings, sound_readings
from pipeline.registry import Meter

ORIGIN_RANK: Mapping[str, int] = MappingProxyType(
    {
        Origin.LOAD_RECORD.value: 0,
        Origin.DAILY_FREEZE.value: 1,
        Origin.SETTLEMENT_FREEZE.value: 2,
        Origin.PUSH.value: 3,
        Origin.PRESENT.value: 4,
        Origin.MANUAL.value: 5,
    }
)
"""The lower the rank, the rather a reading is taken for a slot's edge."""

ACTUAL_SPAN = 0.5
"""An edge between two readings at most this share of a slot apart still makes an actual interval."""

MOST_COUNTS = 10**15
"""More than any register shows; sums of a few hundred thousand such still fit into 64 bits."""

_FIRST_PRESENT = ORIGIN_RANK[Origin.PUSH.value]
"""From this rank on a reading was taken when somebody asked or sent, not by the meter's own clock."""
_INTERPOLATED = len(ORIGIN_RANK)
_WIDE = _INTERPOLATED + 1
_SPREAD = _INTERPOLATED + 2
_UNKNOWN = _INTERPOLATED + 3
_METHODS = np.array([*ORIGIN_RANK, "interpolated", "interpolated", "gap spread evenly", "unknown"])
"""How an edge was made; a slot tells the worse of its two edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotGrid:
    """Equal slots in a row."""

    starts_at: np.datetime64
    """UTC."""
    minutes: int
    slots: int

    @property
    def edges(self) -> Times:
        """The starts of all slots and the end of the last: shape (slots + 1,)."""
        step = np.timedelta64(self.minutes * 60_000_000, "us")
        edges: Times = self.starts_at.astype("datetime64[us]") + step * np.arange(self.slots + 1)
        return edges


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterBounds:
    """What one register can do, and how near to an edge a reading must be."""

    scale: int | None = None
    """The register's range in counts (:func:`full_scale`); None if unknown: then nothing rolls over."""
    fastest: float | None = None
    """The most counts an hour (:func:`most_per_hour`); a faster rise makes the energy unknown."""
    tolerance_s: float = 60.0
    """How far from a slot's edge a reading may be and still stand for it; under half a slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReadings:
    """The readings of one register of one meter, in any order; some before and after the slots help."""

    taken_at: Times
    """When each was measured, UTC."""
    counts: NDArray[np.int64]
    """The register in whole counts (:func:`counts_of`)."""
    rank: NDArray[np.int64]
    """Rank of each reading's origin (:data:`ORIGIN_RANK`)."""

    def __post_init__(self) -> None:
        """Refuse columns that do not belong together."""
        if not len(self.taken_at) == len(self.counts) == len(self.rank):
            sizes = f"{len(self.taken_at)} times, {len(self.counts)} counts, {len(self.rank)} ranks"
            raise DataError(f"readings of one register need columns of one length: {sizes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalCounts:
    """The energy of each slot in whole counts of the register's resolution: shape (slots,)."""

    counts: NDArray[np.int64]
    """0 where not valid."""
    valid: NDArray[np.bool_]
    quality: NDArray[np.str_]
    """``A`` actual, ``E`` estimated, ``N`` missing."""
    method: NDArray[np.str_]
    """How the slot's edges were found, e.g. ``load record``; of two ways the weaker one.

    Of unknown energy ``hidden by reset`` or ``hidden by jump`` where one lies within, else ``unknown``."""
    segment: NDArray[np.int64]
    """Number of the register segment between resets; -1 where not valid."""
    events: tuple[RegisterEvent, ...] = ()
    """Roll-overs, resets and readings that were left out."""


def counts_of(register: NDArray[np.float64], resolution: float) -> NDArray[np.int64]:
    """Return register values in kWh as whole counts of ``resolution`` kWh.

    Raises:
        DataError: If a value is missing; leave such readings out.
    """
    if not np.isfinite(register).all():
        raise DataError("a register value is missing: leave the reading out, missing is never zero")
    # What lies beyond any register stays beyond it: cast as it is it would wrap round to a sound value.
    counts: NDArray[np.int64] = (
        np.rint(register / resolution).clip(-MOST_COUNTS, MOST_COUNTS).astype(np.int64)
    )
    return counts


def full_scale(digits: int, resolution: float) -> int:
    """Return a register's range in counts, from its digits before the point and one step in kWh."""
    return round(10.0**digits / resolution)


def most_per_hour(meter: Meter) -> float:
    """Return the counts an hour that a register cannot pass: twice its rated voltage and most current."""
    most_kw = 3.0 * meter.rated_voltage_v * meter.most_current_a / 1000.0
    return 2.0 * most_kw / meter.resolution


def interval_counts(
    readings: RegisterReadings,
    grid: SlotGrid,
    *,
    tolerance_s: float = 60.0,
    scale: int | None = None,
    fastest: float | None = None,
) -> IntervalCounts:
    """Return the energy of each slot from the readings of one register of one meter.

    For the arguments see :class:`RegisterBounds`; missing readings are left out, never zero.

    Raises:
        DataError: If the tolerance reaches the neighbouring slot.
    """
    bounds = RegisterBounds(scale=scale, fastest=fastest, tolerance_s=tolerance_s)
    return counts_between(readings, grid.edges, grid.minutes, bounds)


def counts_between(
    readings: RegisterReadings, edges: Times, minutes: int, bounds: RegisterBounds
) -> IntervalCounts:
    """Return the energy between each two of ``edges``: slots of ``minutes``, or parts of such.

    Raises:
        DataError: If the tolerance reaches the neighbouring slot.
    """
    sound = _sound(readings, minutes, bounds)
    if sound is None:
        return _nothing(len(edges))
    found = _between_edges(_edges(sound, edges, minutes * 60, bounds.tolerance_s), sound.events)
    return _with_causes(found, edges)


def known_edges(
    readings: RegisterReadings, edges: Times, minutes: int, bounds: RegisterBounds
) -> NDArray[np.bool_]:
    """Return at which of ``edges`` readings tell the register, shape (edges,).

    There a reading stands, or two readings at most one slot apart lie around; along the line over a longer
    gap nobody knows. Where a reading lies within a slot of such a gap both edges of the slot are named: what
    was counted before it and after it is known but for that slot.

    Raises:
        DataError: If the tolerance reaches the neighbouring slot.
    """
    sound = _sound(readings, minutes, bounds)
    if sound is None:
        return np.zeros(len(edges), dtype=np.bool_)
    known: NDArray[np.bool_] = _edges(sound, edges, minutes * 60, bounds.tolerance_s).how < _SPREAD
    slot = np.searchsorted(edges, sound.taken_at, side="right") - 1
    inside = (slot >= 0) & (slot < len(edges) - 1)
    slot, taken_at = slot[inside], sound.taken_at[inside]
    apart = np.minimum(taken_at - edges[slot], edges[slot + 1] - taken_at).astype(np.int64)
    beside = slot[apart > bounds.tolerance_s * 1_000_000]
    known[beside] = known[beside + 1] = True
    return known


def _sound(readings: RegisterReadings, minutes: int, bounds: RegisterBounds) -> SoundReadings | None:
    """Return what the readings are worth; None if there are none."""
    if not 0 <= bounds.tolerance_s < minutes * 30:
        raise DataError(
            f"tolerance of {bounds.tolerance_s} s is not under half a slot of {minutes} min: "
            "a reading would stand for two edges. Next step: choose a smaller one"
        )
    order = _best_of_each_time(readings, bounds.scale)
    if len(order) == 0:
        return None
    return sound_readings(
        readings.taken_at[order],
        readings.counts[order],
        readings.rank[order],
        full_scale=bounds.scale,
        most_per_hour=bounds.fastest,
    )


def energy_kwh(
    intervals: IntervalCounts, resolution: float, ratio: float | NDArray[np.float64] = 1.0
) -> NDArray[np.float64]:
    """Return the slots' energy on the primary side in kWh, NaN where unknown.

    ``resolution`` is one register step in kWh; ``ratio`` is CT times PT, one for all or one a slot.
    """
    # Dividing by the steps in a kWh keeps 317 steps of 0.01 at 3.17; multiplying by 0.01 would not.
    kwh = intervals.counts / (1.0 / resolution) * ratio
    energy: NDArray[np.float64] = np.where(intervals.valid, kwh, np.nan)
    return energy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """The register at each edge of the grid."""

    counts: NDArray[np.int64]
    segment: NDArray[np.int64]
    how: NDArray[np.int64]
    """A rank of origin, or one of the ways above."""


def _nothing(size: int) -> IntervalCounts:
    unknown = np.full(size, _UNKNOWN, dtype=np.int64)
    zeros = np.zeros(size, dtype=np.int64)
    return _between_edges(_Edges(counts=zeros, segment=zeros - 1, how=unknown), ())


def _best_of_each_time(readings: RegisterReadings, scale: int | None) -> NDArray[np.intp]:
    """Return the order of the readings by time, keeping the best-ranked of those at one time.

    What no register of this range can show is left out: it is a bad read, whatever its neighbours say.
    """
    order = np.lexsort((readings.counts, readings.rank, readings.taken_at))
    counts = readings.counts[order]
    possible = counts >= 0 if scale is None else (counts >= 0) & (counts < scale)
    order = order[possible]
    times = readings.taken_at[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = times[1:] != times[:-1]
    return order[first]


def _edges(sound: SoundReadings, edges: Times, slot_s: int, tolerance_s: float) -> _Edges:
    first = int(np.searchsorted(sound.taken_at, edges[0]))
    own = slice(first, first + len(edges))
    if np.array_equal(sound.taken_at[own], edges):
        # One reading on every edge and none beside: as load records come. Nothing is left to choose.
        return _Edges(counts=sound.counts[own], segment=sound.segment[own], how=sound.rank[own])
    between = _edges_on_lines(sound, edges, slot_s)
    nearest, found = _edges_read(sound, edges, tolerance_s)
    # A load record or freeze is the register at the edge itself. A present read some seconds off is not: the
    # line to its neighbour tells what the register was at the edge.
    moved = (sound.rank[nearest] >= _FIRST_PRESENT) & (between.how != _UNKNOWN)
    return _Edges(
        counts=np.where(found & ~moved, sound.counts[nearest], between.counts),
        segment=np.where(found, sound.segment[nearest], between.segment),
        how=np.where(found, sound.rank[nearest], between.how),
    )


def _edges_read(
    sound: SoundReadings, edges: Times, tolerance_s: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return for each edge the reading that stands for it, and whether there is one."""
    following = np.searchsorted(edges, sound.taken_at).clip(1, max(len(edges) - 1, 1))
    after, before = edges[following] - sound.taken_at, sound.taken_at - edges[following - 1]
    edge = np.where(before < after, following - 1, following)
    distance = np.abs(np.where(before < after, before, after).astype(np.int64))
    near = np.flatnonzero(distance <= tolerance_s * 1_000_000)
    worst_first = near[np.lexsort((distance[near], sound.rank[near]))[::-1]]
    nearest = np.zeros(len(edges), dtype=np.intp)
    found = np.zeros(len(edges), dtype=np.bool_)
    nearest[edge[worst_first]] = worst_first  # the last one written stays: the best
    found[edge[near]] = True
    return nearest, found


def _edges_on_lines(sound: SoundReadings, edges: Times, slot_s: int) -> _Edges:
    """Return each edge from the readings before and after it."""
    after = np.searchsorted(sound.taken_at, edges, side="right")
    inside = (after > 0) & (after < len(sound.taken_at))
    after = np.clip(after, 1, max(len(sound.taken_at) - 1, 1)) if len(sound.taken_at) > 1 else after * 0
    before = np.maximum(after - 1, 0)
    known = inside & (sound.segment[before] == sound.segment[after])
    # Whole seconds: microseconds times counts would pass 64 bits in a gap of weeks.
    seconds = sound.taken_at.astype("datetime64[s]").astype(np.int64)
    span = np.maximum(seconds[after] - seconds[before], 1)
    passed = np.clip(edges.astype("datetime64[s]").astype(np.int64) - seconds[before], 0, span)
    growth = sound.counts[after] - sound.counts[before]
    how = np.select(
        [~known, span <= ACTUAL_SPAN * slot_s, span <= slot_s], [_UNKNOWN, _INTERPOLATED, _WIDE], _SPREAD
    )
    return _Edges(
        # Rounding down along one line is the method of the largest remainder for slots of equal length: each
        # gets its share or one count more, the sum stays, and what is over falls evenly over the gap.
        counts=np.where(known, sound.counts[before] + np.where(known, growth, 0) * passed // span, 0),
        segment=np.where(known, sound.segment[before], -1),
        how=how.astype(np.int64),
    )


def _between_edges(edges: _Edges, events: tuple[RegisterEvent, ...]) -> IntervalCounts:
    worse = np.maximum(edges.how[:-1], edges.how[1:])
    same = edges.segment[:-1] == edges.segment[1:]
    valid = same & (worse < _UNKNOWN)
    quality = np.where(valid, np.where(worse >= _WIDE, "E", "A"), "N")
    return IntervalCounts(
        counts=np.where(valid, np.diff(edges.counts), 0),
        valid=valid,
        quality=quality,
        method=_METHODS[np.where(valid, worse, _UNKNOWN)],
        segment=np.where(valid, edges.segment[:-1], -1),
        events=events,
    )


def _with_causes(intervals: IntervalCounts, edges: Times) -> IntervalCounts:
    """Say of unknown slots which reset or jump hides their energy."""
    hiding = [event for event in intervals.events if event.kind in HIDING]
    if not hiding:
        return intervals
    method = intervals.method.copy()
    for event in hiding:
        slot = min(int(np.searchsorted(edges, event.at)), len(method)) - 1
        # Within a segment every gap is bridged, so the unknown slots before are those of the same event.
        while slot >= 0 and not intervals.valid[slot]:
            method[slot] = f"hidden by {event.kind}"
            slot -= 1
    return replace(intervals, method=method)
