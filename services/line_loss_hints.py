"""What other findings add to the suspicion against a member of an area that loses more than before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from analysis.loss_suspects import Hint
from pipeline.model import Episode

HINT_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "current_loss": 8.0,
        "line_neutral_difference": 12.0,
        "meter_tamper": 8.0,
        "ntl_attribution": 12.0,
        "register_stopped": 8.0,
        "repeated_curve": 6.0,
        "sustained_drop": 4.0,
        "topology": 6.0,
        "voltage_load_consistency": 12.0,
        "voltage_loss": 8.0,
        "wiring_error": 8.0,
    }
)
"""By detector, times the score of its episode: what a sure one adds to the logarithm of the odds. Own choice:
most for those that see energy pass the meter; a fall of use is in the change of use already."""
RECENT: Final = timedelta(days=7)
"""An episode that was over before says nothing of a loss that goes on."""


def hints_of(episodes: Sequence[Episode], until: datetime) -> dict[str, list[Hint]]:
    """Return the hints of episodes that went on shortly before ``until``, by service point."""
    found: dict[str, list[Hint]] = {}
    for episode in sorted(episodes, key=lambda e: (e.starts_at, e.id)):
        weight = HINT_WEIGHTS.get(episode.detector)
        goes_on = episode.ends_at is None or episode.ends_at > until - RECENT
        if weight is None or episode.service_point is None or not goes_on or episode.starts_at > until:
            continue
        found.setdefault(episode.service_point, []).append(
            Hint(
                message=episode.message,
                parameters=episode.parameters,
                weight=round(weight * min(max(episode.score, 0.0), 1.0), 2),
            )
        )
    return found
