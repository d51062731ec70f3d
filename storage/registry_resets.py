"""Finds the keys of the archive's entries that a file leaves out, so that they go back to their default."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import NamedTuple

from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """One key that goes back to its default in some entries of a table."""

    table: str
    key: str
    """As the record has it."""
    default: object
    entries: Mapping[str, object]
    """What each of the entries had there, by name."""


class Written(NamedTuple):
    """One table's entries, as its columns hold them."""

    table: str
    names: Sequence[str]
    """Of the columns, as the record has them."""
    key: Sequence[str]
    """Those that tell one entry from another."""
    before: Sequence[Sequence[object]]
    after: Sequence[Sequence[object]]


def defaults_of(record: type) -> dict[str, object]:
    """Return the defaults of a record's fields, of those that have one."""
    made = {f.name: f.default_factory() for f in fields(record) if f.default_factory is not MISSING}
    return {f.name: f.default for f in fields(record) if f.default is not MISSING} | made


def resets(written: Written, defaults: Mapping[str, object]) -> Iterator[Reset]:
    """Yield the keys that had another value than their default before and have the default after."""
    places = [written.names.index(name) for name in written.key]
    known = {tuple(row[place] for place in places): row for row in written.before}
    found: dict[str, dict[str, object]] = defaultdict(dict)
    for row in written.after:
        key = tuple(row[place] for place in places)
        old = known.get(key, row)
        for name, had, has in zip(written.names, old, row, strict=True):
            if name in defaults and _plain(had) != _plain(has) == _plain(defaults[name]):
                found[name][" ".join(str(part) for part in key if part is not None)] = had
    for name, entries in found.items():
        yield Reset(table=written.table, key=name, default=_plain(defaults[name]), entries=entries)


def _plain(cell: object) -> object:
    """Return a cell as the driver gives it back: a document is what it holds."""
    return cell.obj if isinstance(cell, Jsonb) else cell
