"""The benchmark of harmonics, made small: what is timed does the work, and every row has a limit."""

from __future__ import annotations

import numpy as np
import pytest

from services.benchmarks import harmonics
from services.benchmarks.rows import benchmarks


def test_every_rate_and_precision_has_a_row_with_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROUNDS", "REPEATS"):
        monkeypatch.setattr(harmonics, name, 1)
    monkeypatch.setattr(harmonics, "WINDOWS", 4)
    steps: list[str] = []
    rows = benchmarks.get("harmonics")(steps.append)
    assert steps == list(harmonics.ROWS)
    windows = [row for row in rows if row.what.startswith("harmonic subgroups and THD")]
    assert len(windows) == 2 * len(harmonics.RATES)
    assert all(row.value > 0.0 and row.limit and row.goal == 1.0 for row in windows)


def test_what_is_timed_is_the_distortion() -> None:
    found = harmonics._subgroups_and_thd(harmonics._batch(2000))
    assert found == pytest.approx(np.sqrt(0.05**2 + 0.03**2), rel=0.01)
