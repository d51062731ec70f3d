"""Cases (稽查工单): the episodes of one customer together, and what people found on site."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.model import Json


class Outcome(StrEnum):
    """What people found on site."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not-confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody found about one episode; of several the last one counts."""

    episode: str
    detector: str
    outcome: Outcome
    cause: str = ""
    """In the utility's words: ``loose terminal``, ``vacant``, ``bypass``."""
    recovered_kwh: float | None = None
    given_by: str = ""
    given_at: datetime


class Standing(StrEnum):
    """What becomes of a case."""

    OPEN = "open"
    """Worth a visit."""
    WAITING = "waiting"
    """One hit of a detector that may not open a case alone: it waits for a second."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    """Everything in it was looked at and not confirmed."""
    CLEARED = "cleared"
    """Its episodes were withdrawn."""


def decided(outcomes: Collection[Outcome | None]) -> Standing | None:
    """Return what was found about the episodes of a case (None: not looked at) makes it.

    None where that decides nothing: what detectors found counts.
    """
    if Outcome.CONFIRMED in outcomes:
        return Standing.CONFIRMED
    if all(outcome is Outcome.NOT_CONFIRMED for outcome in outcomes):
        return Standing.REJECTED
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of the message catalogue and what fills it."""

    message: str
    parameters: Mapping[str, float | int | str]

    def as_json(self) -> dict[str, Json]:
        """Return it as it is kept."""
        return {"message": self.message, "parameters": dict(self.parameters)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What one detector adds to a case: its surest episode stands for all of them."""

    detector: str
    number: str | None
    episodes: tuple[str, ...]
    message: str
    parameters: Mapping[str, float | int | str]
    starts_at: datetime
    energy_kwh: float
    precision: float
    """How often its episodes turn out to be true, as believed now."""
    confirmed: int
    looked_at: int
    """Of its episodes anywhere, by people; ``confirmed`` of them were true."""
    prior: float
    prior_source: str
    prior_tag: str
    score: float
    """Of its surest episode."""
    weight: float
    """Precision times score; 1 and 0 where people have looked."""
    opens_alone: bool
    false_alarms_upper95: float | None
    because: tuple[Sentence, ...] = ()
    """What stands out, where its episode tells it in sentences."""

    def as_json(self) -> dict[str, Json]:
        """Return it as it is kept and shown."""
        return {
            "detector": self.detector,
            "number": self.number,
            "episodes": list(self.episodes),
            "message": self.message,
            "parameters": dict(self.parameters),
            "starts_at": self.starts_at.isoformat(),
            "energy_kwh": round(self.energy_kwh, 3),
            "weight": round(self.weight, 4),
            "score": round(self.score, 4),
            "precision": round(self.precision, 4),
            "confirmed": self.confirmed,
            "looked_at": self.looked_at,
            "prior": self.prior,
            "prior_source": self.prior_source,
            "prior_tag": self.prior_tag,
            "opens_alone": self.opens_alone,
            "false_alarms_upper95": self.false_alarms_upper95,
            "because": [sentence.as_json() for sentence in self.because],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything about one customer that belongs together."""

    id: str
    place: str
    """The customer; ``area X`` for what is said of a whole area."""
    meters: tuple[str, ...]
    standing: Standing
    starts_at: datetime
    ends_at: datetime | None
    """None while one of its episodes goes on."""
    detected_at: datetime
    probability: float
    """That a visit confirms it: noisy-OR of the hits' weights, or the calibrated model's."""
    energy_kwh: float
    """At stake: the most that one detector puts it at, for all of them see the same energy."""
    visits: float
    priority_kwh: float
    """Expected recovered kWh for one visit: probability x energy / visits."""
    hits: tuple[Hit, ...]
    """The heaviest first."""

    @property
    def episodes(self) -> tuple[str, ...]:
        """The ids of its episodes."""
        return tuple(sorted(episode for hit in self.hits for episode in hit.episodes))
