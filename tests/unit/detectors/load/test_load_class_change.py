from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from dashboard.words import EVIDENCE
from detectors.engine import run
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract, Suspension
from pipeline.messages import EVIDENCE_LABELS, render, said
from pipeline.model import Episode, MeterId
from pipeline.registry import Installation, Meter, Registry
from pipeline.tariff import Tariff
from tests.day_windows import by_slots

NAME = "load_class_change"
MOVED = 35
"""The day on which the use changes: a Monday after five weeks."""
FIRST = datetime(2024, 6, 3, tzinfo=UTC)
M = MeterId("M0")
REGISTRY = Registry(meters=[Meter(id=M)], installations=[Installation(meter=M, service_point="P")])
HOUR = np.arange(24)
OFFICE = np.where((HOUR >= 8) & (HOUR < 18), 20.0, 2.0)
CLOSED = np.full(24, 2.0)
CONTINUOUS = np.full(24, 15.0)


def _week(workday: np.ndarray, day_off: np.ndarray) -> np.ndarray:
    return np.concatenate([np.tile(workday, 5), np.tile(day_off, 2)])


def _case(before: np.ndarray, after: np.ndarray, weeks: int = 10, noise: float = 0.05) -> MeterMatrix:
    """Five weeks of one use and then another one; the hours vary a little."""
    kw = np.concatenate([np.tile(before, 5), np.tile(after, weeks - 5)])
    random = np.random.default_rng(5)
    quarters = np.repeat(kw, 4) / 4.0
    return by_slots((quarters * random.normal(1.0, noise, len(quarters)))[None])


def _found(window: MeterMatrix, registry: Registry = REGISTRY) -> list[Episode]:
    return run(window, registry, only=[NAME])


OFFICES, PLANT = _week(OFFICE, CLOSED), _week(CONTINUOUS, CONTINUOUS)


def test_an_office_that_becomes_a_plant_is_told_in_words_from_its_day_on() -> None:
    (episode,) = _found(_case(OFFICES, PLANT))
    assert episode.starts_at == FIRST + timedelta(days=MOVED)
    assert str(episode.evidence["class_before"]).startswith("office")
    assert str(episode.evidence["class_now"]).startswith("continuous")
    english = render(episode.message, episode.parameters)
    assert "Since 2024-07-08" in english
    assert "continuous: three shifts" in english
    assert "连续生产" in render(episode.message, episode.parameters, "zh-CN")
    assert np.array(episode.evidence["working_day_before_kwh"])[12] == pytest.approx(20.0, rel=0.05)
    assert np.array(episode.evidence["day_off_now_kwh"])[12] == pytest.approx(15.0, rel=0.05)


def test_it_ends_when_the_new_class_has_become_usual() -> None:
    (episode,) = _found(_case(OFFICES, PLANT, weeks=14))
    assert episode.ends_at is not None
    assert timedelta(days=21) < episode.ends_at - episode.starts_at < timedelta(days=49)


@pytest.mark.parametrize(
    "after",
    [
        OFFICES,
        0.4 * OFFICES,  # the same use at another level
        _week(np.roll(OFFICE, 1), CLOSED),  # summer hours
    ],
)
def test_the_innocent_twins_keep_their_class(after: np.ndarray) -> None:
    assert _found(_case(OFFICES, after)) == []


def test_a_week_of_another_use_is_no_change() -> None:
    kw = np.concatenate([np.tile(OFFICES, 5), PLANT, np.tile(OFFICES, 4)])
    assert _found(by_slots((np.repeat(kw, 4) / 4.0)[None])) == []


def test_a_place_that_falls_empty_is_told_of_by_others() -> None:
    assert _found(_case(OFFICES, np.full(168, 0.001))) == []


def test_a_new_contract_and_a_suspension_explain_it() -> None:
    window, moved = _case(OFFICES, PLANT), FIRST + timedelta(days=MOVED)
    contracts = [Contract(service_point="P"), Contract(service_point="P", starts_at=moved)]
    assert _found(window, replace(REGISTRY, contracts=contracts)) == []
    resting = Suspension(id="S", service_point="P", starts_at=moved, ends_at=moved + timedelta(days=60))
    assert _found(window, replace(REGISTRY, suspensions=[resting])) == []


def test_holidays_of_the_contracts_own_tariff_are_days_off() -> None:
    # Three holiday weeks of a school: by the calendar alone it looks like something else.
    weeks = [OFFICES] * 5 + [_week(CLOSED, CLOSED)] * 3 + [OFFICES] * 2
    window = by_slots((np.repeat(np.concatenate(weeks), 4) / 4.0)[None])
    holidays = tuple(date(2024, 7, 8) + timedelta(days=n) for n in range(19))
    # The archive's last tariff is of somebody else.
    tariffs = [Tariff(id="T", holidays=holidays), Tariff(id="U", holidays=(date(2024, 1, 1),))]
    under = {
        name: replace(REGISTRY, tariffs=tariffs, contracts=[Contract(service_point="P", tariff=name)])
        for name in ("T", "U")
    }
    assert len(_found(window)) == 1
    assert _found(window, under["T"]) == []
    assert len(_found(window, under["U"])) == 1


def test_meters_under_different_calendars_are_told_apart() -> None:
    weeks = [OFFICES] * 5 + [_week(CLOSED, CLOSED)] * 3 + [OFFICES] * 2
    window = by_slots(np.tile(np.repeat(np.concatenate(weeks), 4) / 4.0, (2, 1)))
    first, second = window.meters
    registry = Registry(
        meters=[Meter(id=first), Meter(id=second)],
        installations=[
            Installation(meter=first, service_point="P"),
            Installation(meter=second, service_point="Q"),
        ],
        tariffs=[Tariff(id="T", holidays=tuple(date(2024, 7, 8) + timedelta(days=n) for n in range(19)))],
        contracts=[Contract(service_point="Q", tariff="T")],
    )
    assert [episode.meter for episode in _found(window, registry)] == [first]


def test_estimated_energy_and_too_short_a_window_say_nothing() -> None:
    window = _case(OFFICES, PLANT)
    assert _found(replace(window, quality=np.full_like(window.quality, "E"))) == []
    assert _found(by_slots(np.ones((1, 40 * 96)))) == []


def test_all_that_it_shows_has_a_name_in_both_languages() -> None:
    (episode,) = _found(_case(OFFICES, PLANT))
    labelled = {*EVIDENCE_LABELS, *EVIDENCE}
    assert {*episode.parameters, *episode.evidence} - labelled == set()
    for value in (*episode.parameters.values(), episode.evidence["hours"]):
        assert value == episode.parameters["since"] or said(str(value), "zh-CN")
