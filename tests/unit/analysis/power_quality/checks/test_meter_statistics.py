"""The meter's own rate against ours: each lawful cause of a difference, and what stays unexplained."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.checks.meter_statistics import LOWER, UPPER, judge, meter_band
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns, MeterStatistics
from analysis.power_quality.voltage_points import point_band
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, MINUTES, SINGLE_PHASE, THREE_WIRE, month, wavering

Q = Quantity
LEGAL = {LOWER: 198.0, UPPER: 235.4}


def told(
    volts: Columns, statistics: MeterStatistics, parameters: dict[str, float] | None = None, **given: object
) -> Judgement:
    (found,) = judge(
        month(
            {Q.VOLTAGE_A: volts},
            point=SINGLE_PHASE,
            period_s=60.0,
            statistics=[statistics],
            parameters=LEGAL if parameters is None else parameters,
            **given,
        )
    )
    return found


def counted(monitored: float, over: float, under: float) -> MeterStatistics:
    return MeterStatistics(phase="A", minutes_monitored=monitored, minutes_over=over, minutes_under=under)


def keys(judgement: Judgement) -> list[str]:
    return [reason.key for reason in judgement.reasons]


def with_low(level: float, count: int) -> Columns:
    volts = wavering(220.0, MINUTES)
    volts[:count] = level + np.linspace(0.0, 0.1, count)
    return volts


def test_two_rates_that_agree_need_no_cause() -> None:
    found = told(with_low(190.0, 432), counted(MINUTES, 0, 440))
    assert (found.verdict, keys(found)) == (Compliance.COMPLIANT, [])
    assert found.figures["own_percent"] == pytest.approx(99.0)
    assert found.value == pytest.approx(-100 * 8 / MINUTES)


def test_other_limits_explain_a_difference() -> None:
    """4030 of a collector: 204.6 to 235.4 V, where a single-phase point has 198.0 V."""
    found = told(with_low(200.0, 4320), counted(MINUTES, 0, 4320), {LOWER: 204.6, UPPER: 235.4})
    assert (found.verdict, keys(found)) == (Compliance.COMPLIANT, ["other_limits"])
    assert found.figures["own_percent"] == 100.0
    assert found.figures["meter_percent"] == found.figures["own_by_meters_rules_percent"] == 90.0
    assert found.value == pytest.approx(-10.0)


def test_a_value_at_a_limit_is_out_for_the_meter() -> None:
    volts = wavering(220.0, MINUTES)
    volts[:4320:2], volts[1:4320:2] = 198.0, 235.4
    found = told(volts, counted(MINUTES, 2160, 2160))
    assert (found.verdict, keys(found)) == (Compliance.COMPLIANT, ["inclusive_limits"])
    assert found.reasons[0].parameters == {"n": 4320}


def test_the_meter_counts_through_an_outage() -> None:
    """A tenth of the month is dark; half of what is left is low."""
    volts = with_low(190.0, MINUTES * 45 // 100)
    volts[-MINUTES // 10 :] = np.nan
    outage = (BEGIN + timedelta(minutes=MINUTES * 9 // 10), BEGIN + timedelta(minutes=MINUTES))
    found = told(volts, counted(MINUTES, 0, MINUTES * 0.45), outages=[outage])
    assert (found.verdict, keys(found)) == (Compliance.COMPLIANT, ["outage_counted"])
    assert (found.figures["own_percent"], found.figures["meter_percent"]) == pytest.approx((50.0, 55.0))


@pytest.mark.parametrize(
    ("under", "verdict"),
    [(432, Compliance.COMPLIANT), (22_032, Compliance.COMPLIANT), (100, Compliance.NOT_DECIDABLE)],
)
def test_a_gap_explains_what_may_have_been_in_it(under: float, verdict: Compliance) -> None:
    """432 minutes are low in the half that is known: the meter may have 432 to 22 032 of them."""
    volts = with_low(190.0, 432)
    volts[MINUTES // 2 :] = np.nan
    found = told(volts, counted(MINUTES, 0, under))
    assert found.verdict is verdict
    assert keys(found)[0] == "gaps"
    assert found.reasons[0].parameters == {"percent": 50.0}


def test_what_nothing_explains_stays_open() -> None:
    found = told(wavering(220.0, MINUTES), counted(MINUTES, 4320, 0))
    assert (found.verdict, keys(found)) == (Compliance.NOT_DECIDABLE, ["unexplained"])
    assert found.reasons[0].parameters == {"points": -10.0}


def test_unread_limits_are_said_to_be() -> None:
    found = told(wavering(220.0, MINUTES), counted(MINUTES, 0, 0), {})
    assert (found.verdict, keys(found)) == (Compliance.COMPLIANT, ["meter_limits_unread"])


def test_a_meter_without_statistics_or_readings_has_no_difference() -> None:
    (absent,) = judge(month(point=SINGLE_PHASE))
    assert (absent.verdict, keys(absent)) == (Compliance.NOT_APPLICABLE, ["absent"])
    (empty,) = judge(month(point=SINGLE_PHASE, statistics=[counted(MINUTES, 0, 0)], parameters=LEGAL))
    assert (empty.verdict, empty.value, keys(empty)) == (Compliance.NOT_DECIDABLE, None, ["gaps"])


@pytest.mark.parametrize(
    ("monitored", "over", "under", "quantity"),
    [
        (MINUTES, None, 0.0, "voltage_minutes_over"),
        (None, 0.0, 0.0, "voltage_minutes_monitored"),
        (MINUTES, None, None, "voltage_minutes_over, voltage_minutes_under"),
    ],
)
def test_a_register_that_was_not_read_is_not_0(
    monitored: float | None, over: float | None, under: float | None, quantity: str
) -> None:
    statistics = MeterStatistics(
        phase="A", minutes_monitored=monitored, minutes_over=over, minutes_under=under
    )
    found = told(wavering(220.0, MINUTES), statistics)
    assert (found.subject, found.verdict, found.value) == ("A", Compliance.NOT_DECIDABLE, None)
    assert [(r.key, r.parameters) for r in found.reasons] == [("absent", {"quantity": quantity})]


def test_a_meter_that_monitored_nothing_differs_by_nothing() -> None:
    found = told(wavering(220.0, MINUTES), counted(0, 0, 0))
    assert (found.verdict, found.value, keys(found)) == (
        Compliance.NOT_DECIDABLE, None, ["nothing_monitored"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("over", "verdict"),
    [(2160, Compliance.COMPLIANT), (4320, Compliance.COMPLIANT), (0, Compliance.COMPLIANT),
     (9000, Compliance.NOT_DECIDABLE)],
)  # fmt: skip
def test_a_total_may_be_the_mean_one_phase_or_any_of_them(over: float, verdict: Compliance) -> None:
    """A tenth of the time AB is high, BC never: 5, 10 or 0 % are what a total can be, not 20.8 %."""
    lines = {Q.VOLTAGE_AB: wavering(10_000.0, MINUTES, 20), Q.VOLTAGE_BC: wavering(10_000.0, MINUTES, 20, 1)}
    lines[Q.VOLTAGE_AB][:4320] = wavering(11_000.0, 4320, 20)
    total = MeterStatistics(phase="", minutes_monitored=MINUTES, minutes_over=over, minutes_under=0)
    limits = {LOWER: 93.0, UPPER: 107.0}
    (found,) = judge(month(lines, point=THREE_WIRE, period_s=60.0, statistics=[total], parameters=limits))
    assert found.verdict is verdict


def test_a_total_is_shown_beside_the_mean_of_the_phases() -> None:
    lines = {Q.VOLTAGE_AB: wavering(10_000.0, MINUTES, 20), Q.VOLTAGE_BC: wavering(10_000.0, MINUTES, 20, 1)}
    lines[Q.VOLTAGE_AB][:4320] = wavering(11_000.0, 4320, 20)
    statistics = MeterStatistics(phase="", minutes_monitored=MINUTES, minutes_over=2160, minutes_under=0)
    given = month(
        lines,
        point=THREE_WIRE,
        period_s=60.0,
        statistics=[statistics],
        parameters={LOWER: 93.0, UPPER: 107.0},
    )
    (found,) = judge(given)
    assert (found.verdict, keys(found)) == (Compliance.COMPLIANT, ["total_of_phases"])
    assert found.value == pytest.approx(0.0, abs=1e-9)
    band = meter_band(given, point_band(THREE_WIRE))
    assert band is not None
    assert (band.low_v, band.high_v) == pytest.approx((9_300.0, 10_700.0))


def test_each_phase_has_its_own_difference() -> None:
    """Phase B is low for 432 minutes of the month; the meter says so, and in the end what is not so of A."""
    volts = {Q.VOLTAGE_A: wavering(220.0, MINUTES), Q.VOLTAGE_B: with_low(190.0, 432)}
    statistics = [counted(MINUTES, 0, 0), replace(counted(MINUTES, 0, 432), phase="B")]
    wrong = replace(counted(MINUTES, 0, 4320), phase="A")
    limits = {LOWER: 204.6, UPPER: 235.4}
    plain = month(volts, period_s=60.0, statistics=statistics, parameters=limits)
    found_both = judge(plain)
    assert [(j.subject, j.verdict) for j in found_both] == [
        ("A", Compliance.COMPLIANT),
        ("B", Compliance.COMPLIANT),
    ]
    assert [j.value for j in found_both] == pytest.approx([0.0, 0.0])
    (found,) = judge(replace(plain, statistics=[wrong]))
    assert (found.verdict, keys(found)) == (Compliance.NOT_DECIDABLE, ["unexplained"])
    assert found.figures["own_percent"] == 100.0


def test_the_elements_of_a_three_wire_meter_count_its_lines_and_there_is_no_phase_b() -> None:
    low = wavering(10_000.0, MINUTES, 1.0)
    low[:432] = 9_000.0 + np.linspace(0.0, 0.1, 432)
    volts = {Q.VOLTAGE_AB: wavering(10_000.0, MINUTES, 1.0), Q.VOLTAGE_BC: low}
    statistics = [replace(counted(MINUTES, 0, 432 if phase == "C" else 0), phase=phase) for phase in "ABC"]
    found = judge(month(volts, point=THREE_WIRE, period_s=60.0, statistics=statistics, parameters={}))
    assert [(j.subject, j.figures["own_percent"]) for j in found] == [("A", 100.0), ("C", 99.0)]
    assert {j.verdict for j in found} == {Compliance.COMPLIANT}
