"""An episode's message in the reader's language, with its parameters written as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard import words
from dashboard.formats import Formats
from pipeline.messages import CHECK, render
from storage.dashboard_episodes import EpisodeCard

_SHORTEST_ISO_INSTANT = len("2026-01-01T00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An episode as one reader sees it."""

    card: EpisodeCard
    text: str
    detector: str
    f: Formats
    """The reader's formats in the zone of the episode's area."""


def told(card: EpisodeCard, formats: Formats) -> Told:
    """Return an episode with its message in the reader's language and its area's zone."""
    local = formats.in_zone(ZoneInfo(card.zone)) if card.zone else formats
    return Told(
        card=card,
        text=sentence(card.message, card.parameters, local),
        detector=words.detector_name(card.detector, formats.language),
        f=local,
    )


def sentence(message: str, parameters: Mapping[str, float | int | str], formats: Formats) -> str:
    """Return a message of the catalogue filled with its parameters.

    A message that is not in the catalogue, or lacks a parameter, is shown as key and parameters: what a
    detector found must not vanish because its text is wrong.
    """
    # A check is named by the catalogue: some are called as a quantity is.
    shown = {key: value if key == CHECK else _readable(value, formats) for key, value in parameters.items()}
    try:
        return render(message, shown, formats.language)
    except (KeyError, ValueError, IndexError):
        listed = ", ".join(f"{key} = {value}" for key, value in shown.items())
        return f"{message}: {listed}" if listed else message


def instant_in(value: object) -> datetime | None:
    """Return the instant that an ISO 8601 text with an offset names; None for anything else."""
    if not isinstance(value, str) or len(value) < _SHORTEST_ISO_INSTANT or not value[:4].isdigit():
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _readable(value: float | str, formats: Formats) -> float | str:
    instant = instant_in(value)
    if instant is not None:
        return formats.when(instant)
    return words.value_text(value, formats.catalogue, formats.language) if isinstance(value, str) else value
