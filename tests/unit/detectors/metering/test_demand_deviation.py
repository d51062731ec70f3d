from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from pipeline.archive_records import Threshold, WorkOrder
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, Records
from pipeline.registry import Ratio, Registry, Wiring
from tests.fix_planted import FAULT, METER, POINT, START, Planted, planted
from tests.planted_registers import with_thresholds

NAME = "demand_deviation"
DEMAND, AT = Quantity.MAX_DEMAND_IMPORT, Quantity.MAX_DEMAND_IMPORT_AT
Change = Callable[[np.ndarray], np.ndarray]


def _read(case: Planted, change: Change, days: slice = slice(8, 11), quantity: Quantity = DEMAND) -> Planted:
    """What the meter froze on some midnights is another: the first freeze is that of the second day."""
    readings = dict(case.window.records.readings)
    values = readings[quantity].values.copy()
    values[days] = change(values[days])
    readings[quantity] = replace(readings[quantity], values=values)
    return replace(case, window=replace(case.window, records=Records(readings=readings)))


def _with_event(case: Planted, at: datetime) -> Planted:
    event = MeterEvent(kind=EventKind.DEMAND_RESET, number=1, starts_at=at)
    records = replace(case.window.records, events=[EventRecord(meter=METER, event=event)])
    return replace(case, window=replace(case.window, records=records))


def _midnight(day: int) -> datetime:
    return START + timedelta(days=day)


@pytest.mark.parametrize("wiring", list(Wiring))
def test_an_honest_register_agrees_with_its_curve(wiring: Wiring) -> None:
    assert planted(None, wiring=wiring).found(NAME) == []
    assert planted(None, shape="home", peak_kw=4.0, ct=1.0).found(NAME) == []


def test_a_demand_that_the_curve_never_made_is_found_between_its_readings() -> None:
    case = planted(None)
    (episode,) = _read(case, lambda kw: kw * 1.3).found(NAME)
    assert episode.message == "episode.demand_high"
    # Wrong in the freezes that close the days 8, 9 and 10; right at the end of day 7 and of day 11.
    assert (episode.starts_at, episode.ends_at) == (_midnight(8), _midnight(12))
    most = float(case.window.import_kwh[0, : 9 * 96].max()) * 4
    assert episode.parameters["register_kw"] == pytest.approx(1.3 * 60.0, rel=0.02)
    assert episode.parameters["curve_kw"] == pytest.approx(most, rel=0.02)


def test_two_percent_more_is_within_the_sliding_of_demand() -> None:
    assert _read(planted(None), lambda kw: kw * 1.02).found(NAME) == []


def test_a_demand_below_the_curve_is_found() -> None:
    (episode,) = _read(planted(None), lambda kw: kw * 0.8, slice(0, 14)).found(NAME)
    assert episode.message == "episode.demand_low"
    assert (episode.starts_at, episode.ends_at) == (START, None)
    assert _read(planted(None), lambda kw: kw * 0.96, slice(0, 14)).found(NAME) == []


def test_a_fall_without_a_reset_is_told_once() -> None:
    (episode,) = _read(planted(None), lambda kw: kw * 0.5, slice(8, 14)).found(NAME)
    assert episode.message == "episode.demand_fall"
    assert (episode.starts_at, episode.ends_at) == (_midnight(8), _midnight(9))


def test_a_reset_without_a_work_order_is_found_and_one_with_it_is_innocent() -> None:
    dropped = _read(planted(None), lambda kw: np.full_like(kw, 0.2), slice(8, 9))
    reset = _with_event(dropped, _midnight(9) - timedelta(hours=1))
    (episode,) = reset.found(NAME)
    assert episode.message == "episode.demand_reset"
    assert episode.evidence["demand_reset_events"] != []
    order = WorkOrder(id="W", service_point=POINT, starts_at=_midnight(8), ends_at=_midnight(9))
    assert reset.found(NAME, replace(reset.registry, work_orders=[order])) == []


def test_planted_demands_are_found_and_the_twin_is_innocent() -> None:
    (misread,) = planted("demand_misread").found(NAME)
    assert misread.message == "episode.demand_high"
    assert planted("demand_misread", {"factor": 1.02}).found(NAME) == []
    case = planted("demand_reset")
    (reset,) = case.found(NAME)
    assert reset.message == "episode.demand_reset"
    assert reset.parameters["at"] == "2024-06-11 09:00"
    assert (reset.starts_at, reset.ends_at) == (_midnight(8), _midnight(9))
    order = WorkOrder(id="W", service_point=POINT, starts_at=FAULT.starts_at, ends_at=FAULT.starts_at)
    assert case.found(NAME, replace(case.registry, work_orders=[order])) == []


def test_the_maximum_begins_anew_after_a_reset() -> None:
    # Reset at the end of day 8; on the rest day that follows the load is lower than before.
    case = planted(None)
    kwh = case.window.import_kwh.copy()
    kwh[:, 9 * 96 :] = 2.0
    quiet = replace(case, window=replace(case.window, import_kwh=kwh))
    reset = _with_event(
        _read(
            _read(quiet, lambda kw: np.full_like(kw, 0.2), slice(9, 14)), _noon_of_day(9), slice(9, 14), AT
        ),
        _midnight(9),
    )
    order = WorkOrder(id="W", service_point=POINT, starts_at=_midnight(9), ends_at=_midnight(10))
    assert reset.found(NAME, replace(reset.registry, work_orders=[order])) == []


def _noon_of_day(day: int) -> Change:
    at = (_midnight(day) + timedelta(hours=12)).timestamp()
    return lambda times: np.full_like(times, at)


def test_a_time_outside_of_the_billing_period_is_found() -> None:
    last_month = (START - timedelta(days=20)).timestamp()
    (episode,) = _read(planted(None), lambda at: np.full_like(at, last_month), quantity=AT).found(NAME)
    assert episode.message == "episode.demand_stamp"
    assert episode.parameters["at"] == "2024-05-14 00:00"


def test_the_billing_period_may_begin_on_another_day() -> None:
    # The register begins anew on the tenth: half of the load from then on.
    case = planted(None)
    kwh = case.window.import_kwh.copy()
    kwh[:, 7 * 96 :] = 5.0
    quiet = replace(case, window=replace(case.window, import_kwh=kwh))
    halved = _read(
        _read(quiet, lambda kw: np.full_like(kw, 0.5), slice(7, 14)), _noon_of_day(7), slice(7, 14), AT
    )
    tenth = Threshold(detector=NAME, parameter="settlement_day", value=10, service_point=POINT)
    assert [e.message for e in halved.found(NAME)] == ["episode.demand_fall"]
    assert halved.found(NAME, with_thresholds(halved.registry, tenth)) == []


def test_a_missing_peak_hour_proves_nothing() -> None:
    case = planted(None)
    kwh = case.window.import_kwh.copy()
    kwh[kwh > 10.0] = np.nan
    holes = replace(case.window, import_kwh=kwh, quality=np.where(np.isnan(kwh), "N", "A"))
    assert replace(case, window=holes).found(NAME) == []
    high = _read(replace(case, window=holes), lambda kw: kw * 1.3, slice(8, 14))
    assert high.found(NAME) == []


def test_estimated_slots_prove_nothing() -> None:
    case = _read(planted(None), lambda kw: kw * 0.8, slice(0, 14))
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert replace(case, window=estimated).found(NAME) == []


def test_a_sliding_period_may_lie_across_two_slots() -> None:
    case = planted(None)
    kwh = np.full_like(case.window.import_kwh, 1.0)
    kwh[:, 850:852] = 3.0
    half_past = (START + 850 * timedelta(minutes=15) + timedelta(minutes=22)).timestamp()

    def shown(kw: float) -> list[Episode]:
        rows = _read(case, lambda values: np.full_like(values, kw / 40), slice(8, 14))
        timed = _read(rows, lambda at: np.full_like(at, half_past), slice(8, 14), AT)
        before = _read(timed, lambda values: np.full_like(values, 4 / 40), slice(0, 8))
        return replace(before, window=replace(before.window, import_kwh=kwh)).found(NAME)

    # Both slots hold 6 kWh: all of it in one quarter of an hour would be 24 kW.
    assert shown(23.0) == []
    assert [e.message for e in shown(27.0)] == ["episode.demand_high"]
    # The greater of the two is 12 kW; 5 % and a step of the register (1.6 kW) are allowed.
    assert shown(10.0) == []
    assert [e.message for e in shown(9.0)] == ["episode.demand_low"]


def test_a_meter_whose_ratio_changes_in_the_window_is_not_judged() -> None:
    case = _read(planted(None), lambda kw: kw * 1.3)
    changed = [*case.registry.ratios, Ratio(meter=METER, ct=80.0, starts_at=_midnight(4))]
    assert case.found(NAME, replace(case.registry, ratios=changed)) == []


def test_a_meter_that_the_archive_does_not_know_is_not_judged() -> None:
    assert _read(planted(None), lambda kw: kw * 1.3).found(NAME, Registry()) == []


@pytest.mark.parametrize("deed", ["stopped_register", "runaway_register"])
def test_a_register_that_stands_still_or_runs_away_is_told_by_its_own_detector(deed: str) -> None:
    assert planted(deed).found(NAME) == []


def test_it_takes_its_numbers_from_the_archive() -> None:
    case = _read(planted(None), lambda kw: kw * 1.3)

    def found(parameter: str, value: float) -> int:
        entry = Threshold(detector=NAME, parameter=parameter, value=value, service_point=POINT)
        return len(case.found(NAME, with_thresholds(case.registry, entry)))

    assert (found("trigger_percent", 25.0), found("trigger_percent", 35.0)) == (1, 0)
    assert (found("trigger_readings", 3.0), found("trigger_readings", 4.0)) == (1, 0)
