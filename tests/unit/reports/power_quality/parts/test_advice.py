from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from analysis.power_quality.judgement import Compliance
from pipeline.rectification import ExternalTest, Rectification, Violation
from reports.power_quality.blocks import Note, Table
from reports.power_quality.parts.advice import advice
from reports.power_quality.telling import Telling
from tests.fix_quality_month import ZONE, judgements, quality_report

EN = Telling(language="en", zone=ZONE)
OPEN = Rectification(
    id="0a1b2c3d4e5f",
    service_point="SP-1024",
    violation=Violation(
        month=date(2026, 5, 1),
        check="harmonic_voltage",
        subject="h5",
        standard="GB/T 14549-1993",
        clause="4",
    ),
    opened_at=datetime(2026, 6, 2, tzinfo=UTC),
    due=date(2026, 7, 1),
    responsible="Li",
    first_test=ExternalTest(
        tester="Institute",
        qualification="CMA 1",
        file="test.pdf",
        sha256="ab" * 32,
        dated=date(2026, 6, 20),
        compliant=False,
    ),
)


def test_advice_is_marked_as_an_estimate_and_given_for_violations_only() -> None:
    notes = [b for b in advice(quality_report(), EN).blocks if isinstance(b, Note)]
    given = [note for note in notes if note.text.startswith("harmonic voltage: ")]
    assert [note.kind for note in given] == ["estimate"]
    assert not [note for note in notes if note.text.startswith("harmonic current: ")]


def test_a_month_without_a_violation_advises_nothing() -> None:
    calm = [j for j in judgements() if j.verdict is not Compliance.VIOLATING]
    texts = [
        b.text for b in advice(replace(quality_report(), judgements=calm), EN).blocks if isinstance(b, Note)
    ]
    assert "Nothing violates its limit: no measures are advised." in texts


def test_a_rectification_shows_whether_it_is_late_and_who_tested() -> None:
    part = advice(replace(quality_report(), rectifications=[OPEN]), EN)
    (table,) = [b for b in part.blocks if isinstance(b, Table)]
    (row,) = table.rows
    words = [cell.text for cell in row]
    assert words[:4] == [
        "0a1b2c3d4e5f",
        "2026-05 harmonic voltage h5 GB/T 14549-1993 4",
        "open (overdue)",
        "2026-07-01",
    ]
    assert words[6] == "test 2026-06-20 Institute (CMA 1), test.pdf, violates, SHA-256 abababababab…"
