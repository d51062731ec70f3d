"""A record as a table (.csv): ``time_s``, then a column a channel in volts or amperes (DESIGN, section 6)."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.channel_names import kind_and_scale, phase_of
from analysis.waveform.record import Channel, ChannelKind, Recording, stretches_by_time
from pipeline.errors import DataError

TIME: Final = "time_s"
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_EMPTY: Final = re.compile(r"^\s*(?=,)|(?<=,)\s*(?=,)|(?<=,)\s*$")


def parse_table(text: str, name: str) -> Recording:
    """Return the record that a table holds; an empty cell is a missing sample.

    Args:
        text: The file's text; its first line holds the columns' names, such as ``time_s,u_a,u_b,u_c,i_a``.
        name: The file's name, for errors.

    Raises:
        DataError: If a column or a cell is wrong; names line and column.
    """
    lines = _LINE_END.split(text)
    while lines and not lines[-1].strip():
        lines.pop()
    columns = [column.strip().strip('"') for column in (lines[0] if lines else "").split(",")]
    _check(columns, name)
    cells = _cells(lines, columns, name)
    untimed = np.flatnonzero(np.isnan(cells[:, 0]))
    if len(untimed):
        raise DataError(f"{name}, line {untimed[0] + 2}, column {TIME}: is empty")
    try:
        stretches = stretches_by_time(cells[:, 0], np.ascontiguousarray(cells[:, 1:].T))
    except DataError as error:
        raise DataError(f"{name}, column {TIME}, {error}") from None
    return Recording(
        name=name, channels=tuple(_channel(column) for column in columns[1:]), stretches=stretches
    )


def _check(columns: list[str], name: str) -> None:
    if columns[0] != TIME:
        raise DataError(
            f"{name}, line 1: the first column must be {TIME}, not {columns[0]!r}; "
            f"expected a header like {TIME},u_a,u_b,u_c,i_a,i_b,i_c"
        )
    if len(columns) == 1:
        raise DataError(f"{name}, line 1: there is no channel beside {TIME}")
    if "" in columns:
        raise DataError(f"{name}, line 1: column {columns.index('') + 1} has no name")
    doubled = sorted({column for column in columns if columns.count(column) > 1})
    if doubled:
        raise DataError(f"{name}, line 1: two columns are called {', '.join(doubled)}")


def _cells(lines: list[str], columns: list[str], name: str) -> NDArray[np.float64]:
    rows = lines[1:]
    for number, line in enumerate(rows, start=2):
        count = line.count(",") + 1
        if count != len(columns):
            raise DataError(f"{name}, line {number}: expected {len(columns)} cells, not {count}")
    if len(rows) < 2:  # noqa: PLR2004 - one sample has no rate
        raise DataError(f"{name}: a waveform needs at least two samples, here are {len(rows)}")
    try:
        cells = np.loadtxt([_EMPTY.sub("nan", row) for row in rows], delimiter=",", ndmin=2, comments=None)
    except (ValueError, OverflowError):
        cells = None
    if cells is None or np.isinf(cells).any():
        raise _wrong_cell(rows, columns, name)
    return np.asarray(cells, dtype=np.float64)


def _wrong_cell(rows: list[str], columns: list[str], name: str) -> DataError:
    for number, row in enumerate(rows, start=2):
        for column, cell in zip(columns, row.split(","), strict=True):
            if cell.strip() and not _is_finite(cell):
                return DataError(
                    f"{name}, line {number}, column {column}: expected a number, not {cell.strip()!r}"
                )
    return DataError(f"{name} cannot be read as numbers")


def _is_finite(cell: str) -> bool:
    try:
        return not math.isinf(float(cell))
    except ValueError:
        return False


def _channel(column: str) -> Channel:
    kind, _ = kind_and_scale(column, "")
    unit = {ChannelKind.VOLTAGE: "V", ChannelKind.CURRENT: "A"}.get(kind, "")
    return Channel(name=column, kind=kind, phase=phase_of(column), unit=unit)
