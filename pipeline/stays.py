"""Where a register counts: a meter's stays (装拆) between opening and closing registers, cut at new ratios.

It counts for a service point from the opening register (装表底度) to the closing one (拆表底度); what it
counts on the bench in between belongs to nobody. Where current or voltage transformers change within a slot,
the slot is cut in two, so that neither part is multiplied by the other's ratio.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.intervals import (
    ORIGIN_RANK,
    IntervalCounts,
    RegisterBounds,
    RegisterReadings,
    SlotGrid,
    counts_between,
    known_edges,
)
from pipeline.model import MeterId, Origin
from pipeline.registry import Installation, Registry
from pipeline.timegrid import to_numpy

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_FIRST = np.datetime64("0001-01-01", "us")
_LAST = np.datetime64("9999-12-31", "us")
_BY_HAND = ORIGIN_RANK[Origin.MANUAL.value]
_MEASURED = ("A", "E", "N")
"""Quality letters of one register's energy, the worse behind the better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One unbroken stretch in which a register counts for somebody."""

    starts_at: np.datetime64 = _FIRST
    ends_at: np.datetime64 = _LAST
    opening: Mapping[str, float] = field(default_factory=dict)
    """Registers by quantity when it was fitted, kWh on the meter's side; empty if nobody wrote them down."""
    closing: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterHistory:
    """The stays of one register, and the instants at which what it is multiplied by may change."""

    stays: tuple[Stay, ...] = (Stay(),)
    cuts: tuple[np.datetime64, ...] = ()


ALWAYS = RegisterHistory()
"""Of a meter whose fitting nobody recorded: it counts all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPieces:
    """The energy of slots and of parts of slots, in time order: arrays of one length."""

    counts: IntervalCounts
    starts_at: Times
    slot: NDArray[np.int64]
    """The slot of the grid to which each piece belongs."""
    slots: int
    """How many slots the grid has."""

    @property
    def is_whole(self) -> bool:
        """Tell whether every slot is one piece."""
        return len(self.slot) == self.slots and bool((self.slot == np.arange(self.slots)).all())


def register_histories(registry: Registry) -> dict[MeterId, RegisterHistory]:
    """Return the history of every meter that has installations or ratios."""
    placed: dict[MeterId, list[Installation]] = defaultdict(list)
    for installation in registry.installations:
        placed[installation.meter].append(installation)
    cuts: dict[MeterId, set[np.datetime64]] = defaultdict(set)
    for ratio in registry.ratios:
        cuts[ratio.meter] |= {to_numpy(at) for at in (ratio.starts_at, ratio.ends_at) if at is not None}
    for meter, installations in placed.items():
        # A profile may show primary values: what comes after it is multiplied otherwise.
        cuts[meter] |= {to_numpy(i.starts_at) for i in installations if i.starts_at is not None}
    return {
        meter: RegisterHistory(
            stays=_stays(placed[meter]) if meter in placed else ALWAYS.stays, cuts=tuple(sorted(cuts[meter]))
        )
        for meter in {*placed, *cuts}
    }


def _stays(placed: Sequence[Installation]) -> tuple[Stay, ...]:
    """Return the stays of one meter; a change on paper alone (a new bus, say) does not end one."""
    stays: list[Stay] = []
    for installation in sorted(placed, key=lambda i: i.starts_at or _SINCE_EVER):
        stay = Stay(
            starts_at=_FIRST if installation.starts_at is None else to_numpy(installation.starts_at),
            ends_at=_LAST if installation.ends_at is None else to_numpy(installation.ends_at),
            opening=installation.opening,
            closing=installation.closing,
        )
        before = stays[-1] if stays else None
        if before is not None and before.ends_at == stay.starts_at and not (before.closing or stay.opening):
            stays[-1] = Stay(
                starts_at=before.starts_at, ends_at=stay.ends_at, opening=before.opening, closing=stay.closing
            )
        else:
            stays.append(stay)
    return tuple(stays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Which register of a meter, and what it can do."""

    quantity: str
    """Its key among opening and closing registers."""
    resolution: float
    """One step, kWh."""
    bounds: RegisterBounds


def slot_pieces(
    readings: RegisterReadings, grid: SlotGrid, register: Register, history: RegisterHistory = ALWAYS
) -> SlotPieces:
    """Return the energy of every slot, or part of one, in which the register counted for somebody."""
    edges = grid.edges
    if history == ALWAYS:
        counts = counts_between(readings, edges, grid.minutes, register.bounds)
        return SlotPieces(counts=counts, starts_at=edges[:-1], slot=np.arange(grid.slots), slots=grid.slots)
    pieces, starts = [], []
    for stay in history.stays:
        if stay.starts_at >= edges[-1] or stay.ends_at <= edges[0]:
            continue
        own = _edges_of(stay, edges, history.cuts)
        inside = _readings_of(stay, readings, register)
        pieces.append(counts_between(inside, own, grid.minutes, register.bounds))
        starts.append(own[:-1])
    starts_at = np.concatenate([np.array([], dtype="datetime64[us]"), *starts])
    return SlotPieces(
        counts=_joined(pieces, starts_at, history.cuts),
        starts_at=starts_at,
        slot=np.searchsorted(edges, starts_at, side="right") - 1,
        slots=grid.slots,
    )


def known_slot_edges(
    readings: RegisterReadings, grid: SlotGrid, register: Register, history: RegisterHistory = ALWAYS
) -> NDArray[np.bool_]:
    """Return at which slot edges the register is known, or counts for somebody else: shape (slots + 1,).

    No energy may be moved over such an edge (see :func:`pipeline.intervals.known_edges`), nor over a change
    of place or ratio. Where one falls within a slot both its edges are named.
    """
    edges = grid.edges
    if history == ALWAYS:
        return known_edges(readings, edges, grid.minutes, register.bounds)
    known = np.zeros(len(edges), dtype=np.bool_)
    for stay in history.stays:
        own = np.flatnonzero((edges >= stay.starts_at) & (edges <= stay.ends_at))
        if len(own):
            inside = _readings_of(stay, readings, register)
            known[own] |= known_edges(inside, edges[own], grid.minutes, register.bounds)
    bounds = [at for stay in history.stays for at in (stay.starts_at, stay.ends_at)]
    for at in (*bounds, *history.cuts):
        if edges[0] <= at <= edges[-1]:
            known[np.searchsorted(edges, at, side="right") - 1] = True
            known[np.searchsorted(edges, at)] = True
    return known


def slot_energies(
    pieces: SlotPieces, kwh: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.str_]]:
    """Return energy, quality letter and method of each slot from those of its pieces.

    A slot is unknown where one of its pieces is, and where the meter hung nowhere.
    """
    if pieces.is_whole:
        return kwh, pieces.counts.quality, pieces.counts.method
    slots = pieces.slots
    total = np.bincount(pieces.slot, weights=np.nan_to_num(kwh), minlength=slots)
    worst = np.zeros(slots, dtype=np.int64)
    np.maximum.at(worst, pieces.slot, np.searchsorted(_MEASURED, pieces.counts.quality))
    covered = np.bincount(pieces.slot, minlength=slots) > 0
    worst[~covered] = _MEASURED.index("N")
    method = np.full(slots, "unknown", dtype=pieces.counts.method.dtype)
    in_order = np.argsort(np.searchsorted(_MEASURED, pieces.counts.quality), kind="stable")
    method[pieces.slot[in_order]] = pieces.counts.method[in_order]
    quality = np.array(_MEASURED)[worst]
    return np.where(quality == "N", np.nan, total), quality, method


def _edges_of(stay: Stay, edges: Times, cuts: Sequence[np.datetime64]) -> Times:
    starts_at, ends_at = max(stay.starts_at, edges[0]), min(stay.ends_at, edges[-1])
    inside = edges[(edges > starts_at) & (edges < ends_at)]
    further = [cut for cut in cuts if starts_at < cut < ends_at]
    own: Times = np.unique(np.array([starts_at, *inside, *further, ends_at], dtype="datetime64[us]"))
    return own


def _readings_of(stay: Stay, readings: RegisterReadings, register: Register) -> RegisterReadings:
    """Return the readings of a stay; a register written down at its end stands for that instant alone."""
    written = [
        (at, round(noted[register.quantity] / register.resolution))
        for at, noted in ((stay.starts_at, stay.opening), (stay.ends_at, stay.closing))
        if register.quantity in noted
    ]
    if not written and stay.starts_at == _FIRST and stay.ends_at == _LAST:
        return readings
    kept = (readings.taken_at >= stay.starts_at) & (readings.taken_at <= stay.ends_at)
    for at, _ in written:
        kept &= readings.taken_at != at
    times = np.array([at for at, _ in written], dtype="datetime64[us]")
    counts = np.array([count for _, count in written], dtype=np.int64)
    return RegisterReadings(
        taken_at=np.concatenate([readings.taken_at[kept], times]),
        counts=np.concatenate([readings.counts[kept], counts]),
        rank=np.concatenate([readings.rank[kept], np.full(len(written), _BY_HAND)]),
    )


def _joined(
    pieces: Sequence[IntervalCounts], starts_at: Times, cuts: Sequence[np.datetime64]
) -> IntervalCounts:
    """Return the pieces of all stays in one; a stay and a cut each begin a segment of their own."""
    segment, highest = [], 0
    for piece in pieces:
        segment.append(np.where(piece.valid, piece.segment + highest, -1))
        highest += int(piece.segment.max(initial=-1)) + 1
    own = np.concatenate([np.array([], dtype=np.int64), *segment])
    era = np.searchsorted(np.array(cuts, dtype="datetime64[us]"), starts_at, side="right")
    names, renumbered = np.unique(own * (len(cuts) + 1) + era, return_inverse=True)
    return IntervalCounts(
        counts=np.concatenate([np.array([], dtype=np.int64), *(p.counts for p in pieces)]),
        valid=np.concatenate([np.array([], dtype=np.bool_), *(p.valid for p in pieces)]),
        quality=np.concatenate([np.array([], dtype="U1"), *(p.quality for p in pieces)]),
        method=np.concatenate([np.array([], dtype="U1"), *(p.method for p in pieces)]),
        segment=np.where(own < 0, -1, renumbered - int((names < 0).sum())),
        events=tuple(event for piece in pieces for event in piece.events),
    )
