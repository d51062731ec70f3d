from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.power_quality.catalogue import judge_month
from pipeline.quantities import Quantity
from reports.power_quality.blocks import Chart, Note, Part, Table
from reports.power_quality.parts.harmonics import harmonic_current, harmonic_voltage
from reports.power_quality.subject import MonthlyReport, parts_of_checks
from reports.power_quality.telling import Telling
from tests.fix_quality_month import ZONE, quality_month, quality_report

EN = Telling(language="en", zone=ZONE)


@pytest.fixture(scope="module")
def judged() -> MonthlyReport:
    """The month as the real checks judge it."""
    month = quality_month()
    return replace(quality_report(), judgements=judge_month(month), parts=parts_of_checks())


def _rows(part: Part, place: int = 0) -> dict[str, list[str]]:
    tables = [block for block in part.blocks if isinstance(block, Table)]
    return {row[0].text: [cell.text for cell in row[1:]] for row in tables[place].rows}


def test_every_order_and_phase_has_its_figures_beside_the_judged_limit(judged: MonthlyReport) -> None:
    rows = _rows(harmonic_voltage(judged, EN))
    assert list(rows) == ["THD", *(f"h{order}" for order in range(2, 22))]
    assert len(rows["h5"]) == 3 * 4 + 2
    assert rows["h5"][-2:] == ["3.20", "violating"]
    assert rows["h2"][-2] == "1.60"


def test_the_judged_value_is_that_of_the_table(judged: MonthlyReport) -> None:
    (h5,) = [
        j for j in judged.judgements if (j.check, j.subject) == ("harmonic_voltage", "h5") and judged.binds(j)
    ]
    assert f"{h5.value:.2f}" == _rows(harmonic_voltage(judged, EN))["h5"][3]


def test_a_customers_amperes_show_table_value_factors_and_limit(judged: MonthlyReport) -> None:
    # 20 A x 200 MVA / 100 MVA x (5 / 20)^(1/1.2): the reference's own case is 12.599210 A.
    rows = _rows(harmonic_current(judged, EN))
    assert rows["h5"][-5:-1] == ["20", "2", "0.315", "12.60"]


def test_standards_for_comparison_stand_apart_and_side_by_side(judged: MonthlyReport) -> None:
    part = harmonic_voltage(judged, EN)
    table = [block for block in part.blocks if isinstance(block, Table)][-1]
    assert [cell.text for cell in table.over_head[1:]] == ["EN 50160-2010", "IEEE 519-2022"]


def test_an_order_that_the_meter_does_not_give_is_absent_and_not_zero(judged: MonthlyReport) -> None:
    month = replace(judged.month, spectra={}, spectrum_period_s=None)
    total_only = replace(judged, month=month, judgements=judge_month(month))
    part = harmonic_voltage(total_only, EN)
    assert [row for row in _rows(part) if row.startswith("h")] == []
    assert any(isinstance(b, Note) and "absent" in b.text for b in part.blocks)


def test_a_meter_without_any_distortion_is_said_in_words() -> None:
    report = quality_report()
    values = dict(item for item in report.month.values.items() if item[0] == Quantity.VOLTAGE_A)
    bare = replace(report, month=replace(report.month, values=values, spectra={}), judgements=())
    for part in (harmonic_voltage(bare, EN), harmonic_current(bare, EN)):
        (only,) = part.blocks
        assert isinstance(only, Note)
        assert only.kind == "absent"


def test_each_reason_is_told_once_with_the_orders_it_holds_for(judged: MonthlyReport) -> None:
    notes = [b.text for b in harmonic_voltage(judged, EN).blocks if isinstance(b, Note)]
    assert len([text for text in notes if text.startswith("THD, h2 … h4, h6 … h21: ")]) == 1


def test_the_violating_order_has_its_distribution(judged: MonthlyReport) -> None:
    titles = [b.title for b in harmonic_voltage(judged, EN).blocks if isinstance(b, Chart)]
    assert titles[1:] == ["Cumulative distribution of THD", "Cumulative distribution of h5"]


def test_a_violating_judgement_by_hand_needs_no_figures_of_a_check() -> None:
    part = harmonic_voltage(quality_report(), EN)
    assert _rows(part)["h5"][-1] == "violating"
