"""Change unlike the peers' (用电变化异于同类, D34): three weeks against four before, ranked among like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.change_features import changes
from analysis.change_ranks import LEAST_METERS, ChangeRanks, ranked, reasons
from analysis.habits import at_share, habits
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Stretch
from detectors.shapes import Said, record_episode
from detectors.stretches import number, slot_end
from detectors.thresholds import limit
from detectors.usage.day_curves import by_days, first_slots
from detectors.usage.known_changes import contract_starts, suspended_days
from detectors.usage.peers import Group, peers
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Severity, Verdict
from pipeline.registry import Registry
from pipeline.timegrid import MINUTES_PER_DAY

Floats = NDArray[np.float64]
_HOMES = "measured on 258 Swiss homes under injected thefts, groups of 20 and more"
LIKE = "of the same class and area, feeding or not feeding the grid alike"


class _Look(NamedTuple):
    """Local days that are judged together, and those before them."""

    before: int
    first: int
    end: int


@detectors.register("change_rank")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRank:
    """Looks at every end of a week back over three weeks and ranks what changed in them among like customers.

    Nothing is learnt from examples, and what all like ones do, a holiday or a season, is nothing unusual. A
    hint: it opens a case alone only within the alarm budget. With too few like customers one whose use fell
    by half is told as undecided. Estimated days, days of a suspension and those before a new contract are
    unknown; a meter with less than a week of whole days on either side is not judged.
    """

    open_score: float = parameter(35.0, "1", f"1 honest look in 1000, {_HOMES}", "M", Effect.TRIGGER)
    restore_score: float = parameter(25.0, "1", f"3 honest looks in 100, {_HOMES}", "M", Effect.RESTORE)
    sure_score: float = parameter(50.0, "1", f"none honest, half of the thefts, {_HOMES}", "M")
    judged_days: float = parameter(21, "days", "three weeks, as the attack run", "M", Effect.ON_DELAY)
    least_days: float = parameter(21, "days", "that are there before the judged ones", "own")
    most_days: float = parameter(28, "days", "that they are compared with, as the attack run", "M")
    least_peers: float = parameter(20, "customers", "fewer do not say what is usual; 20 at least", "own")
    least_kwh: float = parameter(0.2, "kWh a day", "who uses less on usual days has no habits", "own")
    told_fall_percent: float = parameter(50, "%", "so much less is told where no rank can be", "own")

    about: ClassVar[About] = About(
        name="change_rank",
        number="D34",
        version=2,
        kind=Kind.SLOTS,
        together=Together.AREA,
        needs=Needs(
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("contract", "installation", "suspension", "area"),
        ),
        suppressed_by=("outage",),
        messages=("episode.change_rank", "episode.change_rank_unranked"),
        severity=Severity.INFO,
        learns_days=35,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and run of overlapping looks."""
        daily = window.daily
        if daily is None or not window.import_kwh.size:
            return []
        looks = list(self._looks(window, daily))
        if not looks:
            return []
        kwh = _known_days(window, daily, registry)
        opens = limit(self, "open_score", window, registry).values[:, 0]
        found: dict[tuple[int, Verdict], list[tuple[_Look, Said]]] = {}
        for look in looks:
            for row, said in self._said_of(window, registry, kwh, look, opens):
                found.setdefault((row, said.verdict), []).append((look, said))
        last = looks[-1]
        return [
            self._episode(window, registry, row, run, last)
            for (row, _), own in found.items()
            for run in _joined(own, float(opens[row]) / self.sure_score)
        ]

    def _looks(self, window: MeterMatrix, daily: DailyRows) -> Iterator[_Look]:
        """Yield a look for every Sunday that the window holds to its end and that has weeks enough before."""
        after_sunday = (daily.days.astype(np.int64) + 3) % 7 == 0
        ends = [int(day) for day in np.flatnonzero(after_sunday)]
        if (daily.days[-1].astype(np.int64) + 4) % 7 == 0:
            ends.append(len(daily.days))
        known_to = slot_end(window.starts_at, len(window.starts_at) - 1, window.minutes)
        for end in ends:
            first = end - int(self.judged_days)
            is_there = first >= self.least_days and daily.span(0, 0, end)[1] <= known_to
            if is_there:
                yield _Look(before=max(first - int(self.most_days), 0), first=first, end=end)

    def _said_of(
        self, window: MeterMatrix, registry: Registry, kwh: Floats, look: _Look, opens: Floats
    ) -> Iterator[tuple[int, Said]]:
        """Yield what is said of meters in one look."""
        daily = window.daily
        assert daily is not None  # noqa: S101 - looks are made of days
        for group, rows in peers(window, registry, daily.span(0, look.end - 1, look.end)[0]).items():
            before, after = kwh[rows, look.before : look.first], kwh[rows, look.first : look.end]
            has_habits = at_share(before.sum(axis=2), 0.5) >= self.least_kwh
            found = changes(habits(before), habits(after))
            features = {name: np.where(has_habits, column, np.nan) for name, column in found.items()}
            known = int(np.isfinite(features["level"]).sum())
            if known < self._least:
                fell = np.flatnonzero(
                    features["level"] >= -np.log(1.0 - min(self.told_fall_percent, 99.0) / 100.0)
                )
                for place in fell:
                    said = self._unranked(daily, look, known, float(features["level"][place]))
                    yield int(rows[place]), said
                continue
            ranks = ranked(features)
            for place in np.flatnonzero(ranks.scores >= np.minimum(opens[rows], self.restore_score)):
                yield (
                    int(rows[place]),
                    self._ranked(
                        daily,
                        look,
                        (group, rows),
                        int(place),
                        ranks,
                        (before, after),
                        float(opens[rows[place]]),
                    ),
                )

    @property
    def _least(self) -> int:
        """How many like customers are wanted: no number makes a rank among fewer than can be ranked."""
        return max(int(self.least_peers), LEAST_METERS)

    def _ranked(  # noqa: PLR0913, PLR0917 - one customer among his like, and all that tells about him
        self,
        daily: DailyRows,
        look: _Look,
        of: tuple[Group, NDArray[np.intp]],
        place: int,
        ranks: ChangeRanks,
        kwh: tuple[Floats, Floats],
        opens: float,
    ) -> Said:
        (area, category, _), rows = of
        before, after = kwh
        known = np.isfinite(ranks.scores)
        score = float(ranks.scores[place])
        used, days = float(np.nansum(after[place])), np.isfinite(after[place]).sum() / after.shape[2]
        # Its like say what the season did: the median of their changes is that of a customer like them. The
        # usual day is the mean one or the middle one, whichever is less: a few great days are no habit.
        season = float(np.exp(-np.median(ranks.changes["level"][known])))
        slot_mean, day_middle = np.nanmean(before[place]), np.nanmedian(before[place].sum(axis=1))
        expected = season * days * float(min(slot_mean * after.shape[2], day_middle))
        row = int(rows[place])
        stretch = Stretch(row=row, first=look.first, end=look.end, is_open=True, known_end=look.end)
        return Said(
            message="episode.change_rank",
            parameters={
                "since": str(daily.days[look.first]),
                "place": int((ranks.scores[known] > score).sum()) + 1,
                "peers": int(known.sum()),
            },
            score=min(score / self.sure_score, 1.0),
            energy_kwh=round(expected - used, 3) if expected > used else None,
            evidence={
                "standing_out": [
                    {"message": reason.message, "parameters": dict(reason.parameters)}
                    for reason in reasons(ranks, place)
                ],
                "area": area,
                "category": category,
                "like_means": LIKE,
                "score": number(score, 1),
                "opens_above_score": number(opens, 1),
                "used_kwh": number(used),
                "expected_kwh": number(expected),
                "compared_from": str(daily.days[look.before]),
                "judged_to": str(daily.days[look.end - 1]),
                "days": day_rows(daily, stretch, {"kwh": daily.kwh}, margin=look.first - look.before),
            },
        )

    def _unranked(self, daily: DailyRows, look: _Look, known: int, fall: float) -> Said:
        return Said(
            verdict=Verdict.UNKNOWN,
            message="episode.change_rank_unranked",
            parameters={
                "since": str(daily.days[look.first]),
                "percent": round(100.0 * (1.0 - float(np.exp(-fall))), 1),
                "peers": known,
                "least": self._least,
            },
            score=0.0,
            evidence={"like_means": LIKE, "compared_from": str(daily.days[look.before])},
        )

    def _episode(
        self,
        window: MeterMatrix,
        registry: Registry,
        row: int,
        run: Sequence[tuple[_Look, Said]],
        last: _Look,
    ) -> Episode:
        """Return the episode of overlapping looks; the one with most energy missing gives its evidence."""
        daily = window.daily
        assert daily is not None  # noqa: S101 - looks are made of days
        first, end = run[0][0].first, run[-1][0].end
        starts_at, ends_at = daily.span(row, first, end)
        fullest = max(run, key=lambda each: (each[1].energy_kwh or 0.0, each[1].score, each[0].end))[1]
        said = replace(fullest, score=max(each.score for _, each in run))
        return record_episode(
            self.about,
            registry,
            window.meters[row],
            said,
            starts_at=starts_at,
            ends_at=None if end == last.end else ends_at,
            detected_at=ends_at,
        )


def _known_days(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Floats:
    """Return actual energies by local days, shape (meters, days, slots); NaN for days that say nothing."""
    size = MINUTES_PER_DAY // window.minutes
    days = np.full((len(window.meters), len(daily.days), size), np.nan)
    actual = window.actual_kwh()
    for zone in dict.fromkeys(daily.zones):
        rows = np.flatnonzero([own == zone for own in daily.zones])
        firsts = first_slots(window, daily, int(rows[0]))
        whole = np.flatnonzero(firsts >= 0)
        if len(whole):
            days[rows[:, None], whole[None, :]] = by_days(actual[rows], firsts[whole], size)
    days[suspended_days(window, daily, registry)] = np.nan
    explained = daily.mask_of()
    if explained is not None:
        days[explained] = np.nan
    for row, day in np.argwhere(contract_starts(window, daily, registry)):
        days[row, : day + 1] = np.nan
    return days


def _joined(own: Sequence[tuple[_Look, Said]], opens: float) -> Iterator[list[tuple[_Look, Said]]]:
    """Yield runs of looks that overlap, oldest first, each from where its score opens it."""
    run: list[tuple[_Look, Said]] = []
    for look, said in own:
        if run and look.first >= run[-1][0].end:
            yield run
            run = []
        if run or said.verdict is Verdict.UNKNOWN or said.score >= min(opens, 1.0):
            run.append((look, said))
    if run:
        yield run
