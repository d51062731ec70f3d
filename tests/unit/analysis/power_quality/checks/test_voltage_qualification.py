"""Voltage qualification rate: case T22, classes and least rates, daily curve, gaps and outages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.checks.voltage_qualification import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, MINUTES, SINGLE_PHASE, THREE_WIRE, month, slots, wavering

Q = Quantity


def minute_values() -> Columns:
    return wavering(220.0, MINUTES)


def of_single_phase(volts: Columns, **given: object) -> Judgement:
    (found,) = judge(month({Q.VOLTAGE_A: volts}, point=SINGLE_PHASE, period_s=60.0, **given))
    return found


def test_216_minutes_over_and_432_under_are_98_5_percent() -> None:
    """Case T22."""
    volts = minute_values()
    volts[1000:1216], volts[20_000:20_432] = 236.0, 197.0
    volts[1100], volts[20_100] = 240.0, 190.0
    found = of_single_phase(volts)
    assert found.value == pytest.approx(98.5, rel=1e-9)
    assert found.figures["over_minutes"] == 216.0
    assert found.figures["under_minutes"] == 432.0
    assert found.figures["monitored_minutes"] == MINUTES
    assert found.formula == "(1 - (216 + 432) / 43200) * 100"
    assert found.figures["highest_at"] == (BEGIN + timedelta(minutes=1100)).isoformat()
    assert found.figures["lowest_at"] == (BEGIN + timedelta(minutes=20_100)).isoformat()
    assert (found.verdict, found.low_limit) == (Compliance.COMPLIANT, 95.0)
    assert found.evidence.coverage == 1.0
    assert found.evidence.at == BEGIN + timedelta(minutes=20_100)


def test_the_chart_has_each_stretch_and_each_day() -> None:
    volts = minute_values()
    volts[1000:1216], volts[1216:1220], volts[20_000:20_432] = 236.0, 197.0, 197.0
    volts[20_100] = 190.0
    found = of_single_phase(volts)
    assert found.figures["stretches"] == [
        [(BEGIN + timedelta(minutes=1000)).isoformat(), "over", 216.0, 236.0],
        [(BEGIN + timedelta(minutes=1216)).isoformat(), "under", 4.0, 197.0],
        [(BEGIN + timedelta(minutes=20_000)).isoformat(), "under", 432.0, 190.0],
    ]
    daily = found.figures["daily"]
    assert isinstance(daily, list)
    assert len(daily) == 30
    of_day = volts[13 * 1440 : 14 * 1440]
    expected = [190.0, of_day.mean(), of_day.max(), 100 * (1 - 160 / 1440)]
    assert daily[13] == ["2026-09-14", *(pytest.approx(value, abs=1e-3) for value in expected)]


@pytest.mark.parametrize(
    ("minutes", "verdict"),
    [(863, Compliance.COMPLIANT), (864, Compliance.COMPLIANT), (865, Compliance.VIOLATING)],
)
def test_customers_of_10_kv_are_owed_98_percent(minutes: int, verdict: Compliance) -> None:
    """2 % of 43 200 minutes are 864."""
    lines = [10.0e3 + 100 * (minute_values() - 220), 10.0e3 + 90 * (minute_values() - 220)]
    lines[0][:minutes] = wavering(10_900.0, minutes, 20)
    found = judge(month({Q.VOLTAGE_AB: lines[0], Q.VOLTAGE_BC: lines[1]}, point=THREE_WIRE, period_s=60.0))
    assert [(j.subject, j.verdict) for j in found] == [("AB", verdict), ("BC", Compliance.COMPLIANT)]
    assert found[0].reference is not None
    assert not found[0].reference.confirmed


def test_where_regulation_names_no_rate_there_is_the_rate_alone() -> None:
    volts = [wavering(220.0, slots(), seed=seed) for seed in range(3)]
    found = judge(month(dict(zip((Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C), volts, strict=True))))
    assert {(j.verdict, j.value) for j in found} == {(Compliance.NOT_APPLICABLE, 100.0)}
    assert {r.key for r in found[0].reasons} == {"samples_for_minutes", "no_least_rate"}


def keys(found: Judgement) -> Sequence[str]:
    return [reason.key for reason in found.reasons]


def test_a_gap_leaves_the_rate_open_only_where_it_could_change_the_verdict() -> None:
    volts = minute_values()
    volts[:17_280] = np.nan
    found = of_single_phase(volts)
    assert found.value == 100.0
    assert found.evidence.coverage == pytest.approx(0.6)
    assert found.figures["percent_if_missing"] == pytest.approx([60.0, 100.0])
    assert found.verdict is Compliance.NOT_DECIDABLE
    assert keys(found) == ["low_coverage"]
    volts[17_280:20_000] = 240.0
    assert of_single_phase(volts).verdict is Compliance.VIOLATING  # 6.3 % of the whole month


def test_an_outage_is_not_monitored_time() -> None:
    """Ten hours dark with no reading, two more that the meter shows as zero."""
    volts = minute_values()
    volts[600:1200], volts[1200:1320] = np.nan, 0.0
    outage = (BEGIN + timedelta(hours=10), BEGIN + timedelta(hours=20))
    found = of_single_phase(volts, outages=[outage])
    assert found.figures["outage_minutes"] == 720.0
    assert found.figures["monitored_minutes"] == MINUTES - 720
    assert (found.value, found.evidence.coverage) == (100.0, 1.0)
    assert found.figures["lowest_v"] == volts[volts > 0].min()


def test_the_last_sample_before_an_outage_stands_only_until_it() -> None:
    volts = wavering(220.0, slots())
    volts[40:44] = np.nan
    outage = (BEGIN + timedelta(minutes=590), BEGIN + timedelta(minutes=660))
    (found,) = judge(month({Q.VOLTAGE_A: volts}, point=SINGLE_PHASE, outages=[outage]))
    assert found.figures["monitored_minutes"] == pytest.approx(MINUTES - 70)


@pytest.mark.parametrize("seed", range(3))
def test_even_samples_give_the_same_rate_in_any_order(seed: int) -> None:
    volts = minute_values()
    volts[:500] = 240.0 + np.arange(500) / 1000
    shuffled = np.random.default_rng(seed).permutation(volts)
    assert of_single_phase(volts).value == pytest.approx(of_single_phase(shuffled).value, rel=1e-12)


def test_an_absent_voltage_is_not_decidable() -> None:
    (found,) = judge(month(point=SINGLE_PHASE))
    assert (found.verdict, keys(found)) == (Compliance.NOT_DECIDABLE, ["absent"])


def test_agreed_bands_hold_for_the_rate_too() -> None:
    point = replace(SINGLE_PHASE, agreed_band_percent=(-1.0, 1.0))
    volts = minute_values()
    volts[:4320] = 215.0 + np.arange(4320) / 10_000
    (found,) = judge(month({Q.VOLTAGE_A: volts}, point=point, period_s=60.0))
    assert found.value == pytest.approx(90.0)
    assert found.verdict is Compliance.VIOLATING
