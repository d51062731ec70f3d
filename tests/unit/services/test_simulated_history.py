"""What a simulated fleet showed, as a file of readings: with the side and the digits of each profile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from services.simulated_history import EVERY_S, history, write_history
from simulators.fleet.build import build_fleet
from simulators.fleet.file import parse_fleet
from storage.files import read_readings

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
FLEET = """
[fleet]
history_days = 1
[[area]]
id = "A"
[[bus]]
id = "d"
protocol = "dlt645"
[[bus]]
id = "m"
protocol = "modbus"
[[meters]]
id = "SECONDARY"
bus = "d"
address = "1"
profile = "dlt645_2007_three_phase"
wiring = "3P3W"
ct = 20
pt = 100
area = "A"
load = "flat"
peak_kw = 900
[[meters]]
id = "PRIMARY"
bus = "m"
address = "2"
profile = "schneider_pm5000"
ct = 80
area = "A"
load = "flat"
peak_kw = 30
[[fault]]
deed = "outage"
meter = "PRIMARY"
days_ago = 0
at = "02:00"
minutes = 60
"""


def test_readings_are_what_the_models_show(tmp_path: Path) -> None:
    fleet = build_fleet(parse_fleet(FLEET, "two"), NOW)
    path = tmp_path / "readings.parquet"
    begun: list[str] = []
    count = write_history(fleet, path, begun.append)
    assert begun == ["SECONDARY", "PRIMARY"]
    block = read_readings(path)
    quarters = (NOW - fleet.memory_from) // timedelta(seconds=EVERY_S)
    assert count == len(block) == 2 * quarters - 4, "four quarters without power"
    secondary, primary = fleet.meters
    row = list(block.meters).index(secondary.id)
    shown = secondary.model.read(fleet.memory_from)
    assert block.scalars[Quantity.VOLTAGE_AB][row] == round(shown[Quantity.VOLTAGE_AB], 1)
    assert 90 < block.scalars[Quantity.VOLTAGE_AB][row] < 110
    row = list(block.meters).index(primary.id)
    shown = primary.model.read(fleet.memory_from)
    assert block.scalars[Quantity.CURRENT_A][row] == pytest.approx(80 * shown[Quantity.CURRENT_A], abs=0.001)
    spectrum = block.arrays[Quantity.VOLTAGE_HARMONIC_A][list(block.meters).index(secondary.id)]
    assert spectrum is not None
    assert spectrum[1] == 100.0
    assert np.isclose(
        np.hypot.reduce(spectrum[2:]),
        secondary.model.read(fleet.memory_from)[Quantity.VOLTAGE_THD_A],
        atol=0.02,
    )


def test_a_meter_without_power_shows_nothing_and_an_unknown_format_is_refused(tmp_path: Path) -> None:
    fleet = build_fleet(parse_fleet(FLEET, "two"), NOW)
    block = history(fleet)
    dark = datetime(2026, 11, 19, 18, tzinfo=UTC)
    taken = {(m, at) for m, at in zip(block.meters, block.taken_at.tolist(), strict=True)}
    assert (fleet.meters[1].id, dark.replace(tzinfo=None)) not in taken
    assert (fleet.meters[0].id, dark.replace(tzinfo=None)) in taken
    with pytest.raises(ConfigError, match="readings are written as"):
        write_history(fleet, tmp_path / "readings.xlsx")
