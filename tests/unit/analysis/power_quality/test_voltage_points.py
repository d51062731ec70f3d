"""Bands and least rates by class and level of the point."""

from dataclasses import replace

import pytest

from analysis.power_quality.point_month import QualityPoint
from analysis.power_quality.voltage_points import least_rate, limit_reference, point_band
from pipeline.archive_records import PointClass
from tests.quality_months import HIGH, POINT, SINGLE_PHASE, THREE_WIRE


@pytest.mark.parametrize(
    ("point", "point_class", "volts"),
    [
        # The numbers are those that the field quotes for the classes.
        (THREE_WIRE, PointClass.A, (10_000.0, 10_700.0)),
        (THREE_WIRE, PointClass.C, (9_300.0, 10_700.0)),
        (THREE_WIRE, None, (9_300.0, 10_700.0)),
        (HIGH, PointClass.B, (31_500.0, 38_500.0)),
        (POINT, PointClass.D, (204.6, 235.4)),
        (SINGLE_PHASE, PointClass.D, (198.0, 235.4)),
    ],
)
def test_the_class_decides_the_band(
    point: QualityPoint, point_class: PointClass | None, volts: tuple[float, float]
) -> None:
    band = point_band(replace(point, point_class=point_class))
    assert (band.low_v, band.high_v) == pytest.approx(volts)
    assert limit_reference(band.limit).source


def test_only_from_35_kv_on_the_sum_counts() -> None:
    assert point_band(HIGH).limit.sum_percent == 10.0
    assert point_band(replace(HIGH, nominal_kv=20.0)).limit.sum_percent is None


def test_an_agreed_band_goes_before_all() -> None:
    band = point_band(replace(HIGH, point_class=PointClass.B, agreed_band_percent=(-3.0, 7.0)))
    assert (band.low_v, band.high_v) == pytest.approx((33_950.0, 37_450.0))
    assert band.limit.sum_percent is None
    assert str(limit_reference(band.limit)) == "GB/T 12325-2008 4.4"


@pytest.mark.parametrize(
    ("point", "percent"), [(HIGH, 98.0), (THREE_WIRE, 98.0), (SINGLE_PHASE, 95.0), (POINT, None)]
)
def test_regulation_asks_a_rate_of_some_points(point: QualityPoint, percent: float | None) -> None:
    least = least_rate(point)
    assert (None if least is None else least.percent) == percent
