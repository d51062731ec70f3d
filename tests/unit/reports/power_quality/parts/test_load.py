from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.quantities import Quantity
from reports.power_quality.blocks import Table
from reports.power_quality.parts.load import load, nearest
from reports.power_quality.telling import Telling
from tests.fix_quality_month import WORST_AT, ZONE, quality_month, quality_report

EN = Telling(language="en", zone=ZONE)


def test_what_ran_at_the_worst_reading_stands_beside_the_violation() -> None:
    part = load(quality_report(), EN)
    table = [b for b in part.blocks if isinstance(b, Table)][-1]
    (row,) = table.rows
    # 14:15 local is slot 57 of its day: 1900 - 900 sin(2 pi 57 / 96) kW.
    wanted = 1900.0 - 900.0 * np.sin(2.0 * np.pi * 57 / 96)
    assert row[1].text == EN.time(WORST_AT)
    assert float(row[2].text) == pytest.approx(wanted, abs=0.5)


def test_a_moment_without_a_reading_near_it_is_not_guessed() -> None:
    month = quality_month()
    assert nearest(month, np.datetime64("2026-06-12T00:00:00")) is None
    row = nearest(month, np.datetime64("2026-06-05T06:16:00"))
    assert row is not None
    assert month.taken_at[row] == np.datetime64("2026-06-05T06:15:00")
    assert nearest(replace(month, taken_at=month.taken_at[:0]), np.datetime64("2026-06-05")) is None


def test_a_meter_that_gives_no_power_is_said_in_words() -> None:
    report = quality_report()
    values = {Quantity.VOLTAGE_A: report.month.values[Quantity.VOLTAGE_A]}
    part = load(replace(report, month=replace(report.month, values=values)), EN)
    assert "neither power nor current" in part.blocks[0].text  # type: ignore[union-attr]  # a note
