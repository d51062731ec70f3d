"""Clock error (时钟异常, D14): a meter's clock is off, or runs away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.hysteresis import Delays, stretches_of
from detectors.metering.clock_series import ClockSeries, clock_series, drifting_days
from detectors.shapes import Said, record_episode
from detectors.stays import end_of
from detectors.stretches import curve, iso, number
from detectors.thresholds import at_meter, limit, limit_of_records
from pipeline.block import MeterMatrix
from pipeline.events import EventKind
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry

HOUR_S: Final = 3600.0
MOST_POINTS: Final = 300
MARGIN: Final = timedelta(days=1)
_MASTER = "limit of master stations, to be confirmed"


@detectors.register("clock_error")
@dataclass(frozen=True, slots=True, kw_only=True)
class ClockError:
    """Judges the offsets of each clock at its reads, and the drift between them by Theil and Sen.

    An offset is measured to half the round trip of its read. Estimated values do not exist here; between
    reads nothing is known.
    """

    trigger_s: float = parameter(60, "s", _MASTER, "D", Effect.TRIGGER)
    restore_s: float = parameter(30, "s", "half the limit", "own", Effect.RESTORE)
    alarm_s: float = parameter(300, "s", f"alarm: {_MASTER}", "D")
    terminal_s: float = parameter(600, "s", "limit of collecting terminals (时钟超差)", "S")
    round_trip_s: float = parameter(
        2, "s", "longest round trip of a read: two time-outs; half of it is allowed for", "own"
    )
    trigger_reads: float = parameter(2, "reads", "two reads", "D", Effect.ON_DELAY)
    restore_reads: float = parameter(1, "reads", "first good read", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so long without a read ends a stretch", "own", Effect.GAP)
    drift_s_per_day: float = parameter(
        1.0, "s/d", "twice the usual limit of 0.5 s/d, to be confirmed", "own", Effect.TRIGGER
    )
    drift_days: float = parameter(4, "days", "more than one setting of the clock can explain", "own")

    about: ClassVar[About] = About(
        name="clock_error",
        number="D14",
        kind=Kind.RECORDS,
        needs=Needs(
            readings=(Quantity.CLOCK_OFFSET,), events=True, essential=("readings",), archive=("meter",)
        ),
        messages=("episode.clock_error", "episode.clock_hours", "episode.clock_drift"),
        severity=Severity.MINOR,
        dated=("trigger_s", "restore_s"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each stretch of a wrong clock, and for each of a drift."""
        told = window.records.readings.get(Quantity.CLOCK_OFFSET)
        if told is None or not len(told.values) or not len(window.meters):
            return []
        known = registry.meter_by_id
        series = clock_series(told, [meter for meter in window.meters if meter in known])
        rows = {meter: row for row, meter in enumerate(window.meters)}
        at = [rows[meter] for meter in series.meters]
        records = series.row, series.taken_at
        trigger, restore = (
            limit_of_records(self, name, registry, series.meters, records)
            for name in ("trigger_s", "restore_s")
        )
        limits = trigger, np.minimum(restore, trigger)
        half = limit(self, "round_trip_s", window, registry).values[at, 0] / 2.0
        excess = np.abs(series.offset_s) - half[series.row]
        found: list[Episode] = []
        for row in np.unique(series.row[excess > trigger]).tolist():
            rule = at_meter(self, registry, series.meters[row], end_of(window))
            found += rule.off(window, registry, series, (row, excess), limits)
        drift = limit(self, "drift_s_per_day", window, registry).values[at, 0]
        for row, first, last in drifting_days(series, drift, int(self.drift_days)):
            found.append(self._drift(window, registry, series, row, (first, last), float(drift[row])))
        return sorted(found, key=lambda episode: (episode.starts_at, episode.meter, episode.id))

    def off(
        self,
        window: MeterMatrix,
        registry: Registry,
        series: ClockSeries,
        of: tuple[int, NDArray[np.float64]],
        limits: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> Iterator[Episode]:
        """Yield the stretches in which one clock is off."""
        row, excess = of
        own = series.of(row)
        apart = np.flatnonzero(np.diff(series.taken_at[own]) > np.timedelta64(int(self.gap_days), "D")) + 1
        for part in np.split(np.arange(own.start, own.stop), apart):
            judged = excess[part][None]
            everything = np.ones(judged.shape, dtype=np.bool_)
            delays = Delays(on=self.trigger_reads, off=self.restore_reads)
            begins, restored = judged > limits[0][part], judged <= limits[1][part]
            for stretch in stretches_of(begins, restored, everything, delays):
                high = part[stretch.first : stretch.end]
                goes_on = stretch.is_open and part[-1] == own.stop - 1
                end = part[-1] if stretch.is_open else part[stretch.end]
                worst = int(high[np.abs(series.offset_s[high]).argmax()])
                yield record_episode(
                    self.about,
                    registry,
                    series.meters[row],
                    self._said(
                        window, series, row, high, (float(series.offset_s[worst]), float(limits[0][high[0]]))
                    ),
                    starts_at=series.at(high[0]),
                    ends_at=None if goes_on else series.at(end),
                    detected_at=series.at(own.stop - 1),
                )

    def _said(
        self,
        window: MeterMatrix,
        series: ClockSeries,
        row: int,
        high: NDArray[np.intp],
        numbers: tuple[float, float],
    ) -> Said:
        worst_s, trigger_s = numbers
        hours = round(worst_s / HOUR_S)
        in_hours = hours != 0 and abs(worst_s - hours * HOUR_S) <= trigger_s
        parameters: dict[str, float | int | str] = {"offset_s": round(worst_s, 1), "limit_s": trigger_s}
        is_alarm = abs(worst_s) - self.round_trip_s / 2.0 > self.alarm_s
        return Said(
            key="offset",
            message="episode.clock_hours" if in_hours else "episode.clock_error",
            parameters={**parameters, "hours": hours} if in_hours else parameters,
            severity=Severity.MAJOR if is_alarm else None,
            evidence={
                "level": _level(abs(worst_s), {"terminal": self.terminal_s, "alarm": self.alarm_s}),
                "round_trip_s": self.round_trip_s,
                "reads": len(high),
                **_series(window, series, row, (series.at(high[0]), trigger_s)),
            },
        )

    def _drift(  # noqa: PLR0913, PLR0917 - one drift and all that tells about it
        self,
        window: MeterMatrix,
        registry: Registry,
        series: ClockSeries,
        row: int,
        span: tuple[int, int],
        trigger: float,
    ) -> Episode:
        own = series.of(row)
        inside = np.flatnonzero((series.day[own] >= span[0]) & (series.day[own] <= span[1])) + own.start
        drift = series.drift(inside)
        starts_at = series.at(inside[0])
        ended = inside[-1] + 1
        said = Said(
            key="drift",
            message="episode.clock_drift",
            parameters={
                "s_per_day": round(drift, 2),
                "limit_s_per_day": trigger,
                "days": span[1] - span[0] + 1,
            },
            evidence={
                "s_per_day": number(drift),
                "reads": len(inside),
                **_series(window, series, row, (starts_at, None)),
            },
        )
        return record_episode(
            self.about,
            registry,
            series.meters[row],
            said,
            starts_at=starts_at,
            ends_at=None if ended == own.stop else series.at(ended),
            detected_at=series.at(own.stop - 1),
        )


def _level(offset_s: float, levels: dict[str, float]) -> str:
    return next((name for name, above_s in levels.items() if offset_s > above_s), "warning")


def _series(
    window: MeterMatrix, series: ClockSeries, row: int, of: tuple[datetime, float | None]
) -> dict[str, Json]:
    """Return the offsets of a clock as a page draws them, and when the meter says it was set."""
    starts_at, limit_s = of
    own = series.of(row)
    shown = np.arange(own.start, own.stop)
    meter: MeterId = series.meters[row]
    sets = sorted(
        record.event.starts_at
        for record in window.records.events
        if record.meter == meter
        and record.event.kind is EventKind.CLOCK_SET
        and record.event.starts_at >= starts_at - MARGIN
    )
    return {
        "offsets": {
            "unit": "s",
            "limits": {} if limit_s is None else {"trigger": limit_s},
            "lines": {
                Quantity.CLOCK_OFFSET.value: curve(series.taken_at, series.offset_s, shown, MOST_POINTS)
            },
        },
        "clock_set_at": [iso(at) for at in sets],
    }
