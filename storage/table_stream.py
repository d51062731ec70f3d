"""Tables written piece by piece as CSV or Parquet: however long a file becomes, one piece is in memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.csv  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types

INSTANT: Final = pa.timestamp("us", tz="UTC")
_PLAIN: Final = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
_QUOTED: Final = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
_ISO: Final = pc.StrftimeOptions("%Y-%m-%dT%H:%M:%S+00:00")
_WHOLE: Final = pc.ReplaceSubstringOptions(".000000", "")


class TableFormat(StrEnum):
    """The forms of DESIGN section 7 for tables."""

    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.PARQUET: "application/vnd.apache.parquet",
}


def stream_tables(schema: pa.Schema, tables: Iterable[pa.Table], form: TableFormat) -> Iterator[bytes]:
    """Write tables of one schema one after the other; where there is none, a file of the header alone.

    Args:
        schema: The columns; instants are :data:`INSTANT`.
        tables: The pieces; each becomes a row group of a Parquet file.
        form: What is written.
    """
    return _csv(schema, tables) if form is TableFormat.CSV else _parquet(schema, tables)


def _csv(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    yield ",".join(schema.names).encode() + b"\n"
    for table in tables:
        yield _lines(_told(table))


def _lines(table: pa.Table) -> bytes:
    """Return the rows of a table; Arrow quotes all texts or none, and refuses none where one needs it."""
    sink = io.BytesIO()
    try:
        pyarrow.csv.write_csv(table, sink, _PLAIN)
    except pa.ArrowInvalid:
        sink = io.BytesIO()
        pyarrow.csv.write_csv(table, sink, _QUOTED)
    return sink.getvalue()


def _told(table: pa.Table) -> pa.Table:
    """Return a table whose instants are ISO 8601 with an offset; whole seconds without a fraction."""
    for place, field in enumerate(table.schema):
        if field.type == INSTANT:
            # Writing an instant out takes longest of all, and many meters share each.
            encoded = table.column(place).combine_chunks().dictionary_encode()
            text = pc.call_function("strftime", [encoded.dictionary], _ISO)
            told = pc.call_function("replace_substring", [text], _WHOLE).take(encoded.indices)
            table = table.set_column(place, pa.field(field.name, pa.string()), told)
    return table


def _parquet(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    sink = _Taken()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for table in tables:
            if table.num_rows:
                writer.write_table(table)
            yield sink.take()
    yield sink.take()


class _Taken(io.RawIOBase):
    """A file whose bytes are taken away as soon as they are written."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload] # a buffer of Arrow's
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._length

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken
