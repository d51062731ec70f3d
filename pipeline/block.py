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

from pipeline.daily_rows import DailyRows, mask_of, some_of
from pipeline.model import MeterId, Quality, Snapshot, Value
from pipeline.quantities import Group, Kind, Quantity
from pipeline.quantity_numbers import NUMBER_OF, numbers_of
from pipeline.records import NO_RECORDS, Records
from pipeline.timegrid import from_numpy, to_numpy

Times = NDArray[np.datetime64]
"""UTC, datetime64[us]; NaT where there is none."""

_TUPLES = frozenset({Kind.SPECTRUM, Kind.WORDS})
_VALUES_OF = methodcaller("values")
_NAN = float("nan")
_EXACT_S = 2.0**32
"""Up to here (the year 2106) a double of seconds still tells microseconds apart."""
_ACTUAL = ord("A")
_ROWS_AT_ONCE = 1000
"""Readings whose values are taken up together: what it takes beside the result stays small and near."""
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
        self._lengths = np.fromiter(map(len, self._values), dtype=np.intp, count=len(snapshots))
        self._numbers = np.empty(int(self._lengths.sum()), dtype=np.uint8)
        self._occurs = np.zeros(len(NUMBER_OF), dtype=np.bool_)
        for rows, values in self._pieces():
            keys = chain.from_iterable(self._values[rows])
            numbers = self._numbers[values] = numbers_of(keys, values.stop - values.start)
            self._occurs[numbers] = True

    def block(self, groups: frozenset[Group]) -> ReadingBlock:
        """Return the columns of ``groups``."""
        wanted = _wanted(groups)
        kept = self._kept(wanted)
        if kept is not None:
            return block_from_snapshots([self._snapshots[row] for row in kept], groups)
        return replace(
            self._frame,
            flags=self._flags_of(wanted),
            scalars={q: line for q, line in self._scalars.items() if q in wanted},
            arrays={
                q: [_tuple(row.get(q)) for row in self._values]
                for q, number in wanted.items()
                if q.kind in _TUPLES and self._occurs[number]
            },
        )

    def _kept(self, wanted: Mapping[Quantity, int]) -> list[int] | None:
        """Return the rows of the snapshots that say something of ``wanted``; None when all of them do."""
        is_wanted = np.zeros(len(NUMBER_OF), dtype=np.bool_)
        is_wanted[list(wanted.values())] = True
        if self._lengths.all() and not self._occurs[~is_wanted].any():
            return None
        says = np.zeros(len(self._snapshots), dtype=np.bool_)
        if self._occurs[is_wanted].any():
            says[np.repeat(np.arange(len(says)), self._lengths)[is_wanted[self._numbers]]] = True
        if self._flagged:
            says |= np.fromiter(map(bool, self._flags_of(wanted)), dtype=np.bool_, count=len(says))
        return None if says.all() else np.flatnonzero(says).tolist()

    def _flags_of(self, wanted: Mapping[Quantity, int]) -> Sequence[Mapping[Quantity, Quality]]:
        if not self._flagged:
            return self._flags
        return [row and {q: f for q, f in row.items() if q in wanted} for row in self._flags]

    def _pieces(self) -> Iterator[tuple[slice, slice]]:
        """Yield some of the snapshots, and their values, at a time."""
        value = 0
        for row in range(0, len(self._snapshots), _ROWS_AT_ONCE):
            rows = slice(row, row + _ROWS_AT_ONCE)
            beyond = value + int(self._lengths[rows].sum())
            yield rows, slice(value, beyond)
            value = beyond

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
    def _scalars(self) -> Mapping[Quantity, NDArray[np.float64]]:
        """A line of values for each quantity that is a number and occurs; NaN where there is none."""
        rows = len(self._snapshots)
        present = [q for q, number in NUMBER_OF.items() if self._occurs[number] and q.kind not in _TUPLES]
        # Tuples go into a line behind the last.
        start_of = np.full(len(NUMBER_OF), len(present) * rows)
        start_of[[NUMBER_OF[q] for q in present]] = np.arange(len(present)) * rows
        lines = np.full((len(present) + 1) * rows, _NAN)
        for piece, values in self._pieces():
            at = start_of[self._numbers[values]]
            at += np.repeat(np.arange(rows)[piece], self._lengths[piece])
            lines[at] = _as_numbers(self._values[piece], len(at))
        return dict(zip(present, lines.reshape(len(present) + 1, rows), strict=False))


@cache
def _wanted(groups: frozenset[Group]) -> Mapping[Quantity, int]:
    return {q: number for q, number in NUMBER_OF.items() if q.group in groups}


def _as_numbers(rows: Sequence[Mapping[Quantity, Value]], values: int) -> NDArray[np.float64]:
    """Return all the rows' values; a tuple is NaN, whether it belongs to a spectrum or is misplaced."""
    form = f"{values}d"
    given = chain.from_iterable(map(_VALUES_OF, rows))
    try:
        return np.frombuffer(struct.pack(form, *given))
    except struct.error:
        given = chain.from_iterable(map(_VALUES_OF, rows))
        return np.frombuffer(struct.pack(form, *(_NAN if isinstance(v, tuple) else v for v in given)))


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
    ratios: NDArray[np.float64] | None = None
    """What makes a slot's values on the meters' own side primary ones, of shape (meters, slots).

    A slot in which a meter hangs nowhere has the ratio of the next in which it hangs. None where no ratio
    changes within the window: then ``step_kwh`` tells them."""
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

    def span(self) -> tuple[datetime, datetime]:
        """Return when the first slot begins and the last one ends; there must be one."""
        length = np.timedelta64(self.minutes * 60_000_000, "us")
        return from_numpy(self.starts_at[0]), from_numpy(self.starts_at[-1] + length)

    def actual_kwh(self) -> NDArray[np.float64]:
        """Return the energies that may open an episode: NaN where they are estimated or substituted."""
        return np.where(is_actual(self.quality), self.import_kwh, np.nan)

    def mask_of(self, phases: str = "") -> NDArray[np.bool_] | None:
        """Return the slots that are explained already, for some phases (``"A"``, ``"AB"``) or the meter.

        An episode of the whole meter explains every phase; one of a phase explains that phase, and what is
        said of the meter as a whole, for which all phases count.
        """
        return mask_of(self.masked, phases)

    def part(self, rows: slice | NDArray[np.intp]) -> MeterMatrix:
        """Return the same window of some of the meters; the arrays are views of a slice, copies else."""
        return replace(
            self,
            meters=some_of(self.meters, rows),
            values={q: column[rows] for q, column in self.values.items()},
            import_kwh=self.import_kwh[rows],
            quality=self.quality[rows],
            step_kwh=self.step_kwh[rows],
            power_kw=self.power_kw[rows],
            ratios=None if self.ratios is None else self.ratios[rows],
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
