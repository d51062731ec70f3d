"""Windows joined over 3 s, 10 minutes and 2 hours, along the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from analysis.waveform.intervals import joined_intervals
from analysis.waveform.options import Options
from analysis.waveform.survey import survey
from analysis.waveform.window_figures import WindowFigures
from tests.unit.analysis.waveform.signals import U_V, recording, times_s, wave

RATE_HZ = 400.0


def figures(duration_s: float, starts_at: datetime | None = None) -> WindowFigures:
    at_s = times_s(duration_s, RATE_HZ)
    samples = wave(at_s, {3.0: 0.04})
    samples[(at_s >= 2.0) & (at_s < 2.5)] *= 0.5
    made = replace(recording(samples, rate_hz=RATE_HZ), starts_at=starts_at)
    (found,) = survey(made, Options(declared_v=U_V)).windows
    return found


def test_flagged_windows_count_in_one_value_and_not_in_the_other() -> None:
    threes = joined_intervals(figures(7.0))["3s"]
    assert threes.whole.tolist() == [True, True, False]
    assert threes.figures.flagged.tolist() == [True, False, False]
    assert threes.figures.values[0, 0, 0] < threes.figures.unflagged[0, 0, 0]
    assert threes.figures.values[1, 0, 2] == pytest.approx(U_V, rel=1e-4)
    assert threes.figures.values[1, 0, 4] / U_V == pytest.approx(0.04, rel=1e-3)


def test_10_minutes_are_whole_between_two_ticks() -> None:
    tens = joined_intervals(figures(730.0, datetime(2026, 3, 1, 7, 58, 40, tzinfo=UTC)))["10min"]
    assert tens.starts_s == pytest.approx([0.0, 80.0, 680.0], abs=1e-6)
    assert tens.whole.tolist() == [False, True, False]
    assert tens.figures.counts.tolist() == [400, 3000, 250]


def test_2_hours_are_twelve_times_10_minutes() -> None:
    short = figures(2.0)
    count = 12 * 5
    plan = replace(
        short.plan,
        starts_s=np.linspace(0.0, 120.0 * (count - 1), count),
        ends_s=np.linspace(120.0, 120.0 * count, count),
        interval_3s=np.arange(count),
        interval_10min=np.arange(count) // 5,
        overlaps=np.zeros(count, dtype=np.bool_),
    )
    made = replace(
        short,
        starts_s=plan.starts_s,
        plan=plan,
        rms=np.arange(1.0, count + 1.0)[:, None],
        orders=np.ones((count, 1, 3)),
        flagged=np.arange(count) == 7,
    )
    hours = joined_intervals(made)["2h"]
    assert hours.whole.tolist() == [True]
    assert hours.figures.values[0, 0, 0] == pytest.approx(
        np.sqrt(np.square(np.arange(1.0, count + 1.0)).mean())
    )
    assert hours.figures.flagged.tolist() == [True]
