"""Bands as data: each with its reference, and those that hold at a level."""

import pytest

from analysis.power_quality.bands import FILES, bands, limit_tables, reference_of


@pytest.mark.parametrize("name", [*FILES, "voltage_points.toml", "gb12325_2008.toml"])
def test_every_row_says_where_it_stands_and_is_marked_unconfirmed(name: str) -> None:
    tables = limit_tables(name)
    rows = [row for key, value in tables.items() if key != "reference" for row in value]
    assert rows
    for row in rows:
        reference = reference_of(tables.get("reference", row), row["clause"])
        assert reference.source
        assert reference.clause
        assert not reference.confirmed


@pytest.mark.parametrize(
    ("what", "kv", "expected"),
    [
        ("voltage unbalance", 0.38, ["GB/T 15543 95 %", "GB/T 15543 always", "EN 50160 95 %"]),
        ("long-term flicker", 110.0, ["GB/T 12326 P_lt"]),
        ("voltage unbalance", 110.0, ["GB/T 15543 95 %", "GB/T 15543 always"]),
        ("voltage deviation", 0.38, ["EN 50160 95 %", "EN 50160 always"]),
        ("voltage deviation", 10.0, ["EN 50160 99 %", "EN 50160 always"]),
        ("voltage deviation", 110.0, []),
        ("nothing", 10.0, []),
    ],
)
def test_the_level_decides_which_bands_hold(what: str, kv: float, expected: list[str]) -> None:
    assert [f"{b.reference.standard} {b.name}" for b in bands(what, kv)] == expected
