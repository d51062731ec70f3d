"""Communication blackout (定时失联, D33): a meter is silent in the same hours of many days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from detectors.area.dark_hours import HOURS, DarkHours, dark_hours
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.evidence import MARGIN_DAYS
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.shapes import Said, record_episode
from detectors.stays import end_of
from detectors.stretches import number
from detectors.thresholds import at_meter, limit
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, Severity
from pipeline.registry import Registry
from pipeline.timegrid import local_clock

SHOWN_DAYS: Final = 62
Bools = NDArray[np.bool_]


@detectors.register("communication_blackout")
@dataclass(frozen=True, slots=True, kw_only=True)
class CommunicationBlackout:
    """Counts the days of a week on which an hour is dark while the meter answers in the others.

    Reads that fail for the line, the terminal or the collector say nothing of a meter, and neither do hours
    in which its neighbours on the bus are silent too. Hours are local ones.
    """

    trigger_days: float = parameter(
        3, "days a week with the same hour dark", "more than three", "own", Effect.TRIGGER
    )
    restore_days: float = parameter(1, "days a week with the same hour dark", "chance", "own", Effect.RESTORE)
    week_days: float = parameter(7, "days", "a week", "own")
    bright_share: float = parameter(
        0.7, "1", "share of a day's reads that is answered on a day that counts", "own"
    )
    end_days: float = parameter(2, "days", "bright days without a dark hour end it", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many days without reads end a stretch", "own", Effect.GAP)
    drop_percent: float = parameter(
        20, "% of the use before", "use in the dark hours fell by more than in the others", "own"
    )

    about: ClassVar[About] = About(
        name="communication_blackout",
        number="D33",
        kind=Kind.RECORDS,
        together=Together.AREA,
        needs=Needs(
            interval_energy=True,
            daily=True,
            outcomes=True,
            essential=("outcomes",),
            archive=("installation",),
        ),
        suppressed_by=("outage",),
        messages=("episode.communication_blackout", "episode.communication_blackout_drop"),
        severity=Severity.INFO,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and stretch of days."""
        daily = window.daily
        if daily is None or not len(window.meters) or not window.records.outcomes:
            return []
        found = dark_hours(window.records.outcomes, window.meters, daily, registry)
        counted = found.dark_days(int(self.week_days), self.bright_share)
        statistic = counted.max(axis=2)
        trigger, restore = (
            limit(self, name, window, registry).values[:, :1] for name in ("trigger_days", "restore_days")
        )
        mask = daily.mask_of()
        known = np.asarray(found.asked.sum(axis=2) > 0, dtype=np.bool_)
        if mask is not None:
            known &= ~mask
        stretches = stretches_of(
            statistic > trigger,
            statistic <= restore,
            known,
            Delays(gap=limit(self, "gap_days", window, registry).values[:, 0]),
        )
        at = end_of(window)
        episodes = []
        for stretch in stretches:
            meter = window.meters[stretch.row]
            if meter in registry.meter_by_id:
                rule = at_meter(self, registry, meter, at)
                judged = stretch, counted, float(trigger[stretch.row, 0])
                episodes.append(rule.told(window, registry, daily, found, judged))
        return episodes

    def told(
        self,
        window: MeterMatrix,
        registry: Registry,
        daily: DailyRows,
        found: DarkHours,
        of: tuple[Stretch, NDArray[np.int64], float],
    ) -> Episode:
        """Return the episode of a stretch of days, with the number of days a week that is too many."""
        stretch, counted, trigger = of
        row, meter = stretch.row, window.meters[stretch.row]
        hours = np.asarray((counted[row, stretch.first : stretch.end] > trigger).any(axis=0))
        dark = found.dark[row] & hours & found.bright(self.bright_share)[row][:, None]
        # The first of the dark days lies in the week before the one on which they were too many.
        dark[: max(stretch.first - int(self.week_days) + 1, 0)] = False
        dark[stretch.end :] = False
        days = np.flatnonzero(dark.any(axis=1))
        first, last = int(days[0]), int(days[-1])
        since = found.bright(self.bright_share)[row, last + 1 :].sum()
        begins = _hour(daily, row, first, int(np.flatnonzero(dark[first])[0]))
        ends = _hour(daily, row, last, int(np.flatnonzero(dark[last])[-1]) + 1)
        use = _use(window, daily, row, hours, (first, last))
        drop = use["drop_percent"]
        is_linked = isinstance(drop, float) and drop > self.drop_percent
        parameters: dict[str, float | int | str] = {"hours": _told(hours), "days": len(days)}
        if isinstance(drop, float) and is_linked:
            parameters["drop_percent"] = drop
        said = Said(
            message=f"episode.communication_blackout{'_drop' if is_linked else ''}",
            parameters=parameters,
            score=1.0 if is_linked else 0.5,
            evidence={
                "hours": [int(hour) for hour in np.flatnonzero(hours)],
                "calendar": list(_calendar(daily, found, row, (first, last))),
                "use": use,
            },
        )
        return record_episode(
            self.about,
            registry,
            meter,
            said,
            starts_at=begins,
            ends_at=ends if since >= self.end_days else None,
            detected_at=daily.span(row, stretch.known_end - 1, stretch.known_end)[1],
        )


def _hour(daily: DailyRows, row: int, day: int, hour: int) -> datetime:
    """Return when a local hour begins, by the clock on the wall."""
    zone = daily.zones[row]
    midnight = datetime.combine(daily.date_of(day), datetime.min.time())
    return (
        (midnight + timedelta(hours=hour))
        .replace(tzinfo=zone)
        .astimezone(daily.span(row, day, day + 1)[0].tzinfo)
    )


def _told(hours: Bools) -> str:
    """Return hours as people write them: ``20:00-23:00``; those over midnight in one."""
    if hours.all():
        return "00:00-24:00"
    start = int(np.flatnonzero(~hours)[0])
    turned = np.roll(hours, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], turned, [False]]).astype(np.int8))).reshape(-1, 2)
    spans = sorted(((int(a) + start) % HOURS, (int(b) + start) % HOURS) for a, b in edges)
    return ", ".join(f"{a:02d}:00-{b or HOURS:02d}:00" for a, b in spans)


def _calendar(daily: DailyRows, found: DarkHours, row: int, days: tuple[int, int]) -> Iterator[Json]:
    """Yield a row a day: its dark hours, and how much of it was answered."""
    shown = range(max(days[0] - 7, 0, days[1] - SHOWN_DAYS), min(days[1] + 1 + MARGIN_DAYS, len(daily.days)))
    for day in shown:
        asked, lost = int(found.asked[row, day].sum()), int(found.lost[row, day].sum())
        yield {
            "day": str(daily.days[day]),
            "dark_hours": [int(hour) for hour in np.flatnonzero(found.dark[row, day])],
            "asked": asked,
            "answered": asked - lost,
        }


def _use(
    window: MeterMatrix, daily: DailyRows, row: int, hours: Bools, days: tuple[int, int]
) -> dict[str, Json]:
    """Return the mean power in the dark hours and in the others, before the first dark day and since.

    The drop is that of the dark hours, beyond what the other hours changed by: a weekend is no drop.
    What was read later from the meter's memory counts, and so does what registers around a gap give.
    """
    day, minute = local_clock(window.starts_at, daily.zones[row])
    place = day - daily.days[0].astype(np.int64)
    inside = hours[minute // 60]
    kw = window.import_kwh[row] * 60.0 / window.minutes
    before, during = place < days[0], (place >= days[0]) & (place <= days[1])
    dark_before, dark_during = _mean(kw, inside & before), _mean(kw, inside & during)
    other_before, other_during = _mean(kw, ~inside & before), _mean(kw, ~inside & during)
    drop = None
    if dark_before and dark_during is not None and other_before and other_during:
        drop = round(100.0 * (1.0 - dark_during / dark_before * other_before / other_during), 1)
    return {
        "dark_hours_before_kw": dark_before,
        "dark_hours_since_kw": dark_during,
        "other_hours_before_kw": other_before,
        "other_hours_since_kw": other_during,
        "drop_percent": drop,
    }


def _mean(kw: NDArray[np.float64], where: Bools) -> float | None:
    known = kw[where & np.isfinite(kw)]
    return number(float(known.mean())) if len(known) else None
