"""The overview: reading success, what is missing and why, what was found, every meter at a glance."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask, Asking
from dashboard.messages import Told, told
from dashboard.rendering import page
from dashboard.success import Success, silent_after, state_of, success, success_by
from pipeline.timegrid import local_day
from storage.dashboard_coverage import (
    CauseCount,
    MissingRun,
    coverage_counts,
    last_cycle_counts,
    missing_causes,
    missing_runs,
)
from storage.dashboard_episodes import EpisodeFilter, episode_cards, episode_counts
from storage.dashboard_queries import BusCard, MeterCard, bus_cards, meter_cards, schedule_intervals

router = APIRouter(include_in_schema=False)
MOST_METERS = 600
"""How many meters the wall of tiles shows; a larger fleet is searched on the page of meters."""
MOST_MISSING = 10
MOST_EPISODES = 8
LAST_CYCLE = timedelta(days=2)
"""How far back a bus's last cycle is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusLine:
    """A bus with today's and the last cycle's success."""

    card: BusCard
    today: Success
    last_cycle: Success


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A meter on the wall."""

    card: MeterCard
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that the overview shows, also given by the API."""

    today: Success
    last_cycle: Success
    newest_at: datetime | None
    meters: int
    buses: list[BusLine]
    profiles: dict[str | None, Success]
    profiles_last: dict[str | None, Success]
    causes: list[CauseCount]
    missing: list[MissingRun]
    open_by_severity: dict[int, int]
    undecided: int


@router.get("/", name="fleet", response_class=HTMLResponse)
def show_fleet(asking: Ask) -> HTMLResponse:
    """Show the overview."""
    silent = silent_after(schedule_intervals(asking.connection).values())
    cards = meter_cards(
        asking.connection,
        scope=asking.scope,
        now=asking.now,
        since=midnight(asking),
        limit=MOST_METERS,
    )
    walls: dict[str | None, list[Tile]] = defaultdict(list)
    states: dict[str, int] = defaultdict(int)
    for card in cards:
        state = state_of(card, now=asking.now, silent=silent)
        walls[card.bus].append(Tile(card=card, state=state))
        states[state] += 1
    return page(
        asking,
        "fleet.html",
        fleet=fleet_of(asking),
        walls=dict(sorted(walls.items(), key=lambda wall: (wall[0] is None, wall[0] or ""))),
        states=states,
        cut_off=len(cards) == MOST_METERS,
        silent=silent,
        episodes=_open_episodes(asking),
    )


def fleet_of(asking: Asking) -> Fleet:
    """Ask everything about the fleet as a whole; "today" begins at local midnight."""
    connection, scope, now, since = asking.connection, asking.scope, asking.now, midnight(asking)
    today = coverage_counts(connection, scope=scope, since=since, now=now)
    last = last_cycle_counts(connection, scope=scope, since=now - LAST_CYCLE, now=now)
    today_by_bus, last_by_bus = success_by(today, lambda c: c.bus), success_by(last, lambda c: c.bus)
    buses = bus_cards(connection, scope=scope, now=now)
    counts = [c for c in episode_counts(connection, scope=scope) if c.is_open]
    by_severity: dict[int, int] = defaultdict(int)
    for count in counts:
        if count.verdict == "abnormal":
            by_severity[count.severity] += count.episodes
    return Fleet(
        today=success(today),
        last_cycle=success(last),
        newest_at=max((b.newest_at for b in buses if b.newest_at is not None), default=None),
        meters=sum(b.meters for b in buses),
        buses=[
            BusLine(
                card=card,
                today=today_by_bus.get(card.bus, Success()),
                last_cycle=last_by_bus.get(card.bus, Success()),
            )
            for card in buses
        ],
        profiles=success_by(today, lambda c: c.profile),
        profiles_last=success_by(last, lambda c: c.profile),
        causes=missing_causes(connection, scope=scope, since=since, now=now),
        missing=missing_runs(connection, scope=scope, since=since, now=now, limit=MOST_MISSING),
        open_by_severity=dict(sorted(by_severity.items(), reverse=True)),
        undecided=sum(c.episodes for c in counts if c.verdict == "unknown"),
    )


def midnight(asking: Asking) -> datetime:
    """Return the start of the present local day."""
    zone = asking.formats.zone
    return local_day(asking.now.astimezone(zone).date(), zone)[0]


def _open_episodes(asking: Asking) -> list[Told]:
    wanted = EpisodeFilter(verdict="abnormal", is_open=True)
    cards = episode_cards(asking.connection, wanted, scope=asking.scope, limit=MOST_EPISODES)
    return [told(card, asking.formats) for card in cards]
