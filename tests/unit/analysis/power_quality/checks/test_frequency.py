"""Frequency against GB/T 15945-2008 and EN 50160."""

from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.checks.frequency import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, month, slots, wavering

Q = Quantity
N = slots()
GOOD, BAD, OPEN = Compliance.COMPLIANT, Compliance.VIOLATING, Compliance.NOT_DECIDABLE


def found(hertz: Columns) -> dict[str, Judgement]:
    given = month({Q.FREQUENCY: hertz, Q.VOLTAGE_A: wavering(220.0, len(hertz))})
    return {f"{j.reference.standard} {j.subject}": j for j in judge(given) if j.reference}


@pytest.mark.parametrize(("value", "verdict"), [(50.2, GOOD), (50.21, BAD), (49.8, GOOD), (49.79, BAD)])
def test_two_tenths_of_a_hertz_are_allowed(value: float, verdict: Compliance) -> None:
    hertz = wavering(50.0, N, 0.05)
    hertz[9] = value
    of = found(hertz)["GB/T 15945 normal"]
    assert (of.verdict, of.value) == (verdict, value)
    assert of.evidence.at == BEGIN + 9 * timedelta(minutes=15)
    assert (of.low_limit, of.limit, of.unit) == (49.8, 50.2, "Hz")


def test_the_rate_is_weighted_by_time() -> None:
    """29 of 2880 quarters of an hour."""
    hertz = wavering(50.0, N, 0.05)
    hertz[:29] = wavering(50.4, 29, 0.01)
    of = found(hertz)
    assert of["GB/T 15945 normal"].figures["qualified_percent"] == pytest.approx(100 * (1 - 29 / 2880))
    small = of["GB/T 15945 small system"]
    assert (small.verdict, small.figures["qualified_percent"]) == (Compliance.NOT_APPLICABLE, 100.0)
    assert (of["EN 50160 99.5 %"].verdict, of["EN 50160 always"].verdict) == (GOOD, GOOD)


def test_en_50160_allows_half_a_percent_of_the_time() -> None:
    """0.5 % of 2880 readings are 14."""
    hertz = wavering(50.0, N, 0.05)
    hertz[:14] = wavering(50.6, 14, 0.01)
    allowed = found(hertz)["EN 50160 99.5 %"]
    assert (allowed.verdict, [r.key for r in allowed.reasons]) == (GOOD, ["month_of_year"])
    hertz[14] = 52.01
    of = found(hertz)
    assert (of["EN 50160 99.5 %"].verdict, of["EN 50160 always"].verdict) == (BAD, BAD)


def test_a_frequency_that_no_network_has_is_not_judged() -> None:
    hertz = wavering(50.0, N, 0.05)
    hertz[3] = 0.0
    of = found(hertz)["GB/T 15945 normal"]
    assert of.verdict is GOOD
    assert [r.key for r in of.reasons] == ["out_of_range"]


def test_an_absent_register_and_a_gap_decide_nothing() -> None:
    assert {j.verdict for j in judge(month({Q.VOLTAGE_A: wavering(220.0, N)}))} == {OPEN}
    hertz = wavering(50.0, N, 0.05)
    hertz[N * 2 // 5 :] = np.nan
    assert found(hertz)["GB/T 15945 normal"].verdict is OPEN
