from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.quantities import Quantity
from tests.fix_area import EVENING, FAULT_FROM, THIEF, VOLTAGES, PlantedArea, planted_area

NAME = "voltage_load_consistency"


@pytest.mark.parametrize(
    ("deed", "keys", "tolerance"),
    [
        ("bypass_load", None, 0.2),
        ("bypass_load", "kw = 1", 0.2),
        ("theft_h1", "factor = 0.3", 0.1),
        ("theft_h3", "kw = 0.6", 0.1),
        ("theft_h6", None, 0.1),
    ],
)
def test_hidden_load_is_found_with_its_start_and_about_its_energy(
    deed: str, keys: str | None, tolerance: float
) -> None:
    case = planted_area(deed, keys)
    (episode,) = case.found(NAME)
    assert episode.meter == THIEF
    assert episode.parameters["phase"] == "C"
    assert episode.starts_at == FAULT_FROM
    assert episode.ends_at is None
    assert episode.energy_kwh == pytest.approx(case.stolen_kwh, rel=tolerance)


@pytest.mark.parametrize(
    ("deed", "keys"),
    [
        (None, None),
        ("vacancy", None),
        ("night_load", f"kw = 3\n{EVENING}"),
        ("wrong_phase", None),
        ("wrong_area", None),
        ("hidden_pv", "kw = 4"),
    ],
)
def test_load_that_is_reported_an_empty_home_and_wrong_files_are_left_alone(
    deed: str | None, keys: str | None
) -> None:
    assert planted_area(deed, keys).said(NAME) == []


def _with(case: PlantedArea, change: dict[Quantity, np.ndarray]) -> PlantedArea:
    return replace(case, window=replace(case.window, values={**case.window.values, **change}))


def test_a_step_of_the_tap_changer_is_in_the_supply_too_and_is_no_finding() -> None:
    case = planted_area()
    stepped = {}
    for quantity in VOLTAGES:
        volts = case.window.values[quantity].copy()
        volts[:, 12 * 96 :] *= 0.975
        stepped[quantity] = volts
    assert _with(case, stepped).said(NAME) == []


def test_without_the_voltage_of_the_supply_nothing_is_said() -> None:
    case = planted_area("bypass_load")
    blank = {}
    for quantity in VOLTAGES:
        volts = case.window.values[quantity].copy()
        volts[case.window.meters.index(next(m for m in case.window.meters if m == "SUPPLY"))] = np.nan
        blank[quantity] = volts
    assert _with(case, blank).said(NAME) == []


def test_gaps_are_borne() -> None:
    case = planted_area("bypass_load")
    gone = np.random.default_rng(3).random(case.window.import_kwh.shape) < 0.05
    gaps = {q: np.where(gone, np.nan, c).astype(np.float32) for q, c in case.window.values.items()}
    assert [e.meter for e in _with(case, gaps).found(NAME)] == [THIEF]


def test_evidence_shows_the_hidden_and_the_reported_load() -> None:
    (episode,) = planted_area("bypass_load").found(NAME)
    drawn: Any = episode.evidence["hidden_kw"]
    assert set(drawn["lines"]) == {"unexplained", "reported"}
    days: Any = episode.evidence["days"]
    assert max(row["t"] or 0.0 for row in days) > 5
