"""Reads the catalogue's data files (``identifiers/``): one row for each family of identifiers.

``[[item]]`` tables are rows as they stand; ``[[event]]`` and ``[[freeze]]`` tables stand for the many rows
that differ by one code only (``families.py``).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from protocols.dlt645.catalogue_rows import Row, parse_row
from protocols.dlt645.families import family_rows


@cache
def rows(identifier_bytes: int) -> tuple[Row, ...]:
    """Return the rows for identifiers of two (1997) or four bytes (2007); none for other lengths.

    Raises:
        ConfigError: If a data file is wrong; names file and identifier.
    """
    folder = {2: "1997", 4: "2007"}.get(identifier_bytes)
    if folder is None:
        return ()
    found: list[Row] = []
    files = resources.files("protocols.dlt645").joinpath("identifiers", folder).iterdir()
    for file in sorted(files, key=lambda file: file.name):
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        found += [parse_row(entry, where=file.name) for entry in table.get("item", ())]
        found += family_rows(table, where=file.name)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """What meters answer while no source at hand says how it is laid out."""

    di: str
    name: str
    zh: str
    to_confirm: str
    source: str


@cache
def open_questions() -> tuple[OpenQuestion, ...]:
    """Return what the catalogue leaves out, and why."""
    file = resources.files("protocols.dlt645").joinpath("identifiers", "2007", "open.toml")
    return tuple(OpenQuestion(**entry) for entry in tomllib.loads(file.read_text("utf-8"))["open"])
