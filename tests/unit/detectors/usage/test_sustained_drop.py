from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.contracts import Contract, Suspension
from pipeline.model import Episode, Severity
from pipeline.registry import Registry
from simulators.physics.window import Window
from tests.day_windows import by_days
from tests.fix_planted import POINT, Planted
from tests.learnt_cases import LEARNT, learnt

NAME = "sustained_drop"


def _found(case: Planted, registry: Registry | None = None) -> list[Episode]:
    return run(case.window, registry or case.registry, only=[NAME])


@pytest.mark.parametrize("deed", ["theft_h1", "theft_h5", "theft_h6"])
def test_a_theft_is_found_from_its_first_day_with_its_energy(deed: str) -> None:
    case = learnt(deed)
    (episode,) = _found(case)
    assert (episode.starts_at, episode.ends_at) == (LEARNT.starts_at, LEARNT.ends_at)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.1)
    assert episode.severity is Severity.INFO  # ten days: each adds 1.5 at most


def test_it_goes_on_while_the_data_does_and_two_weeks_make_a_case() -> None:
    lasting = Window(starts_at=LEARNT.starts_at, ends_at=LEARNT.ends_at + timedelta(days=30))
    (episode,) = _found(learnt("theft_h1", window=lasting))
    assert episode.ends_at is None
    assert episode.severity is Severity.MAJOR


def test_an_honest_home_and_a_cap_above_its_peak_are_silent() -> None:
    assert _found(learnt(None)) == []
    assert _found(learnt("theft_h2", {"kw": 7.0})) == []


def test_a_suspension_and_a_new_contract_explain_it() -> None:
    case = learnt("theft_h1")
    suspended = Suspension(id="S1", service_point=POINT, starts_at=LEARNT.starts_at, ends_at=LEARNT.ends_at)
    assert _found(case, replace(case.registry, suspensions=[suspended])) == []
    moved = [
        Contract(service_point=POINT, ends_at=LEARNT.starts_at),
        Contract(service_point=POINT, starts_at=LEARNT.starts_at),
    ]
    assert _found(case, replace(case.registry, contracts=moved)) == []


def test_estimated_energy_opens_nothing() -> None:
    case = learnt("theft_h1")
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert run(estimated, case.registry, only=[NAME]) == []


def _steady(days: int = 49) -> np.ndarray:
    """Ten kWh a day, each second week 2 % more and less: the spread of the logarithm is the least one."""
    week = np.arange(days) // 7 % 2
    return 10.0 * np.where(week == 0, 1.02, 0.98)[None, :]


def test_it_works_on_daily_rows_alone_and_adds_up_as_by_hand() -> None:
    # Usual 10 kWh, deviation of a day of 7.5 kWh: log 0.75 = -0.28768 over the least spread 0.15 = -1.9179;
    # less the slack of 1 each day adds 0.9179: above 4 on the fifth day, 0.9179 x 5 = 4.59.
    kwh = _steady()
    kwh[0, 28:35] = 7.5
    (episode,) = run(by_days(kwh), Registry(), only=[NAME])
    assert episode.parameters["since"] == "2024-07-01"
    assert episode.evidence["opened_on"] == "2024-07-05"
    assert episode.evidence["greatest_sum"] == pytest.approx(7 * 0.91788, abs=0.01)
    assert episode.parameters["percent"] == 75.0
    assert episode.energy_kwh == pytest.approx(17.5)
    assert episode.severity is Severity.INFO
    assert episode.ends_at is not None


def test_four_such_days_are_too_few() -> None:
    kwh = _steady()
    kwh[0, 28:32] = 7.5
    assert run(by_days(kwh), Registry(), only=[NAME]) == []


def test_two_days_of_nothing_are_a_holiday_and_three_are_a_hint() -> None:
    kwh = _steady()
    kwh[0, 28:30] = 0.0
    assert run(by_days(kwh), Registry(), only=[NAME]) == []
    kwh[0, 30] = 0.0
    (episode,) = run(by_days(kwh), Registry(), only=[NAME])
    assert episode.evidence["greatest_sum"] == 4.5
    assert episode.severity is Severity.INFO


def test_missing_days_neither_add_nor_clear() -> None:
    kwh = _steady()
    kwh[0, 28:41] = 7.5
    kwh[0, [29, 31, 32, 33]] = np.nan
    (episode,) = run(by_days(kwh), Registry(), only=[NAME])
    assert episode.parameters["since"] == "2024-07-01"
    assert episode.parameters["days"] == 9


def test_what_was_usual_before_is_kept_however_long_it_lasts() -> None:
    kwh = _steady(365)
    kwh[0, 35:] = 4.0
    (episode,) = run(by_days(kwh), Registry(), only=[NAME])
    assert episode.ends_at is None
    assert episode.parameters["percent"] == pytest.approx(40.0, abs=0.5)


def test_a_drop_before_anything_was_learnt_is_not_known() -> None:
    kwh = _steady(40)
    kwh[0, 7:] = 4.0
    assert run(by_days(kwh), Registry(), only=[NAME]) == []


def test_who_uses_next_to_nothing_is_not_judged() -> None:
    kwh = _steady() / 100.0
    kwh[0, 28:] = 0.0
    assert run(by_days(kwh), Registry(), only=[NAME]) == []
