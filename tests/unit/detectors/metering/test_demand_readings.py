from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.metering.demand_readings import DEMAND, DEMAND_AT, DemandReadings, demand_readings
from detectors.ratings import ratings
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.records import EventRecord, Records, TimedValues
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import to_numpy
from tests.fix_windows import SHANGHAI, grid, window

BEGIN = datetime(2026, 1, 29, tzinfo=SHANGHAI)
M = MeterId("m")
REGISTRY = Registry(meters=[Meter(id=M)])


def _timed(rows: list[tuple[datetime, float]]) -> TimedValues:
    return TimedValues(
        meters=[M] * len(rows),
        taken_at=np.array([to_numpy(at) for at, _ in rows], dtype="datetime64[us]"),
        values=np.array([value for _, value in rows]),
    )


def _readings(
    demands: list[tuple[datetime, float]],
    times: list[tuple[datetime, float]] | None = None,
    *,
    day: float = 1.0,
    reset_at: datetime | None = None,
) -> DemandReadings:
    """Seven days of 4 kW, but 8 kW in the first slot of each day."""
    kwh = np.ones(7 * 96)
    kwh[::96] = 2.0
    events = [] if reset_at is None else [_reset(reset_at)]
    case = replace(
        window(grid(BEGIN.astimezone(UTC), 7), {"m": kwh}, step_kwh=0.02),
        records=Records(readings={DEMAND: _timed(demands), DEMAND_AT: _timed(times or [])}, events=events),
    )
    return demand_readings(case, REGISTRY, ratings(case, REGISTRY), np.array([day]), np.array([0.05]))


def _reset(at: datetime) -> EventRecord:
    return EventRecord(meter=M, event=MeterEvent(kind=EventKind.DEMAND_RESET, number=1, starts_at=at))


def _at(days: float) -> datetime:
    return BEGIN + timedelta(days=days)


def test_a_reading_is_set_beside_the_curve_of_its_billing_period() -> None:
    found = _readings([(_at(1.5), 4.0), (_at(3.25), 2.0)])
    assert found.kw.tolist() == [8.0, 4.0]
    assert found.curve_kw.tolist() == [8.0, 8.0]
    assert found.follows.tolist() == [False, False]
    assert found.cycle.tolist() == [
        to_numpy(datetime(2026, 1, 1, tzinfo=SHANGHAI)).astype(object),
        to_numpy(datetime(2026, 2, 1, tzinfo=SHANGHAI)).astype(object),
    ]


def test_the_billing_period_may_begin_in_the_month_before() -> None:
    found = _readings([(_at(3.25), 2.0)], day=25.0)
    assert found.cycle[0] == to_numpy(datetime(2026, 1, 25, tzinfo=SHANGHAI))


def test_a_reading_at_the_start_of_a_period_may_be_of_the_one_before() -> None:
    assert len(_readings([(_at(3.0), 4.0)])) == 0
    assert len(_readings([(_at(3.0) + timedelta(minutes=20), 4.0)])) == 1


def test_the_curve_begins_anew_after_a_reset_and_after_a_fall() -> None:
    after = _readings([(_at(1.5), 4.0)], reset_at=_at(1.25))
    assert after.curve_kw.tolist() == [4.0]
    noted = _readings([(_at(1.0), 4.0), (_at(1.5), 4.0), (_at(1.75), 4.0)], reset_at=_at(1.25))
    assert noted.noted.tolist() == [False, True, False]
    fallen = _readings([(_at(1.25), 4.0), (_at(1.5), 2.0), (_at(1.75), 2.0)])
    assert fallen.fell.tolist() == [False, True, False]
    np.testing.assert_array_equal(fallen.curve_kw, [8.0, np.nan, 4.0])


@pytest.mark.parametrize(
    ("ended", "most_kw"),
    [(timedelta(minutes=15), 8.0), (timedelta(minutes=22), 12.0), (timedelta(minutes=30), 4.0)],
)
def test_the_slots_that_a_demand_period_touches_bound_it(ended: timedelta, most_kw: float) -> None:
    at = (_at(1.0) + ended).timestamp()
    assert _readings([(_at(1.5), 4.0)], [(_at(1.5), at)]).most_kw.tolist() == [most_kw]


def test_without_its_time_nothing_bounds_a_demand() -> None:
    assert np.isnan(_readings([(_at(1.5), 4.0)]).most_kw).all()
    long_ago = _at(-3).timestamp()
    assert np.isnan(_readings([(_at(1.5), 4.0)], [(_at(1.5), long_ago)]).most_kw).all()


def test_a_meter_fitted_within_the_window_has_the_billing_periods_of_where_it_hangs() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    registry = Registry(
        meters=[Meter(id=M)],
        areas=[Area(id="A", zone=berlin)],
        service_points=[ServicePoint(id="P", area="A")],
        installations=[Installation(meter=M, service_point="P", starts_at=_at(0.5))],
    )
    case = replace(
        window(grid(BEGIN.astimezone(UTC), 7), {"m": 1.0}),
        records=Records(readings={DEMAND: _timed([(_at(5.0), 4.0)])}),
    )
    found = demand_readings(case, registry, ratings(case, registry), np.array([1.0]), np.array([0.05]))
    assert found.cycle[0] == to_numpy(datetime(2026, 2, 1, tzinfo=berlin))


def test_a_demand_is_multiplied_by_the_ratio_of_its_time() -> None:
    ratios = np.where(np.arange(7 * 96) < 2 * 96, 2.0, 5.0)[None]
    case = replace(
        window(grid(BEGIN.astimezone(UTC), 7), {"m": 1.0}, step_kwh=0.05),
        records=Records(readings={DEMAND: _timed([(_at(1.5), 4.0), (_at(2.0), 4.0), (_at(2.5), 4.0)])}),
        ratios=ratios,
    )
    found = demand_readings(case, REGISTRY, ratings(case, REGISTRY), np.array([1.0]), np.array([0.05]))
    # What is read at midnight was counted before it.
    assert found.kw.tolist() == [8.0, 8.0, 20.0]
