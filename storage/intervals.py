"""Intervals at rest: every change is a new version, and the newest one counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import compress, repeat
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from pipeline.errors import StorageError
from pipeline.model import MeterId, Scope
from pipeline.quantities import QUADRANTS_OF, Quantity
from pipeline.timegrid import to_numpy
from storage import pgcopy
from storage.database import Connection, storage_errors
from storage.packed_columns import double, instant, integer, letter, letters, packed, times_of, unpacked
from storage.pgcopy import BytesColumn, FixedColumn
from storage.registry import meter_numbers
from storage.visible import visible_meters

ENERGIES = (
    "import_kwh",
    "export_kwh",
    "import_kvarh",
    "export_kvarh",
    "q1_kvarh",
    "q2_kvarh",
    "q3_kvarh",
    "q4_kvarh",
)
"""The energies of an interval: columns in storage and headers in files."""


def kvarh_of(register: Quantity) -> str:
    """Return the energy of intervals behind a reactive register."""
    return f"{register.removeprefix('reactive_energy_')}_kvarh"


QUADRANTS = MappingProxyType(
    {kvarh_of(whole): tuple(kvarh_of(part) for part in parts) for whole, parts in QUADRANTS_OF.items()}
)
"""Which quadrants a reactive energy is the sum of."""

SAVING_LOCK = 0x6B77_6976
"""The advisory lock of those who save intervals ("kwiv")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalColumns:
    """Intervals of any meters as columns of equal length; energies on the primary side."""

    meters: Sequence[MeterId]
    starts_at: Times
    minutes: NDArray[np.int16]
    quality: NDArray[np.str_]
    """A letter each; see ``pipeline.block.MeterMatrix.quality``."""
    energies: Mapping[str, NDArray[np.float64]]
    """By the names in :data:`ENERGIES`; NaN where missing."""
    methods: Sequence[str] = field(default=())
    """How each was made; empty for "measured" throughout, and where nobody asked."""
    letters: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    """The letter of each energy, by name; of an energy that is not there it is the interval's own."""
    versions: NDArray[np.int16] | None = None
    """Set when they come from the database."""

    def __len__(self) -> int:
        """Return the number of intervals."""
        return len(self.meters)

    def slots(self, rows: slice) -> IntervalColumns:
        """Return the intervals of some rows; the arrays are views."""
        return IntervalColumns(
            meters=self.meters[rows],
            starts_at=self.starts_at[rows],
            minutes=self.minutes[rows],
            quality=self.quality[rows],
            energies={name: energy[rows] for name, energy in self.energies.items()},
            methods=self.methods[rows] if self.methods else (),
            letters={name: letters[rows] for name, letters in self.letters.items()},
            versions=None if self.versions is None else self.versions[rows],
        )

    def take(self, kept: NDArray[np.bool_]) -> IntervalColumns:
        """Return the intervals that a mask marks."""
        if kept.all():
            return self
        return IntervalColumns(
            meters=list(compress(self.meters, kept)),
            starts_at=self.starts_at[kept],
            minutes=self.minutes[kept],
            quality=self.quality[kept],
            energies={name: energy[kept] for name, energy in self.energies.items()},
            methods=list(compress(self.methods, kept)),
            letters={name: letters[kept] for name, letters in self.letters.items()},
            versions=None if self.versions is None else self.versions[kept],
        )


def energy_of(intervals: IntervalColumns, name: str) -> NDArray[np.float64] | None:
    """Return an energy of each interval; a reactive one that is missing is that of its two quadrants.

    None where the intervals have neither.
    """
    own, quadrants = intervals.energies.get(name), QUADRANTS.get(name)
    if quadrants is None or any(quadrant not in intervals.energies for quadrant in quadrants):
        return own
    summed: NDArray[np.float64] = np.sum([intervals.energies[q] for q in quadrants], axis=0)
    return summed if own is None else np.where(np.isnan(own), summed, own)


def letters_of(intervals: IntervalColumns, energy: str) -> NDArray[np.str_]:
    """Return the letter of each value of one energy.

    Where nobody kept it, it is that of the interval, which is the letter of its import; where import is
    missing it is ``V``.
    """
    kept = intervals.letters.get(energy)
    own = intervals.quality.astype("U1")
    if kept is None:
        kept = own if energy == ENERGIES[0] else np.where(own == "N", "V", own)
    if energy == ENERGIES[0]:
        return kept
    empty = np.full(len(intervals), np.nan)
    return np.where(np.isfinite(intervals.energies.get(energy, empty)), kept, "N")


def save_intervals(connection: Connection, intervals: IntervalColumns, *, computed_at: datetime) -> int:
    """Store intervals and return how many are new or differ from their newest version.

    An interval that is equal to its newest version is left alone, so that saving twice changes nothing.

    Raises:
        StorageError: If a meter is not in the archive, or the database is away.
    """
    if not len(intervals):
        return 0
    with storage_errors(f"saving {len(intervals)} intervals"), connection.transaction():
        numbers = meter_numbers(connection)
        unknown = sorted({m for m in intervals.meters if m not in numbers})
        if unknown:
            raise StorageError(
                f"intervals of meters that are not in the archive: {', '.join(unknown[:10])}. "
                "Next step: import them with 'kilowatch registry import'"
            )
        connection.execute("DROP TABLE IF EXISTS pg_temp.stage_interval")
        connection.execute("CREATE TEMP TABLE stage_interval (LIKE interval) ON COMMIT DROP")
        ids = np.array([numbers[m] for m in intervals.meters], dtype=np.int32)
        _copy(connection, intervals, ids, computed_at)
        # Two runs at once would both make the same version: the later one waits, then sees no change.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SAVING_LOCK,))
        return _insert_changed(connection, intervals)


def interval_series(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int | None = None,
    meters: Sequence[MeterId] | None = None,
    energies: Sequence[str] | None = None,
) -> IntervalColumns:
    """Return the newest versions of intervals that start in ``[starts_at, ends_at)``, by meter and time.

    ``energies`` are those that are wanted, and each costs time; None for all, with how they were made.
    """
    wanted = ENERGIES if energies is None else energies
    columns = [
        instant("starts_at"),
        integer("minutes"),
        integer("version"),
        letter("quality"),
        letters("letters", len(ENERGIES)),
        *map(double, wanted),
    ]
    order = sql.SQL("starts_at, minutes")
    methods = sql.SQL("array_agg(method ORDER BY {})" if energies is None else "'{{}}'::text[]").format(order)
    with storage_errors("reading intervals"):
        visible = visible_meters(connection, meters, scope=scope)
        statement = sql.SQL(
            "SELECT meter_id, count(*), {}, {} FROM interval_current AS i WHERE {} "
            "AND starts_at >= %(from)s AND starts_at < %(to)s "
            "AND (%(minutes)s::int IS NULL OR minutes = %(minutes)s) GROUP BY meter_id ORDER BY meter_id"
        ).format(methods, packed(columns, order), visible.at("i", "starts_at"))
        parameters = {**visible.bound, "from": starts_at, "to": ends_at, "minutes": minutes}
        with connection.cursor(binary=True) as cursor:
            rows = cursor.execute(statement, parameters).fetchall()
    starts, lengths, versions, quality, kept, *values = unpacked([row[3:] for row in rows], columns)
    names = visible.names
    found = IntervalColumns(
        meters=[name for number, count, *_ in rows for name in repeat(names[number], count)],
        starts_at=times_of(starts),
        minutes=lengths.astype(np.int16),
        quality=quality.astype("U1"),
        methods=[method for row in rows for method in row[2]],
        versions=versions.astype(np.int16),
        energies={name: sent.astype(np.float64) for name, sent in zip(wanted, values, strict=True)},
    )
    return _with_letters(found, kept)


def _with_letters(intervals: IntervalColumns, kept: NDArray[np.bytes_]) -> IntervalColumns:
    """Set the letters of intervals where they are kept: a text of a letter for each of :data:`ENERGIES`."""
    rows = np.flatnonzero(kept != b" " * len(ENERGIES))
    if not len(rows):
        return intervals
    letters = np.stack([letters_of(intervals, energy) for energy in ENERGIES], axis=1)
    letters[rows] = kept[rows].astype(f"U{len(ENERGIES)}").view("U1").reshape(len(rows), -1)
    return replace(intervals, letters=dict(zip(ENERGIES, letters.T, strict=True)))


def _texts(intervals: IntervalColumns) -> list[bytes | None]:
    """Return the letters of each interval's energies in one text; None where they are the interval's own."""
    plain = replace(intervals, letters={})
    kept, own = (
        np.ascontiguousarray(np.stack([letters_of(of, energy) for energy in ENERGIES], axis=1), dtype="U1")
        for of in (intervals, plain)
    )
    differs = (kept != own).any(axis=1)
    texts = kept.view(f"U{len(ENERGIES)}").ravel()
    return [
        str(text).encode() if other else None for text, other in zip(texts, differs.tolist(), strict=True)
    ]


def _copy(
    connection: Connection, intervals: IntervalColumns, ids: NDArray[np.int32], computed_at: datetime
) -> None:
    n = len(intervals)
    stamp = np.full(n, to_numpy(computed_at))
    empty = np.full(n, np.nan)
    methods = intervals.methods or ["measured"] * n
    energies = [intervals.energies.get(name, empty) for name in ENERGIES]
    stream = pgcopy.encode(
        [
            pgcopy.instants(intervals.starts_at),
            pgcopy.instants(stamp),
            FixedColumn(values=ids.astype(">i4")),
            FixedColumn(values=intervals.minutes.astype(">i2")),
            FixedColumn(values=np.zeros(n, dtype=">i2")),
            BytesColumn(values=[str(letter).encode() for letter in intervals.quality]),
            BytesColumn(values=[method.encode() for method in methods]),
            BytesColumn(values=_texts(intervals)),
            *(FixedColumn(values=e.astype(">f8"), missing=~np.isfinite(e)) for e in energies),
        ],
        n,
    )
    given = ("starts_at", "computed_at", "meter_id", "minutes", "version", "quality", "method", "letters")
    columns = (*given, *ENERGIES)
    statement = sql.SQL("COPY stage_interval ({}) FROM STDIN (FORMAT BINARY)").format(_names(columns))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(stream)


def _insert_changed(connection: Connection, intervals: IntervalColumns) -> int:
    compared = ("quality", "method", "letters", *ENERGIES)
    statement = sql.SQL(
        "INSERT INTO interval (starts_at, computed_at, meter_id, minutes, version, {columns}) "
        "SELECT DISTINCT ON (s.meter_id, s.starts_at, s.minutes) "
        "s.starts_at, s.computed_at, s.meter_id, s.minutes, coalesce(t.version + 1, 0), {staged} "
        "FROM stage_interval AS s LEFT JOIN LATERAL ("
        "SELECT * FROM interval AS i WHERE i.meter_id = s.meter_id AND i.starts_at = s.starts_at "
        "AND i.minutes = s.minutes AND i.starts_at BETWEEN %(first)s AND %(last)s "
        "ORDER BY version DESC LIMIT 1) AS t ON true "
        "WHERE t.version IS NULL OR ({staged}) IS DISTINCT FROM ({stored}) "
        "ORDER BY s.meter_id, s.starts_at, s.minutes"
    ).format(columns=_names(compared), staged=_names(compared, "s"), stored=_names(compared, "t"))
    span = {
        "first": intervals.starts_at.min().item().isoformat() + "+00",
        "last": intervals.starts_at.max().item().isoformat() + "+00",
    }
    return connection.execute(statement, span, prepare=False).rowcount


def _names(columns: Sequence[str], table: str | None = None) -> sql.Composed:
    if table is None:
        return sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(", ").join(sql.Identifier(table, column) for column in columns)
