"""Meter tampering (开盖、开端钮盖、恒定磁场, D12): opened without a work order, and what use did then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

import numpy as np

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Stretch
from detectors.metering.use_after import Comparison, use_after
from detectors.shapes import Said, record_episode
from detectors.stretches import iso, number, slot_end
from detectors.thresholds import at_point
from detectors.work_orders import is_ordered, orders_near
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

PARTS: Final = {
    EventKind.MAGNETIC_FIELD: "magnet_at_meter",
    EventKind.COVER_OPEN: "meter_cover_opened",
    EventKind.TERMINAL_COVER_OPEN: "terminal_cover_opened",
}
"""What is told of a visit with several events: the first of these."""
LEAST: Final = timedelta(minutes=1)
"""What an event lasts at least that began and ended in the same second."""
NEAR: Final = timedelta(days=7)
SHOWN_DAYS: Final = 15


@detectors.register("meter_tamper")
@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTamper:
    """Takes a meter's cover and magnet events without a work order, and compares the use before and after.

    Events within hours of each other are one visit. An installation or removal of the meter counts as an
    order. Only whole actual days are compared; without enough of them the visit alone is told.
    """

    drop_percent: float = parameter(
        20, "% of the use before", "limit of master stations, to be confirmed", "D", Effect.TRIGGER
    )
    restore_percent: float = parameter(10, "% of the use before", "half the limit", "own", Effect.RESTORE)
    compared_days: float = parameter(15, "days before and after", "master stations, to be confirmed", "D")
    least_days: float = parameter(
        3, "days before and after", "fewer whole days are not compared", "own", Effect.ON_DELAY
    )
    restore_days: float = parameter(
        2, "days", "so many days of usual use in a row end a drop", "own", Effect.OFF_DELAY
    )
    order_hours: float = parameter(4, "h", "margin of a work order", "D")
    visit_hours: float = parameter(4, "h", "events no further apart are one visit", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="meter_tamper",
        number="D12",
        kind=Kind.RECORDS,
        needs=Needs(
            interval_energy=True,
            daily=True,
            events=True,
            essential=("events",),
            archive=("installation", "work_order"),
        ),
        messages=tuple(f"episode.{told}{drop}" for told in PARTS.values() for drop in ("", "_drop")),
        severity=Severity.CRITICAL,
        dated=(
            "drop_percent",
            "restore_percent",
            "compared_days",
            "least_days",
            "restore_days",
            "order_hours",
            "visit_hours",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a visit that nobody ordered."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        row_of = {meter: row for row, meter in enumerate(window.meters)}
        end = slot_end(window.starts_at, len(window.starts_at) - 1, window.minutes)
        first = from_numpy(window.starts_at[0])
        noted: dict[MeterId, list[MeterEvent]] = defaultdict(list)
        for record in window.records.events:
            if record.event.kind in PARTS and record.meter in row_of:
                noted[record.meter].append(record.event)
        return [
            self._judged(window, registry, row_of[meter], visit, end)
            for meter, events in sorted(noted.items())
            for visit in self._visits(registry, meter, events)
            if first <= visit[0].starts_at < end
        ]

    def _visits(
        self, registry: Registry, meter: MeterId, events: Sequence[MeterEvent]
    ) -> Iterator[list[MeterEvent]]:
        """Yield the events that nobody ordered, those within some hours of each other together."""
        visit: list[MeterEvent] = []
        for event in sorted(events, key=lambda event: (event.starts_at, event.kind)):
            point = registry.service_point_of(meter, event.starts_at)
            if point is None:
                continue
            rule = at_point(self, registry, point, event.starts_at)
            if is_ordered(registry, meter, event.starts_at, timedelta(hours=rule.order_hours)):
                continue
            if visit and event.starts_at - visit[-1].starts_at > timedelta(hours=rule.visit_hours):
                yield visit
                visit = []
            visit.append(event)
        if visit:
            yield visit

    def _judged(
        self, window: MeterMatrix, registry: Registry, row: int, visit: Sequence[MeterEvent], end: datetime
    ) -> Episode:
        meter, starts_at = window.meters[row], visit[0].starts_at
        point = registry.service_point_of(meter, starts_at) or ""
        rule = at_point(self, registry, point, starts_at)
        use = None if window.daily is None else use_after(window.daily, row, starts_at, rule.comparison)
        has_dropped = use is not None and 100.0 * use.drop > rule.drop_percent
        closed_at = None if any(event.ends_at is None for event in visit) else _closed_at(visit)
        ends_at = None if closed_at is None or closed_at >= end else closed_at
        what = next(told for kind, told in PARTS.items() if any(event.kind is kind for event in visit))
        parameters: dict[str, float | int | str] = {"events": len(visit)}
        if use is not None and has_dropped:
            ends_at = use.ends_at
            parameters |= {
                "drop_percent": round(100.0 * use.drop, 1),
                "missing_kwh": round(use.missing_kwh, 1),
            }
        said = Said(
            message=f"episode.{what}{'_drop' if has_dropped else ''}",
            parameters=parameters,
            score=1.0 if has_dropped else 0.5,
            energy_kwh=number(use.missing_kwh) if use is not None and has_dropped else None,
            evidence={
                "events": [_row(event) for event in visit],
                "use": None if use is None else dict(use.shown()),
                "days": [] if window.daily is None else _days(window.daily, row, starts_at),
                "orders_near": orders_near(registry, point, starts_at, NEAR),
            },
        )
        return record_episode(
            self.about, registry, meter, said, starts_at=starts_at, ends_at=ends_at, detected_at=end
        )

    @property
    def comparison(self) -> Comparison:
        """How the use before and after is compared."""
        return Comparison(
            most_days=int(self.compared_days),
            least_days=int(self.least_days),
            restored=1.0 - self.restore_percent / 100.0,
            restore_days=int(self.restore_days),
        )


def _closed_at(visit: Sequence[MeterEvent]) -> datetime:
    ends = (event.ends_at for event in visit if event.ends_at is not None)
    return max(*ends, visit[0].starts_at + LEAST)


def _row(event: MeterEvent) -> dict[str, Json]:
    return {
        "kind": event.kind.value,
        "from": iso(event.starts_at),
        "to": None if event.ends_at is None else iso(event.ends_at),
        "record": dict(event.values),
    }


def _days(daily: DailyRows, row: int, at: datetime) -> list[Json]:
    day = int(np.searchsorted(daily.days, np.datetime64(at.astimezone(daily.zones[row]).date())))
    stretch = Stretch(row=row, first=day, end=day + 1, is_open=False, known_end=day + 1)
    return day_rows(daily, stretch, {"kwh": daily.kwh, "coverage": daily.coverage}, margin=SHOWN_DAYS)
