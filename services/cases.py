"""Cases (稽查工单): works out which customers are worth a visit, and files what was found there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from detectors.case_model import probability_model
from detectors.cases import Budget, cases_of, reconcile_cases
from detectors.precisions import last_of
from pipeline.case_records import Case, Feedback, Outcome, Standing, decided
from pipeline.errors import ConfigError, DataError
from pipeline.messages import DETECTOR_TEXTS, render
from pipeline.model import EVERYTHING, Verdict
from services.persons import Person
from services.settings import Settings, load_settings
from services.wiring import utc_now
from storage.cases import (
    add_feedback,
    all_feedback,
    known_cases,
    save_cases,
    stand,
    standing_cases,
)
from storage.database import Connection, connect
from storage.episode_changes import EpisodeChange, NewFields, change_episode
from storage.episodes import EpisodeState, get_episode, list_episodes
from storage.registry import load_registry

CASES_A_DAY: Final = 10.0
"""What the crews can look at, where nobody says otherwise."""
STATES = {Outcome.CONFIRMED: EpisodeState.CONFIRMED, Outcome.NOT_CONFIRMED: EpisodeState.REJECTED}
PRIORS, MODEL = "priors and feedback", "a model calibrated on feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """The cases, the most worthwhile first, and what they were judged by."""

    cases: Sequence[Case]
    budget: Budget
    judged_by: str
    results: int
    """Episodes that people have looked at."""


def work_out_cases(
    connection: Connection, now: datetime, *, cases_a_day: float = CASES_A_DAY, days: int = 180
) -> Worklist:
    """Work out the cases of the episodes of the last ``days`` days and keep them.

    Raises:
        ConfigError: If the budget is not above 0.
        StorageError: If the database is away or refuses.
    """
    if not cases_a_day > 0:
        raise ConfigError(f"the budget must be above 0 cases a day, not {cases_a_day:g}")
    registry = load_registry(connection)
    episodes = [
        stored.episode
        for stored in list_episodes(
            connection,
            scope=EVERYTHING,
            verdict=Verdict.ABNORMAL,
            overlaps=(now - timedelta(days=days), now),
        )
    ]
    feedback = all_feedback(connection)
    budget = Budget(cases_a_day=cases_a_day, meters=len(registry.meters))
    found = cases_of(episodes, registry, feedback, budget)
    probability = _model(found)
    if probability is not None:
        found = cases_of(episodes, registry, feedback, budget, probability=probability)
    known = {case.id: case.episodes for case in known_cases(connection)}
    cases, cleared = reconcile_cases(found, known)
    save_cases(connection, cases, cleared)
    return Worklist(
        cases=cases,
        budget=budget,
        judged_by=PRIORS if probability is None else MODEL,
        results=len({given.episode for given in feedback}),
    )


def recent_cases(settings: Settings | None = None, now: datetime | None = None) -> int:
    """Work out the cases now, with the usual budget, and return how many there are.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings = settings or load_settings()
    with connect(settings.require_database_url()) as connection:
        return len(work_out_cases(connection, now or utc_now()).cases)


def give_feedback(  # noqa: PLR0913 - what one person says of one episode
    connection: Connection,
    episode: str,
    outcome: Outcome,
    person: Person,
    now: datetime,
    *,
    cause: str = "",
    recovered_kwh: float | None = None,
    revision: int | None = None,
) -> Feedback:
    """File what was found about an episode: its case follows at once, as far as findings alone decide it.

    What it says of its detector counts from the next time that cases are worked out.

    Raises:
        DataError: If there is no such episode, or not of the ``revision`` that the person saw.
        StorageError: If the database is away or refuses.
    """
    stored = get_episode(connection, episode)
    if stored is None:
        raise DataError(
            f"there is no episode {episode!r}; 'kilowatch cases --json' lists the ids of a case's episodes"
        )
    feedback = Feedback(
        episode=episode,
        detector=stored.episode.detector,
        outcome=outcome,
        cause=cause,
        recovered_kwh=recovered_kwh,
        given_by=person.shown,
        given_at=now,
    )
    with connection.transaction():
        add_feedback(connection, feedback)
        state = STATES[outcome]
        change = EpisodeChange(at=now, person=person.shown, deed=state.value, detail=cause)
        fields = NewFields(state=state, note=cause or None)
        if not change_episode(connection, episode, fields, change, revision=revision):
            raise DataError(f"episode {episode!r} was changed by somebody else; look at it again first")
        _follow(connection, episode)
    return feedback


def _follow(connection: Connection, episode: str) -> None:
    """Let the cases of an episode stand as what was found about all of theirs decides.

    One that was decided and no longer is stands open until the cases are worked out again.
    """
    for case in standing_cases(connection, episode):
        found = last_of(all_feedback(connection, case.episodes))
        standing = decided([found[each].outcome if each in found else None for each in case.episodes])
        if standing is None and case.standing in {Standing.CONFIRMED, Standing.REJECTED}:
            standing = Standing.OPEN
        if standing is not None and standing != case.standing:
            stand(connection, case.id, standing)


def case_document(case: Case) -> dict[str, object]:
    """Return a case as a JSON object: which rules, their weights, what stands out, what would clear it."""
    return {
        "id": case.id,
        "place": case.place,
        "meters": list(case.meters),
        "standing": case.standing.value,
        "starts_at": case.starts_at.isoformat(),
        "ends_at": None if case.ends_at is None else case.ends_at.isoformat(),
        "probability": round(case.probability, 4),
        "energy_kwh": round(case.energy_kwh, 3),
        "visits": case.visits,
        "priority_kwh": round(case.priority_kwh, 3),
        "hits": [
            {
                **hit.as_json(),
                "summary": render(hit.message, hit.parameters),
                "because": [render(each.message, each.parameters) for each in hit.because],
                "clears": DETECTOR_TEXTS[hit.detector].clears.en,
            }
            for hit in case.hits
        ],
        "waits_for": "a hit of another detector, or a look at it"
        if case.standing is Standing.WAITING
        else None,
    }


def _model(cases: Sequence[Case]) -> Callable[[Case], float] | None:
    """Return the calibrated model; None where there is too little to learn from, or no scikit-learn."""
    try:
        return probability_model(cases)
    except ImportError:
        return None
