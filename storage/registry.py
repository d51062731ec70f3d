"""The archive in the database: saved as a whole, read back as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import sql
from psycopg.types.json import Jsonb

from pipeline.alarms.records import ChannelKind, Grade, Language
from pipeline.archive_records import MemberRole, MeteringSide, PointClass
from pipeline.contracts import BasicCharge, SuspensionKind
from pipeline.errors import StorageError
from pipeline.model import MeterId
from pipeline.registry import Registry, Role, Wiring
from pipeline.tariff import Period, StepsOver, Tariff
from pipeline.vee_records import Sense
from storage.cell_values import CellError
from storage.database import Connection, storage_errors
from storage.registry_cells import convert
from storage.registry_resets import Reset, Written, defaults_of, resets
from storage.registry_tables import TABLE_BY_NAME, TABLES, ArchiveTable
from storage.tariff_cells import written

_NESTED = ("charges", "fixed", "schedules", "rates", "steps", "basic", "losses")
"""Fields of a tariff that the database has as documents."""

_BETWEEN = "\x1f"
"""What stands between the parts of a key: a character that no id has."""

_FROM_COLUMN: Mapping[str, Callable[[Any], object]] = {  # Any: whatever the driver gives for the column
    "zone": ZoneInfo,
    "wiring": Wiring,
    "role": Role,
    "kind": SuspensionKind,
    "basic_charge": BasicCharge,
    "point_class": PointClass,
    "agreed_band_percent": tuple,
    "capacitor_steps_kvar": tuple,
    "metering_side": MeteringSide,
    "meters": tuple,
    "sense": Sense,
    "rules": tuple,
    "working_day": tuple,
    "day_off": tuple,
    "transformers": tuple,
    "interim_days": tuple,
    "area_member.role": MemberRole,
    "work_order.kind": str,
    "alarm_channel.kind": ChannelKind,
    **dict.fromkeys(("channels", "teams", "areas", "causes"), tuple),
    **dict.fromkeys(("at_least", "quiet_below"), Grade),
    "language": Language,
    "holidays": tuple,
    "worked": tuple,
    "steps_over": StepsOver,
    "period": Period,
    **{f"tariff.{name}": partial(convert, Tariff, name) for name in _NESTED},
}
"""By field, or by table and field where tables differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """How many entries of each table a registry changed."""

    changed: Mapping[str, int]
    """Added, made another, or removed."""
    removed: Mapping[str, int]
    """Those of histories that the registry has without them."""
    resets: Sequence[Reset] = ()
    """Keys of entries that were filed, and for which the registry has the default."""


def save_registry(connection: Connection, registry: Registry) -> Saved:
    """Bring the database in line with ``registry`` and return what changed.

    What the registry does not name stays. Of a meter or service point for which it has installations, ratios
    or contracts it has all of them: older ones that it no longer has are removed.

    Raises:
        StorageError: If the database is away or refuses; nothing is saved then.
    """
    with storage_errors("saving the registry"), connection.transaction():
        changed: dict[str, int] = {}
        removed: dict[str, int] = {}
        back: list[Reset] = []
        ids: dict[MeterId, int] = {}
        for table in TABLES:
            if "meter" in table.fields and not ids:
                ids = meter_numbers(connection)
            rows = [_row(table, record, ids) for record in getattr(registry, table.attribute)]
            back += _resets(connection, table, rows, ids)
            removed[table.name] = _remove_stale(connection, table, rows)
            changed[table.name] = removed[table.name] + _upsert(connection, table, rows)
        stale = {name: count for name, count in removed.items() if count}
        return Saved(changed=changed, removed=stale, resets=back)


def load_table(connection: Connection, name: str) -> list[Any]:  # Any: records of the table
    """Return the records of one table of the archive, of those that name no meter.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"reading the archive's {name}"):
        return _load(connection, TABLE_BY_NAME[name], {})


def load_registry(connection: Connection) -> Registry:
    """Return the whole archive.

    Raises:
        StorageError: If the database is away or has no schema yet.
    """
    with storage_errors("loading the registry"), connection.transaction():
        names = {number: name for name, number in meter_numbers(connection).items()}
        return Registry(**{table.attribute: _load(connection, table, names) for table in TABLES})


def load_alarm_book(connection: Connection) -> Registry:
    """Return what the archive says of alarms and of planned work, and nothing else of it.

    Raises:
        StorageError: If the database is away or has no schema yet.
    """
    with storage_errors("loading the routes of alarms"), connection.transaction():
        wanted = [TABLE_BY_NAME[name] for name in ("alarm_channel", "alarm_route", "work_order")]
        return Registry(**{table.attribute: _load(connection, table, {}) for table in wanted})


def meter_numbers(connection: Connection, meters: Collection[MeterId] | None = None) -> dict[MeterId, int]:
    """Return the number of these meters (None: of all): the key of their readings."""
    rows = connection.execute(
        "SELECT id, meter_id FROM meter WHERE %(meters)s::text[] IS NULL OR id = ANY(%(meters)s)",
        {"meters": None if meters is None else list(meters)},
    ).fetchall()
    return {MeterId(name): number for name, number in rows}


def _row(table: ArchiveTable, record: object, ids: Mapping[MeterId, int]) -> list[object]:
    return [_cell(name, getattr(record, name), ids) for name in table.fields]


def _cell(name: str, value: object, ids: Mapping[MeterId, int]) -> object:
    if name == "meter":
        return ids[MeterId(str(value))]
    if name in _NESTED and value is not None:
        return Jsonb(written(value))
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return Jsonb(dict(value))
    return str(value) if isinstance(value, str) else value


def _upsert(connection: Connection, table: ArchiveTable, rows: Sequence[Sequence[object]]) -> int:
    if not rows:
        return 0
    columns = table.columns(table.fields)
    rest = [column for column in columns if column not in table.columns(table.key)]
    statement = sql.SQL(
        "INSERT INTO {table} AS old ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO UPDATE SET {new} "
        "WHERE ({old}) IS DISTINCT FROM ({excluded})"
    ).format(
        table=sql.Identifier(table.name),
        columns=_names(columns),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        key=_names(table.columns(table.key)),
        new=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in rest),
        old=_names(rest, "old"),
        excluded=_names(rest, "excluded"),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)
        return max(0, cursor.rowcount)


def _resets(
    connection: Connection,
    table: ArchiveTable,
    rows: Sequence[Sequence[object]],
    ids: Mapping[MeterId, int],
) -> Iterator[Reset]:
    """Yield what goes back to its default, with meters by their names."""
    if not rows:
        return
    columns = _names(table.columns(table.fields))
    filed = connection.execute(sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table.name)))
    names: dict[object, MeterId] = {number: name for name, number in ids.items()}
    meter = table.fields.index("meter") if "meter" in table.fields else None
    before, after = (
        [[names.get(cell, cell) if at == meter else cell for at, cell in enumerate(row)] for row in some]
        for some in (filed.fetchall(), rows)
    )
    defaults = {name: _cell(name, value, ids) for name, value in defaults_of(table.record).items()}
    yield from resets(Written(table.name, table.fields, table.key, before, after), defaults)


def _remove_stale(connection: Connection, table: ArchiveTable, rows: Sequence[Sequence[object]]) -> int:
    if table.owner is None or not rows:
        return 0
    owner = table.fields.index(table.owner)
    start = table.fields.index("starts_at")
    others = [name for name in table.key if name != "starts_at"]
    statement = sql.SQL(
        "DELETE FROM {table} AS old WHERE {owner}::text = ANY(%(owners)s) AND NOT EXISTS ("
        "SELECT 1 FROM unnest(%(kept)s::text[], %(starts)s::timestamptz[]) AS kept (key, starts_at) "
        "WHERE kept.key = concat_ws(%(between)s, {key}) "
        "AND kept.starts_at IS NOT DISTINCT FROM old.starts_at)"
    ).format(
        table=sql.Identifier(table.name),
        owner=sql.Identifier(*table.columns([table.owner])),
        key=_names(table.columns(others), "old"),
    )
    places = [table.fields.index(name) for name in others]
    parameters = {
        "owners": sorted({str(row[owner]) for row in rows}),
        "kept": [_BETWEEN.join(str(row[place]) for place in places) for row in rows],
        "starts": [row[start] for row in rows],
        "between": _BETWEEN,
    }
    return connection.execute(statement, parameters).rowcount


def _load(
    connection: Connection, table: ArchiveTable, names: Mapping[int, MeterId]
) -> list[Any]:  # Any: records of the table
    statement = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        _names(table.columns(table.fields)),
        sql.Identifier(table.name),
        sql.SQL(", ").join(
            sql.SQL("{} NULLS FIRST").format(sql.Identifier(c)) for c in table.columns(table.key)
        ),
    )
    found = connection.execute(statement).fetchall()
    return [table.record(**_values(table, row, names)) for row in found]


def _values(
    table: ArchiveTable, row: Sequence[Any], names: Mapping[int, MeterId]
) -> dict[str, Any]:  # Any: the record's own types, which its table mirrors
    values = dict(zip(table.fields, row, strict=True))
    if "meter" in values:
        values["meter"] = names[values["meter"]]
    return {
        name: value if value is None else _converted(table, row, name, value)
        for name, value in values.items()
    }


def _converted(table: ArchiveTable, row: Sequence[Any], name: str, value: object) -> object:  # Any: as above
    """Return what a column holds; what an older import let in is told as what it is.

    Raises:
        StorageError: If it cannot be what its field is.
    """
    try:
        return _from_column(table, name)(value)
    except CellError as error:
        keys = dict(zip(table.fields, row, strict=True))
        entry = ", ".join(f"{key} {keys[key]}" for key in table.key if keys[key] is not None)
        raise StorageError(
            f"[[{table.name}]] {entry} in the database: key {name!r}: {error}. "
            "Next step: put it right in the file and import it again with 'kilowatch registry import'"
        ) from error


def _from_column(table: ArchiveTable, name: str) -> Callable[[Any], object]:  # Any: as the driver gives it
    return _FROM_COLUMN.get(f"{table.name}.{name}") or _FROM_COLUMN.get(name) or _as_it_is


def _as_it_is(value: object) -> object:
    return value


def _names(columns: Sequence[str], table: str | None = None) -> sql.Composed:
    if table is None:
        return sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(", ").join(sql.Identifier(table, column) for column in columns)
