"""Importing and checking profiles, as the command does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from protocols.profile import parse_profile
from services.import_profile import Format, ImportWishes, check_file, import_profile, known_profile

LISTS = Path("tests") / "data" / "register_lists"


def test_units_given_for_power_hold_for_reactive_and_apparent_power_too(tmp_path: Path) -> None:
    file = tmp_path / "t.conf"
    names = ("power", "reactive_power", "apparent_power", "import", "reactive_energy_import")
    rows = ", ".join(
        f'{{ name = "{name}", byte_order = "ABCD", data_type = "INT32", address = [{2 * at}, {2 * at + 1}] }}'
        for at, name in enumerate(names)
    )
    file.write_text(f"[[inputs.modbus]]\nholding_registers = [{rows}]", encoding="utf-8")
    wishes = ImportWishes(power_unit="W", energy_unit="Wh")
    written = import_profile(file, Format.TELEGRAF, wishes)
    points = parse_profile(written.text, "t").points
    assert {point.quantity: point.scale for point in points} == {
        Quantity.ACTIVE_POWER: 0.001,
        Quantity.REACTIVE_POWER: 0.001,
        Quantity.APPARENT_POWER: 0.001,
        Quantity.ACTIVE_ENERGY_IMPORT: 0.001,
        Quantity.REACTIVE_ENERGY_IMPORT: 0.001,
    }
    assert len(import_profile(file, Format.TELEGRAF, ImportWishes()).open) == 5


def test_a_file_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"away\.json.*readable text file"):
        import_profile(tmp_path / "away.json", Format.MBMAP, ImportWishes())
    with pytest.raises(ConfigError, match=r"away\.toml"):
        check_file(tmp_path / "away.toml")


def test_every_shipped_profile_passes_its_own_check() -> None:
    for file in (Path("protocols") / "profiles").glob("*.toml"):
        assert check_file(file) == known_profile(file.stem)
