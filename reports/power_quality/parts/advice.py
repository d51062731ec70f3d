"""Part 13: likely causes and advice, marked as estimates, and the rectifications (整改) under way."""

from __future__ import annotations

from datetime import date

from analysis.power_quality.judgement import Compliance
from pipeline.rectification import ExternalTest, Rectification
from reports.power_quality.blocks import Block, Cell, Note, Part, Table
from reports.power_quality.parts.judged import judged_or_absent
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling


def advice(report: MonthlyReport, t: Telling) -> Part:
    """Return what checks on causes found, what is advised for each violation, and what is under way."""
    blocks: list[Block] = [
        Note(text=t("estimate_note"), kind="estimate"),
        *judged_or_absent(report.in_part(13), 13, report, t),
        *_advice(report, t),
        *_rectifications(report, t),
    ]
    return Part(number=13, title=t("part_13"), blocks=blocks)


def _advice(report: MonthlyReport, t: Telling) -> list[Note]:
    violating = dict.fromkeys(
        j.check for j in report.judgements if report.binds(j) and j.verdict is Compliance.VIOLATING
    )
    if not violating:
        return [Note(text=t("no_violation"))]
    return [
        Note(
            text=f"{t.check(check)}{t('colon')}{t.optional(f'advice_{check}') or t('advice_any')}",
            kind="estimate",
        )
        for check in violating
    ]


def _rectifications(report: MonthlyReport, t: Telling) -> list[Block]:
    if not report.rectifications:
        return [Note(text=t("no_rectification"))]
    today = report.made_at.astimezone(t.zone).date()
    names = ("id", "violation", "state", "due", "responsible", "measures", "tests")
    return [
        Table(
            title=t("table_rectification"),
            head=[Cell(text=t(f"head_{name}")) for name in names],
            rows=[_row(rectification, today, t) for rectification in report.rectifications],
            dense=True,
        )
    ]


def _row(found: Rectification, today: date, t: Telling) -> list[Cell]:
    violation = found.violation
    subject = t.optional(f"subject_{violation.subject}") or violation.subject
    told = (
        f"{violation.month:%Y-%m} {t.check(violation.check)} {subject} "
        f"{violation.standard} {violation.clause}"
    )
    state = t(f"rectification_{found.state.value.replace(' ', '_')}")
    late = f" ({t('overdue')})" if found.is_overdue(today) else ""
    tests = [
        f"{t(name)} {_test(test, t)}"
        for name, test in (("first_test", found.first_test), ("retest", found.retest))
        if test is not None
    ]
    return [
        Cell(text=found.id),
        Cell(text=" ".join(told.split())),
        Cell(text=state + late),
        Cell(text=found.due.isoformat()),
        Cell(text=found.responsible),
        Cell(text=found.measures or NOTHING),
        Cell(text=t("list_separator").join(tests) or NOTHING),
    ]


def _test(test: ExternalTest, t: Telling) -> str:
    result = t("test_compliant") if test.compliant else t("test_violating")
    who = f"{test.dated} {test.tester} ({test.qualification})"
    return f"{who}, {test.file}, {result}, SHA-256 {test.sha256[:12]}…"
