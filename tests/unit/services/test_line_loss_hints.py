from datetime import UTC, datetime, timedelta

import pytest

from detectors.catalogue import detectors
from pipeline.model import Episode, MeterId, Severity, Verdict
from services.line_loss_hints import HINT_WEIGHTS, hints_of

UNTIL = datetime(2026, 3, 31, tzinfo=UTC)


def _episode(
    detector: str = "sustained_drop", ended_days_ago: float | None = None, score: float = 0.5
) -> Episode:
    return Episode(
        id=f"{detector}{ended_days_ago}",
        detector=detector,
        version=1,
        meter=MeterId("M"),
        service_point="P",
        starts_at=UNTIL - timedelta(days=20),
        ends_at=None if ended_days_ago is None else UNTIL - timedelta(days=ended_days_ago),
        detected_at=UNTIL,
        verdict=Verdict.ABNORMAL,
        severity=Severity.MAJOR,
        score=score,
        message="episode.sustained_drop",
        parameters={"percent": 40.0},
        energy_kwh=None,
    )


def test_every_weight_is_of_a_detector_that_there_is() -> None:
    assert set(HINT_WEIGHTS) <= set(detectors.all())
    assert max(HINT_WEIGHTS.values()) <= 12.0


def test_a_hint_weighs_its_detectors_weight_times_the_score() -> None:
    (hint,) = hints_of([_episode()], UNTIL)["P"]
    assert hint.weight == pytest.approx(0.5 * HINT_WEIGHTS["sustained_drop"])
    assert hint.message == "episode.sustained_drop"
    (hint,) = hints_of([_episode(score=3.0)], UNTIL)["P"]
    assert hint.weight == HINT_WEIGHTS["sustained_drop"]


def test_what_was_over_before_and_what_no_weight_is_given_says_nothing() -> None:
    assert "P" in hints_of([_episode(ended_days_ago=3)], UNTIL)
    assert hints_of([_episode(ended_days_ago=8), _episode("validation")], UNTIL) == {}
