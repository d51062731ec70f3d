"""Detection day by day: limits from tuning homes, delays by hand, and the share by detector."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.evaluate_attacks import DAYS_BEFORE, parted
from services.evaluate_curves import Homes, read_homes
from services.evaluate_sequence import detectors_run, first_alarms, sequential_run

SLICES = Path(__file__).parents[2] / "data" / "real_slices"


@pytest.fixture(scope="module")
def homes() -> Homes:
    return read_homes(SLICES)


def test_less_is_found_later_where_fewer_false_alarms_are_allowed(homes: Homes) -> None:
    rows: list[dict[str, Any]] = sequential_run(*parted(homes), seeds=[1], threads=2)
    assert [row["allowed_per_meter_year"] for row in rows] == [0.1, 0.5, 1.0]
    assert all(row["tuning_per_meter_year"] <= row["allowed_per_meter_year"] for row in rows)
    for kind in ("h1", "h5", "h6"):
        shares = [row["by_type"][kind]["detected"] for row in rows]
        assert shares == sorted(shares)
        assert shares[-1] > 0.5
        assert rows[-1]["by_type"][kind]["median_delay_days"] <= 7
    # Energy that is only moved is no drop.
    assert rows[-1]["by_type"]["h7"]["detected"] < 0.2


def test_a_drop_to_a_tenth_on_steady_days_is_found_on_its_third() -> None:
    # Each day is clipped at 2.5 deviations and adds 2.5 - 1 = 1.5: the limit of 4 is passed on the third.
    kwh = np.full((2, 49, 96), 0.1)
    after = kwh[:, DAYS_BEFORE:].copy()
    after[1] *= 0.1
    homes = Homes(names=["CH-1", "CH-2"], kwh=kwh)  # type: ignore[list-item]  # names are texts
    assert first_alarms(homes, after, 4.0, threads=1) == {"CH-2": 3}


def test_honest_homes_are_met_by_few_and_attacked_ones_by_more(homes: Homes) -> None:
    shares = detectors_run(replace(homes), seed=1, threads=2)
    assert "suspended_load" not in shares
    drop = shares["sustained_drop"]
    assert drop["honest"] < 0.2 < drop["h1"]
    assert set(drop) == {"honest", "mix", *(f"h{number}" for number in range(1, 9))}
