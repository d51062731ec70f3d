from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.contracts import Suspension
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, MeterId
from pipeline.records import EventRecord, Records
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import from_numpy
from tests.day_windows import UTC as UTC_ZONE
from tests.day_windows import by_days, by_slots
from tests.fix_planted import POINT
from tests.learnt_cases import LEARNT, learnt

NAME = "long_low_use"


def _slots(days: int = 49) -> np.ndarray:
    """A quarter of a kWh a slot, a bit more in the evening: 25 kWh a day."""
    day = np.full(96, 0.25)
    day[72:76] = 0.5
    return np.tile(day, days)[None, :]


def _found(kwh: np.ndarray, registry: Registry | None = None) -> list[Episode]:
    return run(by_slots(kwh), registry or Registry(), only=[NAME])


def test_what_is_stopped_for_days_is_found_with_its_hours_and_energy() -> None:
    case = learnt("theft_h4")
    episodes = run(case.window, case.registry, only=[NAME])
    (zero,) = [e for e in episodes if e.message == "episode.long_zero_use"]
    (low,) = [e for e in episodes if e.message == "episode.long_low_use"]
    assert (zero.starts_at, zero.ends_at) == (LEARNT.starts_at, LEARNT.ends_at)
    assert zero.parameters["hours"] == 240
    assert (low.starts_at, low.ends_at) == (LEARNT.starts_at, LEARNT.ends_at)
    for episode in (zero, low):
        assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.1)


def test_a_week_at_a_third_is_found_and_ends_when_it_is_back() -> None:
    kwh = _slots()
    kwh[0, 30 * 96 : 40 * 96] *= 0.3
    (episode,) = _found(kwh)
    assert episode.message == "episode.long_low_use"
    assert episode.parameters == {"percent": 30.0, "missing_kwh": pytest.approx(10 * 25 * 0.7), "days": 10}
    assert episode.ends_at is not None
    assert episode.ends_at - episode.starts_at == timedelta(days=10)


def test_six_days_and_a_half_are_too_little() -> None:
    kwh = _slots()
    kwh[0, 30 * 96 : 36 * 96] *= 0.3
    kwh[0, 40 * 96 :] *= 0.5
    assert _found(kwh) == []


def test_the_week_is_found_on_daily_rows_alone() -> None:
    kwh = np.full((1, 49), 25.0)
    kwh[0, 30:] = 5.0
    (episode,) = run(by_days(kwh), Registry(), only=[NAME])
    assert episode.parameters["percent"] == 20.0
    assert episode.ends_at is None


@pytest.mark.parametrize(("hours", "count"), [(71, 0), (72, 1)])
def test_three_days_of_nothing_after_regular_use(hours: int, count: int) -> None:
    kwh = _slots(20)
    kwh[0, 1500 : 1500 + 4 * hours] = 0.0
    found = _found(kwh)
    assert len(found) == count
    for episode in found:
        # The mean of the fortnight before, 25 kWh a day.
        assert episode.energy_kwh == pytest.approx(75.0, rel=0.02)


def test_nothing_where_use_is_rare_is_innocent() -> None:
    kwh = np.zeros((1, 49 * 96))
    kwh[0, 40::96] = 2.0
    kwh[0, 40 * 96 :] = 0.0
    assert [e for e in _found(kwh) if e.message == "episode.long_zero_use"] == []


def test_the_same_hours_at_nothing_each_day_are_found() -> None:
    kwh = _slots()
    nights = kwh.reshape(49, 96)
    nights[36:44, :24] = 0.0
    (episode,) = _found(kwh)
    assert episode.message == "episode.daily_zero_use"
    assert episode.parameters == {"hours": 6.0, "days": 8}
    assert episode.starts_at == from_numpy(by_slots(kwh).starts_at[36 * 96])


def test_missing_and_estimated_slots_are_no_zeros() -> None:
    kwh = _slots()
    kwh[0, 40 * 96 :] = np.nan
    assert _found(kwh) == []
    kwh[0, 40 * 96 :] = 0.0
    window = by_slots(kwh)
    quality = window.quality.copy()
    quality[0, 40 * 96 :] = "E"
    assert run(replace(window, quality=quality, daily=None), Registry(), only=[NAME]) == []


def test_an_outage_and_a_suspension_explain_it() -> None:
    kwh = _slots()
    kwh[0, 40 * 96 : 44 * 96] = 0.0
    window = by_slots(kwh)
    begins, ends = (from_numpy(window.starts_at[slot]) for slot in (40 * 96, 44 * 96))
    event = MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=begins, ends_at=ends)
    dark = replace(window, records=Records(events=[EventRecord(meter=MeterId("M0"), event=event)]))
    assert len(run(window, Registry(), only=[NAME])) == 1
    assert run(dark, Registry(), only=[NAME]) == []


def test_a_suspended_customer_is_not_judged() -> None:
    case = learnt("theft_h4")
    resting = Suspension(
        id="S1", service_point=POINT, starts_at=LEARNT.starts_at, ends_at=LEARNT.ends_at, setpoint_w=9000.0
    )
    assert run(case.window, replace(case.registry, suspensions=[resting]), only=[NAME]) == []


@pytest.mark.parametrize(("stopped_h", "found"), [(30 * 24 - 6, []), (30 * 24 - 75, [75.0])])
def test_what_stops_before_a_suspension_counts_up_to_its_first_day(
    stopped_h: int, found: list[float]
) -> None:
    # From 3 June on: suspended from 3 July to 31 July, nothing is drawn from some hours before until it ends.
    kwh = _slots(70)
    kwh[0, stopped_h * 4 : 59 * 96 + 32] = 0.0
    suspension = Suspension(
        id="S1",
        service_point=POINT,
        starts_at=datetime(2024, 7, 3, tzinfo=UTC),
        ends_at=datetime(2024, 7, 31, tzinfo=UTC),
    )
    registry = Registry(
        meters=[Meter(id=MeterId("M0"))],
        installations=[Installation(meter=MeterId("M0"), service_point=POINT)],
        service_points=[ServicePoint(id=POINT, area="A")],
        areas=[Area(id="A", zone=UTC_ZONE)],
        suspensions=[suspension],
    )
    zero = [e for e in _found(kwh, registry) if e.message == "episode.long_zero_use"]
    assert [e.parameters["hours"] for e in zero] == found
    assert [e.ends_at for e in zero] == [suspension.starts_at for _ in found]


def test_an_honest_home_is_silent() -> None:
    case = learnt(None)
    assert run(case.window, case.registry, only=[NAME]) == []


@pytest.mark.parametrize(("parameter", "value"), [("low_days", 14.0), ("low_share", 0.1)])
def test_the_archive_s_numbers_hold_as_they_stand_at_the_window_s_end(parameter: str, value: float) -> None:
    kwh = _slots()
    kwh[0, 30 * 96 : 40 * 96] *= 0.2
    seen = by_slots(kwh)
    own = Threshold(detector=NAME, parameter=parameter, value=value)
    second_day = from_numpy(seen.starts_at[96])
    assert _found(kwh, Registry(thresholds=[own])) == []
    assert _found(kwh, Registry(thresholds=[replace(own, starts_at=second_day)])) == []
    assert _found(kwh, Registry(thresholds=[replace(own, ends_at=second_day)])) == _found(kwh)
    assert len(_found(kwh)) == 1
