"""Final values that a person set: the record of who did so and why, and what had counted before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from pipeline.errors import DataError
from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors
from storage.intervals import SAVING_LOCK
from storage.visible import visible_meters

METHOD = "edited"
"""How an edited value was made, beside the estimators' names."""
REASON = "edit"
FOR_GOOD = "F"
"""The letter of an edited value: a person decided, and only a person takes it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOfEnergy:
    """One value of an interval."""

    meter: MeterId
    starts_at: datetime
    minutes: int
    energy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One line of the record."""

    meter: str
    starts_at: datetime
    minutes: int
    energy: str
    version: int
    before: float | None
    """What had counted; None where nothing did."""
    after: float | None
    withdrawn: bool
    """Whether a person took an earlier edit back."""
    author: str
    note: str
    """Why, in their words."""
    made_at: datetime


_INSERT = (
    "INSERT INTO final_interval (meter_id, starts_at, minutes, energy, version, raw_version, quality, "
    "method, reason, author, note, edited, replaced, value, made_at) SELECT f.meter_id, f.starts_at, "
    "f.minutes, f.energy, (SELECT coalesce(max(version) + 1, 0) FROM final_interval AS old "
    "WHERE (old.meter_id, old.starts_at, old.minutes, old.energy) = "
    "(f.meter_id, f.starts_at, f.minutes, f.energy)), f.raw_version, {what} "
    "FROM interval_final AS f JOIN meter AS m USING (meter_id) WHERE m.id = %(meter)s "
    "AND f.starts_at = %(starts_at)s AND f.minutes = %(minutes)s AND f.energy = %(energy)s {only} "
    "RETURNING version, replaced, value"
)
_EDIT = _INSERT.format(
    what="%(quality)s, %(method)s, %(reason)s, %(author)s, %(note)s, true, f.value, %(value)s, %(made_at)s",
    only="",
)
_WITHDRAW = _INSERT.format(
    what="f.raw_quality, '', '', %(author)s, %(note)s, false, f.value, f.raw_value, %(made_at)s",
    only="AND f.method = %(method)s",
)


def edit_final(  # noqa: PLR0913 - an edit with all that its record says
    connection: Connection,
    slot: SlotOfEnergy,
    value: float,
    *,
    author: str,
    note: str,
    made_at: datetime,
) -> Edit:
    """Let ``value`` count from now on, whatever is read or estimated later.

    Raises:
        DataError: If no interval was ever derived there.
        StorageError: If the database is away or refuses.
    """
    parameters = {"value": value, "quality": FOR_GOOD, "reason": REASON}
    return _write(connection, _EDIT, slot, parameters, author=author, note=note, made_at=made_at)


def withdraw_edit(
    connection: Connection, slot: SlotOfEnergy, *, author: str, note: str, made_at: datetime
) -> Edit:
    """Take an edit back: the raw value counts until the next run estimates it again where it must.

    Raises:
        DataError: If there is no edit.
        StorageError: If the database is away or refuses.
    """
    return _write(connection, _WITHDRAW, slot, {}, author=author, note=note, made_at=made_at)


def edits(
    connection: Connection,
    *,
    scope: Scope,
    meters: Sequence[MeterId] | None = None,
    limit: int = 1000,
) -> list[Edit]:
    """Return the record, newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading edits"), connection.cursor(row_factory=class_row(Edit)) as cursor:
        visible = visible_meters(connection, meters, scope=scope)
        return cursor.execute(
            sql.SQL(
                "SELECT m.id AS meter, f.starts_at, f.minutes, f.energy, f.version, f.replaced AS before, "
                "f.value AS after, NOT f.edited AS withdrawn, f.author, f.note, f.made_at "
                "FROM final_interval AS f JOIN meter AS m USING (meter_id) "
                "WHERE f.note <> '' AND {visible} "
                "ORDER BY f.made_at DESC, m.id, f.starts_at, f.energy LIMIT %(limit)s"
            ).format(visible=visible.at("f", "starts_at")),
            {**visible.bound, "limit": limit},
        ).fetchall()


def _write(  # noqa: PLR0913 - a statement, its place, and what the record says
    connection: Connection,
    statement: str,
    slot: SlotOfEnergy,
    parameters: dict[str, object],
    *,
    author: str,
    note: str,
    made_at: datetime,
) -> Edit:
    with storage_errors(f"editing {slot.energy} of meter {slot.meter}"), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SAVING_LOCK,))
        row = connection.execute(
            statement.encode(),
            {
                "meter": slot.meter,
                "starts_at": slot.starts_at,
                "minutes": slot.minutes,
                "energy": slot.energy,
                "author": author,
                "note": note,
                "made_at": made_at,
                "method": METHOD,
                **parameters,
            },
        ).fetchone()
    if row is None:
        wanted = "an edit" if statement is _WITHDRAW else f"an interval of {slot.minutes} min with it"
        raise DataError(
            f"meter {slot.meter}, {slot.energy} from {slot.starts_at.isoformat()}: expected {wanted}, "
            "there is none. Next step: 'kilowatch vee edits' lists the edits; intervals begin at quarters"
        )
    return Edit(
        meter=slot.meter,
        starts_at=slot.starts_at,
        minutes=slot.minutes,
        energy=slot.energy,
        version=row[0],
        before=row[1],
        after=row[2],
        withdrawn=statement is _WITHDRAW,
        author=author,
        note=note,
        made_at=made_at,
    )
