"""Final intervals at rest: versions beside the raw ones; saving the same again changes nothing.

What a person edited is left alone by everybody but a person (:mod:`storage.final_edits`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.timegrid import MINUTES_PER_DAY
from pipeline.vee import NO_ENERGY
from pipeline.vee_window import IMPORT
from storage.database import Connection, storage_errors
from storage.final_columns import FinalColumns
from storage.intervals import ENERGIES, SAVING_LOCK, IntervalColumns, interval_series, letters_of
from storage.registry import meter_numbers
from storage.visible import VisibleMeters, visible_meters


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalChanges:
    """Slots whose final energy is another than was given out, or is given out for the first time."""

    meters: Sequence[MeterId]
    starts_at: Times
    before: NDArray[np.float64]
    """NaN where nothing, or nothing known, was given out."""
    after: NDArray[np.float64]
    energy: str = IMPORT

    def __len__(self) -> int:
        """Return the number of slots."""
        return len(self.meters)


_NEWEST = (
    "SELECT DISTINCT ON (meter_id, starts_at, energy) meter_id, "
    "(extract(epoch FROM starts_at) * 1000000)::bigint, energy, value, quality, raw_version, edited "
    "FROM final_interval WHERE meter_id = ANY(%s) AND starts_at >= %s AND starts_at < %s AND minutes = %s "
    # Where the raw interval stands again there is a version without a method.
    "AND (%s OR method <> '') ORDER BY meter_id, starts_at, energy, version DESC"
)

_SAVE = (
    "WITH staged AS (SELECT * FROM unnest(%(meters)s::int[], %(starts)s::timestamptz[], "
    "%(minutes)s::smallint[], %(raw_versions)s::smallint[], %(qualities)s::text[], %(methods)s::text[], "
    "%(reasons)s::text[], %(authors)s::text[], %(energies)s::float8[]) AS s (meter_id, starts_at, minutes, "
    "raw_version, quality, method, reason, author, value)) "
    "INSERT INTO final_interval AS f (meter_id, starts_at, minutes, raw_version, quality, method, reason, "
    "author, value, energy, made_at, version) "
    "SELECT s.*, %(energy)s, %(made_at)s, coalesce(t.version + 1, 0) FROM staged AS s LEFT JOIN LATERAL ("
    "SELECT * FROM final_interval AS old WHERE old.meter_id = s.meter_id AND old.starts_at = s.starts_at "
    "AND old.minutes = s.minutes AND old.energy = %(energy)s ORDER BY version DESC LIMIT 1) AS t ON true "
    # Where nothing was replaced before, a raw interval needs no row to stand.
    "WHERE (t.version IS NULL AND (s.method <> '' OR s.reason = ANY(%(never)s))) OR (NOT t.edited AND "
    # What is final for good was estimated when asking was over: only another raw interval undoes that.
    "NOT (t.quality = 'F' AND t.raw_version = s.raw_version) AND "
    "(s.raw_version, s.quality, s.method, s.reason, s.author, s.value) IS DISTINCT FROM "
    "(t.raw_version, t.quality::text, t.method, t.reason, t.author, t.value)) "
    "RETURNING meter_id, (extract(epoch FROM starts_at) * 1000000)::bigint, value, "
    "(SELECT value FROM final_interval AS old WHERE old.meter_id = f.meter_id AND old.energy = f.energy "
    "AND old.starts_at = f.starts_at AND old.minutes = f.minutes AND old.version = f.version - 1)"
)


def save_finals(
    connection: Connection, finals: FinalColumns, raw_versions: NDArray[np.int16], *, made_at: datetime
) -> FinalChanges:
    """Store final intervals where they are new or differ from their newest version; return what changed.

    A slot whose raw interval stands is stored only if something stood in for it before. What cannot be energy
    never stands: where no rule has an answer, the final is missing. What is final for good (``F``) stays as
    long as its raw interval does.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"saving {len(finals)} final intervals"), connection.transaction():
        numbers = meter_numbers(connection)
        # Two runs at once would both make the same version: the later one waits, then sees no change.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SAVING_LOCK,))
        instants = np.char.add(np.datetime_as_string(finals.starts_at), "+00").tolist()
        energies = [None if np.isnan(e) else float(e) for e in finals.amounts]
        rows = connection.execute(
            _SAVE,
            {
                "meters": [numbers[meter] for meter in finals.meters],
                "starts": instants,
                "minutes": finals.minutes.tolist(),
                "raw_versions": raw_versions.tolist(),
                "qualities": finals.quality.tolist(),
                "methods": list(finals.method),
                "reasons": list(finals.reason),
                "authors": list(finals.author),
                "energies": energies,
                "energy": finals.energy,
                "made_at": made_at,
                "never": sorted(NO_ENERGY),
            },
        ).fetchall()
    names = {number: meter for meter, number in numbers.items()}
    rows.sort()
    return FinalChanges(
        energy=finals.energy,
        meters=[names[row[0]] for row in rows],
        starts_at=np.array([row[1] for row in rows], dtype=np.int64).view("datetime64[us]"),
        after=np.array([row[2] for row in rows], dtype=np.float64),
        before=np.array([row[3] for row in rows], dtype=np.float64),
    )


def no_changes(energy: str) -> FinalChanges:
    """Return that nothing of an energy changed."""
    nothing = np.array([], dtype=np.float64)
    return FinalChanges(
        meters=(), starts_at=nothing.astype("datetime64[us]"), before=nothing, after=nothing, energy=energy
    )


def stored_slots(
    connection: Connection,
    *,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int,
    meters: Sequence[MeterId],
) -> dict[str, list[tuple[MeterId, int]]]:
    """Return by energy the slots of which a final was ever stored, each by its meter and start in us.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading which finals there are"):
        visible = visible_meters(connection, meters, scope=EVERYTHING)
        rows = connection.execute(
            "SELECT DISTINCT energy, meter_id, (extract(epoch FROM starts_at) * 1000000)::bigint "
            "FROM final_interval WHERE meter_id = ANY(%s) AND starts_at >= %s AND starts_at < %s "
            "AND minutes = %s",
            (visible.numbers, starts_at, ends_at, minutes),
        ).fetchall()
    found: dict[str, list[tuple[MeterId, int]]] = defaultdict(list)
    for energy, number, start in rows:
        found[energy].append((visible.names[number], start))
    return found


def final_series(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int,
    meters: Sequence[MeterId] | None = None,
    energy: str = IMPORT,
) -> FinalColumns:
    """Return raw and final intervals that start in ``[starts_at, ends_at)`` side by side, by meter and time.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading final intervals"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, (extract(epoch FROM starts_at) * 1000000)::bigint, minutes, value, "
                "quality, raw_value, raw_quality, method, reason, author FROM interval_final AS f "
                "WHERE {visible} AND starts_at >= %(from)s AND starts_at < %(to)s "
                "AND minutes = %(minutes)s AND energy = %(energy)s ORDER BY meter_id, starts_at"
            ).format(visible=visible.at("f", "starts_at")),
            {**visible.bound, "from": starts_at, "to": ends_at, "minutes": minutes, "energy": energy},
        ).fetchall()
    names = visible.names
    columns = list(zip(*rows, strict=True)) or [()] * 10
    return FinalColumns(
        energy=energy,
        meters=[names[number] for number in columns[0]],
        starts_at=np.array(columns[1], dtype=np.int64).view("datetime64[us]"),
        minutes=np.array(columns[2], dtype=np.int16),
        amounts=np.array(columns[3], dtype=np.float64),
        quality=np.array(columns[4], dtype="U1"),
        raw_amounts=np.array(columns[5], dtype=np.float64),
        raw_quality=np.array(columns[6], dtype="U1"),
        method=list(columns[7]),
        reason=list(columns[8]),
        author=list(columns[9]),
    )


def given_out(
    connection: Connection, raw: IntervalColumns, *, starts_at: datetime, ends_at: datetime, minutes: int
) -> IntervalColumns:
    """Return what had stood in for ``raw`` before it changed; NaN where it has not, or nothing had.

    Args:
        connection: The database.
        raw: Raw intervals with their versions.
        starts_at: The first instant.
        ends_at: The first instant after.
        minutes: Length of the slots.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading what was given out"):
        visible = visible_meters(connection, sorted(set(raw.meters)), scope=EVERYTHING)
        rows = connection.execute(_NEWEST, (visible.numbers, starts_at, ends_at, minutes, False)).fetchall()
    places = _Places(raw, visible.names)
    energies = {name: np.full(len(raw), np.nan) for name in ENERGIES}
    for number, start, energy, value, _, raw_version, _ in rows:
        place = places.of(number, start)
        if place is not None and raw_version < places.versions[place] and value is not None:
            energies[energy][place] = value
    return replace(raw, energies=energies)


def settled_series(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int,
    meters: Sequence[MeterId] | None = None,
) -> IntervalColumns:
    """Return what counts: the final value of each energy where there is one, else the raw one.

    The same as the view ``interval_final``, as columns; the few finals are laid over the many raw intervals,
    which costs a month of a fleet next to nothing. The quality is that of import.

    Raises:
        StorageError: If the database is away or refuses.
    """
    raw = interval_series(
        connection, scope=scope, starts_at=starts_at, ends_at=ends_at, minutes=minutes, meters=meters
    )
    return _settled(connection, raw, visible_meters(connection, meters, scope=scope), (starts_at, ends_at))


def finest_settled_series(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId],
) -> IntervalColumns:
    """Return what counts, as :func:`settled_series`, of the import of these meters' shortest intervals.

    Raises:
        StorageError: If the database is away or refuses.
    """
    raw = interval_series(
        connection, scope=scope, starts_at=starts_at, ends_at=ends_at, meters=meters, energies=(IMPORT,)
    )
    shortest = raw.take(raw.minutes == raw.minutes.min(initial=MINUTES_PER_DAY))
    visible = visible_meters(connection, meters, scope=scope)
    return _settled(connection, shortest, visible, (starts_at, ends_at))


def _settled(
    connection: Connection, raw: IntervalColumns, visible: VisibleMeters, span: tuple[datetime, datetime]
) -> IntervalColumns:
    """Lay the finals over raw intervals of one length."""
    if not len(raw):
        return raw
    with storage_errors("reading what stands in for intervals"):
        minutes = int(raw.minutes[0])
        rows = connection.execute(_NEWEST, (visible.numbers, *span, minutes, True)).fetchall()
    if not rows:
        return raw
    places = _Places(raw, visible.names)
    energies = {name: energy.copy() for name, energy in raw.energies.items()}
    letters = {name: letters_of(raw, name).copy() for name in ENERGIES}
    quality = raw.quality.copy()
    for number, start, energy, value, letter, raw_version, edited in rows:
        place = places.of(number, start) if energy in energies else None
        if place is None or not (edited or raw_version == places.versions[place]):
            continue
        energies[energy][place] = np.nan if value is None else value
        letters[energy][place] = letter
        if energy == IMPORT:
            quality[place] = letter
    return replace(raw, energies=energies, quality=quality, letters=letters)


class _Places:
    """Where each slot stands among raw intervals."""

    def __init__(self, raw: IntervalColumns, names: Mapping[int, MeterId]) -> None:
        self.versions = np.zeros(len(raw), dtype=np.int16) if raw.versions is None else raw.versions
        self._names = names
        starts = raw.starts_at.astype(np.int64).tolist()
        self._place_of = {key: place for place, key in enumerate(zip(raw.meters, starts, strict=True))}

    def of(self, number: int, start_us: int) -> int | None:
        return self._place_of.get((self._names[number], start_us))
