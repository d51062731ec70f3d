"""Tables written in pieces read back as one."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types
import pytest

from storage.table_stream import INSTANT, TableFormat, stream_tables

SCHEMA = pa.schema([("meter_id", pa.string()), ("at", INSTANT), ("kwh", pa.float64())])
AT = datetime(2026, 11, 20, 6, 0, 4, 250_000, tzinfo=UTC)
WHOLE = AT.replace(microsecond=0)
AWKWARD = 'a "quoted", id\nof 電表'


def piece(*rows: tuple[str | None, datetime | None, float | None]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def test_csv_has_one_header_and_empty_cells_for_what_is_missing() -> None:
    pieces = [piece(("M1", AT, 0.1)), piece(("M2", WHOLE, None), (None, None, 3.0))]
    assert b"".join(stream_tables(SCHEMA, pieces, TableFormat.CSV)).decode() == (
        "meter_id,at,kwh\nM1,2026-11-20T06:00:04.250000+00:00,0.1\nM2,2026-11-20T06:00:04+00:00,\n,,3\n"
    )


def test_texts_that_need_quotes_have_them() -> None:
    text = b"".join(stream_tables(SCHEMA, [piece((AWKWARD, AT, 1.0))], TableFormat.CSV)).decode()
    assert next(iter(csv.DictReader(io.StringIO(text, newline=""))))["meter_id"] == AWKWARD


def test_parquet_reads_back_as_one_table_with_a_row_group_a_piece() -> None:
    pieces = [piece(("M1", AT, 0.1)), piece((AWKWARD, None, None))]
    file = io.BytesIO(b"".join(stream_tables(SCHEMA, pieces, TableFormat.PARQUET)))
    assert pq.read_table(file) == pa.concat_tables(pieces)
    assert pq.ParquetFile(file).num_row_groups == 2


@pytest.mark.parametrize("form", TableFormat)
def test_no_piece_makes_a_file_of_the_header(form: TableFormat) -> None:
    content = b"".join(stream_tables(SCHEMA, [], form))
    if form is TableFormat.PARQUET:
        assert pq.read_table(io.BytesIO(content)).schema == SCHEMA
    else:
        assert content == b"meter_id,at,kwh\n"


@pytest.mark.parametrize("form", TableFormat)
def test_a_piece_is_asked_for_only_when_the_one_before_was_taken(form: TableFormat) -> None:
    asked = 0

    def endless() -> Iterator[pa.Table]:
        nonlocal asked
        while True:
            asked += 1
            yield piece(("M1", AT, 0.1))

    stream = stream_tables(SCHEMA, endless(), form)
    for n in range(1, 20):
        next(stream)
        assert asked <= n


@pytest.mark.parametrize("form", TableFormat)
def test_memory_does_not_grow_with_the_file(form: TableFormat) -> None:
    rows = [(f"M{n}", AT + timedelta(seconds=n), n / 7) for n in range(2000)]

    def most_bytes(pieces: int) -> tuple[int, int]:
        """Return how many bytes Python and Arrow held at most, and how long the file became."""
        length = held = 0
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        for taken in stream_tables(SCHEMA, (piece(*rows) for _ in range(pieces)), form):
            length += len(taken)
            held = max(held, pa.total_allocated_bytes() - before)
        held += tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held, length

    most_bytes(1)  # what is made once and kept
    (few, short), (many, long) = most_bytes(5), most_bytes(50)
    assert long > 8 * short
    assert many < 1.5 * few
