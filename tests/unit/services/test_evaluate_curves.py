"""The real curves as windows: times, units and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.block import MeterMatrix
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
    assert "export_kwh" not in _by_name(SLICES)["London homes"].window.energies  # nobody wrote it down
    feeding = [m for m, row in zip(swiss.window.meters, export, strict=True) if row.any()]
    assert feeding == ["CH-9717902"]
    assert [c.service_point for c in swiss.registry.contracts if c.generation] == ["P-CH-9717902"]
    assert (swiss.window.import_kwh >= 0.0).all()


def test_a_simbench_profile_is_a_customer_of_a_hundred_kilowatts_in_civil_time(tmp_path: Path) -> None:
    # The clocks go forward after 01:45 on 27 March: the file goes on with 03:00.
    hours = [*range(2), *range(3, 24)]
    times = [f"27.03.2016 {hour:02d}:{minute:02d}" for hour in hours for minute in (0, 15, 30, 45)]
    slots = np.arange(len(times))
    table = pd.DataFrame(
        {
            "time": times,
            "H0-A_pload": np.where(slots == 8, 1.0, 0.1),
            "H0-A_qload": np.where(slots == 8, -0.5, 0.2),
            "G1-A_pload": 0.0,
            "G1-A_qload": 0.0,
        }
    )
    table.to_parquet(tmp_path / "simbench_27profiles_15min_pq_2016.parquet")
    (found,) = read_curves(tmp_path)
    assert list(found.window.meters) == ["SB-G1-A", "SB-H0-A"]
    # 03:00 in summer time is 01:00 UTC, right after 01:45 in winter time.
    assert found.window.starts_at[8] == to_numpy(datetime(2016, 3, 27, 1, tzinfo=UTC))
    # 100 kW for a quarter of an hour are 25 kWh; -0.5 of 40 kvar are 5 kvarh that lead.
    assert found.window.import_kwh[1, 7:9].tolist() == [2.5, 25.0]
    assert found.window.energies["import_kvarh"][1, 7:9].tolist() == [2.0, 0.0]
    assert found.window.energies["export_kvarh"][1, 7:9].tolist() == [0.0, 5.0]
    assert "export_kwh" not in found.window.energies


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
    assert len(found) == 6
    profiles = found["SimBench profiles"].window
    assert profiles.import_kwh.shape == (27, 366 * 96)
    assert float(profiles.import_kwh.max()) == 25.0
    assert list(found["Dutch grid point"].window.energies) == ["export_kwh"]
    french: MeterMatrix = found["French home"].window
    volts = french.values  # noqa: PD011 - columns of a window, no table
    assert np.nanmedian(volts[Quantity.VOLTAGE_A]) == pytest.approx(240.0, abs=5.0)
    # Energy of a quarter of an hour and the power at its start tell of one and the same load.
    assert np.nanmean(french.import_kwh * 4.0) == pytest.approx(np.nanmean(french.power_kw), rel=0.05)
    assert len(read_homes(real_data).names) == 258
