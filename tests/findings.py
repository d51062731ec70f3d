"""Episodes as a detector would write them, for tests that are not about detectors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipeline.model import Episode, MeterId, Severity, Verdict

_EPISODE = Episode(
    id="e-1",
    detector="current_loss",
    version=1,
    meter=MeterId("M-1"),
    service_point=None,
    starts_at=datetime(2026, 11, 19, 4, 0, tzinfo=UTC),
    ends_at=None,
    detected_at=datetime(2026, 11, 20, 4, 0, tzinfo=UTC),
    verdict=Verdict.ABNORMAL,
    severity=Severity.MAJOR,
    score=0.9,
    energy_kwh=12.5,
    message="episode.current_loss_without_powers",
    parameters={"phase": "C", "hours": 16.0, "others_a": 2.0},
    evidence={},
)


def finding(**changes: Any) -> Episode:  # Any: fields of an episode
    """Return an open, grave episode of meter M-1 with some of its fields changed."""
    return replace(_EPISODE, **changes)
