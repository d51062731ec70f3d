"""Opens records of sampled voltages and currents: COMTRADE (.cfg with .dat, or .cff) and tables (.csv)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from analysis.comtrade.container import split_container
from analysis.comtrade.encoding import decoded
from analysis.comtrade.recording import Side, parse_recording
from analysis.waveform.record import Recording
from analysis.waveform.table import parse_table
from pipeline.errors import DataError

FORMATS: Final = (".cfg", ".dat", ".cff", ".csv")
LARGEST_BYTES: Final = 512 << 20
"""A file is read as a whole, and a stored number of two bytes takes eight in memory, some of them thrice."""


def read_waveform(path: Path, side: Side = Side.PRIMARY) -> Recording:
    """Return the record that a file holds; of a .cfg and a .dat either may be named.

    Args:
        path: The file.
        side: Of the transformers, where a COMTRADE file tells their ratio.

    Raises:
        DataError: If it cannot be read or understood; names file and line, and what to do.
    """
    match path.suffix.lower():
        case ".csv":
            return parse_table(decoded(_bytes(path))[0], path.name)
        case ".cff":
            parts = split_container(_bytes(path), path.name)
            return parse_recording(*parts, (path.name, path.name), side)
        case ".cfg" | ".dat":
            configuration, data = _beside(path, ".cfg"), _beside(path, ".dat")
            names = configuration.name, data.name
            return parse_recording(_bytes(configuration), _bytes(data), names, side)
        case _:
            raise DataError(f"{path.name}: a waveform is a file of {', '.join(FORMATS)}")


def _beside(path: Path, suffix: str) -> Path:
    """Return the file of the same name with another ending, in capitals or not."""
    if path.suffix.lower() == suffix:
        return path
    same_case = suffix.upper() if path.suffix.isupper() else suffix
    exact = path.with_suffix(same_case)
    if exact.is_file():
        return exact
    try:
        beside = sorted(
            p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() == suffix
        )
    except OSError as error:
        raise DataError(f"{path.parent} cannot be read: {error.strerror or error}") from error
    if not beside:
        raise DataError(f"{path.name}: there is no {exact.name} beside it; a COMTRADE record needs both")
    return beside[0]


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise DataError(f"{path.name} has {size} bytes; cut it into parts of at most {LARGEST_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror or error}") from error
