"""Verdicts on blocks of orders: what is judged, what is said with it."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analysis.harmonic_limits import GB_14549, voltage_limits
from analysis.power_quality.harmonic_readings import (
    PhaseColumns,
    sound_readings,
    voltage_distortion,
    voltage_orders,
)
from analysis.power_quality.harmonic_verdicts import (
    OrderLimit,
    Rule,
    distribution,
    judge_orders,
    without_verdict,
)
from analysis.power_quality.judgement import Compliance, Reason
from analysis.power_quality.point_month import PointMonth
from tests.harmonic_months import every_phase, reason_keys, voltage_month
from tests.quality_months import month

LIMITS = voltage_limits(GB_14549, 10.0, date(2026, 9, 1))


def rule(**limits: float) -> Rule:
    assert LIMITS is not None
    own = {int(name[1:]): OrderLimit(limit=limit) for name, limit in limits.items()}
    return Rule(check="harmonic_voltage", reference=LIMITS.reference, limits=own)


def orders(judged: PointMonth) -> PhaseColumns:
    found = voltage_orders(sound_readings(replace(judged, values={})))
    assert found is not None
    return found


def test_only_orders_with_a_limit_are_judged() -> None:
    judged = voltage_month(every_phase({5: 1.0}))
    found = judge_orders(judged, orders(judged), rule(h5=3.2, h11=3.2, h40=1.0))
    assert [j.subject for j in found] == ["h5", "h11"]
    assert judge_orders(judged, orders(judged), rule(h40=1.0)) == []


def test_what_only_proves_never_violates() -> None:
    judged = voltage_month(every_phase({5: 3.0}))
    for limit, verdict in ((4.0, Compliance.COMPLIANT), (2.0, Compliance.NOT_DECIDABLE)):
        (found,) = judge_orders(judged, orders(judged), replace(rule(h5=limit), only_proves=True))
        assert found.verdict is verdict
        assert found.evidence.if_missing_bad is not Compliance.VIOLATING
        assert "no_readings" not in reason_keys(found)


def test_a_limit_within_the_confidence_interval_is_told() -> None:
    judged = voltage_month(every_phase({5: 3.0}))
    (plain,) = judge_orders(judged, orders(judged), rule(h5=9.0))
    assert plain.value is not None
    for limit, verdict in ((plain.value, Compliance.COMPLIANT), (plain.value - 1e-3, Compliance.VIOLATING)):
        (near,) = judge_orders(judged, orders(judged), rule(h5=limit))
        assert near.verdict is verdict
        assert reason_keys(near) == {"interval_crosses_limit"}
    assert reason_keys(plain) == set()


@pytest.mark.parametrize(("n", "told"), [(58, {"no_statistical_proof"}), (80, set())])
def test_the_legal_minimum_of_readings_is_no_statistical_proof(n: int, told: set[str]) -> None:
    judged = voltage_month(every_phase({5: 1.0}), count=n, period_s=2_592_000.0 / n)
    (found,) = judge_orders(judged, orders(judged), rule(h5=3.2))
    assert found.verdict is Compliance.COMPLIANT
    assert reason_keys(found) == told


def test_reasons_that_hold_for_all_stand_with_the_first() -> None:
    judged = voltage_month({"a": {5: 1.0}})
    general = replace(rule(h5=3.2, h7=3.2), reasons=(Reason(key="any_order"),))
    first, second = judge_orders(judged, orders(judged), general)
    assert {"any_order", "absent"} <= reason_keys(first)
    assert not {"any_order", "absent"} & reason_keys(second)


def test_a_distribution_has_21_values_by_rank() -> None:
    judged = voltage_month(every_phase({5: 1.0}), count=100)
    total = voltage_distortion(sound_readings(judged))
    assert total is not None
    total.values[1][0, :] = np.nan
    found = distribution(replace(total, values=[np.arange(1.0, 101.0)[None], *total.values[1:]]))
    assert list(found) == ["A", "C"]
    assert found["A"] == [[0, 1.0], *([p, float(p)] for p in range(5, 101, 5))]


def test_a_verdict_that_cannot_be_reached_says_why() -> None:
    found = without_verdict("harmonic_voltage", None, Reason(key="no_readings"), subject="thd")
    assert (found.verdict, found.subject) == (Compliance.NOT_DECIDABLE, "thd")
    assert reason_keys(found) == {"no_readings"}


def test_an_empty_month_gives_no_judgement() -> None:
    judged = replace(month(), spectrum_period_s=900.0)
    empty = PhaseColumns(
        phases=("A",),
        orders=(5,),
        at=judged.spectrum_at,
        expected=2880,
        dark=np.zeros(0, dtype=np.bool_),
        period_s=900.0,
        values=[np.empty((1, 0))],
        unit="%",
    )
    assert judge_orders(judged, empty, rule(h5=3.2)) == []
