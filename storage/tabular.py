"""Tables handed in as CSV or Parquet: cells become times and numbers, or an error that names the cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyarrow import ArrowException  # type: ignore[import-untyped]  # pyarrow ships no types

from pipeline.block import Times
from pipeline.errors import DataError

_WITH_OFFSET = r"^\d{4}-?\d\d-?\d\d[T ]\d\d.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"
"""A date, a time and an offset; a bare date's last part must not pass for an offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The cells of one file, with the place of each for error messages."""

    name: str
    cells: pd.DataFrame
    first_line: int
    """How people count the first row: 2 in a CSV file (line 1 is the header), 1 in a Parquet file."""
    counted: str
    """``line`` or ``row``."""

    def error(self, row: int, column: str, message: str) -> DataError:
        """Return an error that names file, row and column; ``row`` counts from 0."""
        return DataError(f"{self.name}, {self.counted} {row + self.first_line}, column {column}: {message}")


def read_table(path: Path, *, required: Sequence[str], allowed: Collection[str]) -> Table:
    """Return the cells of a ``.csv`` or ``.parquet`` file after checking its header.

    Raises:
        DataError: If it cannot be read, or a column is missing, unknown or doubled.
    """
    try:
        table = _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (ArrowException, ValueError) as error:
        raise DataError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
    columns = [str(c) for c in table.cells.columns]
    doubled = sorted({c for c in columns if columns.count(c) > 1})
    if doubled:
        raise DataError(f"{table.name}: two columns are called {', '.join(doubled)}")
    missing = [c for c in required if c not in columns]
    if missing:
        raise DataError(f"{table.name}: there is no column {', '.join(missing)}")
    unknown = [c for c in columns if c not in allowed]
    if unknown:
        raise DataError(f"{table.name}: unknown column {', '.join(_with_hint(c, allowed) for c in unknown)}")
    return table


def texts(table: Table, column: str) -> list[str]:
    """Return a column of texts that must not be empty."""
    series = table.cells[column]
    written = series.astype("object").where(series.notna(), "").map(_shown)
    empty = np.flatnonzero(written.to_numpy() == "")
    if len(empty):
        raise table.error(int(empty[0]), column, "is empty")
    return [str(text) for text in written]


def instants(table: Table, column: str, *, may_be_empty: bool = False) -> Times:
    """Return a column of times with offsets as UTC; NaT where empty, if that is allowed."""
    series = table.cells[column]
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        utc = series.dt.tz_convert("UTC")
        empty = series.isna()
    elif pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise table.error(0, column, "the times have no offset; store them with a time zone")
    else:
        written = series.astype("object").where(series.notna(), "").map(_shown).astype(str)
        empty = written == ""
        naive = np.flatnonzero(~empty & ~written.str.match(_WITH_OFFSET))
        if len(naive):
            row = int(naive[0])
            raise table.error(
                row,
                column,
                f"expected ISO 8601 with an offset like 2026-01-01T00:00:00+08:00, not {written.iloc[row]!r}",
            )
        utc = pd.to_datetime(written.where(~empty), utc=True, format="ISO8601", errors="coerce")
        wrong = np.flatnonzero(~empty & utc.isna())
        if len(wrong):
            row = int(wrong[0])
            raise table.error(row, column, f"there is no such time: {written.iloc[row]!r}")
    if not may_be_empty and empty.any():
        raise table.error(int(np.flatnonzero(empty)[0]), column, "is empty")
    times: Times = utc.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return times


def numbers(table: Table, column: str) -> NDArray[np.float64]:
    """Return a column of numbers; NaN where empty."""
    series = table.cells[column]
    if pd.api.types.is_bool_dtype(series.dtype):
        raise table.error(0, column, "expected numbers, not true and false")
    if pd.api.types.is_numeric_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        empty = np.isnan(values)
    else:
        written = series.astype("object").where(series.notna(), "").map(_shown).astype(str)
        empty = written.str.lower().isin(["", "nan"]).to_numpy()
        values = pd.to_numeric(written.where(~empty), errors="coerce").to_numpy(
            dtype=np.float64, na_value=np.nan
        )
    wrong = np.flatnonzero(~empty & ~np.isfinite(values))
    if len(wrong):
        row = int(wrong[0])
        raise table.error(row, column, f"expected a number, not {series.iloc[row]!r}")
    return values


def lists(table: Table, column: str) -> list[tuple[float, ...] | None]:
    """Return a column of ``;``-separated numbers (or lists, in Parquet); None where empty, NaN for a gap."""
    found: list[tuple[float, ...] | None] = []
    for row, cell in enumerate(table.cells[column]):
        parts = cell if isinstance(cell, list | tuple | np.ndarray) else _shown(cell).split(";")
        if len(parts) == 0 or (len(parts) == 1 and _shown(parts[0]) == ""):
            found.append(None)
            continue
        try:
            found.append(tuple(float(part) if _shown(part) else float("nan") for part in parts))
        except (TypeError, ValueError):
            raise table.error(row, column, f"expected numbers separated by ';', not {cell!r}") from None
    return found


def choices(table: Table, column: str, allowed: Collection[str], default: Callable[[int], str]) -> list[str]:
    """Return a column whose cells are among ``allowed``; an empty one takes its row's default."""
    chosen = []
    for row, cell in enumerate(table.cells[column]):
        text = _shown(cell) or default(row)
        if text not in allowed:
            raise table.error(row, column, f"expected one of {', '.join(sorted(allowed))}, not {text!r}")
        chosen.append(text)
    return chosen


def _read_csv(path: Path) -> Table:
    cells = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False)
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    names = [name.strip().strip('"') for name in header.rstrip("\r\n").split(",")]
    if len(names) == len(cells.columns):
        cells.columns = pd.Index(names)  # pandas renames doubled columns; we refuse them
    return Table(name=path.name, cells=cells, first_line=2, counted="line")


def _read_parquet(path: Path) -> Table:
    if path.suffix.lower() != ".parquet":
        raise DataError(f"{path.name}: expected a .csv or .parquet file")
    return Table(
        name=path.name, cells=pd.read_parquet(path).reset_index(drop=True), first_line=1, counted="row"
    )


def _shown(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA:
        return ""
    return str(cell).strip()


def _with_hint(column: str, allowed: Collection[str]) -> str:
    near = get_close_matches(column, allowed, n=1)
    return f"{column} (did you mean {near[0]}?)" if near else column
