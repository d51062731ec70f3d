"""Readings as columns: what storage writes and detectors read."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from itertools import chain
from operator import methodcaller
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
_PLACES = dict(zip(Quantity, range(len(Quantity)), strict=True))
_VALUES_OF = methodcaller("values")
_NAN = float("nan")
_EXACT_S = 2.0**32
"""Up to here (the year 2106) a double of seconds still tells microseconds apart."""
_ACTUAL = ord("A")
_SAMPLE = 64
"""Readings that tell whether many share their times: those of one message or slot come together."""


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
    return _Walk(snapshots).block(groups)


def blocks_from_snapshots(
    snapshots: Sequence[Snapshot], tables: Iterable[frozenset[Group]]
) -> Iterator[ReadingBlock]:
    """Yield what :func:`block_from_snapshots` returns for the groups of each table, after one walk."""
    walk = _Walk(snapshots)
    return (walk.block(groups) for groups in tables)


class _Walk:
    """What snapshots say, value behind value in the order in which they stand."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots
        self._values = [s.values for s in snapshots]
        self._flags = [s.flags for s in snapshots]
        self._flagged = any(self._flags)
        # There are fewer than 256 quantities, and nothing counts small numbers faster than bytes.
        places = bytes(map(_PLACES.__getitem__, chain.from_iterable(self._values)))
        self._places = np.frombuffer(places, dtype=np.uint8)
        self._counts = np.bincount(self._places, minlength=len(_PLACES))
        lengths = np.fromiter(map(len, self._values), dtype=np.intp, count=len(snapshots))
        self._rows = np.repeat(np.arange(len(snapshots)), lengths)
        self._all_have_values = bool(lengths.all())

    def block(self, groups: frozenset[Group]) -> ReadingBlock:
        """Return the columns of ``groups``."""
        wanted = _wanted(groups)
        kept = self._kept(wanted)
        if kept is not None:
            return block_from_snapshots([self._snapshots[row] for row in kept], groups)
        present = [q for q in wanted if self._counts[_PLACES[q]]]
        numbers = [q for q in present if q.kind not in _TUPLES]
        return replace(
            self._frame,
            flags=self._flags_of(wanted),
            scalars=dict(zip(numbers, self._lines(numbers), strict=True)),
            arrays={q: [_tuple(row.get(q)) for row in self._values] for q in present if q.kind in _TUPLES},
        )

    def _kept(self, wanted: Mapping[Quantity, int]) -> list[int] | None:
        """Return the rows of the snapshots that say something of ``wanted``; None when all of them do."""
        is_wanted = np.zeros(len(_PLACES), dtype=np.bool_)
        is_wanted[list(wanted.values())] = True
        if self._all_have_values and not self._counts[~is_wanted].any():
            return None
        says = np.zeros(len(self._snapshots), dtype=np.bool_)
        if self._counts[is_wanted].any():
            says[self._rows[is_wanted[self._places]]] = True
        if self._flagged:
            says |= np.fromiter(map(bool, self._flags_of(wanted)), dtype=np.bool_, count=len(says))
        return None if says.all() else np.flatnonzero(says).tolist()

    def _flags_of(self, wanted: Mapping[Quantity, int]) -> Sequence[Mapping[Quantity, Quality]]:
        if not self._flagged:
            return self._flags
        return [row and {q: f for q, f in row.items() if q in wanted} for row in self._flags]

    @cached_property
    def _frame(self) -> ReadingBlock:
        """Everything but the values: the same for each table that takes all snapshots."""
        snapshots = self._snapshots
        taken_at, received_at, slot_at, meter_time = _time_columns(
            [s.taken_at for s in snapshots],
            [s.received_at for s in snapshots],
            [s.slot_at for s in snapshots],
            [s.meter_time for s in snapshots],
        )
        return ReadingBlock(
            meters=[s.meter for s in snapshots],
            taken_at=taken_at,
            received_at=received_at,
            slot_at=slot_at,
            meter_time=meter_time,
            origins=[s.origin for s in snapshots],
            quality=_qualities([s.quality for s in snapshots]),
            flags=self._flags,
            scalars={},
        )

    @cached_property
    def _numbers(self) -> NDArray[np.float64]:
        """The values as numbers; a tuple is none, whether it belongs to a spectrum or is misplaced."""
        form = f"{len(self._places)}d"
        try:
            return np.frombuffer(struct.pack(form, *self._each_value()))
        except struct.error:
            plain = (_NAN if isinstance(value, tuple) else value for value in self._each_value())
            return np.frombuffer(struct.pack(form, *plain))

    def _each_value(self) -> Iterator[Value]:
        return chain.from_iterable(map(_VALUES_OF, self._values))

    def _lines(self, numbers: Sequence[Quantity]) -> NDArray[np.float64]:
        """Return the values of some quantities, shape (quantities, snapshots); NaN where there is none."""
        rows = len(self._snapshots)
        # The other quantities' values go into a line behind the last.
        start_of = np.full(len(_PLACES), len(numbers) * rows)
        start_of[[_PLACES[q] for q in numbers]] = np.arange(len(numbers)) * rows
        at = start_of[self._places]
        at += self._rows
        lines = np.full((len(numbers) + 1) * rows, _NAN)
        lines[at] = self._numbers
        return lines.reshape(len(numbers) + 1, rows)[:-1]


@cache
def _wanted(groups: frozenset[Group]) -> Mapping[Quantity, int]:
    return {q: place for q, place in _PLACES.items() if q.group in groups}


def _tuple(value: Value | None) -> tuple[float, ...] | None:
    return value if isinstance(value, tuple) else None


def _qualities(qualities: Sequence[Quality]) -> NDArray[np.int32]:
    if qualities.count(Quality.GOOD) == len(qualities):
        return np.zeros(len(qualities), dtype=np.int32)
    return np.fromiter(qualities, dtype=np.int32, count=len(qualities))


def _time_columns(*columns: Sequence[datetime | None]) -> list[Times]:
    """Return columns of times; two that say the same, as a source's own time often does, are made once."""
    made: list[tuple[Sequence[datetime | None], Times]] = []
    for column in columns:
        same = next((times for earlier, times in made if earlier == column), None)
        made.append((column, _times(column) if same is None else same))
    return [times for _, times in made]


def _times(instants: Sequence[datetime | None]) -> Times:
    """Return a column of times; where readings share theirs, as those of a slot do, each is made once."""
    if not any(instants):
        return np.full(len(instants), np.datetime64("NaT", "us"))
    sample = instants[:_SAMPLE]
    if 4 * len(set(map(id, sample))) > len(sample):
        return _each_time(instants)
    different = list(dict.fromkeys(instants))
    place_of = dict(zip(different, range(len(different)), strict=True))
    places = np.fromiter(map(place_of.__getitem__, instants), dtype=np.intp, count=len(instants))
    return _each_time(different)[places]


def _each_time(instants: Sequence[datetime | None]) -> Times:
    if None in instants:
        return np.array(
            [np.datetime64("NaT", "us") if i is None else to_numpy(i) for i in instants],
            dtype="datetime64[us]",
        )
    seconds = np.fromiter(map(datetime.timestamp, cast("Sequence[datetime]", instants)), dtype=np.float64)
    if np.abs(seconds).max() >= _EXACT_S:
        return np.array([to_numpy(i) for i in cast("Sequence[datetime]", instants)], dtype="datetime64[us]")
    return np.rint(seconds * 1e6).astype(np.int64).view("datetime64[us]")


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
