"""Use at a closed point (销户用电, D17): account closed, no contract in force, or relay open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Delays, Stretch
from detectors.shapes import Said, day_episode, day_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.contracts import SuspensionKind
from pipeline.daily_rows import DailyRows
from pipeline.events import EventKind
from pipeline.model import Episode, MeterId, Severity
from pipeline.registry import Registry, Role

Closed = tuple[datetime | None, datetime | None, str]
"""From, to and why; None is an open end."""
PENALTY_RULE = "Rules on supply and use of electricity (供电营业规则), theft; to be confirmed"
PENALTY_BASIS = (
    "if it was taken without leave: its energy at the price of the tariff, plus at most three times that; if "
    "a customer was not signed up or closed by mistake: its energy alone"
)
ACCOUNT, CONTRACT, RELAY = "account closed", "no contract in force", "relay open"


@detectors.register("closed_point_use")
@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPointUse:
    """Looks at the actual energy of whole local days on which a main meter's point must draw nothing.

    A day on which only a part is known proves use if that part is too much, and nothing if it is not.
    """

    trigger_kwh: float = parameter(
        0.1, "kWh a day", "more than a meter's own consumption", "own", Effect.TRIGGER
    )
    trigger_days: float = parameter(2, "days", "two days in a row", "own", Effect.ON_DELAY)
    whole_coverage: float = parameter(0.98, "1", "share of a day's slots that makes it whole", "own")
    gap_days: float = parameter(7, "days", "so many unknown days end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="closed_point_use",
        number="D17",
        kind=Kind.DAYS,
        needs=Needs(
            interval_energy=True,
            daily=True,
            events=True,
            essential=("interval_energy",),
            archive=("contract", "suspension", "installation"),
        ),
        messages=("episode.closed_point_use",),
        severity=Severity.CRITICAL,
        dated=("trigger_kwh", "whole_coverage"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and stretch of days."""
        daily = window.daily
        if daily is None or not len(window.meters):
            return []
        why = closed_days(window, daily, registry)
        if not why:
            return []
        trigger = limit(self, "trigger_kwh", window, registry)
        closed = np.zeros(daily.kwh.shape, dtype=np.bool_)
        for row, days in why.items():
            closed[row, list(days)] = True
        whole = limit(self, "whole_coverage", window, registry).values
        tells = (daily.coverage >= whole) | (daily.kwh > trigger.values)
        kwh = np.where(closed & tells, daily.kwh, np.nan)
        # Once the point is open again, what it draws is its own affair.
        restored = np.where(closed, kwh, np.where(daily.coverage > 0, 0.0, np.nan))
        stretches = day_stretches(
            window,
            restored,
            trigger=trigger.values,
            restore=trigger.values,
            delays=Delays(
                on=limit(self, "trigger_days", window, registry).values[:, 0],
                gap=limit(self, "gap_days", window, registry).values[:, 0],
            ),
        )
        return [
            day_episode(
                self.about, window, registry, s, _said(daily, s, why[s.row], trigger.at(s.row, s.first))
            )
            for s in stretches
        ]


def _said(daily: DailyRows, stretch: Stretch, why: dict[int, str], limit_kwh: float) -> Said:
    days = range(stretch.first, stretch.end)
    kwh = daily.kwh[stretch.row, stretch.first : stretch.end]
    reasons = sorted({why[day] for day in days if day in why})
    energy = float(np.nansum(kwh))
    return Said(
        message="episode.closed_point_use",
        parameters={
            "why": reasons[0],
            "energy_kwh": round(energy, 3),
            "days": int((kwh > limit_kwh).sum()),
            "limit_kwh": limit_kwh,
        },
        energy_kwh=round(energy, 3),
        evidence={
            "reasons": reasons,
            "penalty": {
                "rule": PENALTY_RULE,
                "basis": PENALTY_BASIS,
                "energy_kwh": number(energy),
                "days": int((kwh > limit_kwh).sum()),
            },
            "max_day_kwh": number(float(np.nanmax(kwh))),
            "days": day_rows(
                daily, stretch, {"kwh": daily.kwh, "max_kw": daily.max_kw, "coverage": daily.coverage}
            ),
        },
    )


def closed_days(window: MeterMatrix, daily: DailyRows, registry: Registry) -> dict[int, dict[int, str]]:
    """Return for each main meter the whole local days on which its point must draw nothing, and why."""
    relays = _open_relays(window)
    found: dict[int, dict[int, str]] = {}
    spans: dict[tuple[str, int], tuple[datetime, datetime]] = {}
    for row, meter in enumerate(window.meters):
        stretches = [*relays.get(meter, ()), *_closed(registry, meter)]
        for begins, ends, reason in stretches:
            for day in range(len(daily.days)):
                key = (daily.zones[row].key, day)
                if key not in spans:
                    spans[key] = daily.span(row, day, day + 1)
                first, last = spans[key]
                if (begins is None or begins <= first) and (ends is None or last <= ends):
                    found.setdefault(row, {}).setdefault(day, reason)
    return found


def _closed(registry: Registry, meter: MeterId) -> Iterator[Closed]:
    """Yield when the archive says that nothing may be drawn where a main meter hangs."""
    for placed in registry.installations_by_meter.get(meter, ()):
        point = placed.service_point
        if point is None or placed.role is not Role.MAIN:
            continue
        for suspension in registry.suspensions_by_point.get(point, ()):
            if suspension.kind is SuspensionKind.CLOSED:
                yield _within(
                    placed.starts_at, placed.ends_at, suspension.starts_at, suspension.ends_at, ACCOUNT
                )
        for begins, ends in _between_contracts(registry, point):
            yield _within(placed.starts_at, placed.ends_at, begins, ends, CONTRACT)


def _within(
    first: datetime | None, last: datetime | None, begins: datetime | None, ends: datetime | None, why: str
) -> Closed:
    froms = [instant for instant in (first, begins) if instant is not None]
    tos = [instant for instant in (last, ends) if instant is not None]
    return max(froms, default=None), min(tos, default=None), why


def _between_contracts(registry: Registry, point: str) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield the time after each contract that ended until the next begins; a point without any is unknown."""
    contracts = registry.contracts_by_point.get(point, ())
    for contract in contracts:
        end = contract.ends_at
        if end is None or any(
            other is not contract
            and (other.starts_at is None or other.starts_at <= end)
            and (other.ends_at is None or other.ends_at > end)
            for other in contracts
        ):
            continue
        later = [c.starts_at for c in contracts if c.starts_at is not None and c.starts_at > end]
        yield end, min(later, default=None)


def _open_relays(window: MeterMatrix) -> dict[MeterId, list[Closed]]:
    """Return when meters' own relays were open, as their trip and close events tell."""
    switched: dict[MeterId, list[tuple[datetime, bool]]] = {}
    for record in window.records.events:
        if record.event.kind in (EventKind.RELAY_TRIP, EventKind.RELAY_CLOSE):
            is_open = record.event.kind is EventKind.RELAY_TRIP
            switched.setdefault(record.meter, []).append((record.event.starts_at, is_open))
    found: dict[MeterId, list[Closed]] = {}
    for meter, switches in switched.items():
        ordered = sorted(set(switches))
        for (at, is_open), following in zip(ordered, [*ordered[1:], None], strict=True):
            if is_open:
                found.setdefault(meter, []).append((at, None if following is None else following[0], RELAY))
    return found
