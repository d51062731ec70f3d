"""A thief is seen by the rise of his area's loss, a home that falls empty is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from detectors.area.loss_rise import LossRise
from tests.fix_area import AREA, FAULT_DAYS, FAULT_FROM, SUPPLY, planted_area

NAME = "loss_rise"


@pytest.mark.parametrize("given", ["factor = 0.3", "factor = 0.6"])
def test_a_thief_among_thirty_is_found_with_his_start_and_the_energy(given: str) -> None:
    case = planted_area("theft_h1", given)
    (episode,) = case.found(NAME)
    assert (episode.meter, episode.starts_at, episode.ends_at) == (SUPPLY, FAULT_FROM, None)
    assert episode.parameters["area"] == AREA
    assert episode.parameters["days"] == FAULT_DAYS
    assert episode.energy_kwh == pytest.approx(case.stolen_kwh, rel=0.02)
    rows: Any = episode.evidence["days"]
    assert [row["verdict"] for row in rows].count("abnormal") == FAULT_DAYS
    assert all(
        row["lost_kwh"] == pytest.approx(row["supplied_kwh"] - row["metered_kwh"], abs=0.01) for row in rows
    )


def test_it_sees_a_theft_that_no_single_day_shows() -> None:
    case = planted_area("theft_h1", "factor = 0.9")
    assert case.found("area_balance") == []
    (episode,) = case.found(NAME)
    assert episode.starts_at == FAULT_FROM


@pytest.mark.parametrize("deed", [None, "vacancy"])
def test_honest_areas_are_silent_also_where_a_home_is_empty(deed: str | None) -> None:
    assert planted_area(deed).said(NAME) == []


def test_without_days_enough_before_or_since_nothing_is_said() -> None:
    case = planted_area("theft_h1", "factor = 0.3")
    assert list(LossRise(days_before=FAULT_DAYS + 9).detect(case.window, case.registry)) == []
    assert list(LossRise(days_since=FAULT_DAYS + 2).detect(case.window, case.registry)) == []
    assert list(LossRise(least_points=50.0).detect(case.window, case.registry)) == []


def test_estimated_energy_opens_nothing() -> None:
    case = planted_area("theft_h1", "factor = 0.3")
    window = replace(case.window, quality=np.full_like(case.window.quality, "E"), daily=None)
    assert replace(case, window=window).said(NAME) == []
