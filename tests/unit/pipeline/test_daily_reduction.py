from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.daily_reduction import (
    counts_energy,
    daily_rows,
    day_firsts,
    day_most,
    day_sums,
    known_days,
    known_energy,
    with_daily_rows,
)
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Registry, ServicePoint
from pipeline.timegrid import slot_grid
from tests.fix_windows import grid, window

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 1, 1, tzinfo=SHANGHAI)


def test_a_day_has_its_energy_its_extremes_and_the_register_that_closes_it() -> None:
    slots = grid(BEGIN, 2)
    kwh = np.concatenate([np.full(96, 0.5), np.full(96, 1.0)])
    kwh[3], kwh[4] = 2.0, 0.0
    full = replace(
        window(slots, {"m": kwh}, values={Quantity.VOLTAGE_A: [np.linspace(210, 230, 192)]}),
        registers={Quantity.ACTIVE_ENERGY_IMPORT: np.arange(192.0)[None]},
    )
    daily = daily_rows(full, [SHANGHAI])
    assert daily.days.astype(str).tolist() == ["2026-01-01", "2026-01-02"]
    assert daily.kwh.tolist() == [[49.0, 96.0]]
    assert daily.coverage.tolist() == [[1.0, 1.0]]
    assert (daily.max_kw[0, 0], daily.min_kw[0, 0], daily.zero_slots[0, 0]) == (8.0, 0.0, 1.0)
    assert daily.voltage_min[Quantity.VOLTAGE_A][0, 0] == pytest.approx(210)
    # The reading at midnight closes the day before; after the last slot there is none.
    np.testing.assert_array_equal(daily.registers[Quantity.ACTIVE_ENERGY_IMPORT], [[96.0, np.nan]])


def test_what_is_estimated_is_in_no_figure_but_lowers_the_coverage() -> None:
    letters = np.array(["A"] * 48 + ["E"] * 48)
    daily = daily_rows(window(grid(BEGIN, 1), {"m": 1.0}, quality={"m": letters}), [SHANGHAI])
    assert daily.kwh.tolist() == [[48.0]]
    assert daily.coverage.tolist() == [[0.5]]


def test_a_day_of_which_nothing_is_known_has_no_energy() -> None:
    daily = daily_rows(window(grid(BEGIN, 1), {"m": np.nan}), [SHANGHAI])
    assert np.isnan(daily.kwh).all()
    assert daily.coverage.tolist() == [[0.0]]


@pytest.mark.parametrize(("day", "slots"), [((2026, 3, 29), 92), ((2026, 10, 25), 100)])
def test_days_of_23_and_25_hours_are_whole_days(day: tuple[int, int, int], slots: int) -> None:
    begins = datetime(*day, tzinfo=BERLIN).astimezone(UTC)
    day_grid = slot_grid(begins, begins + timedelta(minutes=15 * slots), 15)
    daily = daily_rows(window(day_grid, {"m": 1.0}), [BERLIN])
    assert daily.kwh.tolist() == [[float(slots)]]
    assert daily.coverage.tolist() == [[1.0]]


def test_meters_of_two_zones_have_their_own_days() -> None:
    daily = daily_rows(window(grid(BEGIN, 1), {"a": 1.0, "b": 1.0}), [SHANGHAI, BERLIN])
    assert daily.days.astype(str).tolist() == ["2025-12-31", "2026-01-01"]
    np.testing.assert_array_equal(daily.kwh, [[np.nan, 96.0], [28.0, 68.0]])
    assert daily.span(1, 0, 1)[1] == datetime(2026, 1, 1, tzinfo=BERLIN)


def test_a_column_adds_up_over_the_local_days_of_each_meter() -> None:
    begins = datetime(2026, 3, 28, 23, tzinfo=UTC)
    both = window(grid(begins, 2), {"berlin": 1.0, "shanghai": 1.0})
    daily = daily_rows(both, [BERLIN, SHANGHAI])
    column = np.ones((2, 192))
    column[1, 68] = np.nan
    # Midnight in Berlin, seven in the morning in Shanghai; the German day has 23 hours.
    np.testing.assert_array_equal(day_sums(both, daily, column), [[92, 96, 4], [68, np.nan, 28]])


def test_the_first_slot_of_a_day_is_that_after_local_midnight() -> None:
    both = window(grid(datetime(2026, 3, 28, 23, tzinfo=UTC), 2), {"berlin": 1.0, "shanghai": 1.0})
    daily = daily_rows(both, [BERLIN, SHANGHAI])
    slots = np.arange(192.0)[None].repeat(2, axis=0)
    np.testing.assert_array_equal(day_firsts(both, daily, slots), [[0, 92, 188], [0, 68, 164]])


def test_the_known_slots_of_each_day_are_added_up_counted_and_their_greatest_told() -> None:
    column = np.ones((2, 192))
    column[1, 3], column[1, 4], column[1, 96:] = np.nan, 7.0, np.nan
    seen = replace(
        window(grid(BEGIN, 2), {"a": 1.0, "b": 1.0}, quality={"b": np.array(["E"] * 2 + ["A"] * 190)}),
        energies={"export_kwh": column},
    )
    daily = daily_rows(seen, [SHANGHAI, SHANGHAI])
    rows = np.array([1])
    known = known_energy(seen, "export_kwh", rows)
    assert np.flatnonzero(np.isnan(known[0, :96])).tolist() == [0, 1, 3]
    kwh, count, greatest = known_days(seen, daily, known, rows)
    assert (kwh.tolist(), count.tolist()) == ([[99.0, 0.0]], [[93.0, 0.0]])
    np.testing.assert_array_equal(greatest, [[7.0, np.nan]])


def test_a_meter_of_which_every_day_lacks_a_slot_counts_its_energy_all_the_same() -> None:
    column = np.full((3, 192), np.nan)
    column[0], column[1, 5] = 0.0, 2.0
    seen = replace(window(grid(BEGIN, 2), {"a": 1.0, "b": 1.0, "c": 1.0}), energies={"export_kwh": column})
    daily = daily_rows(seen, [SHANGHAI] * 3)
    assert counts_energy(seen, daily, "export_kwh").tolist() == [True, True, False]
    assert not counts_energy(seen, daily, "q1_kvarh").any()


def test_days_begin_and_end_by_each_meter_s_zone() -> None:
    daily = daily_rows(window(grid(BEGIN, 1), {"a": 1.0, "b": 1.0}), [SHANGHAI, BERLIN])
    begins, ends = daily.edges()
    hour = 3_600_000_000
    assert ((ends - begins) / hour).tolist() == [[24.0, 24.0]] * 2
    assert ((begins[1] - begins[0]) / hour).tolist() == [7.0, 7.0]


def test_a_meter_fitted_within_the_window_has_the_days_of_where_it_hangs() -> None:
    registry = Registry(
        areas=[Area(id="A", zone=BERLIN)],
        service_points=[ServicePoint(id="P", area="A")],
        installations=[
            Installation(meter=MeterId("m"), service_point="P", starts_at=BEGIN + timedelta(hours=30))
        ],
    )
    daily = with_daily_rows(window(grid(BEGIN, 3), {"m": 1.0, "other": 1.0}), registry).daily
    assert daily is not None
    assert daily.zones == [BERLIN, SHANGHAI]


def test_the_greatest_of_a_day_is_unknown_where_one_of_its_slots_is() -> None:
    seen = window(grid(BEGIN, 3), {"a": 1.0, "b": 1.0})
    column = np.arange(3.0 * 96)[None]
    column[0, 200] = np.nan
    most = day_most(seen, daily_rows(seen, [BERLIN, SHANGHAI]), column, np.array([1]))
    # Berlin's days begin with one more, of which Shanghai has no slot.
    np.testing.assert_array_equal(most, [[np.nan, 95.0, 191.0, np.nan]])
