"""Entries of registry files as they are written, with the place where each stands."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError, Problem

_HEADER = re.compile(r"^\s*\[\[\s*\"?([A-Za-z0-9_-]+)\"?\s*\]\]")
_AT_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One ``[[table]]`` of a TOML file or one row of a CSV file."""

    file: str
    table: str
    """Where it stands, for people."""
    kind: str
    """Which record it makes; an installation may stand as keys of a ``[[meter]]``."""
    number: int
    """1 for the first entry of its table."""
    line: int
    """The line of its header (TOML) or of its row (CSV)."""
    values: Mapping[str, object]

    def problem(self, key: str, message: str) -> Problem:
        """Return a mistake of this entry."""
        return Problem(
            file=self.file, table=self.table, entry=self.number, line=self.line, key=key, message=message
        )


def read_entries(path: Path, problems: list[Problem]) -> list[Entry]:
    """Return every entry of a TOML file, a CSV file named after its table, or a folder of such CSV files.

    Raises:
        ConfigError: If there is nothing to read at ``path``.
    """
    try:
        if path.is_dir():
            tables = sorted(path.glob("*.csv"))
            if not tables:
                raise ConfigError(f"{path} holds no .csv file; expected meter.csv, service_point.csv ...")
            return [entry for table in tables for entry in _csv_entries(table, problems)]
        if path.suffix == ".csv":
            return list(_csv_entries(path, problems))
        return list(_toml_entries(path, problems))
    except OSError as error:
        raise ConfigError(f"cannot read the registry {path}: {error.strerror}") from error


def _toml_entries(path: Path, problems: list[Problem]) -> Iterator[Entry]:
    text = _text(path, problems)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        problems.append(_file_problem(path, line, f"not TOML: {error}"))
        return
    headers: dict[str, list[int]] = {}
    for line, written in enumerate(text.splitlines(), start=1):
        if match := _HEADER.match(written):
            headers.setdefault(match[1], []).append(line)
    for table, value in content.items():
        lines = headers.get(table, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            problems.append(_file_problem(path, _line_of(text, table), f"write [[{table}]]", table))
            continue
        for number, entry in enumerate(value, start=1):
            line = lines[number - 1] if number <= len(lines) else _line_of(text, table)
            yield Entry(file=path.name, table=table, kind=table, number=number, line=line, values=entry)


def _csv_entries(path: Path, problems: list[Problem]) -> Iterator[Entry]:
    rows = csv.reader(_text(path, problems).splitlines())
    header = [name.strip() for name in next(rows, [])]
    number = 0
    for row in rows:
        if not any(row):
            continue
        number += 1
        line = rows.line_num
        values = {k: v.strip() for k, v in zip(header, row, strict=False) if v.strip()}
        entry = Entry(
            file=path.name, table=path.stem, kind=path.stem, number=number, line=line, values=values
        )
        if len(row) > len(header):
            problems.append(entry.problem("", f"{len(row)} fields under a header of {len(header)}"))
        yield entry


def _text(path: Path, problems: list[Problem]) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.append(_file_problem(path, line, f"not UTF-8: byte {raw[error.start]:02X}"))
        return ""


def _line_of(text: str, table: str) -> int:
    found = re.search(rf"^\s*\[?\s*\"?{re.escape(table)}\b", text, re.MULTILINE)
    return text[: found.end()].count("\n") + 1 if found else 1


def _file_problem(path: Path, line: int, message: str, table: str = "") -> Problem:
    return Problem(file=path.name, table=table, entry=0, line=line, key="", message=message)
