"""One meter: its plate, its curves, its newest values, its coverage, its episodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard.asked_times import AskedDay
from dashboard.asking import Ask, Asking
from dashboard.charts import load_chart, stretches_of, suspension_stretches, voltage_chart
from dashboard.curves import ACTUAL, import_of
from dashboard.failures import NotFoundError
from dashboard.messages import Told, told
from dashboard.month_files import month_files
from dashboard.pages.fleet import midnight
from dashboard.rendering import page, reader
from dashboard.shown_values import ShownValue, shown_values
from dashboard.sides import ratio_of
from dashboard.spans import Span, span_of
from dashboard.success import silent_after, state_of
from dashboard.words import marked
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.timegrid import local_day
from services.clocks import ClockState, clock_states
from storage.dashboard_coverage import CoverageDay, coverage_days, missing_reads
from storage.dashboard_episodes import EpisodeFilter, episode_cards
from storage.dashboard_queries import (
    MeterCard,
    contract_of,
    meter_cards,
    schedule_intervals,
    suspensions_of,
)
from storage.finals import finest_settled_series
from storage.protected_supply import ProtectedMeter, protected_meters

router = APIRouter(include_in_schema=False)
COVERAGE_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """What the intervals of a span add up to, primary side."""

    total_kwh: float
    max_kw: float
    max_at: datetime
    slots: int
    """Slots that a whole span would have."""
    known: int
    estimated: int


@router.get("/meters/{meter}", name="meter", response_class=HTMLResponse)
def show_meter(
    asking: Ask, meter: str, days: Literal["1", "7", "30"] = "7", last: AskedDay | None = None
) -> HTMLResponse:
    """Show one meter over ``days`` local days up to and including ``last``."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    span = span_of(int(days), last, now=asking.now, zone=f.zone)
    schedules = schedule_intervals(asking.connection)
    since = local_day(asking.now.astimezone(f.zone).date() - timedelta(days=COVERAGE_DAYS - 1), f.zone)[0]
    episodes = _episodes(asking, meter)
    suspensions = suspensions_of(asking.connection, card.service_point) if card.service_point else []
    marked_stretches = stretches_of(
        episodes, now=asking.now, suspensions=suspension_stretches(suspensions, f, asking.now)
    )
    return page(
        asking,
        "meter.html",
        f=f,
        card=card,
        ratio=ratio_of(card),
        state=state_of(card, now=asking.now, silent=silent_after(schedules.values())),
        span=span,
        files=month_files(meter, card.wiring, span.last, now=asking.now, zone=f.zone),
        energy=energy_of(asking, meter, span),
        charts=[
            draw(card, f, since=span.since, until=span.until, stretches=marked_stretches)
            for draw in (load_chart, voltage_chart)
        ],
        values=_values_by_group(asking, meter, schedules),
        clock=_clock(asking, meter),
        coverage=_by_day(
            coverage_days(
                asking.connection, meter, scope=asking.scope, since=since, now=asking.now, zone=f.zone
            )
        ),
        missing=missing_reads(
            asking.connection, scope=asking.scope, since=since, now=asking.now, meters=[meter], limit=8
        ),
        episodes=episodes,
        contract=contract_of(asking.connection, card.service_point, now=asking.now)
        if card.service_point
        else None,
        suspensions=suspensions,
        protections=protections_at(asking, [card.service_point] if card.service_point else []),
    )


def meter_card(asking: Asking, meter: str) -> MeterCard:
    """Return one meter.

    Raises:
        NotFoundError: If it does not exist or the caller may not see it.
    """
    cards = meter_cards(
        asking.connection, scope=asking.scope, now=asking.now, since=midnight(asking), meters=[meter], limit=1
    )
    if not cards:
        raise NotFoundError(
            marked("No such meter in the archive. Search the list of meters, or import the registry.")
        )
    return cards[0]


def protections_at(asking: Asking, service_points: Collection[str]) -> Mapping[str, ProtectedMeter]:
    """Return why supplies are not taken away now, by service point; of points that the caller was shown."""
    filed = protected_meters(asking.connection, now=asking.now, service_points=service_points)
    return {each.service_point: each for each in reversed(filed)}


def energy_of(asking: Asking, meter: str, span: Span) -> Energy | None:
    """Add up a span's intervals; None where there are none."""
    minutes, seconds, kwh, quality = import_of(
        finest_settled_series(
            asking.connection,
            scope=asking.scope,
            starts_at=span.since,
            ends_at=span.until,
            meters=[MeterId(meter)],
        )
    )
    known = ~np.isnan(kwh)
    if not known.any():
        return None
    peak = int(np.nanargmax(kwh))
    return Energy(
        total_kwh=float(np.nansum(kwh)),
        max_kw=float(kwh[peak]) * 60.0 / minutes,
        max_at=datetime.fromtimestamp(seconds[peak], span.zone),
        slots=max(int((min(span.until, asking.now) - span.since) / timedelta(minutes=minutes)), len(kwh)),
        known=int(known.sum()),
        estimated=int((known & ~np.isin(quality, sorted(ACTUAL))).sum()),
    )


def _episodes(asking: Asking, meter: str) -> list[Told]:
    cards = episode_cards(asking.connection, EpisodeFilter(meter=meter), scope=asking.scope, limit=20)
    return [told(card, asking.formats) for card in cards]


def _clock(asking: Asking, meter: str) -> ClockState | None:
    states = clock_states(asking.connection, scope=asking.scope, now=asking.now, meters=[MeterId(meter)])
    return states[0] if states else None


def _values_by_group(asking: Asking, meter: str, schedules: dict[str, int]) -> dict[Group, list[ShownValue]]:
    groups: dict[Group, list[ShownValue]] = {}
    for shown in shown_values(asking, meter, schedules):
        groups.setdefault(shown.value.quantity.group, []).append(shown)
    order = (Group.ELECTRICAL, Group.REGISTER, Group.DEMAND, Group.STATISTICS, Group.DEVICE)
    return {group: groups[group] for group in order if group in groups}


def _by_day(days: list[CoverageDay]) -> dict[date, dict[str, CoverageDay]]:
    table: dict[date, dict[str, CoverageDay]] = {}
    for entry in days:
        table.setdefault(entry.day, {})[entry.quantity_group] = entry
    return table
