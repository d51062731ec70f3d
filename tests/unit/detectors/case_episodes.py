"""Episodes, an archive and feedback for the tests of cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.case_records import Feedback, Outcome
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.registry import Registry, ServicePoint

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
REGISTRY = Registry(
    service_points=[
        ServicePoint(id="P1", customer="Li"),
        ServicePoint(id="P2", customer="Li"),
        ServicePoint(id="P3", customer="Wang"),
        ServicePoint(id="P4"),
        ServicePoint(id="S1"),
    ],
    area_members=[AreaMember(area="T1", service_point="S1", role=MemberRole.SUPPLY)],
)
PARAMETERS: Mapping[str, float | int | str] = {
    "why": "no contract in force",
    "energy_kwh": 1.0,
    "days": 2,
    "limit_kwh": 0.1,
}


def episode(  # noqa: PLR0913 - what cases look at
    name: str,
    detector: str,
    point: str | None = "P1",
    *,
    day: float = 0.0,
    days: float | None = 2.0,
    kwh: float | None = 100.0,
    score: float = 1.0,
    verdict: Verdict = Verdict.ABNORMAL,
) -> Episode:
    """Return an episode of some days; None goes on."""
    starts_at = BEGIN + timedelta(days=day)
    return Episode(
        id=name,
        detector=detector,
        version=1,
        meter=MeterId(f"M-{point}"),
        service_point=point,
        starts_at=starts_at,
        ends_at=None if days is None else starts_at + timedelta(days=days),
        detected_at=starts_at + timedelta(days=days or 1.0),
        verdict=verdict,
        severity=Severity.MAJOR,
        score=score,
        energy_kwh=kwh,
        message="episode.closed_point_use",
        parameters=PARAMETERS,
    )


def feedback(name: str, detector: str, outcome: Outcome, day: int = 10) -> Feedback:
    """Return what somebody found about an episode."""
    return Feedback(episode=name, detector=detector, outcome=outcome, given_at=BEGIN + timedelta(days=day))
