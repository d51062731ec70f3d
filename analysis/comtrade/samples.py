"""The data (.dat) of a COMTRADE record, in any of its four forms, as stored numbers by channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.comtrade.configuration import Configuration, DataForm
from analysis.comtrade.encoding import decoded, lines_of
from pipeline.errors import DataError

_TYPES: Final = {DataForm.BINARY: "<i2", DataForm.BINARY32: "<i4", DataForm.FLOAT32: "<f4"}
_MISSING: Final = {DataForm.BINARY: -0x8000, DataForm.BINARY32: -0x80000000}
"""The lowest number of each form stands for no value. 1991 has no such mark: its lowest number is a value
where the channel's range holds it."""
FLOAT_LOWEST: Final = float(np.finfo(np.float32).min)
"""Likewise of FLOAT32; after the rule for the whole numbers, to be confirmed against the standard's text."""
ASCII_MISSING: Final = 99_999.0
"""1999; where a channel's range holds it, it is a value. 2013 leaves the field empty."""
STATUS_BITS: Final = 16
NO_TIME: Final = 0xFFFF_FFFF
_EMPTY: Final = re.compile(r"(?<=,)\s*(?=,)|(?<=,)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSamples:
    """What a data file holds, as stored."""

    numbers: NDArray[np.int64]
    """Of each sample, as the file counts them."""
    times: NDArray[np.float64]
    """Of each sample in the configuration's time unit; NaN where the file has none."""
    values: NDArray[np.float64]
    """By channel and sample, before factor and offset; NaN is missing."""
    notes: tuple[str, ...]


def parse_samples(raw: bytes, configuration: Configuration, name: str) -> StoredSamples:
    """Return the samples of a data file; what a cut-off file still holds is there, with a note.

    Args:
        raw: The file's bytes.
        configuration: What its .cfg says.
        name: The file's name, for errors.

    Raises:
        DataError: If a line in the middle of an ASCII file is wrong, or nothing is there; names the line.
    """
    if configuration.form is DataForm.ASCII:
        found = _from_text(raw, configuration, name)
    else:
        found = _from_binary(raw, configuration)
    if not len(found.numbers):
        raise DataError(
            f"{name}: there is no whole sample in its {len(raw)} bytes, expected {configuration.samples}; "
            "copy the file from the recorder again"
        )
    return found


def _from_binary(raw: bytes, configuration: Configuration) -> StoredSamples:
    form = configuration.form
    row = np.dtype(
        [
            ("number", "<u4"),
            ("time", "<u4"),
            ("analogue", _TYPES[form], (len(configuration.channels),)),
            ("status", "<u2", (-(-configuration.status_count // STATUS_BITS),)),
        ]
    )
    rows, rest = divmod(len(raw), row.itemsize)
    notes = []
    if rest > 1:
        # One byte more is the end-of-file mark of old systems.
        notes.append(
            f"byte {rows * row.itemsize}: the last {rest} bytes are no whole sample of {row.itemsize}"
        )
    table = np.frombuffer(raw, row, rows)
    with np.errstate(invalid="ignore"):  # A signalling NaN is as good as any other.
        values = table["analogue"].T.astype(np.float64)
    if form is DataForm.FLOAT32:
        values[~np.isfinite(values) | (values <= FLOAT_LOWEST)] = np.nan
    else:
        _set_missing(
            values, float(_MISSING[form]), configuration, only_outside=configuration.edition == "1991"
        )
    times = np.where(table["time"] == NO_TIME, np.nan, table["time"].astype(np.float64))
    return StoredSamples(
        numbers=table["number"].astype(np.int64), times=times, values=values, notes=tuple(notes)
    )


def _from_text(raw: bytes, configuration: Configuration, name: str) -> StoredSamples:
    channels = len(configuration.channels)
    fields = 2 + channels + configuration.status_count
    lines = lines_of(decoded(raw)[0])
    while lines and not lines[-1].strip():
        lines.pop()
    notes = []
    commas = [line.count(",") for line in lines]
    if lines and commas[-1] < fields - 1:
        notes.append(f"line {len(lines)}: the file breaks off in it; it is left out")
        lines.pop()
        commas.pop()
    for number, count in enumerate(commas, start=1):
        # A comma at the end of each line is a habit of some recorders.
        if count not in (fields - 1, fields):
            raise DataError(
                f"{name}, line {number}: a sample has {fields} fields, this one has {count + 1}; "
                "do the .cfg and the .dat belong together?"
            )
    table = _table([_EMPTY.sub("nan", line) for line in lines], 2 + channels, name)
    values = np.ascontiguousarray(table[:, 2:].T)
    _set_missing(values, ASCII_MISSING, configuration, only_outside=True)
    values[~np.isfinite(values)] = np.nan
    numbers, times = table[:, 0], np.where(np.isfinite(table[:, 1]), table[:, 1], np.nan)
    if not (np.abs(numbers) <= NO_TIME).all():
        numbers = np.arange(1, len(table) + 1, dtype=np.float64)
    return StoredSamples(numbers=numbers.astype(np.int64), times=times, values=values, notes=tuple(notes))


def _table(lines: list[str], columns: int, name: str) -> NDArray[np.float64]:
    if not lines:
        return np.zeros((0, columns))
    try:
        return np.loadtxt(lines, delimiter=",", usecols=range(columns), ndmin=2, comments=None)
    except (ValueError, OverflowError):
        for number, line in enumerate(lines, start=1):
            for column, field in enumerate(line.split(",")[:columns], start=1):
                if not _is_number(field):
                    raise DataError(
                        f"{name}, line {number}, field {column}: expected a number, not {field.strip()!r}"
                    ) from None
        raise DataError(f"{name} cannot be read as numbers") from None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _set_missing(
    values: NDArray[np.float64], mark: float, configuration: Configuration, *, only_outside: bool
) -> None:
    """Make the mark of missing values NaN; ``only_outside``: of channels whose range does not hold it."""
    for row, channel in zip(values, configuration.channels, strict=True):
        if not only_outside or not channel.lowest <= mark <= channel.highest:
            row[row == mark] = np.nan
