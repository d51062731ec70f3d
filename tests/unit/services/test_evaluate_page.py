"""What an evaluation leaves in a checkout."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from services import evaluate_page
from services.evaluate import Evaluation
from services.evaluate_clean import CleanFigures, Share, Status
from services.evaluate_page import BEGIN, END, EPISODES, PAGE, RATES, SLICES, page_with, write_figures

ON = date(2026, 11, 26)
KINDS = ("h1", "h8")
FIGURES = {
    "pr_auc": 0.9,
    "one_line_pr_auc": 0.7,
    "precision_at_k": 0.8,
    "one_line_precision_at_k": 0.6,
}
OF_AREAS = {
    "top3": 0.95,
    "first": 0.9,
    "risen": 0.85,
    "risen_and_top3": 0.8,
    "median_days_off": 1.0,
    "median_stolen_percent": 1.25,
    "area_balance": 0.5,
    "loss_rise": 0.85,
    "ntl_attribution": 0.3,
}
EVALUATION = Evaluation(
    clean={
        "calm": CleanFigures(
            status=Status.MEASURED,
            alarms=2,
            major=1,
            meter_years=40.0,
            episodes=["a", "b"],
            by_source={
                "homes": Share(alarms=0, major=0, meter_years=30.0),
                "plants": Share(alarms=2, major=1, meter_years=10.0),
            },
        ),
        "blind": CleanFigures(status=Status.SIMULATED_ONLY, missing=["voltage_a"]),
    },
    attacks={
        **FIGURES,
        "pr_auc_by_seed": [0.9],
        "prevalence": 0.05,
        "k": 6,
        "homes": 120,
        "tuning_homes": 130,
        "seeds": [1],
        "by_type": dict.fromkeys(KINDS, FIGURES),
        "features": {"tuning_pr_auc": 0.95, "tuning_pr_auc_without": {"level": 0.94}},
        "sequential": [
            {
                "allowed_per_meter_year": 0.5,
                "open_sum": 6.0,
                "per_meter_year": 0.4,
                "upper95": 1.2,
                "by_type": {
                    "h1": {"detected": 0.83, "median_delay_days": 3.0},
                    "h8": {"detected": 0.0, "median_delay_days": None},
                },
            }
        ],
        "by_detector": {"calm": {"honest": 0.01, "h1": 0.8, "h8": 0.02}},
    },
    areas={
        **OF_AREAS,
        "members": 30,
        "theft_days": [14, 21],
        "draws_of_each_type": 20,
        "homes": 120,
        "tuning_homes": 130,
        "by_type": {"h1": OF_AREAS | {"median_days_off": None}},
        "beside_an_empty_home": {**OF_AREAS, "by_type": {}},
        "tuning": OF_AREAS,
        "with_twice_the_noise": OF_AREAS | {"risen": 0.7},
        "without_thief": {"areas": 40, "with_an_empty_home": 20, "cases": 0},
    },
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (RATES, EPISODES, PAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / SLICES).mkdir()
    (tmp_path / PAGE).write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(evaluate_page, "read_curves", lambda _folder: [])
    return tmp_path


def test_only_what_was_measured_becomes_a_rate(checkout: Path) -> None:
    write_figures(checkout, EVALUATION, ON)
    # 2 alarms: 6.2958 at most (Garwood), in 40 meter-years.
    assert json.loads((checkout / RATES).read_text()) == {
        "calm": {"alarms": 2, "meter_years": 40.0, "upper95": pytest.approx(6.2958 / 40.0, abs=1e-4)}
    }
    assert json.loads((checkout / EPISODES).read_text())["whole"] == {"calm": ["a", "b"]}


def test_the_tables_stand_between_the_marks_and_writing_again_changes_nothing(checkout: Path) -> None:
    write_figures(checkout, EVALUATION, ON)
    page = (checkout / PAGE).read_text(encoding="utf-8")
    assert page.startswith(f"before\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    assert "Measured on 2026-11-26" in page
    for row in (
        "| `calm` | 2 | 1 | 40 | 0.16 |  |",
        "| `blind` | 0 | 0 | 0 | - | simulated only |",
        "| alarms (major) in meter-years | homes | plants |",
        "| `calm` | 0 (0) in 30 | 2 (1) in 10 |",
        "| h1 | 0.90 | 0.70 | 0.80 | 0.60 |",
        "| 0.5 | 6 | 0.4 (1.2) | 83% / 3 d | 0% |",
        "| `calm` | 1% | 80% | 2% |",
        "| all six | 95% | 90% | 85% | 80% | 1 | 1.25 | 50% | 85% | 30% |",
        "| all six, twice the noise | 95% | 90% | 70% | 80% | 1 | 1.25 | 50% | 85% | 30% |",
        "| h1 | 95% | 90% | 85% | 80% | - | 1.25 | 50% | 85% | 30% |",
    ):
        assert row in page.splitlines()
    assert page_with(page, EVALUATION, ON) == page


def test_a_folder_that_is_no_checkout_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkout"):
        write_figures(tmp_path, EVALUATION, ON)
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ConfigError, match="evaluation: begin"):
        page_with("nothing", EVALUATION, ON)
