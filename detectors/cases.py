"""Cases (稽查工单, D34): a customer's episodes together, how likely they are, and what a visit brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import prod
from typing import TypeAlias, cast

from detectors.catalogue import about, detectors
from detectors.engine import episode_id
from detectors.measured import false_alarms
from detectors.precisions import Precision, last_of, precision_of, precisions, prior_of
from pipeline import case_records
from pipeline.case_records import Case, Feedback, Hit, Outcome, Sentence, Standing
from pipeline.model import Episode, Verdict
from pipeline.registry import Registry

DAYS_A_YEAR = 365.0
_Parameters: TypeAlias = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the crews can look at: it decides which detectors may open cases alone."""

    cases_a_day: float = 10.0
    meters: int
    join_days: int = 30
    """Episodes of a customer that are no further apart are one case."""

    @property
    def allowed_rate(self) -> float:
        """False alarms a meter-year that a detector may give at most to open cases alone: 365 B / N."""
        return DAYS_A_YEAR * self.cases_a_day / max(self.meters, 1)

    def may_open_alone(self, detector: str) -> bool:
        """Tell whether a detector's measured upper bound fits, or none speaks against a sure detector.

        Electrical detectors cannot be measured on curves of energy alone: their prior says which are sure.
        """
        measured = false_alarms(detector)
        if measured is not None and measured.upper95 <= self.allowed_rate:
            return True
        return prior_of(detector).alone and (measured is None or measured.alarms == 0)


def cases_of(
    episodes: Iterable[Episode],
    registry: Registry,
    feedback: Sequence[Feedback],
    budget: Budget,
    *,
    probability: Callable[[Case], float] | None = None,
) -> list[Case]:
    """Return the cases that abnormal episodes make, the most worthwhile first.

    ``probability`` replaces the noisy-OR for cases that nobody has looked at: the calibrated model.
    """
    known, decided = precisions(feedback), last_of(feedback)
    places = _Places(registry)
    grouped: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.verdict is Verdict.ABNORMAL and episode.detector in detectors.all():
            grouped.setdefault(places.of(episode), []).append(episode)
    found = [
        _case(place, run, known, decided, budget)
        for place, own in grouped.items()
        for run in _runs(own, timedelta(days=budget.join_days))
    ]
    if probability is not None:
        found = [_revised(case, probability) for case in found]
    return ranked(found)


def ranked(cases: Iterable[Case]) -> list[Case]:
    """Return cases by what a visit brings; where no energy is known, by how likely they are."""
    order = list(Standing)
    return sorted(
        cases, key=lambda c: (order.index(c.standing), -c.priority_kwh, -c.probability, c.starts_at, c.id)
    )


def reconcile_cases(
    found: Sequence[Case], known: Mapping[str, Sequence[str]]
) -> tuple[list[Case], list[str]]:
    """Return cases under the ids that they had, and the ids of those that nothing is left of.

    A case found again shares an episode with a known one (``known``: episodes by case id, oldest first).
    """
    case_of: dict[str, str] = {}
    age = {case_id: place for place, case_id in enumerate(known)}
    for case_id, episodes in known.items():
        for episode in episodes:
            case_of.setdefault(episode, case_id)
    kept, taken = [], set()
    for case in sorted(found, key=lambda c: (c.starts_at, c.id)):
        olds = [case_of[e] for e in case.episodes if e in case_of and case_of[e] not in taken]
        own = min(olds, key=age.__getitem__) if olds else case.id
        taken.add(own)
        kept.append(replace(case, id=own))
    return ranked(kept), [case_id for case_id in known if case_id not in taken]


class _Places:
    """Whose an episode is."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def of(self, episode: Episode) -> str:
        point = episode.service_point
        if point is None:
            return f"meter {episode.meter}"
        ends_at = episode.ends_at or episode.detected_at
        if supplying := self._registry.supplying(point, episode.starts_at, ends_at):
            return f"area {supplying[-1].area}"
        filed = self._registry.service_point_by_id.get(point)
        return filed.customer if filed is not None and filed.customer else point


def _runs(episodes: Sequence[Episode], apart: timedelta) -> Iterator[list[Episode]]:
    """Yield a customer's episodes in groups that are further apart than a while."""
    run: list[Episode] = []
    until: datetime | None = None
    for episode in sorted(episodes, key=lambda e: (e.starts_at, e.id)):
        if run and until is not None and episode.starts_at > until + apart:
            yield run
            run, until = [], None
        run.append(episode)
        end = max(episode.ends_at or episode.detected_at, episode.detected_at)
        until = end if until is None else max(until, end)
    if run:
        yield run


def _case(
    place: str,
    episodes: Sequence[Episode],
    known: Mapping[str, Precision],
    decided: Mapping[str, Feedback],
    budget: Budget,
) -> Case:
    by_detector: dict[str, list[Episode]] = {}
    for episode in episodes:
        by_detector.setdefault(episode.detector, []).append(episode)
    hits = sorted(
        (_hit(own, precision_of(name, known), decided, budget) for name, own in by_detector.items()),
        key=lambda hit: (-hit.weight, hit.detector),
    )
    likely = 1.0 - prod(1.0 - hit.weight for hit in hits)
    energy = max(_at_stake_kwh(own, decided) for own in by_detector.values())
    visits = max(prior_of(hit.detector).visits for hit in hits)
    open_ended = any(episode.ends_at is None for episode in episodes)
    return Case(
        id=episode_id("case", place, min(episode.id for episode in episodes)),
        place=place,
        meters=tuple(sorted({str(episode.meter) for episode in episodes})),
        standing=_standing(episodes, hits, decided),
        starts_at=min(episode.starts_at for episode in episodes),
        ends_at=None if open_ended else max(e.ends_at for e in episodes if e.ends_at is not None),
        detected_at=max(episode.detected_at for episode in episodes),
        probability=likely,
        energy_kwh=energy,
        visits=visits,
        priority_kwh=likely * energy / visits,
        hits=tuple(hits),
    )


def _hit(
    episodes: Sequence[Episode], precision: Precision, decided: Mapping[str, Feedback], budget: Budget
) -> Hit:
    """Return what a detector adds; an episode that people did not confirm adds nothing."""

    def weight(episode: Episode) -> float:
        given = decided.get(episode.id)
        if given is not None:
            return 1.0 if given.outcome is Outcome.CONFIRMED else 0.0
        return precision.value * episode.score

    surest = max(episodes, key=lambda e: (weight(e), e.energy_kwh or 0.0, e.id))
    name = surest.detector
    measured = false_alarms(name)
    return Hit(
        detector=name,
        number=about(name).number,
        episodes=tuple(sorted(episode.id for episode in episodes)),
        message=surest.message,
        parameters=surest.parameters,
        starts_at=min(episode.starts_at for episode in episodes),
        energy_kwh=sum(e.energy_kwh or 0.0 for e in episodes),
        precision=precision.value,
        confirmed=precision.confirmed,
        looked_at=precision.looked_at,
        prior=precision.prior.precision,
        prior_source=precision.prior.source,
        prior_tag=precision.prior.tag,
        score=max(episode.score for episode in episodes),
        weight=weight(surest),
        opens_alone=budget.may_open_alone(name),
        false_alarms_upper95=None if measured is None else measured.upper95,
        because=_standing_out(surest),
    )


def _standing_out(episode: Episode) -> tuple[Sentence, ...]:
    """Return the sentences in an episode's evidence that say what stands out."""
    rows = episode.evidence.get("standing_out", ())
    return tuple(
        Sentence(message=str(row["message"]), parameters=cast("_Parameters", row["parameters"]))
        for row in (rows if isinstance(rows, Sequence) else ())
        if isinstance(row, Mapping)
    )


def _at_stake_kwh(episodes: Sequence[Episode], decided: Mapping[str, Feedback]) -> float:
    """Return the energy of the episodes that nobody has found to be wrong."""
    return sum(
        e.energy_kwh or 0.0
        for e in episodes
        if e.id not in decided or decided[e.id].outcome is Outcome.CONFIRMED
    )


def _standing(episodes: Sequence[Episode], hits: Sequence[Hit], decided: Mapping[str, Feedback]) -> Standing:
    by_people = case_records.decided([decided[e.id].outcome if e.id in decided else None for e in episodes])
    if by_people is not None:
        return by_people
    counted = [hit for hit in hits if hit.weight > 0]
    if len(counted) > 1 or any(hit.opens_alone for hit in counted):
        return Standing.OPEN
    return Standing.WAITING


def _revised(case: Case, probability: Callable[[Case], float]) -> Case:
    if case.standing not in {Standing.OPEN, Standing.WAITING}:
        return case
    likely = probability(case)
    return replace(case, probability=likely, priority_kwh=likely * case.energy_kwh / case.visits)
