from __future__ import annotations

import pytest

from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from pipeline.model import Json
from reports.power_quality.blocks import Note, Table
from reports.power_quality.parts.judged import (
    figure_tables,
    grouped_reasons,
    judged_or_absent,
    judgement_blocks,
    remarks,
    subjects_text,
)
from reports.power_quality.telling import Telling
from tests.fix_quality_month import GB14549, ZONE, judgements, quality_report

EN = Telling(language="en", zone=ZONE)
ZH = Telling(language="zh", zone=ZONE)
LOW = Reason(key="low_coverage", parameters={"coverage_percent": 76.7})
FEW = Reason(key="few_readings", parameters={"n": 3, "least": 30})


def _judged(subject: str, *reasons: Reason, **figures: float) -> Judgement:
    return Judgement(
        check="harmonic_voltage",
        subject=subject,
        verdict=Compliance.COMPLIANT,
        reference=GB14549,
        value=1.5,
        unit="%",
        evidence=Evidence(n=100, coverage=1.0),
        reasons=reasons,
        figures=figures,
    )


@pytest.mark.parametrize(
    ("subjects", "told"),
    [
        (["thd", "h2", "h3", "h4", "h6"], "THD, h2 … h4, h6"),
        (["h9", "h10", "h11"], "h9 … h11"),
        (["A", "B"], "A, B"),
        ([""], ""),
        (["A always"], "A always"),
    ],
)
def test_orders_in_a_row_are_told_by_their_ends(subjects: list[str], told: str) -> None:
    assert subjects_text(subjects, EN) == told


def test_a_reason_of_many_figures_is_told_once_and_those_of_one_in_its_line() -> None:
    notes = grouped_reasons([_judged("h2", LOW), _judged("h3", LOW), _judged("h5", FEW)], EN)
    assert [note.text.partition(":")[0] for note in notes] == ["h2 … h3", "h5"]


def test_many_judgements_of_a_check_are_a_table_with_a_column_a_figure() -> None:
    group = [_judged(f"h{order}", share_low_percent=float(order)) for order in range(2, 6)]
    (table,) = judgement_blocks(group, EN)
    assert isinstance(table, Table)
    assert table.title == "harmonic voltage · GB/T 14549-1993 4, Table 1"
    heads = [cell.text for cell in table.head]
    # Nothing has a phase, a limit or a time: those columns are left out.
    assert heads == ["Figure", "Value", "Unit", "n", "Coverage", "own share from %", "Verdict"]
    assert [cell.text for cell in table.rows[0]] == ["h2", "1.5", "%", "100", "100.0 %", "2", "compliant"]


def test_a_remark_names_clause_formula_reasons_and_figures() -> None:
    told = remarks(judgements()[0], EN)
    assert told.startswith("GB/T 12325-2008 4.2 · 76.7 % of the readings are there")
    assert told.endswith("qualification rate %: 99.46, minutes under: 180, minutes over: 0")


def test_rows_among_the_figures_are_a_table_and_the_rest_of_a_long_one_is_counted() -> None:
    stretches: list[Json] = [["2026-06-04T23:30:00+00:00", "under", 15.0, 5253.9]] * 23
    judgement = Judgement(
        check="voltage_qualification",
        verdict=Compliance.COMPLIANT,
        figures={"stretches": stretches, "daily": [["2026-06-01", 1.0]]},
    )
    table, note = figure_tables(judgement, ZH)
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[0]] == ["2026-06-05 07:30", "越下限", "15", "5254"]
    assert isinstance(note, Note)
    assert "3" in note.text


def test_a_part_without_judgements_says_why() -> None:
    (note,) = judged_or_absent([], 8, quality_report(), EN)
    assert isinstance(note, Note)
    assert note.kind == "absent"
    assert "records of waveforms" in note.text
