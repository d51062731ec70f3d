"""The benchmark of forecasts, made small: what is timed forecasts every meter, and the row has a limit."""

from __future__ import annotations

import pytest

from analysis.forecast.day_ahead import forecasts
from analysis.forecast.history import Question
from pipeline.registry import DEFAULT_ZONE
from services.benchmarks import forecast
from services.benchmarks.rows import benchmarks


def test_there_is_one_row_with_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "PART", 3)
    monkeypatch.setattr(forecast, "METERS", 6)
    monkeypatch.setattr(forecast, "ROUNDS", 1)
    steps: list[str] = []
    (row,) = benchmarks.get("forecast")(steps.append)
    assert steps == ["energies", "forecasts", "copy"]
    assert row.value > 0.0
    assert row.goal == 1.0
    assert row.limit is not None


def test_what_is_timed_forecasts_every_meter() -> None:
    starts_at, kwh = forecast._energies(2)
    question = Question(at=forecast.AT, slots=96, minutes=15, zone=DEFAULT_ZONE)
    assert forecasts(kwh, starts_at, question).lacking == [None, None]
