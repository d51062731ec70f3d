"""Numbers of many rows fetched as columns: the server packs what each meter has, and numpy takes it as it is.

No Python object is made of a row. A year of quarter hours would be 35 000 of them, and some hundred new ones
are enough to let the garbage collector look at everything that the process holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from storage.pgcopy import POSTGRES_EPOCH_US

_NO_INSTANT: Final = np.iinfo(np.int64).min
"""How the server sends ``-infinity``, which stands for a missing instant; numpy calls it NaT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedColumn:
    """A column that is asked for; all its values have one width."""

    sent: sql.Composable
    """The bytes of one value, never NULL."""
    form: str
    """Of one value, as numpy calls it."""


def double(name: str) -> PackedColumn:
    """Ask for a column of double precision; missing is NaN."""
    return _column("float8send(coalesce({}, 'NaN'))", name, ">f8")


def real(name: str) -> PackedColumn:
    """Ask for a column of single precision; missing is NaN."""
    return _column("float4send(coalesce({}, 'NaN'))", name, ">f4")


def integer(name: str) -> PackedColumn:
    """Ask for a column of integers of any width that are never missing."""
    return _column("int4send({}::integer)", name, ">i4")


def instant(name: str) -> PackedColumn:
    """Ask for a column of instants; see :func:`times_of`."""
    return _column("timestamptz_send(coalesce({}, '-infinity'))", name, ">i8")


def letter(name: str) -> PackedColumn:
    """Ask for a column of ASCII letters that are never missing."""
    return _column("textsend({}::text)", name, "S1")


def letters(name: str, length: int) -> PackedColumn:
    """Ask for a column of texts of so many ASCII letters each; missing ones are blanks.

    Nothing in the schema holds their width (compressed hypertables take no new CHECK), and one text of
    another would shift all that come after it: they are given theirs here.
    """
    sent = sql.SQL("textsend(rpad(coalesce({}, ''), {}))").format(sql.Identifier(name), sql.Literal(length))
    return PackedColumn(sent=sent, form=f"S{length}")


def packed(columns: Sequence[PackedColumn], order: sql.Composable) -> sql.Composed:
    """Return what to select of each group of rows; the rows of a group come in the order named."""
    each = sql.SQL("string_agg({}, '' ORDER BY {})")
    return sql.SQL(", ").join(each.format(column.sent, order) for column in columns)


def unpacked(
    groups: Sequence[Sequence[bytes]], columns: Sequence[PackedColumn]
) -> list[NDArray[Any]]:  # Any: each has the type that its form names
    """Return the columns of all groups, one group after the other, as :func:`packed` gave them."""
    sent = list(zip(*groups, strict=True)) or [()] * len(columns)
    return [
        np.frombuffer(b"".join(parts), dtype=column.form) for parts, column in zip(sent, columns, strict=True)
    ]


def times_of(sent: NDArray[np.int64]) -> Times:
    """Return the instants of a column; missing ones are NaT."""
    counted = sent.astype(np.int64)
    return np.where(counted == _NO_INSTANT, _NO_INSTANT, counted + POSTGRES_EPOCH_US).view("datetime64[us]")


def _column(sent: LiteralString, name: str, form: str) -> PackedColumn:
    return PackedColumn(sent=sql.SQL(sent).format(sql.Identifier(name)), form=form)
