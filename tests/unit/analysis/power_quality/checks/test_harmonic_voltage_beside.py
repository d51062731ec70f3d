"""Harmonic voltage by EN 50160 and IEEE 519, each by the stretches and shares of its own."""

from dataclasses import replace

import pytest

from analysis.harmonic_limits import EN_50160, IEEE_519
from analysis.power_quality.checks.harmonic_voltage_beside import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from tests.harmonic_months import TEN_KV, by_subject, every_phase, reason_keys, voltage_month
from tests.quality_months import POINT, month, slots, wavering

Q = Quantity
QUIET = {5: 1.0, 7: 0.8}
GOOD, BAD = Compliance.COMPLIANT, Compliance.VIOLATING
OPEN, NONE = Compliance.NOT_DECIDABLE, Compliance.NOT_APPLICABLE


def by(standard: str, judged: PointMonth) -> dict[str, Judgement]:
    return by_subject(judge(judged), standard)


def test_en_50160_judges_each_week_and_any_order_together() -> None:
    """In the second week only, orders 15 and 21 are over in turn: 4 % of readings each, 8 % together."""
    judged = voltage_month(every_phase({**QUIET, 15: 0.3, 21: 0.3}))
    week = slice(672, 1344)
    for columns in judged.spectra.values():
        part = columns[week]
        part[0::25, 15] = 0.9
        part[1::25, 21] = 0.9
    judged = replace(judged, values={})
    found = by(EN_50160, judged)
    assert (found["h15"].verdict, found["h21"].verdict, found["any order"].verdict) == (GOOD, GOOD, BAD)
    assert found["any order"].value == pytest.approx(180.0)
    assert found["any order"].evidence.n == 672


def test_ieee_519_judges_each_day_by_one_and_a_half_times_the_limit() -> None:
    """At 10 kV 3 % each: one hour of 5 % is over the 99 % value of its day and under 5 % of its week."""
    judged = voltage_month(every_phase(QUIET), point=TEN_KV)
    judged.spectra[Q.VOLTAGE_HARMONIC_B][960:964, 5] = 5.0
    found = by(IEEE_519, replace(judged, values={}))
    assert found["h5"].verdict is BAD
    assert (found["h5"].limit, found["h5"].value, found["h5"].evidence.rank) == (4.5, 5.0, 96)
    assert found["h5"].formula == "3 % × 1.5 = 4.5 %"
    assert found["h7"].verdict is GOOD


def test_readings_too_rare_for_a_day_leave_its_rule_out_and_say_so() -> None:
    judged = voltage_month(every_phase(QUIET), count=720, period_s=3600.0)
    found = by(IEEE_519, judged)
    assert {j.verdict for j in found.values()} == {GOOD}
    told = next(reason for reason in found["thd"].reasons if reason.key == "statistic_skipped")
    assert told.parameters == {"days": 1, "percent": 99}


def test_a_week_without_readings_leaves_the_month_open() -> None:
    """GB/T 14549 judges the month as a whole, EN 50160 each week."""
    judged = voltage_month(every_phase(QUIET))
    for columns in judged.spectra.values():
        columns[672:1344] = float("nan")
    found = by(EN_50160, replace(judged, values={}))["h5"]
    assert (found.verdict, found.evidence.if_missing_bad) == (OPEN, BAD)
    assert found.value is not None
    assert "no_readings" in reason_keys(found)


def test_high_voltage_has_no_limits_by_en_50160() -> None:
    found = judge(voltage_month(every_phase(QUIET), point=replace(POINT, nominal_kv=110.0)))
    assert [j.verdict for j in found if j.reference is None] == [NONE]
    assert by(IEEE_519, voltage_month(every_phase(QUIET), point=replace(POINT, nominal_kv=110.0)))


def test_without_harmonics_both_are_not_decidable() -> None:
    found = judge(month({Q.VOLTAGE_A: wavering(220.0, slots())}))
    assert [(j.verdict, reason_keys(j)) for j in found] == [(OPEN, {"absent"})] * 2
