from __future__ import annotations

import numpy as np

from dashboard.curves import Curves, break_gaps, load_curve, pack, thin


def curves(values: list[float], step_s: float = 900.0) -> Curves:
    column = np.array(values, dtype=np.float64)
    return Curves(seconds=np.arange(len(column), dtype=np.float64) * step_s, columns={"v": column})


def test_a_slots_energy_becomes_its_mean_power() -> None:
    found = load_curve(15, np.array([0.0, 900.0]), np.array([25.0, 10.0]), np.array(["A", "A"]))
    np.testing.assert_array_equal(found.columns["actual_kw"], [100.0, 40.0, np.nan])
    np.testing.assert_array_equal(found.seconds, [0.0, 900.0, 1800.0])


def test_estimated_slots_are_a_curve_of_their_own() -> None:
    found = load_curve(
        15, np.array([0.0, 900.0, 1800.0]), np.array([1.0, 1.0, 1.0]), np.array(["A", "E", "F"])
    )
    # A final substitute is nobody's measurement, for all that it is final.
    np.testing.assert_array_equal(found.columns["actual_kw"], [4.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found.columns["estimated_kw"], [np.nan, 4.0, 4.0, np.nan])


def test_a_missing_slot_does_not_stretch_the_one_before_it() -> None:
    found = load_curve(15, np.array([0.0, 3600.0]), np.array([1.0, 2.0]), np.array(["A", "A"]))
    np.testing.assert_array_equal(found.seconds, [0.0, 900.0, 3600.0, 4500.0])
    np.testing.assert_array_equal(found.columns["actual_kw"], [4.0, np.nan, 8.0, np.nan])


def test_no_intervals_make_an_empty_curve() -> None:
    nothing = np.array([], dtype=np.float64)
    assert len(load_curve(15, nothing, nothing, np.array([], dtype="U1"))) == 0


def test_no_line_is_drawn_across_a_hole() -> None:
    found = break_gaps(Curves(seconds=np.array([0.0, 60.0, 600.0]), columns={"v": np.ones(3)}), 150.0)
    np.testing.assert_array_equal(found.seconds, [0.0, 60.0, 61.0, 600.0])
    np.testing.assert_array_equal(found.columns["v"], [1.0, 1.0, np.nan, 1.0])


def test_a_short_curve_is_left_alone() -> None:
    short = curves([1.0, 2.0, 3.0])
    assert thin(short, 4) is short


def test_a_thinned_curve_keeps_the_smallest_and_largest_value_of_each_bucket_in_their_order() -> None:
    found = thin(curves([5.0, 1.0, 9.0, 4.0, 7.0, 2.0, 2.0, 3.0]), 4)
    np.testing.assert_array_equal(found.columns["v"], [1.0, 9.0, 7.0, 2.0])


def test_a_spike_of_one_point_in_a_hundred_thousand_is_still_seen() -> None:
    values = np.zeros(100_000)
    values[77_777] = 400.0
    found = thin(Curves(seconds=np.arange(100_000.0), columns={"v": values}), 4000)
    assert len(found) <= 4002
    assert found.columns["v"].max() == 400.0
    assert (np.diff(found.seconds) >= 0).all()


def test_thinning_keeps_gaps_and_ignores_what_is_missing_beside_values() -> None:
    values = np.full(1000, np.nan)
    values[500:] = 3.0
    found = thin(Curves(seconds=np.arange(1000.0), columns={"v": values}), 100)
    assert np.isnan(found.columns["v"][:49]).all()
    assert (found.columns["v"][52:] == 3.0).all()


def test_a_thinned_curve_draws_no_line_across_an_outage() -> None:
    minutes = np.arange(30 * 1440.0)
    there = minutes[(minutes < 11.3 * 1440) | (minutes >= 14.3 * 1440)] * 60.0
    broken = break_gaps(Curves(seconds=there, columns={"v": np.full(len(there), 230.0)}), 150.0)
    found = thin(broken, 4000)
    assert len(found) <= 4002
    assert longest_line_s(found, "v") < 3600


def test_a_thinned_load_curve_holds_no_value_over_missing_days() -> None:
    slots = np.arange(365 * 96.0)
    there = slots[(slots < 200.5 * 96) | (slots >= 214.5 * 96)] * 900.0
    found = thin(load_curve(15, there, np.ones(len(there)), np.full(len(there), "A")), 4000)
    assert len(found) <= 4002
    assert longest_step_s(found, "actual_kw") < 86400


def test_the_last_value_of_a_thinned_load_curve_ends_with_its_slot() -> None:
    slots = np.arange(365 * 96.0) * 900.0
    found = thin(load_curve(15, slots, np.ones(len(slots)), np.full(len(slots), "A")), 4000)
    assert found.seconds[-1] == slots[-1] + 900.0
    assert np.isnan(found.columns["actual_kw"][-1])


def test_where_there_are_more_holes_than_points_the_longest_are_kept() -> None:
    # A meter that is read for an hour, then is silent for one, and once for ten days.
    hours = np.arange(0.0, 4000.0, 2.0) * 3600.0
    hours[1000:] += 10 * 86400.0
    there = (hours[:, None] + np.arange(0.0, 3600.0, 60.0)).reshape(-1)
    broken = break_gaps(Curves(seconds=there, columns={"v": np.ones(len(there))}), 150.0)
    found = thin(broken, 400)
    assert len(found) <= 402
    assert longest_line_s(found, "v") < 2 * 86400


def longest_line_s(curves: Curves, name: str) -> float:
    """The longest line between two neighbouring points that are known, in seconds."""
    known = ~np.isnan(curves.columns[name])
    return float(np.diff(curves.seconds)[known[1:] & known[:-1]].max())


def longest_step_s(curves: Curves, name: str) -> float:
    """For how long a value is held at the most until the next point, in seconds."""
    return float(np.diff(curves.seconds)[~np.isnan(curves.columns[name][:-1])].max())


def test_bytes_are_times_as_float64_then_each_column_as_float32() -> None:
    packed = pack(
        Curves(seconds=np.array([1.5, 2.5]), columns={"a": np.array([1.0, np.nan]), "b": np.zeros(2)})
    )
    assert len(packed) == 2 * (8 + 4 + 4)
    np.testing.assert_array_equal(np.frombuffer(packed[:16], "<f8"), [1.5, 2.5])
    np.testing.assert_array_equal(np.frombuffer(packed[16:24], "<f4"), [1.0, np.nan])
