"""Files of limits that quote one edition of a standard agree about it."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tests.contract.project import ROOT


def references(table: Any) -> Iterator[Mapping[str, Any]]:  # Any: TOML of several depths
    """Yield each table that says of which edition it is, at any depth."""
    if isinstance(table, list):
        for row in table:
            yield from references(row)
    elif isinstance(table, dict):
        if {"standard", "edition"} <= table.keys():
            yield table
        for value in table.values():
            yield from references(value)


def test_an_edition_has_one_date_in_all_files_that_quote_it() -> None:
    dates: dict[tuple[str, str], dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((ROOT / "analysis" / "data").glob("*.toml")):
        for found in references(tomllib.loads(path.read_text(encoding="utf-8"))):
            dates[found["standard"], found["edition"]][found["effective_from"]].append(path.name)
    assert {path for of in dates[("EN 50160", "2010")].values() for path in of} == {
        "en50160_2010.toml",
        "en50160_2010_voltage.toml",
    }
    assert {edition: dict(found) for edition, found in dates.items() if len(found) > 1} == {}
