"""Entries of registry files, checked and turned into the archive's records; every mistake is collected."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from types import MappingProxyType
from typing import Any

from pipeline.errors import Problem
from pipeline.registry import DEFAULT_ZONE, Installation, Registry
from pipeline.tariff import MarketEnergy, Tariff
from pipeline.timegrid import local_day
from pipeline.vee_limits import SETTABLE, THRESHOLDS, wanted_number
from storage.cell_values import CellError, LocalDate
from storage.registry_alarms import alarm_problems
from storage.registry_cells import FIELD_OF_KEY, KEY_OF_FIELD, convert
from storage.registry_entries import Entry
from storage.registry_filed import NOTHING_FILED, Filed
from storage.registry_tables import TABLE_BY_NAME, TABLES, ArchiveTable
from storage.registry_tariffs import market_problems, tariff_problems
from storage.registry_zones import Zones, zones_of

INSTALLED_FOR_EVER = frozenset({"service_point", "role", "bus", "address", "profile"})
"""Keys of ``[[meter]]`` that stand for an installation without dates."""

REFERENCES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("service_point", "area"): "area",
        ("installation", "meter"): "meter",
        ("installation", "service_point"): "service_point",
        ("installation", "bus"): "bus",
        ("ratio", "meter"): "meter",
        ("contract", "service_point"): "service_point",
        ("contract", "tariff"): "tariff",
        ("suspension", "service_point"): "service_point",
        ("suspension", "transformers"): "transformer",
        ("total_member", "total"): "total",
        ("total_member", "meter"): "meter",
        ("estimation", "service_point"): "service_point",
        ("estimation", "profile"): "load_profile",
        ("temperature", "area"): "area",
        ("transformer", "area"): "area",
        ("transformer", "service_point"): "service_point",
        ("area_member", "area"): "area",
        ("area_member", "service_point"): "service_point",
        ("work_order", "service_point"): "service_point",
        ("protected_supply", "service_point"): "service_point",
        ("supply", "service_point"): "service_point",
        ("market_energy", "service_point"): "service_point",
        ("threshold", "service_point"): "service_point",
        ("mqtt_source", "meters"): "meter",
        ("mqtt_source", "devices"): "meter",
        ("alarm_route", "channels"): "alarm_channel",
    }
)
"""Keys that name an entry of another table."""

CHECKED_WHERE_FILED = frozenset({"tariff", "transformer", "alarm_channel"})
"""Tables that an archive may do without: names of their entries are checked where it has any of them."""

MADE_WHEN_NAMED = ("service_point", "area")
"""Tables that a file may leave out wholly: names that the archive has not either become entries."""

PLACES = ("service_point", "meter", "area")
"""Keys that say where an entry belongs; the first that it gives decides in whose zone its dates are."""

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def build_registry(
    written: Sequence[Entry], problems: list[Problem], filed: Filed = NOTHING_FILED
) -> Registry:
    """Return the registry that ``written`` makes; what is wrong is added to ``problems`` and left out.

    What ``filed`` has may be named, and is then none of the registry's own.
    """
    entries = _known_tables(_split_installations(written), problems)
    ids = _ids(entries, filed)
    zones = zones_of(entries, filed)
    records: dict[str, list[Any]] = {table.attribute: [] for table in TABLES}  # Any: records of each table
    stretches: list[tuple[Installation, Entry]] = []
    tariffs: list[tuple[Tariff, Entry]] = []
    markets: list[tuple[MarketEnergy, Entry]] = []
    seen: dict[tuple[str, Hashable], Entry] = {}
    for table in TABLES:
        for entry in entries.get(table.name, []):
            problems += _dangling(entry, ids)
            record = _record(table, entry, zones, problems)
            if record is None:
                continue
            key = tuple(getattr(record, name) for name in table.key)
            first = seen.setdefault((table.name, key), entry)
            if first is not entry:
                problems.append(entry.problem(_key(table.key[0]), f"the same as in line {first.line}"))
            records[table.attribute].append(record)
            problems += alarm_problems(record, entry)
            if isinstance(record, Installation):
                stretches.append((record, entry))
            elif isinstance(record, Tariff):
                tariffs.append((record, entry))
            elif isinstance(record, MarketEnergy):
                markets.append((record, entry))
    for name in MADE_WHEN_NAMED:
        if name not in entries:
            made = TABLE_BY_NAME[name]
            new = ids[name].difference(filed.names(name))
            records[made.attribute] = [made.record(id=i) for i in sorted(new)]
    problems += _overlaps(stretches)
    problems += tariff_problems(tariffs)
    problems += market_problems(markets)
    problems += _unknown_limits(entries)
    return Registry(**records)


def _split_installations(written: Sequence[Entry]) -> list[Entry]:
    """Turn the bare keys of meters into entries of their own."""
    entries: list[Entry] = []
    for entry in written:
        bare = {k: v for k, v in entry.values.items() if k in INSTALLED_FOR_EVER}
        if entry.kind != "meter" or not bare:
            entries.append(entry)
            continue
        own = {k: v for k, v in entry.values.items() if k not in INSTALLED_FOR_EVER}
        entries.append(replace(entry, values=own))
        if "id" in own:
            entries.append(replace(entry, kind="installation", values={"meter": own["id"], **bare}))
    return entries


def _known_tables(entries: Sequence[Entry], problems: list[Problem]) -> dict[str, list[Entry]]:
    known: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind in TABLE_BY_NAME:
            known.setdefault(entry.kind, []).append(entry)
        else:
            names = ", ".join(TABLE_BY_NAME)
            problems.append(entry.problem("", f"unknown table; the tables are {names}"))
    return known


def _ids(entries: Mapping[str, Sequence[Entry]], filed: Filed) -> dict[str, set[str]]:
    ids = {
        table.name: {str(e.values["id"]) for e in entries.get(table.name, []) if "id" in e.values}
        | set(filed.names(table.name))
        for table in TABLES
    }
    for (table, key), target in REFERENCES.items():
        if target in MADE_WHEN_NAMED and target not in entries:
            named = (entry.values.get(key) for entry in entries.get(table, []))
            ids[target] |= {name for name in named if isinstance(name, str) and name}
    return ids


def _unknown_limits(entries: Mapping[str, Sequence[Entry]]) -> list[Problem]:
    """Return what sets a limit of validation or estimation that no class has its own of, or sets it wrongly.

    What is no number at all is said where it is converted.
    """
    found = []
    for entry in entries.get("threshold", []):
        if entry.values.get("detector") != THRESHOLDS:
            continue
        name = entry.values.get("parameter")
        if not isinstance(name, str) or name not in SETTABLE:
            expected = f"expected one of {', '.join(SETTABLE)}"
            found.append(entry.problem("parameter", f"{name!r} is no limit of {THRESHOLDS}; {expected}"))
            continue
        number = _number(entry.values.get("value"))
        wanted = None if number is None else wanted_number(name, number)
        if wanted is not None:
            found.append(
                entry.problem("value", f"{name} is {entry.values['value']!r}, which is not {wanted}")
            )
    return found


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if isfinite(number) else None


def _dangling(entry: Entry, ids: Mapping[str, set[str]]) -> list[Problem]:
    found = []
    for key, value in entry.values.items():
        target = REFERENCES.get((entry.kind, key))
        if target is None or (target in CHECKED_WHERE_FILED and not ids[target]):
            continue
        found += [
            entry.problem(key, f"there is no [[{target}]] {name!r}")
            for name in _named(key, value)
            if isinstance(name, str) and name.strip() not in ids[target]
        ]
    return found


def _named(key: str, value: object) -> Sequence[object]:
    """Return the names that a key gives; what cannot be such a key is said where it is converted."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.values())
    if key in {"meters", "transformers", "channels"}:
        return str(value).split(";")
    if key == "devices":
        return [part.rpartition("=")[2] for part in str(value).split(";") if part.strip()]
    return [value]


def _record(table: ArchiveTable, entry: Entry, zones: Zones, problems: list[Problem]) -> Any:  # noqa: ANN401 - a record of the table, or None
    before = len(problems)
    values: dict[str, Any] = {}  # Any: the fields' own types, which convert() has checked
    for key, value in entry.values.items():
        name = FIELD_OF_KEY.get(key, key)
        if name not in table.fields:
            known = ", ".join(map(_key, table.fields))
            problems.append(entry.problem(key, f"unknown key; the keys are {known}"))
        else:
            try:
                values[name] = convert(table.record, name, value)
            except CellError as error:
                problems += [entry.problem(key + at, text) for at, text in error.found]
    problems += _place_dates(table, entry, values, zones)
    _complete(table, values)
    missing = [
        f.name
        for f in fields(table.record)
        if f.default is MISSING and f.default_factory is MISSING and f.name not in values
    ]
    if len(problems) == before:
        problems += [entry.problem(_key(name), "is missing") for name in missing]
    starts_at, ends_at = values.get("starts_at"), values.get("ends_at")
    if starts_at is not None and ends_at is not None and starts_at >= ends_at:
        problems.append(entry.problem("to", f"{ends_at.isoformat()} is not after {starts_at.isoformat()}"))
    return table.record(**values) if len(problems) == before else None


def _place_dates(
    table: ArchiveTable,
    entry: Entry,
    values: dict[str, Any],  # Any: as above
    zones: Zones,
) -> list[Problem]:
    dates = {name: value.day for name, value in values.items() if isinstance(value, LocalDate)}
    if table.name == "tariff":  # those of the customers who have it
        place, name = "tariff", values.get("id")
    else:
        place = next((key for key in PLACES if values.get(key) is not None), "")
        name = values.get(place)
    zone = zones.zone_of(place, name)
    for key, day in dates.items():
        values[key] = local_day(day, zone or DEFAULT_ZONE)[0]
    if zone is not None:
        return []
    return [
        entry.problem(
            _key(key),
            f"when {day} begins is not known: neither the file nor the archive says in which area "
            f"{place} {name!r} is; mend its name, add its [[service_point]], or write a time with its offset",
        )
        for key, day in dates.items()
    ]


def _complete(table: ArchiveTable, values: dict[str, Any]) -> None:  # Any: as above
    if table.name != "suspension":
        return
    values.setdefault("ends_at", None)
    if "id" not in values:
        # Stable as long as the suspension itself is the same; what is missing is said under its own key.
        start = values.get("starts_at")
        values["id"] = f"{values.get('service_point')}@{start.isoformat() if start else None}"


def _overlaps(stretches: Sequence[tuple[Installation, Entry]]) -> list[Problem]:
    ordered = sorted(stretches, key=lambda s: (s[0].meter, s[0].starts_at or _SINCE_EVER))
    return [
        entry.problem("from", f"meter {later.meter!r} is still installed by line {before.line}")
        for (earlier, before), (later, entry) in pairwise(ordered)
        if earlier.meter == later.meter
        and (later.starts_at or _SINCE_EVER) < (earlier.ends_at or _FOR_EVER)
        and earlier.starts_at != later.starts_at  # the same start has been said already
    ]


def _key(name: str) -> str:
    return KEY_OF_FIELD.get(name, name)
