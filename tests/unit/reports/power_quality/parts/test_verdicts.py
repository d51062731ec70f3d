from __future__ import annotations

from dataclasses import replace
from datetime import date

from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reference
from reports.power_quality.parts.verdicts import by_standard, verdicts, worst_text
from reports.power_quality.telling import Telling
from tests.fix_quality_month import COVERAGE, GB14549, ZONE, judgements, quality_report

EN = Telling(language="en", zone=ZONE)
EN50160 = Reference(
    standard="EN 50160",
    edition="2010",
    clause="5.2.5",
    effective_from=date(2010, 1, 1),
    source="a table handed in by a test",
    confirmed=False,
)
BESIDE = Judgement(
    check="harmonic_voltage",
    subject="h5",
    verdict=Compliance.VIOLATING,
    reference=EN50160,
    value=7.0,
    unit="%",
    limit=6.0,
    evidence=Evidence(n=10, coverage=0.3),
)


def test_a_standard_for_comparison_stands_last_and_has_no_part_in_the_verdict() -> None:
    harmless = [j for j in judgements() if j.verdict is not Compliance.VIOLATING]
    report = replace(quality_report(), judgements=[BESIDE, *harmless])
    assert report.verdict is Compliance.NOT_DECIDABLE
    lines = by_standard(report)
    assert [line.standard for line in lines] == ["GB/T 12325-2008", "GB/T 14549-1993", "EN 50160-2010"]
    assert [line.binds for line in lines] == [True, True, False]


def test_the_worst_violation_may_lie_below_its_band() -> None:
    (whole,) = [j for j in judgements() if j.check == "voltage_deviation"][:1]
    over = replace(whole, subject="A", verdict=Compliance.VIOLATING, value=7.1, low_limit=-10.0, limit=7.0)
    under = replace(over, subject="B", value=-35.0)
    (line,) = by_standard(replace(quality_report(), judgements=[over, under]))
    assert line.worst is under


def test_a_customer_elsewhere_may_be_bound_by_it() -> None:
    report = replace(quality_report(), judgements=[BESIDE], for_comparison=("GB/T ",))
    assert report.verdict is Compliance.VIOLATING


def test_what_no_standard_limits_is_no_line_and_no_verdict() -> None:
    loose = Judgement(check="x", verdict=Compliance.NOT_DECIDABLE)
    report = replace(quality_report(), judgements=[loose])
    assert by_standard(report) == []
    assert report.verdict is Compliance.NOT_APPLICABLE


def test_the_coverage_of_a_standard_is_the_least_of_its_figures() -> None:
    more = replace(judgements()[1], evidence=Evidence(n=5, coverage=0.1))
    report = replace(quality_report(), judgements=[*judgements(), more])
    (line,) = [line for line in by_standard(report) if line.standard == "GB/T 14549-1993"]
    assert line.coverage == 0.1
    assert COVERAGE > 0.1


def test_the_worst_figure_is_the_one_furthest_above_its_limit_whatever_its_unit() -> None:
    amperes = Judgement(
        check="harmonic_current",
        subject="h11",
        verdict=Compliance.VIOLATING,
        reference=GB14549,
        value=30.0,
        unit="A",
        limit=10.0,
        evidence=Evidence(phase="B"),
    )
    report = replace(quality_report(), judgements=[*judgements(), amperes])
    (line,) = [line for line in by_standard(report) if line.standard == "GB/T 14549-1993"]
    assert worst_text(line, EN) == "harmonic current h11 B: 30 A (limit ≤ 10)"


def test_a_month_that_nothing_judged_says_so() -> None:
    (note,) = verdicts(replace(quality_report(), judgements=()), EN).blocks
    assert "No check has judged" in note.text  # type: ignore[union-attr]  # a note
