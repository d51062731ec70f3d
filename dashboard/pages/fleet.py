"""The overview: reading success, what is missing and why, what was found, every area at a glance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask, Asking
from dashboard.glance import AreaGlance, BusLine, area_glances, bus_lines
from dashboard.messages import Told, told
from dashboard.meter_list import StatedMeter, stated
from dashboard.rendering import page
from dashboard.success import Success, silent_after, success, success_by, success_of
from dashboard.words import AREA_STATES, STATES
from pipeline.timegrid import local_day
from storage.area_losses import area_days_stored
from storage.dashboard_coverage import (
    CauseCount,
    CoverageCount,
    MissingRun,
    last_cycle_counts,
    missing_causes,
    missing_runs,
)
from storage.dashboard_episodes import EpisodeFilter, episode_cards
from storage.dashboard_queries import bus_facts, schedule_intervals
from storage.fleet_standings import MeterStanding, meter_standings, open_episode_counts

router = APIRouter(include_in_schema=False)
MOST_METERS = 120
"""Up to so many meters each has a tile of its own; a larger fleet is seen by areas."""
MOST_AREAS = 300
MOST_BUSES = 12
"""How many buses are shown: the worst first."""
MOST_MISSING = 10
MOST_EPISODES = 8
LOSS_DAYS = 10
"""How far back the last known line loss of an area is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that the overview shows, also given by the API."""

    today: Success
    last_cycle: Success
    newest_at: datetime | None
    meters: int
    states: dict[str, int]
    buses: list[BusLine]
    areas: list[AreaGlance]
    profiles: dict[str | None, Success]
    profiles_last: dict[str | None, Success]
    causes: list[CauseCount]
    missing: list[MissingRun]
    open_by_severity: dict[int, int]
    undecided: int


@router.get("/", name="fleet", response_class=HTMLResponse)
def show_fleet(asking: Ask) -> HTMLResponse:
    """Show the overview."""
    meters = stated_meters(asking)
    fleet = _fleet(asking, meters)
    worst = sorted(fleet.buses, key=lambda line: 1.0 if line.today.rate is None else line.today.rate)
    return page(
        asking,
        "fleet.html",
        fleet=fleet,
        buses=fleet.buses if len(fleet.buses) <= MOST_BUSES else worst[:MOST_BUSES],
        collectors=Counter(line.card.collector for line in fleet.buses if line.card.bus),
        areas=fleet.areas[:MOST_AREAS],
        area_states={state: n for state in AREA_STATES if (n := sum(a.state == state for a in fleet.areas))},
        walls=_walls(meters) if len(meters) <= MOST_METERS else {},
        silent=_silent(asking),
        episodes=_open_episodes(asking),
    )


def fleet_of(asking: Asking) -> Fleet:
    """Ask everything about the fleet as a whole; "today" is each meter's own local day."""
    return _fleet(asking, stated_meters(asking))


def stated_meters(asking: Asking, *, search: str = "", area: str | None = None) -> list[StatedMeter]:
    """Ask how the meters stand that the caller may see, by id; all, or what is searched for."""
    silent = _silent(asking)
    standings = meter_standings(
        asking.connection, scope=asking.scope, now=asking.now, silent=silent, search=search, area=area
    )
    return stated(standings, now=asking.now, silent=silent)


def _fleet(asking: Asking, meters: Sequence[StatedMeter]) -> Fleet:
    connection, scope, now = asking.connection, asking.scope, asking.now
    last = last_cycle_counts(connection, scope=scope, now=now)
    buses = _buses(asking, meters, last)
    local = now.astimezone(asking.formats.zone).date()
    losses = area_days_stored(
        connection, scope=scope, first=local - timedelta(days=LOSS_DAYS), end=local + timedelta(days=1)
    )
    counts = open_episode_counts(connection, scope=scope)
    by_severity: dict[int, int] = defaultdict(int)
    for count in counts:
        if count.verdict == "abnormal":
            by_severity[count.severity] += count.episodes
    states = Counter(meter.state for meter in meters)
    return Fleet(
        today=success_of(meter.standing for meter in meters),
        last_cycle=success(last),
        newest_at=max((b.card.newest_at for b in buses if b.card.newest_at is not None), default=None),
        meters=len(meters),
        states={state: states[state] for state in STATES if state in states},
        buses=buses,
        areas=area_glances(meters, losses),
        profiles=_by_profile(meters),
        profiles_last=success_by(last, lambda c: c.profile),
        causes=missing_causes(connection, scope=scope, now=now),
        missing=missing_runs(connection, scope=scope, now=now, limit=MOST_MISSING),
        open_by_severity=dict(sorted(by_severity.items(), reverse=True)),
        undecided=sum(c.episodes for c in counts if c.verdict == "unknown"),
    )


def buses_of(asking: Asking) -> list[BusLine]:
    """Ask how the buses are read that have a meter which the caller may see."""
    last = last_cycle_counts(asking.connection, scope=asking.scope, now=asking.now)
    return _buses(asking, stated_meters(asking), last)


def _buses(asking: Asking, meters: Sequence[StatedMeter], last: Sequence[CoverageCount]) -> list[BusLine]:
    return bus_lines(meters, bus_facts(asking.connection), success_by(last, lambda c: c.bus))


def _by_profile(meters: Sequence[StatedMeter]) -> dict[str | None, Success]:
    profiles: dict[str | None, list[MeterStanding]] = defaultdict(list)
    for meter in meters:
        if meter.standing.due:
            profiles[meter.standing.profile].append(meter.standing)
    return {profile: success_of(own) for profile, own in sorted(profiles.items(), key=lambda p: p[0] or "")}


def _walls(meters: Sequence[StatedMeter]) -> dict[str | None, list[StatedMeter]]:
    """Return the meters by bus; those that push come last."""
    walls: dict[str | None, list[StatedMeter]] = defaultdict(list)
    for meter in meters:
        walls[meter.standing.bus].append(meter)
    return dict(sorted(walls.items(), key=lambda wall: (wall[0] is None, wall[0] or "")))


def _silent(asking: Asking) -> timedelta:
    return silent_after(schedule_intervals(asking.connection).values())


def midnight(asking: Asking) -> datetime:
    """Return the start of the present local day."""
    zone = asking.formats.zone
    return local_day(asking.now.astimezone(zone).date(), zone)[0]


def _open_episodes(asking: Asking) -> list[Told]:
    wanted = EpisodeFilter(verdict="abnormal", is_open=True)
    cards = episode_cards(asking.connection, wanted, scope=asking.scope, limit=MOST_EPISODES)
    return [told(card, asking.formats) for card in cards]
