"""The backtest on slices of real curves: where it beats the simple rules, and how well its bands hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.timegrid import from_numpy
from services.backtest import Measured, backtest_curves, backtest_files
from services.meter_forecast import Model
from tests.contract.project import ROOT
from tests.load_history import AT, noisy, slots_before, weekly_load

SLICES = ROOT / "tests" / "data" / "real_slices"


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    return {one.name: one for one in backtest_curves(SLICES, [Model.BLEND])}


def test_each_source_is_measured_as_meters_and_as_their_sum(measured: dict[str, Measured]) -> None:
    assert set(measured) == {
        "Swiss homes, each of 49",
        "Swiss homes, sum of 49",
        "London homes",
        "steel plant",
    }
    assert {one.days for one in measured.values()} == {14, 28}
    assert all(one.backtest.refused == 0 for one in measured.values())


def test_the_blend_is_better_than_every_simple_rule_on_each_slice(measured: dict[str, Measured]) -> None:
    for one in measured.values():
        skill = one.as_json()["methods"]["blend"]["skill"]  # type: ignore[index]  # the JSON form is a table of tables
        assert min(skill.values()) > 0.02, (one.name, skill)


def test_eight_of_ten_slots_lie_between_p10_and_p90(measured: dict[str, Measured]) -> None:
    for one in measured.values():
        p10, p50, p90 = one.backtest.by_method["blend"].below_percent
        assert 73.0 < p90 - p10 < 87.0, one.name
        assert 40.0 < p50 < 60.0, one.name


def test_the_maximum_is_forecast_no_worse_than_by_the_best_simple_rule_for_all_together(
    measured: dict[str, Measured],
) -> None:
    blend, best = 0.0, 0.0
    for one in measured.values():
        tallies = {name: tally.peak_error_percent for name, tally in one.backtest.by_method.items()}
        blend += tallies.pop("blend")
        best += min(tallies.values())
    assert blend < best


def test_meters_of_files_are_measured_one_by_one(tmp_path: Path) -> None:
    times = slots_before(AT, 45)[:-96]
    kwh = noisy(weekly_load(times), 2)
    kwh[1, : 40 * 96] = np.nan
    intervals, registry = tmp_path / "intervals.csv", tmp_path / "site.toml"
    starts = [from_numpy(time).isoformat() for time in times]
    tables = [
        pd.DataFrame({"meter_id": name, "starts_at": starts, "minutes": 15, "import_kwh": row})
        for name, row in zip(("M1", "M2"), kwh, strict=True)
    ]
    pd.concat(tables).to_csv(intervals, index=False)
    registry.write_text('[[meter]]\nid = "M1"\n[[meter]]\nid = "M2"\n', encoding="utf-8")
    first, second = backtest_files(intervals, registry, [Model.BLEND], days=7)
    assert (first.name, first.days, first.backtest.by_method["blend"].slots) == ("M1", 7, 7 * 96)
    assert first.best_baseline == "mean of 4 weekdays"
    assert (second.name, second.backtest.refused) == ("M2", 7)
    assert second.as_json()["methods"]["blend"]["error_percent"] is None  # type: ignore[index]  # see above
