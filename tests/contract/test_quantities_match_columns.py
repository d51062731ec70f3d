"""A quantity's value is its column, of the type its kind wants."""

from __future__ import annotations

from pipeline.model import Origin
from storage.batch import ROW_COLUMNS
from storage.columns import NUMBER_OF_ORIGIN, QUANTITIES_OF_TABLE, SQL_TYPE
from storage.database import Connection


def test_every_quantity_has_a_column_of_its_kind_and_no_column_lacks_a_quantity(database: Connection) -> None:
    for table, quantities in QUANTITIES_OF_TABLE.items():
        rows = database.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            (table,),
        ).fetchall()
        columns: dict[str, str] = dict(rows)
        for name in ROW_COLUMNS:
            columns.pop(name)
        assert columns == {q.value: SQL_TYPE[q.kind] for q in quantities}


def test_every_origin_has_its_number(database: Connection) -> None:
    rows = database.execute("SELECT name, origin FROM origin").fetchall()
    assert dict(rows) == {origin.value: NUMBER_OF_ORIGIN[origin] for origin in Origin}
