"""Readings as columns: what storage writes and detectors read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import chain
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pipeline.daily_rows import DailyRows, mask_of
from pipeline.model import MeterId, Quality, Snapshot, Value
from pipeline.quantities import Group, Kind, Quantity
from pipeline.records import NO_RECORDS, Records
from pipeline.timegrid import to_numpy

Times = NDArray[np.datetime64]
"""UTC, datetime64[us]; NaT where there is none."""

_TUPLES = frozenset({Kind.SPECTRUM, Kind.WORDS})
_NAN = float("nan")
_EXACT_S = 2.0**32
"""Up to here (the year 2106) a double of seconds still tells microseconds apart."""
_ACTUAL = ord("A")


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
    places = _places(groups)
    wanted = frozenset(places)
    kept = [s for s in snapshots if not (wanted.isdisjoint(s.values) and wanted.isdisjoint(s.flags))]
    rows = [s.values for s in kept]
    # There are fewer than 255 quantities in a table, and nothing counts small numbers faster than bytes.
    which = np.frombuffer(bytes(map(places.__getitem__, chain.from_iterable(rows))), dtype=np.uint8)
    counts = np.bincount(which, minlength=len(places))
    present = [q for q, place in places.items() if counts[place]]
    numbers = [q for q in present if q.kind not in _TUPLES]
    line_of = np.full(len(places) + 1, len(numbers), dtype=np.intp)
    line_of[[places[q] for q in numbers]] = np.arange(len(numbers))
    return ReadingBlock(
        meters=[s.meter for s in kept],
        taken_at=_times([s.taken_at for s in kept]),
        received_at=_times([s.received_at for s in kept]),
        slot_at=_shared_times([s.slot_at for s in kept]),
        meter_time=_times([s.meter_time for s in kept]),
        origins=[s.origin for s in kept],
        quality=np.fromiter([s.quality for s in kept], dtype=np.int32, count=len(kept)),
        flags=[s.flags and {q: f for q, f in s.flags.items() if q in wanted} for s in kept],
        scalars=dict(zip(numbers, _lines(rows, line_of[which], len(numbers)), strict=True)),
        arrays={q: [_tuple(row.get(q)) for row in rows] for q in present if q.kind in _TUPLES},
    )


class _Places(dict[Quantity, int]):
    """The quantities of a table, numbered; those of other tables share the next number."""

    def __missing__(self, quantity: Quantity) -> int:
        return len(self)


@cache
def _places(groups: frozenset[Group]) -> _Places:
    wanted = [q for q in Quantity if q.group in groups]
    return _Places(zip(wanted, range(len(wanted)), strict=True))


def _lines(
    rows: Sequence[Mapping[Quantity, Value]], line_of_value: NDArray[np.intp], lines: int
) -> NDArray[np.float64]:
    """Return the values as numbers, shape (lines, rows); NaN where there is none.

    Values of the line after the last are left out.
    """
    counts = np.fromiter(map(len, rows), dtype=np.intp, count=len(rows))
    given = chain.from_iterable(row.values() for row in rows)
    try:
        values = np.fromiter(cast("Iterator[float]", given), np.float64, count=len(line_of_value))
    except (TypeError, ValueError):
        # A tuple among them; where a number belongs that value is missing, the others are not.
        given = chain.from_iterable(row.values() for row in rows)
        plain = (_NAN if isinstance(v, tuple) else v for v in given)
        values = np.fromiter(plain, np.float64, count=len(line_of_value))
    columns = np.full((lines + 1) * len(rows), _NAN)
    columns[line_of_value * len(rows) + np.repeat(np.arange(len(rows)), counts)] = values
    return columns.reshape(lines + 1, len(rows))[:lines]


def _tuple(value: Value | None) -> tuple[float, ...] | None:
    return value if isinstance(value, tuple) else None


def _times(instants: Sequence[datetime | None]) -> Times:
    if not any(instants):
        return np.full(len(instants), np.datetime64("NaT", "us"))
    if None in instants:
        return np.array(
            [np.datetime64("NaT", "us") if i is None else to_numpy(i) for i in instants],
            dtype="datetime64[us]",
        )
    seconds = np.fromiter(map(datetime.timestamp, cast("Sequence[datetime]", instants)), dtype=np.float64)
    if np.abs(seconds).max() >= _EXACT_S:
        return np.array([to_numpy(i) for i in cast("Sequence[datetime]", instants)], dtype="datetime64[us]")
    return np.rint(seconds * 1e6).astype(np.int64).view("datetime64[us]")


def _shared_times(instants: Sequence[datetime | None]) -> Times:
    """Return the times where many are the same, as slots are: each is worked out once."""
    different = list(dict.fromkeys(instants))
    place_of = dict(zip(different, range(len(different)), strict=True))
    return _times(different)[list(map(place_of.__getitem__, instants))]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMatrix:
    """What a detector looks at: many meters over equal slots, each array of shape (meters, slots).

    Only columns that somebody asked for are filled; a missing value is NaN, never zero.
    """

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
    apart_s: NDArray[np.float32] | None = None
    """Seconds between the readings that a slot's electrical values come from; None if always one reading."""
    import_kvarh: NDArray[np.float64] | None = None
    """Reactive energy (QI + QII) of each slot on the primary side, NaN where missing; None where not kept."""
    energies: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Other energies of each slot by their names in files (``export_kwh``, ``q1_kvarh``), primary side."""
    registers: Mapping[Quantity, NDArray[np.float64]] = field(default_factory=dict)
    """Energy registers as read at the slot's start, all of one reading; on the meter's own side."""
    daily: DailyRows | None = None
    """A row a local day; may come without any slots. None where nobody asked for it."""
    records: Records = NO_RECORDS
    """What comes one by one: events, demands, clock offsets, parameters, outcomes of reads."""
    masked: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Slots that another detector's episode explains, by its phase ("" for the whole meter)."""

    def actual_kwh(self) -> NDArray[np.float64]:
        """Return the energies that may open an episode: NaN where they are estimated or substituted."""
        return np.where(is_actual(self.quality), self.import_kwh, np.nan)

    def mask_of(self, phases: str = "") -> NDArray[np.bool_] | None:
        """Return the slots that are explained already, for some phases (``"A"``, ``"AB"``) or the meter.

        An episode of the whole meter explains every phase; one of a phase explains that phase, and what is
        said of the meter as a whole, for which all phases count.
        """
        return mask_of(self.masked, phases)

    def part(self, rows: slice) -> MeterMatrix:
        """Return the same window of some of the meters; the arrays are views."""
        return replace(
            self,
            meters=self.meters[rows],
            values={q: column[rows] for q, column in self.values.items()},
            import_kwh=self.import_kwh[rows],
            quality=self.quality[rows],
            step_kwh=self.step_kwh[rows],
            power_kw=self.power_kw[rows],
            apart_s=None if self.apart_s is None else self.apart_s[rows],
            import_kvarh=None if self.import_kvarh is None else self.import_kvarh[rows],
            energies={name: column[rows] for name, column in self.energies.items()},
            registers={q: column[rows] for q, column in self.registers.items()},
            daily=None if self.daily is None else self.daily.part(rows),
            masked={about: mask[rows] for about, mask in self.masked.items()},
        )


def is_actual(quality: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Tell of each letter whether it is ``A``: compared as numbers, ten times as fast as texts."""
    if quality.dtype == np.dtype("U1") and quality.flags.c_contiguous:
        return np.equal(quality.view(np.uint32), _ACTUAL)
    return np.asarray(quality == "A")
