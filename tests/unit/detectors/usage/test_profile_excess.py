from dataclasses import replace

import numpy as np
import pytest

from detectors.engine import run
from pipeline.contracts import Suspension
from pipeline.model import Episode
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy
from tests.day_windows import by_slots
from tests.fix_planted import POINT
from tests.learnt_cases import LEARNT, learnt

NAME = "profile_excess"


def _office(days: int = 49) -> np.ndarray:
    """Ten kW on working days from eight to eighteen, one otherwise; five per cent of noise."""
    day = np.where((np.arange(96) >= 32) & (np.arange(96) < 72), 10.0, 1.0)
    week = np.concatenate([np.tile(day, 5), np.ones(192)])
    kw = np.resize(week, days * 96) * np.random.default_rng(3).normal(1.0, 0.05, days * 96)
    return kw[None, :] / 4.0


def _nights(kwh: np.ndarray, days: list[int], kw: float = 8.0) -> np.ndarray:
    """Add a load from one to five in the morning."""
    for day in days:
        kwh[0, day * 96 + 4 : day * 96 + 20] += kw / 4.0
    return kwh


def _found(kwh: np.ndarray) -> list[Episode]:
    return run(by_slots(kwh), Registry(), only=[NAME])


def test_night_load_on_an_office_is_found_with_its_hours_and_energy() -> None:
    (episode,) = _found(_nights(_office(), [36, 37, 38]))
    starts_at = by_slots(_office()).starts_at
    assert episode.starts_at == from_numpy(starts_at[36 * 96])
    assert episode.ends_at == from_numpy(starts_at[39 * 96])
    assert episode.evidence["hours_of_excess"] == [1, 2, 3, 4]
    assert episode.energy_kwh == pytest.approx(3 * 4 * 8.0, rel=0.02)
    assert episode.parameters["days"] == 3


def test_once_or_too_little_or_within_working_hours_is_innocent() -> None:
    assert _found(_nights(_office(), [36])) == []
    assert _found(_nights(_office(), [36, 37, 38], kw=2.0)) == []
    busy = _office()
    for day in (36, 37, 38):
        busy[0, day * 96 + 40 : day * 96 + 60] *= 1.15
    assert _found(busy) == []


def test_a_load_planted_beside_the_usual_one() -> None:
    case = learnt("night_load")
    (episode,) = run(case.window, case.registry, only=[NAME])
    assert (episode.starts_at, episode.ends_at) == (LEARNT.starts_at, LEARNT.ends_at)


def test_honest_customers_are_silent() -> None:
    for shape in ("home", "office", "two_shift", "flat", "restaurant", "pump"):
        case = learnt(None, shape=shape)
        assert run(case.window, case.registry, only=[NAME]) == []


def test_estimated_and_suspended_days_are_unknown() -> None:
    window = by_slots(_nights(_office(), [36, 37, 38]))
    quality = window.quality.copy()
    quality[0, 37 * 96 + 10] = "E"
    assert run(replace(window, quality=quality, daily=None), Registry(), only=[NAME]) == []
    case = learnt("night_load")
    resting = Suspension(
        id="S1", service_point=POINT, starts_at=LEARNT.starts_at, ends_at=LEARNT.ends_at, setpoint_w=90_000.0
    )
    assert run(case.window, replace(case.registry, suspensions=[resting]), only=[NAME]) == []
