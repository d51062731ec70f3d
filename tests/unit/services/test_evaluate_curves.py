"""The real curves as windows: times, units and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from services.evaluate_curves import Curves, read_curves, read_homes, window_of_homes

SLICES = Path(__file__).parents[2] / "data" / "real_slices"


def _by_name(folder: Path) -> dict[str, Curves]:
    return {curves.name: curves for curves in read_curves(folder)}


def test_the_slices_are_windows_with_their_archives() -> None:
    found = _by_name(SLICES)
    assert sorted(found) == ["London homes", "Swiss homes", "steel plant"]
    for curves in found.values():
        assert curves.window.import_kwh.shape == (len(curves.window.meters), len(curves.window.starts_at))
        assert [meter.id for meter in curves.registry.meters] == list(curves.window.meters)
    swiss = found["Swiss homes"].window
    # Monday, 30 October 2017, 00:00 in Zurich.
    assert swiss.starts_at[0] == to_numpy(datetime(2017, 10, 29, 23, tzinfo=UTC))
    assert swiss.import_kwh.shape[1] == 7 * 672
    assert found["London homes"].window.minutes == 30


def test_the_rows_of_the_steel_plant_begin_at_midnight_and_keep_their_order() -> None:
    steel = _by_name(SLICES)["steel plant"].window
    # Its first row, "1/1/2018 0:15" with 3.17 kWh, is the quarter from 00:00 in Seoul.
    assert steel.starts_at[0] == to_numpy(datetime(2017, 12, 31, 15, tzinfo=UTC))
    assert steel.import_kwh[0, :4].tolist() == [3.17, 4.0, 3.24, 3.31]
    assert steel.import_kvarh is not None
    assert steel.import_kvarh[0, :2].tolist() == [2.95, 4.46]


def test_what_flows_back_is_export_of_a_generator_on_record() -> None:
    swiss = _by_name(SLICES)["Swiss homes"]
    export = swiss.window.energies["export_kwh"]
    feeding = [m for m, row in zip(swiss.window.meters, export, strict=True) if row.any()]
    assert feeding == ["CH-9717902"]
    assert [c.service_point for c in swiss.registry.contracts if c.generation] == ["P-CH-9717902"]
    assert (swiss.window.import_kwh >= 0.0).all()


def test_homes_are_those_that_only_draw_and_draw_like_homes() -> None:
    homes = read_homes(SLICES)
    assert homes.kwh.shape == (48, 49, 96)
    assert "CH-9717902" not in homes.names
    again = window_of_homes(homes).window.import_kwh.reshape(homes.kwh.shape)
    assert (again == homes.kwh).all()


def test_a_folder_without_curves_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="KILOWATCH_TEST_DATA"):
        list(read_curves(tmp_path))
    with pytest.raises(ConfigError, match=r"ch_households_15min_7w\.parquet"):
        read_homes(tmp_path)


@pytest.mark.real_data
def test_the_whole_folder(real_data: Path) -> None:
    found = _by_name(real_data)
    assert len(found) == 5
    french = found["French home"].window
    assert np.nanmedian(french.values[Quantity.VOLTAGE_A]) == pytest.approx(240.0, abs=5.0)
    # Energy of a quarter of an hour and the power at its start tell of one and the same load.
    assert np.nanmean(french.import_kwh * 4.0) == pytest.approx(np.nanmean(french.power_kw), rel=0.05)
    assert len(read_homes(real_data).names) == 258
