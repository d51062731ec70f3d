"""Shares of readings inside a band, weeks, and what missing readings could do."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.bands import bands
from analysis.power_quality.judgement import Compliance
from analysis.power_quality.probability import judged, probability_value
from analysis.power_quality.shares import (
    Counted,
    Series,
    band_judgement,
    doubts,
    furthest,
    judged_share,
    summary,
    weeks,
)
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, END, month, slots, wavering

GOOD, BAD, OPEN = Compliance.COMPLIANT, Compliance.VIOLATING, Compliance.NOT_DECIDABLE


@pytest.mark.parametrize(
    ("outside", "n", "expected", "share", "verdict"),
    [
        (0, 100, 100, 100.0, GOOD),
        (1, 100, 100, 100.0, BAD),
        (5, 100, 100, 95.0, GOOD),
        (6, 100, 100, 95.0, BAD),
        (0, 95, 100, 100.0, GOOD),
        (0, 89, 100, 100.0, OPEN),
        (1, 40, 100, 100.0, BAD),
        (0, 60, 62, 95.0, GOOD),
        (0, 97, 200, 95.0, OPEN),
        (11, 97, 200, 95.0, BAD),
        (5, 1000, 1000, 99.5, GOOD),
        (6, 1000, 1000, 99.5, BAD),
        (0, 29, 29, 95.0, OPEN),
        (0, 0, 0, 95.0, OPEN),
    ],
)
def test_enough_readings_decide_else_what_no_missing_one_changes(
    outside: int, n: int, expected: int, share: float, verdict: Compliance
) -> None:
    assert judged_share(Counted(outside=outside, n=n, expected=expected), share)[0] is verdict


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [30, 96, 672, 2976])
def test_95_percent_inside_is_the_rule_of_the_rank(n: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(1.5, 0.3, n)
    counted = Counted(outside=int((values > 2.0).sum()), n=n, expected=n)
    assert judged_share(counted, 95.0)[0] is judged(probability_value(values, n), 2.0)[0]


def test_an_open_verdict_says_why() -> None:
    verdict, evidence = judged_share(Counted(outside=0, n=40, expected=100))
    assert [(r.key, r.parameters) for r in doubts(verdict, evidence)] == [
        ("low_coverage", {"coverage_percent": 40.0})
    ]
    verdict, evidence = judged_share(Counted(outside=0, n=3, expected=3))
    assert [r.key for r in doubts(verdict, evidence)] == ["few_readings"]
    assert doubts(GOOD, evidence) == ()


def test_a_month_has_weeks_from_its_first_day_and_its_last_seven_days() -> None:
    found = [((b - BEGIN).days, (e - BEGIN).days) for b, e in weeks(month())]
    assert found == [(0, 7), (7, 14), (14, 21), (21, 28), (23, 30)]


def test_a_running_month_has_the_weeks_that_are_over() -> None:
    running = replace(month(), ends_at=BEGIN + timedelta(days=9, hours=5))
    found = [((b - BEGIN), (e - BEGIN)) for b, e in weeks(running)]
    assert found[0] == (timedelta(0), timedelta(days=7))
    assert found[-1] == (timedelta(days=3), timedelta(days=9, hours=5))
    short = replace(month(), ends_at=BEGIN + timedelta(days=2))
    assert list(weeks(short)) == [(BEGIN, BEGIN + timedelta(days=2))]
    assert list(weeks(month()))[-1][1] == END


def test_the_worst_week_is_judged() -> None:
    """34 of 672 readings of the second week are too many, of the month's 2880 they are not."""
    (band,) = (b for b in bands("voltage unbalance", 0.38) if b.weekly)
    column = wavering(1.0, slots())
    column[700:734] = 2.5
    given = month({Quantity.VOLTAGE_A: column})
    dark = np.zeros(slots(), dtype=np.bool_)
    found = band_judgement(given, band, Series(values=column, dark=dark, phase="A"), check="c")
    assert found.verdict is BAD
    assert (found.subject, found.unit, found.limit) == ("A 95 %", "%", 2.0)
    assert (found.value, found.evidence.rank) == (2.5, 639)
    assert found.figures["inside_percent"] == pytest.approx(100 * (1 - 34 / 672))
    in_month = band_judgement(given, replace(band, weekly=False), Series(values=column, dark=dark), check="c")
    assert in_month.verdict is GOOD


def test_of_weeks_with_none_outside_the_one_of_the_highest_value_is_shown() -> None:
    """Weeks about 0.5 %, but the third about 1.9 %: of its 672 readings the one of rank 639."""
    (band,) = (b for b in bands("voltage unbalance", 0.38) if b.weekly)
    column = wavering(0.5, slots(), 0.01)
    column[1344:2016] = wavering(1.9, 672, 0.01, 1)
    given = month({Quantity.VOLTAGE_A: column})
    dark = np.zeros(slots(), dtype=np.bool_)
    found = band_judgement(given, band, Series(values=column, dark=dark, phase="A"), check="c")
    assert found.verdict is GOOD
    assert (found.value, found.evidence.n) == (np.sort(column[1344:2016])[638], 672)


def test_readings_without_supply_in_a_proven_outage_come_off_once() -> None:
    """100 of 2880 in an outage, 300 missing: 2480 of 2780 are less than 90 %; of 2680 they would not be."""
    (band,) = bands("frequency", 0.38)[:1]
    column = wavering(50.0, slots(), 0.01)
    dark = np.zeros(slots(), dtype=np.bool_)
    dark[:100] = True
    column[:400] = np.nan
    outage = (BEGIN, BEGIN + 100 * timedelta(minutes=15))
    given = month({Quantity.FREQUENCY: column}, outages=[outage])
    found = band_judgement(given, replace(band, weekly=False), Series(values=column, dark=dark), check="c")
    assert found.evidence.coverage == 2480 / 2780
    assert found.verdict is OPEN


def test_the_furthest_value_is_the_one_nearest_to_an_edge_if_none_is_out() -> None:
    column = np.array([np.nan, 0.0, 6.0, -6.5])
    assert furthest(column, -7.0, 7.0) == 3
    assert furthest(column, -10.0, 7.0) == 2
    assert furthest(column[:1], -7.0, 7.0) is None


def test_a_summary_of_nothing_is_nothing() -> None:
    assert summary(np.array([np.nan])) == {"max": None, "mean": None, "min": None}
    assert summary(np.array([1.0, np.nan, 3.0])) == {"max": 3.0, "mean": 2.0, "min": 1.0}
