"""Areas and buses at a glance: the meters of each put together, with the one thing that matters most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis.line_loss import AreaDay, LossVerdict
from dashboard.area_words import AREA_STATES
from dashboard.meter_list import StatedMeter
from dashboard.success import Success, success_of
from storage.dashboard_queries import BusFacts
from storage.fleet_standings import MeterStanding

SILENT_SHARE = 0.1
"""From this share of silent meters an area is called silent: a concentrator or a street, not a meter."""
GOOD_RATE = 0.99
"""Below this reading success of today an area has gaps."""
LOSS_TO_LOOK_AT = frozenset({LossVerdict.HIGH, LossVerdict.NEGATIVE, LossVerdict.RISES})


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaGlance:
    """One area (台区) at a glance; ``area`` None stands for meters that belong to none."""

    area: str | None
    name: str
    state: str
    """A key of ``area_words.AREA_STATES``: the gravest thing that is true of it."""
    meters: int
    silent: int
    """Meters silent, or never read."""
    success: Success
    """Of the present day."""
    open_episodes: int
    loss: AreaDay | None
    """The last day whose loss is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusCard:
    """A bus and how many meters hang on it; a NULL bus stands for meters that push by themselves."""

    bus: str | None
    url: str | None
    collector: str | None
    """Who holds its lease now."""
    meters: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusLine:
    """A bus with today's and the last cycle's success."""

    card: BusCard
    today: Success
    last_cycle: Success


def area_glances(meters: Iterable[StatedMeter], losses: Mapping[str, Sequence[AreaDay]]) -> list[AreaGlance]:
    """Return every area that has a meter, the gravest first, then by name; ``losses`` are days by area."""
    by_area: dict[str | None, list[StatedMeter]] = defaultdict(list)
    for meter in meters:
        by_area[meter.standing.area].append(meter)
    glances = [_glance(area, own, losses.get(area or "", ())) for area, own in by_area.items()]
    gravity = {state: n for n, state in enumerate(AREA_STATES)}
    return sorted(glances, key=lambda g: (gravity[g.state], g.area is None, g.name))


def bus_lines(
    meters: Iterable[StatedMeter], facts: Mapping[str, BusFacts], last: Mapping[str | None, Success]
) -> list[BusLine]:
    """Return every bus that has a meter, by id; meters that push come last; ``last`` by bus."""
    by_bus: dict[str | None, list[MeterStanding]] = defaultdict(list)
    for meter in meters:
        by_bus[meter.standing.bus].append(meter.standing)
    return [
        BusLine(
            card=BusCard(
                bus=bus,
                url=None if (found := facts.get(bus or "")) is None else found.url,
                collector=None if found is None else found.collector,
                meters=len(own),
                newest_at=max((s.newest_at for s in own if s.newest_at is not None), default=None),
            ),
            today=success_of(own),
            last_cycle=last.get(bus, Success()),
        )
        for bus, own in sorted(by_bus.items(), key=lambda item: (item[0] is None, item[0] or ""))
    ]


def _glance(area: str | None, meters: Sequence[StatedMeter], days: Sequence[AreaDay]) -> AreaGlance:
    states = Counter(meter.state for meter in meters)
    reads = success_of(meter.standing for meter in meters)
    loss = next((day for day in reversed(days) if day.loss_percent is not None), None)
    silent = states["silent"] + states["never"]
    return AreaGlance(
        area=area,
        name=meters[0].standing.area_name or area or "",
        state=_state(states, len(meters), silent, reads, loss),
        meters=len(meters),
        silent=silent,
        success=reads,
        open_episodes=sum(meter.standing.open_episodes for meter in meters),
        loss=loss,
    )


def _state(states: Counter[str], meters: int, silent: int, reads: Success, loss: AreaDay | None) -> str:
    if states["critical"]:
        return "critical"
    if silent >= max(SILENT_SHARE * meters, 1):
        return "silent"
    if loss is not None and loss.verdict in LOSS_TO_LOOK_AT:
        return "loss"
    if states["major"]:
        return "major"
    return "gaps" if reads.rate is not None and reads.rate < GOOD_RATE else "good"
