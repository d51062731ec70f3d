"""Columns that the server packs come out as the values that were packed."""

from __future__ import annotations

import struct

import numpy as np
from psycopg import sql

from pipeline.timegrid import from_numpy
from storage.database import Connection
from storage.packed_columns import double, instant, integer, letters, packed, real, times_of, unpacked


def test_groups_follow_one_another_in_each_column() -> None:
    columns = [integer("a"), double("b"), real("c"), letters("d", 3)]
    groups = [
        (
            struct.pack(">2i", 7, -8),
            struct.pack(">2d", 0.1, float("nan")),
            struct.pack(">2f", 0.5, 2),
            b"NNA   ",
        ),
        (struct.pack(">i", 9), struct.pack(">d", -1e300), struct.pack(">f", -1), b"VVV"),
    ]
    whole, doubles, reals, texts = unpacked(groups, columns)
    assert whole.tolist() == [7, -8, 9]
    np.testing.assert_array_equal(doubles, [0.1, np.nan, -1e300])
    assert reals.tolist() == [0.5, 2.0, -1.0]
    assert texts.tolist() == [b"NNA", b"   ", b"VVV"]


def test_no_group_gives_empty_columns() -> None:
    columns = [instant("a"), double("b")]
    assert [len(column) for column in unpacked([], columns)] == [0, 0]


def test_instants_are_counted_from_2000_and_a_missing_one_stays_missing() -> None:
    # PostgreSQL's own example of a timestamptz on the wire: microseconds since 2000-01-01 00:00 UTC.
    (sent,) = unpacked([(struct.pack(">3q", 0, 86_400_000_001, -(2**63)),)], [instant("a")])
    first, second, missing = times_of(sent)
    assert from_numpy(first).isoformat() == "2000-01-01T00:00:00+00:00"
    assert from_numpy(second).isoformat() == "2000-01-02T00:00:00.000001+00:00"
    assert np.isnat(missing)


def test_a_text_of_another_width_shifts_none_that_come_after_it(database: Connection) -> None:
    column = letters("d", 3)
    rows = "(VALUES (1, 'NNA'), (2, 'VVVV'), (3, 'A'), (4, NULL), (5, 'EEE')) AS given (place, d)"
    query = sql.SQL("SELECT {} FROM ").format(packed([column], sql.Identifier("place"))) + sql.SQL(rows)
    with database.cursor(binary=True) as cursor:
        (texts,) = unpacked(cursor.execute(query).fetchall(), [column])
    assert texts.tolist() == [b"NNA", b"VVV", b"A  ", b"   ", b"EEE"]
