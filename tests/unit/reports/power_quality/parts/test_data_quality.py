from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.quantities import Quantity
from reports.power_quality.blocks import Facts, Table
from reports.power_quality.parts.data_quality import data_quality, present
from reports.power_quality.telling import Telling
from tests.fix_quality_month import COVERAGE, PRESENT, ZONE, quality_month, quality_report

EN = Telling(language="en", zone=ZONE)


def test_rows_of_nothing_but_missing_values_are_no_readings() -> None:
    month = quality_month()
    values = {q: column.copy() for q, column in month.values.items()}
    for column in values.values():
        column[10:20] = np.nan
    holed = replace(month, values=values)
    assert present(holed).sum() == PRESENT - 10


def test_readings_are_counted_against_those_that_were_due_without_the_outage() -> None:
    (facts,) = [b for b in data_quality(quality_report(), EN).blocks if isinstance(b, Facts)]
    rows = dict(facts.rows)
    assert rows["Readings there / due"] == f"2208 of 2874 ({EN.percent(COVERAGE)})"
    assert rows["Clock of the meter"] == "-3 s against the server at its worst"


def test_an_absent_register_is_named() -> None:
    report = quality_report()
    values = {q: c for q, c in report.month.values.items() if not q.startswith("voltage_thd")}
    spectra = dict(item for item in report.month.spectra.items() if item[0] == Quantity.VOLTAGE_HARMONIC_A)
    bare = replace(report, month=replace(report.month, values=values, spectra=spectra))
    (facts,) = [b for b in data_quality(bare, EN).blocks if isinstance(b, Facts)]
    absent = dict(facts.rows)["Absent: not given by the meter, or not read"]
    assert absent == "voltage THD; harmonic currents"


def test_only_verdicts_that_missing_readings_could_change_are_listed() -> None:
    table = [b for b in data_quality(quality_report(), EN).blocks if isinstance(b, Table)][-1]
    assert [[cell.text for cell in row][-3:] for row in table.rows] == [
        ["not decidable", "compliant", "violating"]
    ]
