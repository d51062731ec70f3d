"""An area's report: the same figures as page, JSON and CSV, in both languages."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from analysis.power_quality.area_voltage import area_voltage
from analysis.power_quality.judgement import Compliance
from reports.power_quality.area import AreaReport, area_csv, area_document, area_page, rate_text
from tests.unit.analysis.power_quality.test_area_voltage import point, rate
from tests.unit.reports.power_quality.test_page import Checked

SHA = "cd" * 32


def report(*, is_empty: bool = False) -> AreaReport:
    points = [
        point("=P1", [rate("A", 1000, 0, 100, Compliance.VIOLATING)]),
        point("P2", [rate("A", 40000, 0, 1, point_class=None)]),
    ]
    return AreaReport(
        area="TA-01",
        name="东风一台区",
        zone=ZoneInfo("Asia/Shanghai"),
        month=date(2026, 10, 1),
        made_at=datetime(2026, 11, 2, 1, tzinfo=UTC),
        voltage=area_voltage([] if is_empty else points),
        not_judged=["P9"],
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "Monthly quality report of an area",
                "class D",
                "class not filed",
                "violating",
                "P9",
                "(2 of 3 service points judged)",
            ),
        ),
        (
            "zh",
            (
                "台区电能质量月度报告",
                "D 类",
                "类别未建档",
                "超标",
                "本月未判定的供电点：P9",
                "已判定 2/3 个用电点",
            ),
        ),
    ],
)
def test_the_page_tells_rates_by_class_and_by_point(language: str, words: tuple[str, ...]) -> None:
    shown = Checked(area_page(report(), language, SHA))
    assert not shown.open
    text = " ".join(shown.words)
    for each in (*words, "90.000 %", "99.997 %", "198 … 235.4", SHA, "供电监管办法-2009"):
        assert each in text


@pytest.mark.parametrize(("language", "words"), [("en", "No verdict on the voltage"), ("zh", "未存有本台区")])
def test_a_month_without_verdicts_says_so(language: str, words: str) -> None:
    assert words in area_page(report(is_empty=True), language, SHA)


def test_files_hold_the_same_figures() -> None:
    document = area_document(report())
    assert (document["verdict"], document["not_judged"]) == ("violating", ["P9"])
    assert [(c["class"], c["percent"]) for c in document["classes"]] == [
        ("D", pytest.approx(90.0)),
        (None, pytest.approx(99.9975)),
    ]
    rows = list(csv.DictReader(io.StringIO(area_csv(report()).decode("utf-8-sig"))))
    # What a spreadsheet would take for a formula is quoted.
    assert [row["service_point"] for row in rows] == ["'=P1", "P2"]
    assert [float(row["percent"]) for row in rows] == [p["percent"] for p in document["points"]]


def test_a_rate_is_cut_and_never_rounded_up_to_whole() -> None:
    assert [rate_text(percent) for percent in (99.9999, 100.0, None)] == ["99.999 %", "100.000 %", "–"]
