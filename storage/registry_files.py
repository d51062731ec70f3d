"""The archive in files: TOML, or one CSV a table. Every problem is shown; a wrong file gives nothing."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pipeline.errors import Problem, RegistryError
from pipeline.model import Json
from pipeline.registry import Registry
from storage.registry_cells import KEY_OF_FIELD
from storage.registry_check import build_registry
from storage.registry_entries import read_entries
from storage.registry_filed import NOTHING_FILED, Filed
from storage.registry_tables import TABLES
from storage.tariff_cells import is_nested, written

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

EntryKey: TypeAlias = tuple[str, tuple[object, ...]]
"""A table, and the fields that tell its entries apart: ``("contract", ("SP-1", None))``."""


def read_registry(path: Path, filed: Filed = NOTHING_FILED) -> Registry:
    """Return the registry in a TOML file, a CSV file, or a folder with one CSV file a table.

    A date without a time is the local midnight of the area; a time needs its offset.

    Args:
        path: The file or folder.
        filed: What the archive has that the file is for: it may be named without an entry of its own.

    Raises:
        RegistryError: If entries are wrong; carries every problem with file, line, table, entry and key.
        ConfigError: If there is nothing to read.
    """
    problems: list[Problem] = []
    registry = build_registry(read_entries(path, problems), problems, filed)
    if problems:
        raise RegistryError(sorted(problems, key=lambda p: (p.file, p.line, p.key)))
    return registry


def export_registry(
    registry: Registry,
    *,
    beside: Mapping[EntryKey, Mapping[str, object]] = MappingProxyType({}),
    tables: Iterable[tuple[str, Mapping[str, object]]] = (),
) -> str:
    """Return ``registry`` as the TOML text that :func:`read_registry` reads.

    Args:
        registry: The archive.
        beside: More keys of some of its entries, which the archive of a simulated fleet says.
        tables: More entries, by their table's name, likewise.
    """
    entries = chain(_entries(registry, beside), tables)
    return "\n".join(line for name, values in entries for line in _toml_entry(name, values))


def export_registry_tables(registry: Registry, folder: Path) -> None:
    """Write ``registry`` as one CSV file a table into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        records = getattr(registry, table.attribute)
        if not records:
            continue
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(KEY_OF_FIELD.get(name, name) for name in table.fields)
            writer.writerows([_csv_cell(getattr(record, n)) for n in table.fields] for record in records)


def _entries(
    registry: Registry, beside: Mapping[EntryKey, Mapping[str, object]]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    for table in TABLES:
        for record in getattr(registry, table.attribute):
            own = {KEY_OF_FIELD.get(name, name): getattr(record, name) for name in table.fields}
            key = (table.name, tuple(getattr(record, name) for name in table.key))
            yield table.name, {**own, **beside.get(key, {})}


def _toml_entry(name: str, values: Mapping[str, object]) -> Iterator[str]:
    yield f"[[{name}]]"
    for key, value in values.items():
        if value not in (None, "", (), {}) and not is_nested(value):
            yield f"{key} = {_toml_value(value)}"
    yield ""
    for key, value in values.items():
        if is_nested(value):
            yield from _toml_tables(f"{name}.{key}", written(value))


def _toml_tables(name: str, value: Json) -> Iterator[str]:
    """Yield a nested value as a table of its own, or as one a part."""
    header = f"[{name}]" if isinstance(value, dict) else f"[[{name}]]"
    for table in value if isinstance(value, list) else [value]:
        yield header
        if isinstance(table, dict):
            yield from (f"{key} = {_toml_value(part)}" for key, part in table.items())
        yield ""


def _toml_value(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ZoneInfo | Decimal):
        value = str(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_toml_key(str(name))} = {_toml_value(part)}" for name, part in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A JSON string is a TOML one, but for the one control character that JSON lets through.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _toml_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _toml_value(name)


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if is_nested(value):
        return json.dumps(written(value), ensure_ascii=False)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, Mapping):
        return ";".join(f"{name}={text}" for name, text in value.items())
    return ";".join(map(str, value)) if isinstance(value, tuple) else str(value)
