"""A network's rate out of its classes: half of A, half of the mean of the others."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.power_quality.checks.voltage_qualification import judge
from analysis.power_quality.network_rate import PointRate, network_rate, point_rate
from pipeline.archive_records import PointClass
from pipeline.quantities import Quantity
from tests.quality_months import MINUTES, POINT, SINGLE_PHASE, month, wavering

A, B, C, D = PointClass


def rate(point_class: PointClass, percent: float, coverage: float = 1.0) -> PointRate:
    return PointRate(point_class=point_class, percent=percent, coverage=coverage)


def test_a_weighs_as_much_as_all_others() -> None:
    found = network_rate([rate(A, 99.0), rate(B, 98.0), rate(C, 97.0), rate(D, 90.0)], {})
    assert found.percent == pytest.approx(0.5 * 99.0 + 0.5 * (98.0 + 97.0 + 90.0) / 3)
    assert found.formula == "0.5 * 99.000 + 0.5 * (98.000 + 97.000 + 90.000) / 3"
    assert (found.absent, found.reference.confirmed) == ([], False)


def test_a_class_is_the_mean_of_its_points_and_knows_those_without_a_rate() -> None:
    found = network_rate([rate(D, 90.0, 0.5), rate(D, 100.0)], {D: 5, C: 2})
    of_d = found.classes[-1]
    assert (of_d.filed, of_d.judged, of_d.percent, of_d.coverage) == (5, 2, 95.0, 0.75)
    assert (found.classes[2].filed, found.classes[2].judged, found.classes[2].percent) == (2, 0, None)
    assert found.absent == [A, B, C]


@pytest.mark.parametrize(
    ("rates", "percent"),
    [
        ([rate(A, 99.0), rate(C, 97.0), rate(D, 95.0)], 0.5 * 99.0 + 0.5 * 96.0),
        ([rate(A, 99.0)], None),
        ([rate(B, 99.0), rate(C, 99.0), rate(D, 99.0)], None),
        ([], None),
    ],
)
def test_without_a_or_without_any_other_there_is_none(rates: list[PointRate], percent: float | None) -> None:
    assert network_rate(rates, {}).percent == (None if percent is None else pytest.approx(percent))


def test_a_point_is_the_minutes_of_its_phases_together() -> None:
    """A tenth of phase A is low, nothing of B and C."""
    low = wavering(220.0, MINUTES)
    low[: MINUTES // 10] = 190.0 + np.linspace(0.0, 0.1, MINUTES // 10)
    volts = {
        Quantity.VOLTAGE_A: low,
        Quantity.VOLTAGE_B: wavering(220.0, MINUTES, seed=1),
        Quantity.VOLTAGE_C: wavering(220.0, MINUTES, seed=2),
    }
    point = replace(POINT, point_class=D)
    given = month(volts, period_s=60.0, point=point)
    found = point_rate(point, judge(given))
    assert found is not None
    assert (found.percent, found.coverage) == pytest.approx((100.0 - 10.0 / 3.0, 1.0))
    assert point_rate(POINT, judge(given)) is None, "nobody filed its class"
    assert point_rate(replace(SINGLE_PHASE, point_class=D), judge(month(point=SINGLE_PHASE))) is None
