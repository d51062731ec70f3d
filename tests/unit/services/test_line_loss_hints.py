from datetime import UTC, datetime, timedelta

import pytest

from analysis.area_losses import area_losses
from analysis.line_loss import AreaLoss
from detectors.catalogue import detectors
from detectors.engine import run
from detectors.register_days import register_flows_kwh
from detectors.wanted import cannot_run
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.timegrid import from_numpy
from services.line_loss_hints import HINT_WEIGHTS, hints_of
from tests.fix_area import AREA, DAYS, EVENING, FAULT_DAYS, THIEF, PlantedArea, planted_area

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


def _loss(case: PlantedArea) -> AreaLoss:
    """Return the line loss of a simulated area, joined with what the detectors find there."""
    window, archive = case.window, case.registry
    assert window.daily is not None
    cannot = {found.detector for found in cannot_run(window)}
    episodes = run(window, archive, only=[name for name in HINT_WEIGHTS if name not in cannot])
    abnormal = [episode for episode in episodes if episode.verdict is Verdict.ABNORMAL]
    hints = hints_of(abnormal, from_numpy(window.starts_at[-1]))
    flows = register_flows_kwh(window, window.daily, archive)
    return next(
        loss for loss in area_losses(window, window.daily, archive, flows, hints=hints) if loss.area == AREA
    )


@pytest.mark.parametrize(
    ("deed", "keys"),
    [
        ("theft_h1", "factor = 0.6"),
        ("theft_h2", "kw = 0.4"),
        ("theft_h3", "kw = 0.6"),
        ("theft_h4", EVENING),
        ("theft_h5", None),
        ("theft_h6", None),
        # Tapped before the meter: it shows nothing, only voltage tells.
        ("bypass_load", None),
    ],
)
def test_in_simulated_areas_the_day_the_energy_and_the_thief_are_told(deed: str, keys: str | None) -> None:
    case = planted_area(deed, keys)
    loss = _loss(case)
    assert loss.rise is not None
    assert loss.rise.first == DAYS - FAULT_DAYS
    assert loss.rise.kwh_a_day == pytest.approx(case.stolen_kwh / FAULT_DAYS, rel=0.05)
    assert loss.suspects[0].service_point.endswith(THIEF)


@pytest.mark.parametrize("deed", [None, "vacancy", "wrong_area", "night_load"])
def test_in_simulated_areas_nothing_rises_without_a_theft(deed: str | None) -> None:
    keys = f"kw = 3\n{EVENING}" if deed == "night_load" else None
    assert _loss(planted_area(deed, keys)).rise is None
