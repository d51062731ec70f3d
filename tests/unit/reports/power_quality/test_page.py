from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from reports.power_quality.page import LANGUAGES, page
from reports.power_quality.subject import MonthlyReport
from tests.fix_quality_month import quality_month, quality_report

SHA = "ab" * 32
VOID = {"meta", "br"}


class Checked(HTMLParser):
    """Holds that every element is closed in its order, and gathers the words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        assert not {"src", "href"} & {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def empty_report() -> MonthlyReport:
    """A month in which nothing was read and nothing judged."""
    nothing = np.empty(0, dtype="datetime64[us]")
    month = replace(
        quality_month(),
        taken_at=nothing,
        values={},
        spectrum_period_s=None,
        spectrum_at=nothing,
        spectra={},
        outages=(),
        events=(),
    )
    return replace(quality_report(), month=month, judgements=())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", [quality_report(), empty_report()], ids=["full", "empty"])
def test_all_fourteen_parts_are_there_in_their_order(language: str, report: MonthlyReport) -> None:
    html = page(report, language, SHA)
    checked = Checked(html)
    assert checked.open == []
    assert re.findall(r'<section id="part-(\d+)"', html) == [str(n) for n in range(1, 15)]
    # Every part says something, if only why there is nothing.
    for section in re.findall(r"<section.*?</section>", html, re.DOTALL):
        assert re.search(r"<(table|dl|figure|p class)", section)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fetched_and_nothing_runs(language: str) -> None:
    html = page(quality_report(), language, SHA)
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")


def test_the_verdict_and_the_coverage_of_each_standard_stand_before_all_else() -> None:
    head = page(quality_report(), "en", SHA).partition("<main>")[0]
    words = re.sub(r"<[^>]+>", " ", head)
    assert "GB/T 14549-1993" in words
    assert "violating" in words
    assert "76.8 %" in words
    assert "h5 A: 3.739 %" in words


def test_a_chinese_page_has_no_word_of_english_from_us() -> None:
    html = page(quality_report(), "zh", SHA)
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    for english in ("Verdict", "compliant", "violating", "Phase", "absent", "limit"):
        assert english not in words


def test_names_from_the_archive_cannot_become_markup() -> None:
    report = quality_report()
    point = replace(report.month.point, customer="<script>alert(1)</script>", name="</td>")
    html = page(replace(report, month=replace(report.month, point=point)), "en", SHA)
    assert "<script" not in html


def test_a_name_from_the_archive_cannot_leave_the_style_sheet() -> None:
    report = quality_report()
    point = replace(report.month.point, service_point='"; } </style><b>')
    html = page(replace(report, month=replace(report.month, point=point)), "en", SHA)
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "@bottom-right" in style


def test_the_appendix_names_formulas_limits_hashes_and_how_to_repeat() -> None:
    appendix = page(quality_report(), "en", SHA).partition('id="part-14"')[2]
    for wanted in (
        "⌈0.95 n⌉",
        "GB/T 12325-2008",
        "to be confirmed",
        SHA,
        "kilowatch quality",
        "openssl pkeyutl",
    ):
        assert wanted in appendix
