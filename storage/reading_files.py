"""Writes readings into a file of DESIGN section 7, which ``storage.files`` reads again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.block import ReadingBlock, Times
from pipeline.errors import ConfigError
from pipeline.quantities import Kind, Quantity

FORMATS = (".csv", ".parquet")


def check_reading_file(path: Path) -> None:
    """Refuse a file that could not be written, before any work is done.

    Raises:
        ConfigError: If its ending says no format that we write, or its folder is not there.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path.name}: readings are written as {' or '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}")


def write_readings(path: Path, block: ReadingBlock) -> None:
    """Write readings, a row each: meter, time, origin, then each quantity that occurs; empty = missing.

    Raises:
        ConfigError: If the file cannot be written.
    """
    check_reading_file(path)
    is_csv = path.suffix.lower() == ".csv"
    cells: dict[str, object] = {
        "meter_id": list(block.meters),
        "taken_at": _instants(block.taken_at, as_text=is_csv),
        "origin": list(block.origins),
    }
    for quantity in Quantity:
        if quantity in block.scalars:
            cells[quantity.value] = _scalars(quantity, block.scalars[quantity], as_text=is_csv)
        elif quantity in block.arrays:
            cells[quantity.value] = _lists(block.arrays[quantity], as_text=is_csv)
    table = pd.DataFrame(cells)
    try:
        if is_csv:
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error


def _instants(times: Times, *, as_text: bool) -> Sequence[object]:
    instants = list(pd.DatetimeIndex(times).tz_localize("UTC"))
    if not as_text:
        return instants
    empty = np.isnat(times).tolist()
    return [None if e else i.isoformat() for i, e in zip(instants, empty, strict=True)]


def _scalars(quantity: Quantity, column: NDArray[np.float64], *, as_text: bool) -> object:
    if quantity.kind is not Kind.INSTANT:
        return column
    known = ~np.isnan(column)
    times = np.full(len(column), np.datetime64("NaT", "us"))
    times[known] = np.rint(column[known] * 1e6).astype(np.int64).view("datetime64[us]")
    return _instants(times, as_text=as_text)


def _lists(column: Sequence[tuple[float, ...] | None], *, as_text: bool) -> object:
    if not as_text:
        return [None if cell is None else list(cell) for cell in column]
    return [
        "" if cell is None else ";".join("" if np.isnan(part) else f"{part:.12g}" for part in cell)
        for cell in column
    ]
