"""Narrows, orders and counts the list of meters by what stands in the address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from dashboard.search_text import SearchText
from dashboard.success import state_of
from dashboard.words import STATES
from storage.fleet_standings import MeterStanding

NOWHERE = "-"
"""In the address: meters without an area, a bus or a profile."""
_GRAVITY: Mapping[str, int] = {state: n for n, state in enumerate(STATES)}
_EVER = datetime.min.replace(tzinfo=UTC)


class MeterOrder(StrEnum):
    """By what the list is ordered; the worst or the first comes first."""

    METER = "meter"
    STATE = "state"
    AREA = "area"
    BUS = "bus"
    PROFILE = "profile"
    MISSING = "missing"
    NEWEST = "newest"
    EPISODES = "episodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMeter:
    """A meter with the one word for its state."""

    standing: MeterStanding
    state: str


@dataclass(frozen=True, kw_only=True)
class MeterQuestion:
    """What the address narrows the list to."""

    q: SearchText = ""
    area: str = ""
    bus: str = ""
    profile: str = ""
    state: str = ""
    episodes: Literal["", "open"] = ""
    sort: MeterOrder = MeterOrder.METER
    turned: Literal["", "1"] = ""
    """Whether the order is turned round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterList:
    """The meters that a question finds, in its order."""

    meters: Sequence[StatedMeter]
    states: Mapping[str, int]
    """How many there are in each state, whichever state the question names; the gravest first."""


Key: TypeAlias = Callable[[StatedMeter], tuple[object, ...]]
_KEYS: Mapping[MeterOrder, Key] = {
    MeterOrder.METER: lambda m: (m.standing.meter,),
    MeterOrder.STATE: lambda m: (_GRAVITY[m.state],),
    MeterOrder.AREA: lambda m: (m.standing.area is None, m.standing.area_name or m.standing.area or ""),
    MeterOrder.BUS: lambda m: (m.standing.bus is None, m.standing.bus or "", m.standing.address or ""),
    MeterOrder.PROFILE: lambda m: (m.standing.profile is None, m.standing.profile or ""),
    MeterOrder.MISSING: lambda m: (m.standing.arrived - m.standing.due,),
    MeterOrder.NEWEST: lambda m: (m.standing.newest_at or _EVER,),
    MeterOrder.EPISODES: lambda m: (-m.standing.open_episodes,),
}


def stated(standings: Iterable[MeterStanding], *, now: datetime, silent: timedelta) -> list[StatedMeter]:
    """Return meters with their states."""
    return [StatedMeter(standing=s, state=state_of(s, now=now, silent=silent)) for s in standings]


def narrowed(meters: Iterable[StatedMeter], question: MeterQuestion) -> MeterList:
    """Return the meters that a question finds; its search is the storage's work."""
    fitting = [m for m in meters if _fits(m.standing, question)]
    counts = Counter(m.state for m in fitting)
    found = [m for m in fitting if question.state in ("", m.state)]
    found.sort(key=_KEYS[question.sort], reverse=bool(question.turned))
    return MeterList(meters=found, states={state: counts[state] for state in STATES if state in counts})


def _fits(standing: MeterStanding, question: MeterQuestion) -> bool:
    return (
        _is(standing.area, question.area)
        and _is(standing.bus, question.bus)
        and _is(standing.profile, question.profile)
        and (question.episodes == "" or standing.open_episodes > 0)
    )


def _is(value: str | None, wanted: str) -> bool:
    return wanted == "" or (value is None if wanted == NOWHERE else value == wanted)
