"""Raw and final side by side: only what cannot be energy is replaced, and it says why and how."""

import numpy as np

from pipeline.vee import as_measured, finalise
from tests.vee_windows import START, vee_window

NAN = float("nan")


def test_measured_intervals_stay_as_they_are() -> None:
    window = vee_window([1.0, 2.0, 3.0])
    final = finalise(window)
    assert final.kwh.tolist() == window.kwh.tolist()
    assert not final.replaced.any()
    assert final.quality.tolist() == [["A", "A", "A"]]


def test_a_meter_without_gaps_has_its_raw_intervals_as_finals() -> None:
    window = vee_window([1.0, 2.0, 3.0])
    final, same = finalise(window), as_measured(window)
    for name in ("kwh", "quality", "method", "reason", "untouched"):
        assert getattr(final, name).tolist() == getattr(same, name).tolist()


def test_a_short_hole_is_interpolated_and_substituted() -> None:
    final = finalise(vee_window([1.0, NAN, 2.0]))
    assert final.kwh.tolist() == [[1.0, 1.5, 2.0]]
    assert final.quality[0, 1] == "S"
    assert (final.method[0, 1], final.reason[0, 1]) == ("interpolation", "missing")


def test_substitutes_become_final_once_nobody_asks_the_meter_any_more() -> None:
    final = finalise(vee_window([1.0, NAN, 2.0, NAN, 2.0]), final_before=START + np.timedelta64(30, "m"))
    assert final.quality.tolist() == [["A", "F", "A", "S", "A"]]


def test_a_gap_of_known_sum_takes_the_shape_of_like_days_and_keeps_its_sum() -> None:
    #            Thu  Fri  Sat  Sun  Mon  Tue
    kwh = np.tile(np.where(np.arange(96) < 48, 0.10, 0.30), 6)
    monday = slice(4 * 96, 5 * 96)
    kwh[monday] = 0.25
    letters = np.full((1, len(kwh)), "A")
    letters[0, monday] = "E"
    final = finalise(vee_window(kwh, quality=letters))
    shaped = final.kwh[0, monday]
    assert round(shaped.sum() * 100) == 2400
    # 2400 steps at 1 : 3 are 12.5 and 37.5 a slot: equal remainders, so the earlier slots get the step.
    assert shaped.tolist() == [0.13] * 48 + [0.37] * 48
    assert set(final.quality[0, monday]) == {"E"}
    assert set(final.method[0, monday]) == {"mean of like days, scaled"}
    assert set(final.reason[0, monday]) == {"spread"}


def test_no_energy_is_moved_over_a_register_that_was_read_within_a_gap() -> None:
    #               Thu  Fri  Sat  Sun  Mon  Tue  Wed: 12 hours at 0.10, 12 at 0.30
    kwh = np.tile(np.where(np.arange(96) < 48, 0.10, 0.30), 7)
    noon, midnight, noon_after = 4 * 96 + 48, 5 * 96, 5 * 96 + 48
    kwh[noon:midnight], kwh[midnight:noon_after] = 0.02, 0.70
    letters = np.full((1, len(kwh)), "A")
    letters[0, noon:noon_after] = "E"
    known = np.zeros((1, len(kwh) + 1), dtype=np.bool_)
    known[0, [noon, midnight, noon_after]] = True
    final = finalise(vee_window(kwh, quality=letters, known_edges=known))
    assert round(final.kwh[0, noon:midnight].sum() * 100) == 96
    assert round(final.kwh[0, midnight:noon_after].sum() * 100) == 3360
    # Without the read at midnight the evening's share would be three quarters of the 34.56 kWh.
    joined = finalise(vee_window(kwh, quality=letters))
    assert round(joined.kwh[0, noon:midnight].sum() * 100) == 2592


def test_one_slot_of_known_sum_stands_as_it_is() -> None:
    letters = np.array([["A", "E", "A"]])
    final = finalise(vee_window([1.0, 2.0, 1.0], quality=letters))
    assert final.kwh.tolist() == [[1.0, 2.0, 1.0]]
    assert not final.replaced.any()


def test_a_gap_that_begins_before_the_asked_slots_is_left_as_it_is() -> None:
    window = vee_window([1.0, NAN, NAN, 1.0, NAN, 1.0])
    asked = finalise(window, since=START + np.timedelta64(30, "m"))
    assert asked.untouched.tolist() == [[True, True, True, False, False, False]]
    assert np.isnan(asked.kwh[0, 1:3]).all()
    assert asked.kwh[0, 4] == 1.0
    assert not finalise(window).untouched.any()


def test_a_gap_is_shared_out_in_steps_of_the_ratio_that_held() -> None:
    letters = np.array([["A", "E", "E", "E", "A", "A"]])
    off = np.array([[False, False, False, True, False, False]])
    steps = np.array([[0.01] * 4 + [0.4] * 2])
    window = vee_window(
        [1.0, 0.03, 0.02, 0.02, 4.0, 4.0],
        quality=letters,
        outage=off,
        step_kwh=np.array([0.4]),
        slot_step_kwh=steps,
    )
    # The line between the neighbours is 1.75, 2.5 and 3.25: 7 steps at 1.75 : 2.5 are 2.88 and 4.12.
    assert finalise(window).kwh.tolist() == [[1.0, 0.03, 0.04, 0.0, 4.0, 4.0]]


def test_negative_and_impossible_values_are_replaced_and_the_raw_ones_stay() -> None:
    window = vee_window([1.0, -5.0, 1.0, 99.0, 1.0], most_kwh=np.full((1, 5), 10.0))
    final = finalise(window)
    assert final.kwh.tolist() == [[1.0] * 5]
    assert final.reason.tolist() == [["", "negative", "", "impossible", ""]]
    assert window.kwh.tolist() == [[1.0, -5.0, 1.0, 99.0, 1.0]]


def test_a_known_outage_is_zero_as_a_fact() -> None:
    off = np.array([[False, True, True, False]])
    final = finalise(vee_window([1.0, NAN, NAN, 1.0], outage=off))
    assert final.kwh.tolist() == [[1.0, 0.0, 0.0, 1.0]]
    assert final.quality.tolist() == [["A"] * 4]
    assert final.reason[0, 1] == "outage"


def test_a_gap_is_zero_only_where_the_supply_was_off() -> None:
    off = np.array([[False, False, False, False, True, True, False]])
    final = finalise(vee_window([1.0, 1.0, NAN, 1.0, NAN, NAN, NAN], outage=off))
    assert final.kwh[0, :6].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert final.reason[0].tolist() == ["", "", "missing", "", "outage", "outage", "missing"]
    assert final.quality[0].tolist() == ["A", "A", "S", "A", "A", "A", "N"]


def test_an_order_of_estimation_that_is_filed_leaves_the_fact_in_front() -> None:
    off = np.array([[False, True, False]])
    order_of = np.zeros((1, 3), dtype=np.int64)
    final = finalise(vee_window([1.0, NAN, 1.0], outage=off, orders=[["interpolation"]], order_of=order_of))
    assert final.kwh.tolist() == [[1.0, 0.0, 1.0]]


def test_a_gap_of_known_sum_gives_nothing_to_the_outage_within_and_keeps_its_sum() -> None:
    letters = np.array([["A", "E", "E", "E", "E", "A"]])
    off = np.array([[False, False, True, True, False, False]])
    final = finalise(vee_window([1.0, 0.5, 0.5, 0.5, 0.5, 1.0], quality=letters, outage=off))
    assert final.kwh.tolist() == [[1.0, 1.0, 0.0, 0.0, 1.0, 1.0]]
    assert final.quality.tolist() == letters.tolist()
    assert set(final.method[0, 1:5]) == {"interpolation, scaled"}


def test_a_gap_of_known_sum_without_like_days_is_shared_out_over_the_supplied_slots() -> None:
    letters = np.array([["E", "E", "E", "E"]])
    off = np.array([[False, True, True, False]])
    final = finalise(vee_window([0.5, 0.5, 0.5, 0.5], quality=letters, outage=off))
    assert final.kwh.tolist() == [[1.0, 0.0, 0.0, 1.0]]
    assert set(final.method[0]) == {"known outage, scaled"}


def test_a_gap_after_days_at_rest_gives_nothing_to_the_outage_within_either() -> None:
    kwh = np.zeros(4 * 96)
    gap = slice(4 * 96 - 8, 4 * 96 - 4)
    kwh[gap] = 0.5
    letters = np.full((1, len(kwh)), "A")
    letters[0, gap] = "E"
    off = np.zeros((1, len(kwh)), dtype=np.bool_)
    off[0, gap.start + 1 : gap.stop - 1] = True
    final = finalise(vee_window(kwh, quality=letters, outage=off))
    assert final.kwh[0, gap].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_registers_that_moved_speak_against_an_outage_of_the_whole_gap() -> None:
    letters = np.array([["E", "E"]])
    final = finalise(vee_window([0.5, 0.5], quality=letters, outage=np.ones((1, 2), dtype=np.bool_)))
    assert final.kwh.tolist() == [[0.5, 0.5]]


def test_what_no_rule_can_fill_stays_missing() -> None:
    final = finalise(vee_window([NAN, NAN, 1.0]))
    assert np.isnan(final.kwh[0, :2]).all()
    assert final.quality.tolist() == [["N", "N", "A"]]


def test_slots_in_which_the_meter_hung_nowhere_are_left_alone() -> None:
    installed = np.array([[True, False, True]])
    final = finalise(vee_window([1.0, NAN, 1.0], installed=installed))
    assert np.isnan(final.kwh[0, 1])


def test_the_part_of_a_slot_in_which_a_meter_hung_is_not_estimated_as_a_whole() -> None:
    partly = np.array([[False, True, False]])
    final = finalise(vee_window([1.0, NAN, 1.0], partly=partly))
    assert np.isnan(final.kwh[0, 1])
    assert final.quality[0, 1] == "N"


def test_asking_again_gives_the_same() -> None:
    window = vee_window(np.where(np.arange(960) % 7 == 3, NAN, 0.5))
    once, again = finalise(window), finalise(window)
    assert once.kwh.tolist() == again.kwh.tolist()
    assert once.method.tolist() == again.method.tolist()


def test_energy_after_a_ratio_change_within_a_gap_is_not_shared_out_anew() -> None:
    letters = np.array([["A", "E", "E", "A"]])
    final = finalise(vee_window([0.1, 0.105, 0.1, 0.1], quality=letters))
    assert final.kwh.tolist() == [[0.1, 0.105, 0.1, 0.1]]
