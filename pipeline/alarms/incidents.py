"""Turns signals into incidents, and those that are known into what they have become."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.alarms.causes import Rule
from pipeline.alarms.grouping import SignalGroup, grouped
from pipeline.alarms.model import Incident, IncidentState, Signal
from pipeline.model import Severity

_ID_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at the signals makes of the incidents."""

    incidents: Sequence[Incident]
    """Those that opened or may have changed, by id."""
    member_of: Mapping[str, str]
    """The incident of each signal that belongs to one."""


def incident_id(cause: str, first: Signal) -> str:
    """Return the id of an incident that begins with a signal: the same whenever it is worked out."""
    return hashlib.sha256(f"{cause}\n{first.id}".encode()).hexdigest()[:_ID_LENGTH]


def reconciled(
    signals: Iterable[Signal],
    known: Sequence[Incident],
    member_of: Mapping[str, str],
    now: datetime,
    began_at: datetime | None = None,
) -> Found:
    """Return what the incidents are now.

    Signals that are grouped together are one incident, and so are those that were one before: incidents grow
    and merge, and never fall apart. The oldest that is open keeps its id, and what people and channels know
    of it, else the oldest of all.

    Args:
        signals: All that go on, and those that ended lately; of known incidents all that belong to them.
        known: Incidents that are open or closed lately.
        member_of: The known incident of each signal that has one.
        now: By the clock: how long things have lasted.
        began_at: The first look of all. What opens later stays open for a while even where it is over when
            it is found, so that it is told; what the first look finds over is history. None for long ago.
    """
    old = {incident.id: incident for incident in known}
    found: list[Incident] = []
    members: dict[str, str] = {}
    for groups, ids in _joined(grouped(signals), {s: i for s, i in member_of.items() if i in old}):
        together = sorted((s for g in groups for s in g.signals), key=lambda s: (s.starts_at, s.id))
        before = sorted(
            (old[i] for i in ids), key=lambda i: (i.state is not IncidentState.OPEN, i.starts_at, i.id)
        )
        rule = groups[0].rule
        if not before and not any(_lasted(s, now) >= rule.opens_after for s in together):
            continue
        kept = before[0] if before else _opened(groups[0], together, now)
        is_history = began_at is not None and kept.opened_at <= began_at
        incident = _worked_out(kept, groups, together, now, None if is_history else kept.opened_at)
        if kept.state is IncidentState.CLOSED:
            new = {signal.id for signal in together if signal.id not in member_of}
            back = [s for s in together if s.ends_at is None or (s.id in new and _is_news(s, kept))]
            if any(_lasted(s, now) >= rule.opens_after for s in back):
                incident = _opened_again(incident, _severity(together, rule), now)
        found.append(incident)
        members |= {signal.id: incident.id for signal in together}
        found += [
            replace(
                other,
                state=IncidentState.MERGED,
                merged_into=incident.id,
                closed_at=other.closed_at or now,
                ends_at=other.ends_at or now,
            )
            for other in before[1:]
        ]
    return Found(incidents=sorted(found, key=lambda incident: incident.id), member_of=members)


def _joined(
    groups: Sequence[SignalGroup], member_of: Mapping[str, str]
) -> list[tuple[list[SignalGroup], set[str]]]:
    """Return groups joined where they share a known incident, each with the incidents that they share."""
    joined: list[tuple[list[SignalGroup], set[str]]] = []
    at: dict[str, int] = {}
    for group in groups:
        ids = {member_of[s.id] for s in group.signals if s.id in member_of}
        places = sorted({at[i] for i in ids if i in at})
        if not places:
            joined.append(([group], ids))
            target = len(joined) - 1
        else:
            target = places[0]
            joined[target][0].append(group)
            joined[target][1].update(ids)
            for other in places[1:]:
                joined[target][0].extend(joined[other][0])
                joined[target][1].update(joined[other][1])
                joined[other] = ([], set())
        at.update(dict.fromkeys(joined[target][1], target))
    return [part for part in joined if part[0]]


def _opened(group: SignalGroup, signals: Sequence[Signal], now: datetime) -> Incident:
    first = signals[0]
    return Incident(
        id=incident_id(group.rule.cause, first),
        cause=group.rule.cause,
        place=group.place,
        severity=first.severity,
        state=IncidentState.OPEN,
        starts_at=first.starts_at,
        ends_at=None,
        opened_at=now,
    )


def _worked_out(
    kept: Incident,
    groups: Sequence[SignalGroup],
    signals: Sequence[Signal],
    now: datetime,
    found_at: datetime | None,
) -> Incident:
    """Return an incident as its signals have it; its wait to close begins no sooner than ``found_at``."""
    rule = groups[0].rule
    ends = [signal.ends_at for signal in signals if signal.ends_at is not None]
    ends_at = None if len(ends) < len(signals) else max(ends)
    is_open = ends_at is None or now - max(ends_at, found_at or ends_at) < rule.closes_after
    places = {group.place for group in groups} | {kept.place}
    changed = replace(
        kept,
        place=kept.place if len(places) == 1 else "",
        starts_at=min(kept.starts_at, signals[0].starts_at),
        ends_at=ends_at,
        areas=tuple(sorted({s.area for s in signals if s.area is not None})),
        signals=len(signals),
        meters=len({s.meter for s in signals if s.meter is not None}),
        severity=max(kept.severity, _severity(signals, rule)),
    )
    if kept.state is IncidentState.CLOSED or is_open:
        return changed
    return replace(changed, state=IncidentState.CLOSED, closed_at=now)


def _opened_again(closed: Incident, severity: Severity, now: datetime) -> Incident:
    return replace(
        closed,
        state=IncidentState.OPEN,
        severity=severity,
        opened_at=now,
        closed_at=None,
        reopened=closed.reopened + 1,
        acknowledged_at=None,
    )


def _severity(signals: Sequence[Signal], rule: Rule) -> Severity:
    """Return how grave signals are that belong together, by those that go on if any does."""
    present = [signal for signal in signals if signal.ends_at is None] or signals
    at_once = len({signal.meter for signal in present if signal.meter is not None})
    return max(rule.severity_of(at_once), *(signal.severity for signal in present))


def _is_news(over: Signal, closed: Incident) -> bool:
    """Tell whether what was over when it was found is more than a closed incident was: later, or graver."""
    is_later = closed.ends_at is not None and over.starts_at > closed.ends_at
    return is_later or over.severity > closed.severity


def _lasted(signal: Signal, now: datetime) -> timedelta:
    return (signal.ends_at or now) - signal.starts_at
