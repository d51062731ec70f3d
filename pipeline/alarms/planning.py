"""Says who is told what now: routes, escalation, holds, and nothing twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.alarms.holds import Window, maintenance, quiet_until
from pipeline.alarms.model import Held, HeldBy, Incident, IncidentState, Occasion, Planned, Signal, Told
from pipeline.alarms.records import AlarmChannel, AlarmRoute
from pipeline.archive_records import WorkOrder

MOST_SINGLE = 5
"""When more than so many messages are due on one channel at once, they go as one digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What the archive says of telling."""

    routes: Sequence[AlarmRoute] = ()
    channels: Sequence[AlarmChannel] = ()
    orders: Mapping[str, Sequence[WorkOrder]] = field(default_factory=dict)
    """Work orders by service point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is due, and what would be."""

    due: Sequence[Planned]
    held: Sequence[Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    route: AlarmRoute
    told: Told


def planned(
    incidents: Iterable[Incident],
    signals_of: Mapping[str, Sequence[Signal]],
    book: Book,
    told: Collection[Told],
    now: datetime,
) -> Plan:
    """Return the messages that are due at ``now``.

    Args:
        incidents: Those that are open or closed lately.
        signals_of: The signals of each.
        book: Routes, channels and work orders.
        told: All that was told of these incidents, sent or about to be: none of it becomes due again.
        now: By the clock.
    """
    due: list[_Due] = []
    held: list[Held] = []
    heard: dict[tuple[str, int], list[Told]] = {}
    for one in told:
        heard.setdefault((one.incident, one.reopened), []).append(one)
    for incident in sorted(incidents, key=lambda i: (i.starts_at, i.id)):
        mine = heard.get((incident.id, incident.reopened), [])
        signals = signals_of.get(incident.id, ())
        window = maintenance(signals, book.orders, now)
        for route in _fitting(incident, signals, book.routes):
            for channel in _channels(route, book.channels):
                occasion = _occasion(incident, route, [t for t in mine if t.channel == channel])
                if occasion is None:
                    continue
                hold = _hold(incident, route, occasion, window, now)
                if hold is not None:
                    held.append(hold)
                    continue
                news = Told(
                    incident=incident.id,
                    channel=channel,
                    occasion=occasion,
                    reopened=incident.reopened,
                    severity=incident.severity,
                )
                mine.append(news)
                due.append(_Due(route=route, told=news))
    return Plan(due=list(_messages(due)), held=list(dict.fromkeys(held)))


def _fitting(
    incident: Incident, signals: Sequence[Signal], routes: Iterable[AlarmRoute]
) -> Iterator[AlarmRoute]:
    """Yield the routes of an incident, those without delay first, so that they speak for a shared channel."""
    names = {incident.cause, *(signal.what for signal in signals)}
    for route in sorted(routes, key=lambda route: (route.after_min, route.id)):
        if (
            route.enabled
            and incident.severity >= route.at_least.severity
            and (not route.areas or set(route.areas) & set(incident.areas))
            and (not route.causes or set(route.causes) & names)
        ):
            yield route


def _channels(route: AlarmRoute, channels: Iterable[AlarmChannel]) -> Iterator[str]:
    for channel in sorted(channels, key=lambda channel: channel.id):
        if channel.enabled and (channel.id in route.channels or channel.team in route.teams):
            yield channel.id


def _occasion(incident: Incident, route: AlarmRoute, heard: Sequence[Told]) -> Occasion | None:
    """Return what a channel has yet to hear of an incident."""
    if incident.state is IncidentState.OPEN:
        if heard:
            is_worse = incident.severity > max(t.severity for t in heard)
            return Occasion.WORSE if is_worse else None
        # Somebody has it in hand, which ends the escalation; a route without delay is for what is so grave.
        if incident.acknowledged_at is not None and route.after_min:
            return None
        return Occasion.REOPENED if incident.reopened else Occasion.OPENED
    if incident.state is IncidentState.CLOSED and route.tell_end and heard:
        return None if any(t.occasion is Occasion.ENDED for t in heard) else Occasion.ENDED
    return None


def _hold(
    incident: Incident, route: AlarmRoute, occasion: Occasion, window: Window | None, now: datetime
) -> Held | None:
    begins = incident.opened_at + timedelta(minutes=route.after_min)
    if occasion in (Occasion.OPENED, Occasion.REOPENED) and now < begins:
        return Held(incident=incident.id, route=route.id, by=HeldBy.ESCALATION, until=begins)
    if window is not None:
        return Held(incident=incident.id, route=route.id, by=HeldBy.MAINTENANCE, until=window.until)
    quiet = quiet_until(route, incident.severity, now)
    if quiet is not None:
        return Held(incident=incident.id, route=route.id, by=HeldBy.QUIET_HOURS, until=quiet)
    return None


def _messages(due: Sequence[_Due]) -> Iterator[Planned]:
    """Yield a message each, or a digest where one channel would get too many."""
    of_channel: dict[str, list[_Due]] = {}
    for one in due:
        of_channel.setdefault(one.told.channel, []).append(one)
    for channel, all_of_it in sorted(of_channel.items()):
        bundles = [all_of_it] if len(all_of_it) > MOST_SINGLE else [[one] for one in all_of_it]
        for bundle in bundles:
            yield Planned(
                channel=channel,
                route=bundle[0].route.id,
                language=bundle[0].route.language,
                about=tuple(one.told for one in bundle),
            )
