"""Readings as columns: what storage writes and detectors read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.model import MeterId, Quality, Snapshot, Value
from pipeline.quantities import Group, Quantity
from pipeline.timegrid import to_numpy

Times = NDArray[np.datetime64]
"""UTC, datetime64[us]; NaT where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBlock:
    """Many snapshots' values of some groups, as columns of equal length ``n``."""

    meters: Sequence[MeterId]
    taken_at: Times
    received_at: Times
    slot_at: Times
    meter_time: Times
    origins: Sequence[str]
    quality: NDArray[np.int32]
    flags: Sequence[Mapping[Quantity, Quality]]
    scalars: Mapping[Quantity, NDArray[np.float64]]
    """Counters, reals and instants (POSIX seconds); NaN where missing. Only quantities that occur."""
    arrays: Mapping[Quantity, Sequence[tuple[float, ...] | None]] = field(default_factory=dict)
    """Spectra and status words."""

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.meters)


def block_from_snapshots(snapshots: Sequence[Snapshot], groups: frozenset[Group]) -> ReadingBlock:
    """Turn snapshots into columns, leaving out those that carry nothing of ``groups``.

    A snapshot whose only trace of the groups is a flag (a value that was unreadable) is kept.
    """
    kept = [
        s for s in snapshots
        if any(q.group in groups for q in s.values) or any(q.group in groups for q in s.flags)
    ]  # fmt: skip
    present = {q for s in kept for q in s.values if q.group in groups}
    ordered = [q for q in Quantity if q in present]
    scalars: dict[Quantity, NDArray[np.float64]] = {}
    arrays: dict[Quantity, list[tuple[float, ...] | None]] = {}
    for quantity in ordered:
        column = [s.values.get(quantity) for s in kept]
        if any(isinstance(value, tuple) for value in column):
            arrays[quantity] = [value if isinstance(value, tuple) else None for value in column]
        else:
            scalars[quantity] = np.array([_scalar(value) for value in column], dtype=np.float64)
    return ReadingBlock(
        meters=[s.meter for s in kept],
        taken_at=_times([s.taken_at for s in kept]),
        received_at=_times([s.received_at for s in kept]),
        slot_at=_times([s.slot_at for s in kept]),
        meter_time=_times([s.meter_time for s in kept]),
        origins=[s.origin.value for s in kept],
        quality=np.array([int(s.quality) for s in kept], dtype=np.int32),
        flags=[{q: f for q, f in s.flags.items() if q.group in groups} for s in kept],
        scalars=scalars,
        arrays=arrays,
    )


def _scalar(value: Value | None) -> float:
    return float("nan") if value is None or isinstance(value, tuple) else float(value)


def _times(instants: Sequence[datetime | None]) -> Times:
    return np.array(
        [np.datetime64("NaT", "us") if i is None else to_numpy(i) for i in instants],
        dtype="datetime64[us]",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMatrix:
    """Aligned values of many meters over equal slots: each array has shape (meters, slots)."""

    meters: Sequence[MeterId]
    starts_at: Times
    """Slot starts, shape (slots,)."""
    minutes: int
    values: Mapping[Quantity, NDArray[np.float32]]
    """The reading at the slot's start, NaN where missing; on the meter's own (secondary) side."""
    import_kwh: NDArray[np.float64]
    """Energy of each slot on the primary side, NaN where missing."""
    quality: NDArray[np.str_]
    """A letter a slot: ``A`` actual, ``E`` estimated, ``F``/``S`` substituted, ``N`` missing, ``V`` mixed"""
    step_kwh: NDArray[np.float64]
    """One register step times the ratio, per meter: shape (meters,)."""
    power_kw: NDArray[np.float64]
    """Active power at the slot's start on the primary side, NaN where not measured."""
    import_kvarh: NDArray[np.float64] | None = None
    """Reactive energy (QI + QII) of each slot on the primary side, NaN where missing; None where not kept."""
