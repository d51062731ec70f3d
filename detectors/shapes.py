"""The ready shapes of a rule: a statistic over slots, a statistic over days; and how each is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About
from detectors.engine import episode_id
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.stretches import iso, slot_end
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, MeterId, Severity, Verdict
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

Bools = NDArray[np.bool_]
Level = float | NDArray[np.floating]
"""One number, or one a row or a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a rule says of a stretch: all that the rest cannot know."""

    message: str
    parameters: Mapping[str, float | int | str]
    evidence: Mapping[str, Json] = field(default_factory=dict)
    key: str = ""
    """What tells it from another stretch that begins at the same time at the same meter: its phase."""
    verdict: Verdict = Verdict.ABNORMAL
    severity: Severity | None = None
    """Where it is not the detector's usual one."""
    score: float = 1.0
    energy_kwh: float | None = None


def slot_stretches(  # noqa: PLR0913 - the four numbers of a rule and what they are for
    window: MeterMatrix,
    statistic: NDArray[np.floating],
    *,
    trigger: Level,
    restore: Level,
    delays: Delays,
    phases: str = "",
    falling: bool = False,
) -> list[Stretch]:
    """Return where a statistic of shape (meters, slots) goes beyond its trigger, until it is restored.

    Missing values, and slots that a suppressor explains, neither trigger nor restore; see
    :func:`detectors.hysteresis.stretches_of`. ``trigger`` and ``restore`` are one number or shape
    (meters, 1) or (meters, slots); a missing one never triggers. ``falling`` rules trigger below.
    """
    begins = statistic < trigger if falling else statistic > trigger
    restored = statistic >= restore if falling else statistic <= restore
    return _seen(begins, restored, ~np.isnan(statistic), delays, window.mask_of(phases))


def slot_mask_stretches(  # noqa: PLR0913 - three masks and how they are read
    window: MeterMatrix, begins: Bools, restored: Bools, known: Bools, *, delays: Delays, phases: str = ""
) -> list[Stretch]:
    """Do the same for a rule of several conditions, as masks of shape (meters, slots)."""
    return _seen(begins, restored, known, delays, window.mask_of(phases))


def day_stretches(  # noqa: PLR0913 - as for slots
    window: MeterMatrix,
    statistic: NDArray[np.floating],
    *,
    trigger: Level,
    restore: Level,
    delays: Delays,
    phases: str = "",
    falling: bool = False,
) -> list[Stretch]:
    """Do the same over local days, for a statistic of shape (meters, days); delays count days."""
    begins = statistic < trigger if falling else statistic > trigger
    restored = statistic >= restore if falling else statistic <= restore
    mask = None if window.daily is None else window.daily.mask_of(phases)
    return _seen(begins, restored, ~np.isnan(statistic), delays, mask)


def slot_episode(
    about: About, window: MeterMatrix, registry: Registry, stretch: Stretch, said: Said
) -> Episode:
    """Return the episode of a stretch of slots."""
    starts_at = from_numpy(window.starts_at[stretch.first])
    return _episode(
        about,
        registry,
        window.meters[stretch.row],
        said,
        starts_at=starts_at,
        ends_at=None if stretch.is_open else slot_end(window.starts_at, stretch.end - 1, window.minutes),
        detected_at=slot_end(window.starts_at, stretch.known_end - 1, window.minutes),
    )


def day_episode(
    about: About, window: MeterMatrix, registry: Registry, stretch: Stretch, said: Said
) -> Episode:
    """Return the episode of a stretch of local days."""
    daily = window.daily
    assert daily is not None  # noqa: S101 - there is no stretch of days without days
    starts_at, ends_at = daily.span(stretch.row, stretch.first, stretch.end)
    return _episode(
        about,
        registry,
        window.meters[stretch.row],
        said,
        starts_at=starts_at,
        ends_at=None if stretch.is_open else ends_at,
        detected_at=daily.span(stretch.row, stretch.known_end - 1, stretch.known_end)[1],
    )


def record_episode(  # noqa: PLR0913 - nothing of it follows from the window
    about: About,
    registry: Registry,
    meter: MeterId,
    said: Said,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    detected_at: datetime,
) -> Episode:
    """Return the episode of a finding from records."""
    return _episode(
        about, registry, meter, said, starts_at=starts_at, ends_at=ends_at, detected_at=detected_at
    )


def _seen(begins: Bools, restored: Bools, known: Bools, delays: Delays, mask: Bools | None) -> list[Stretch]:
    if mask is not None:
        known = known & ~mask
    return stretches_of(begins, restored, known, delays)


def _episode(  # noqa: PLR0913 - an episode is all of this
    about: About,
    registry: Registry,
    meter: MeterId,
    said: Said,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    detected_at: datetime,
) -> Episode:
    return Episode(
        id=episode_id(about.name, meter, f"{said.key} {iso(starts_at)}"),
        detector=about.name,
        version=about.version,
        meter=meter,
        service_point=registry.service_point_of(meter, starts_at),
        starts_at=starts_at,
        ends_at=ends_at,
        detected_at=detected_at,
        verdict=said.verdict,
        severity=about.severity if said.severity is None else said.severity,
        score=said.score,
        energy_kwh=said.energy_kwh,
        message=said.message,
        parameters=said.parameters,
        evidence=said.evidence,
    )
