"""The sixteen rules: each finds what it is for, and says what it expected and what came."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.validation import RULES, validate
from pipeline.vee_limits import SOURCES, VeeLimits, limits_with, wanted_number
from pipeline.vee_window import Finding, IntervalRows, VeeWindow
from tests.vee_windows import START, vee_window

NAN = float("nan")


def found(window: VeeWindow, rule: str) -> list[tuple[str, int, int]]:
    """Meter, first slot and slots of each finding of a rule."""
    return [(f.meter, place(window, f), f.slots) for f in of(window, rule)]


def of(window: VeeWindow, rule: str) -> list[Finding]:
    """The findings of one rule."""
    return [f for f in validate(window).findings if f.rule == rule]


def place(window: VeeWindow, finding: Finding) -> int:
    """Slot of a finding."""
    return int(np.searchsorted(window.starts_at, finding.starts_at))


def test_the_checklist_has_the_sixteen_rules_of_its_source() -> None:
    assert len(RULES) == len({rule.name for rule in RULES}) == 16


def test_every_limit_has_a_source() -> None:
    assert set(SOURCES) == set(VeeLimits.__dataclass_fields__)


def test_a_steady_meter_passes_every_rule_that_can_be_judged() -> None:
    assert list(validate(vee_window(np.full(96 * 10, 0.25))).findings) == []


def test_what_cannot_be_judged_says_what_it_wants() -> None:
    assert validate(vee_window([1.0, 1.0])).unchecked["multiplier"] == ("multiplier", "filed_multiplier")


def test_missing_slots_are_one_finding_a_run() -> None:
    assert found(vee_window([[1.0, NAN, NAN, 1.0, NAN], [1.0] * 5]), "missing") == [
        ("M1", 1, 2),
        ("M1", 4, 1),
    ]


def test_slots_before_a_meter_was_fitted_are_not_missing() -> None:
    installed = np.array([[False, True, True]])
    assert found(vee_window([NAN, NAN, 1.0], installed=installed), "missing") == [("M1", 1, 1)]


def test_energy_below_zero_is_negative() -> None:
    assert found(vee_window([1.0, -0.01, 0.0]), "negative") == [("M1", 1, 1)]


@pytest.mark.parametrize(("peak", "is_spike"), [(2.8, False), (2.81, True)])
def test_a_spike_is_measured_against_the_third_highest(peak: float, *, is_spike: bool) -> None:
    # 180 % above a third highest of 1.0 is 2.8.
    assert bool(of(vee_window([0.5, 1.0, peak, 1.0, 0.5]), "spike")) is is_spike


def test_a_day_of_three_times_the_average_is_high_and_outside_the_usual() -> None:
    kwh = np.full(96 * 9, 0.25)
    kwh[96 * 8 :] = 0.75
    window = vee_window(kwh)
    assert found(window, "high_low") == [("M1", 96 * 8, 96)]
    assert found(window, "dynamic_comparison") == [("M1", 96 * 8, 96)]
    assert of(window, "high_low")[0].came == "72 kWh a day"


def test_days_are_compared_with_those_before_and_never_with_later_ones() -> None:
    kwh = np.full(96 * 9, 0.25)
    kwh[:96] = 5.0
    assert 0 not in [slot for _, slot, _ in found(vee_window(kwh), "high_low")]


def test_a_history_that_is_mostly_estimated_is_no_measure() -> None:
    kwh = np.full(96 * 9, 0.25)
    kwh[96 * 8 :] = 0.75
    quality = np.full((1, len(kwh)), "A")
    quality[:, : 96 * 6] = "E"
    assert found(vee_window(kwh, quality=quality), "high_low") == []


def test_energy_in_a_suspension_or_at_a_removed_meter_is_inactive_measurement() -> None:
    window = vee_window(
        [[1, 1, 1, 0], [1, 1, 1, 1]],
        installed=np.array([[True] * 4, [True, True, True, False]]),
        suspended=np.array([[False, True, True, True], [False] * 4]),
    )
    assert found(window, "inactive") == [("M1", 1, 2), ("M2", 3, 1)]


def test_intervals_that_do_not_add_up_to_the_register_fail_the_sum_check() -> None:
    rows = [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, NAN, 1.0]]
    window = vee_window(rows, register_kwh=np.array([3.02, 3.03, 9.0]))
    (finding,) = of(window, "sum_check")
    assert (finding.meter, finding.expected, finding.came) == ("M2", "3.03 kWh by the register", "3 kWh")


def test_three_days_of_zero_or_of_estimates_are_told_and_a_slot_less_is_not() -> None:
    kwh = np.ones(300)
    kwh[5 : 5 + 288] = 0.0
    assert found(vee_window(kwh), "zero") == [("M1", 5, 288)]
    kwh[5] = 1.0
    assert found(vee_window(kwh), "zero") == []
    letters = np.full((1, 300), "A")
    letters[0, 3 : 3 + 288] = "S"
    assert found(vee_window(np.ones(300), quality=letters), "prolonged_estimation") == [("M1", 3, 288)]


def test_a_missing_reactive_energy_beside_an_active_one_is_told() -> None:
    siblings = {"import_kvarh": np.array([[1.0, NAN, 1.0]]), "export_kvarh": np.full((1, 3), NAN)}
    (finding,) = of(vee_window([1.0, 1.0, 1.0], siblings=siblings), "sibling")
    assert (finding.expected, finding.slots) == ("import_kvarh", 1)


def test_a_late_value_that_differs_from_the_final_one_is_told() -> None:
    window = vee_window([1.0, 2.0, 3.0], finals=np.array([[1.0, 2.5, NAN]]))
    (finding,) = of(window, "final_replacement")
    assert (finding.expected, finding.came) == ("2.5 kWh as given out", "2 kWh")


def test_another_ratio_than_the_filed_one_is_told() -> None:
    window = vee_window([1.0], multiplier=np.array([30.0]), filed_multiplier=np.array([40.0]))
    assert [(f.expected, f.came) for f in of(window, "multiplier")] == [("40 as filed", "30")]


def test_another_unit_than_the_name_says_is_told() -> None:
    units: dict[str, Any] = {"import_kwh": "Wh", "import_kvarh": "kvarh"}
    assert [f.came for f in of(vee_window([1.0], units=units), "unit_of_measure")] == ["Wh"]


def test_findings_begin_at_the_slot_that_shows_them() -> None:
    (finding,) = of(vee_window([1.0, -1.0]), "negative")
    assert finding.starts_at == START + np.timedelta64(15, "m")


def test_each_meter_is_judged_by_the_limits_of_its_class() -> None:
    # The third highest is 1.0, the highest 2.5: 150 % over it.
    day = [1.0] * 95 + [2.5]
    window = vee_window([day, day, day], limits={1: limits_with({"spike_percent": 100})})
    assert found(window, "spike") == [("M2", 95, 1)]
    assert found(vee_window([day, day, day]), "spike") == []


def test_meters_with_limits_of_their_own_keep_what_is_theirs() -> None:
    day = [1.0] * 95 + [2.5]
    rows = IntervalRows(
        meter=np.array([0, 0, 2, 1]),
        starts_at=START + np.array([0, 0, 15, 30]).astype("timedelta64[m]"),
        minutes=np.array([15, 15, 30, 15]),
        kwh=np.array([1.0, 1.0, 1.0, 1.0]),
    )
    window = vee_window(
        [day, [1.0, np.nan] + [1.0] * 94, day],
        rows=rows,
        register_kwh=np.array([97.5, 96.0, 90.0]),
        limits={2: limits_with({"sum_steps": 1000})},
    )
    assert found(window, "duplicate") == [("M1", 0, 1)]
    assert [f.meter for f in of(window, "interval_size")] == ["M3"]
    assert found(window, "missing") == [("M2", 1, 1)]
    # 7.5 kWh are off at the third meter, which may be off by 1000 steps of 0.01 kWh.
    assert found(window, "sum_check") == []
    strict = replace(window, limits={0: limits_with({"sum_steps": 1000})})
    assert [f.meter for f in of(strict, "sum_check")] == ["M3"]


def test_limits_of_whole_numbers_are_rounded_not_cut() -> None:
    limits = limits_with({"like_days": 2.7, "reach_days": 59.999999, "spike_percent": 12.5})
    assert (limits.like_days, limits.reach_days, limits.spike_percent) == (3, 60, 12.5)
    assert isinstance(limits.like_days, int)


@pytest.mark.parametrize("number", [0, -1, 2.5, NAN, float("inf"), float("-inf")])
def test_what_is_no_whole_number_is_told_what_is_wanted(number: float) -> None:
    assert wanted_number("like_days", number) == "a whole number from 1 on"
    assert wanted_number("like_days", 3.0) is None
