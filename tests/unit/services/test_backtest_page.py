"""The tables of the page: what was measured stands between its marks, and nothing else changes."""

from datetime import date
from pathlib import Path

import pytest

from analysis.forecast.backtest import Backtest, Tally
from analysis.forecast.month_backtest import MonthTally
from pipeline.errors import ConfigError
from services.backtest import Measured
from services.backtest_page import BEGIN, END, PAGE, write_page
from tests.contract.project import ROOT

ON = date(2026, 11, 26)
WEEK = Tally(slots=100, drawn=100.0, wrong=20.0, days=4, peaks=50.0, peaks_wrong=10.0)
BLEND = Tally(
    slots=100,
    drawn=100.0,
    wrong=15.0,
    pinball=5.0,
    below_p10=11,
    below_p50=49,
    below_p90=90,
    days=4,
    peaks=50.0,
    peaks_wrong=11.0,
    peaks_below_p50=2,
    peaks_below_p90=4,
)
MEASURED = Measured(
    name="a plant",
    days=28,
    backtest=Backtest(
        by_method={"naive week": WEEK, "naive day": WEEK, "mean of 4 weekdays": WEEK, "blend": BLEND},
        refused=1,
    ),
    month=MonthTally(asked=10, reached=3, within_p50=6, within_p90=9, highest=100.0, wrong=4.0),
)


def test_tables_stand_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / PAGE
    page.parent.mkdir()
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_page(tmp_path, [MEASURED], ON)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "Measured on 2026-11-26" in text
    assert "| a plant | 28 (1) | 20.0 | 20.0 | 20.0 | **15.0** |" in text
    assert "| a plant | **20.0** | **20.0** | **20.0** | 22.0 |" in text
    assert "| `blend` | a plant | +25.0% (naive week) | 5.00 | 11/49/90 | 50/100 |" in text
    assert "| a plant | 10 | 3 | 60 | 90 | 4.0 |" in text


def test_a_folder_that_is_no_checkout_and_a_page_without_marks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkout"):
        write_page(tmp_path, [MEASURED], ON)
    (tmp_path / PAGE).parent.mkdir()
    (tmp_path / PAGE).write_text("nothing", encoding="utf-8")
    with pytest.raises(ConfigError, match="backtest: begin"):
        write_page(tmp_path, [MEASURED], ON)


def test_the_page_of_the_project_has_its_tables() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert "steel plant" in text.partition(BEGIN)[2].partition(END)[0]
