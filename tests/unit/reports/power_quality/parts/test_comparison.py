from __future__ import annotations

from dataclasses import replace

from analysis.power_quality.judgement import Compliance
from reports.power_quality.blocks import Note, Table
from reports.power_quality.parts.comparison import comparison
from reports.power_quality.subject import Comparison
from reports.power_quality.telling import Telling
from tests.fix_quality_month import ZONE, judgements, quality_report

EN = Telling(language="en", zone=ZONE)


def test_each_figure_stands_beside_the_same_one_of_other_months() -> None:
    may = [
        replace(judgements()[2], value=2.9, verdict=Compliance.COMPLIANT),
        replace(judgements()[4], limit=6.3),
    ]
    report = replace(quality_report(), comparisons=[Comparison(month="2026-05", judgements=may)])
    (table,) = comparison(report, EN).blocks
    assert isinstance(table, Table)
    rows = {row[0].text: [cell.text for cell in row[3:]] for row in table.rows}
    assert rows["harmonic voltage h5"] == ["3.739", "violating", "2.9", "compliant"]
    assert rows["harmonic current h5"] == ["11.4", "compliant", "11.4 (≤ 6.3)", "compliant"]
    assert rows["harmonic voltage h7"][2:] == ["–", "–"]


def test_without_another_month_there_are_words() -> None:
    (note,) = comparison(quality_report(), EN).blocks
    assert isinstance(note, Note)
    assert note.kind == "absent"
