from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pipeline.quantities import Quantity
from reports.power_quality.blocks import Chart, Note
from reports.power_quality.parts.voltage import band_of, days_of, voltage
from reports.power_quality.telling import Telling
from tests.fix_quality_month import BEGIN, NOMINAL_V, ZONE, judgements, quality_month, quality_report

EN = Telling(language="en", zone=ZONE)
ZH = Telling(language="zh", zone=ZONE)


def test_days_are_those_of_the_place_and_one_without_readings_says_nothing() -> None:
    month = quality_month()
    days = days_of(month, month.values[Quantity.VOLTAGE_A])
    assert [day.day for day in days] == list(range(1, 31))
    assert [day.day for day in days if day.mean is None] == list(range(10, 17))
    first = month.values[Quantity.VOLTAGE_A][:96]
    assert (days[0].low, days[0].mean, days[0].high) == pytest.approx(
        (first.min(), first.mean(), first.max())
    )


def test_the_day_of_low_voltage_reaches_what_was_planted() -> None:
    month = quality_month()
    days = days_of(month, month.values[Quantity.VOLTAGE_C])
    assert days[4].low == pytest.approx(0.91 * NOMINAL_V)


def test_readings_within_an_outage_are_no_supply() -> None:
    month = quality_month()
    volts = month.values[Quantity.VOLTAGE_A].copy()
    dark = (month.taken_at >= np.datetime64("2026-06-20T02:00")) & (
        month.taken_at < np.datetime64("2026-06-20T03:30")
    )
    volts[dark] = 0.0
    days = days_of(month, volts)
    assert days[19].low is not None
    assert days[19].low > 0.9 * NOMINAL_V


def test_a_month_under_way_has_its_days_so_far() -> None:
    month = quality_month()
    early = replace(month, ends_at=BEGIN + timedelta(days=3, hours=5))
    assert len(days_of(early, month.values[Quantity.VOLTAGE_A])) == 4


def test_the_band_is_the_one_that_was_judged_by() -> None:
    assert band_of(judgements(), 10_000.0) == pytest.approx((9_300.0, 10_700.0))
    told = [replace(judgements()[0], figures={"low_v": 1.0, "high_v": 2.0})]
    assert band_of(told, 10_000.0) == (1.0, 2.0)
    assert band_of([], 10_000.0) is None


def test_a_line_voltage_is_called_one() -> None:
    report = quality_report()
    lines = {Quantity.VOLTAGE_AB: report.month.values[Quantity.VOLTAGE_A]}
    (chart,) = [
        block
        for block in voltage(replace(report, month=replace(report.month, values=lines)), ZH).blocks
        if isinstance(block, Chart)
    ]
    assert chart.title.startswith("AB 线电压：")
    assert ZH.quantity("voltage_thd_ab") == "AB 线电压总畸变率"


def test_each_phase_has_a_chart_and_no_voltage_is_said_in_words() -> None:
    report = quality_report()
    charts = [block for block in voltage(report, EN).blocks if isinstance(block, Chart)]
    assert [chart.title[:9] for chart in charts] == ["Voltage A", "Voltage B", "Voltage C"]
    nothing = replace(report, month=replace(report.month, values={}))
    last = voltage(nothing, EN).blocks[-1]
    assert isinstance(last, Note)
    assert "no voltage was read" in last.text
