"""Alarms (告警): works out the incidents of what is wrong now, and files who is to be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pipeline.alarms.contents import content_of
from pipeline.alarms.incidents import reconciled
from pipeline.alarms.model import IncidentState, Planned, Signal, Source
from pipeline.alarms.planning import Book, planned
from pipeline.archive_records import WorkOrder
from pipeline.errors import ConfigError, DataError
from services.alarm_conditions import operation_signals
from services.alarm_delivery import Delivered, deliver, send_test
from services.alarm_settings import AlarmSettings
from services.flow_conditions import FlowsSeen, flows_seen
from services.persons import Person
from services.settings import Settings, load, load_settings
from services.wiring import utc_now
from storage.database import Connection, connect
from storage.incidents import (
    acknowledge_incident,
    episode_signals,
    known_signals,
    one_look,
    save_incidents,
    standing_incidents,
)
from storage.notifications import file_messages, told_of
from storage.operation import first_look, note_look
from storage.registry import load_alarm_book

LOOK_BACK: Final = timedelta(days=3)
"""Longer than any incident may wait to be opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look found."""

    open_incidents: int
    opened: int
    signals: int
    messages: int
    held: int
    elsewhere: bool = False
    """Another process was looking: nothing was done here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRun:
    """A look, and what was sent after it."""

    looked: Looked
    delivered: Delivered


def raise_alarms(
    settings: Settings | None = None, now: datetime | None = None, go_on: Callable[[], bool] = lambda: True
) -> AlarmRun:
    """Work out the incidents, file messages, and send what is due for as long as ``go_on`` says so.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away or refuses.
    """
    settings = settings or load_settings()
    alarm_settings = load(AlarmSettings)
    now = now or utc_now()
    flows = flows_seen(now)
    with connect(settings.require_database_url()) as connection:
        looked = look(connection, alarm_settings, now, flows)
        delivered = deliver(connection, settings, alarm_settings, go_on=go_on)
    return AlarmRun(looked=looked, delivered=delivered)


def look(
    connection: Connection, alarm_settings: AlarmSettings, now: datetime, flows: FlowsSeen | None = None
) -> Looked:
    """Work out the incidents and file the messages that are due, in one transaction.

    What Prefect's server says of ``flows`` is asked before: it may keep one waiting.

    Raises:
        StorageError: If the database is away or refuses; nothing is changed then.
    """
    with one_look(connection) as is_ours:
        if not is_ours:
            return Looked(open_incidents=0, opened=0, signals=0, messages=0, held=0, elsewhere=True)
        known = standing_incidents(connection, since=now - LOOK_BACK)
        stored = known_signals(connection, [incident.id for incident in known])
        began_at = first_look(connection, now)
        signals = _signals(connection, [signal for signal, _ in stored], began_at, now, flows)
        members = {signal.id: incident for signal, incident in stored if incident is not None}
        found = reconciled(signals, known, members, now, began_at)
        of_incident = _by_incident(signals, found.member_of)
        standing = [i for i in found.incidents if i.state is not IncidentState.MERGED]
        archive = load_alarm_book(connection)
        book = Book(
            routes=archive.alarm_routes,
            channels=archive.alarm_channels,
            orders=_by_point(archive.work_orders),
        )
        told = told_of(connection, [incident.id for incident in standing])
        plan = planned(standing, of_incident, book, told, now)
        save_incidents(
            connection,
            found.incidents,
            _changed(signals, stored, found.member_of),
            found.member_of,
            plan.held,
        )
        by_id = {incident.id: incident for incident in standing}
        zones = {route.id: route.zone for route in book.routes}

        def worded(message: Planned) -> Mapping[str, object]:
            return content_of(message, by_id, of_incident, zones[message.route], alarm_settings.dashboard_url)

        messages = file_messages(connection, [(m, worded(m)) for m in plan.due], now)  # type: ignore[misc]  # JSON
        note_look(connection, now)
    before = {incident.id for incident in known}
    return Looked(
        open_incidents=sum(i.state is IncidentState.OPEN for i in standing),
        opened=sum(i.id not in before for i in standing),
        signals=len(found.member_of),
        messages=messages,
        held=len(plan.held),
    )


def acknowledge(  # noqa: PLR0913 - who does what, and what they saw of it
    connection: Connection,
    incident: str,
    person: Person,
    now: datetime,
    note: str = "",
    *,
    seen: tuple[str | None, str | None] | None = None,
) -> None:
    """Write that somebody has taken an incident on: nobody else is told of it by escalation.

    Args:
        connection: The database.
        incident: Its id.
        person: Who takes it on; whoever did so first stays.
        now: When.
        note: What is being done; it takes the place of the note before, an empty one leaves it.
        seen: Who had taken it on and the note, when the person looked; None where nobody looked.

    Raises:
        DataError: If there is no such incident, or others stand there by now than were seen.
        StorageError: If the database is away or refuses.
    """
    said = note.strip() or None
    if not acknowledge_incident(connection, incident, by=person.shown, at=now, note=said, seen=seen):
        if seen is not None:
            raise DataError(f"somebody else has written at incident {incident!r} meanwhile: look at it again")
        raise DataError(f"there is no incident {incident!r}; 'kilowatch alarms list' shows them")


def try_channel(channel: str, language: str, settings: Settings | None = None) -> str:
    """Send a test over a channel of the archive, switched on or not, and return what was answered.

    Raises:
        ConfigError: If there is no such channel, or its server, token or secret is missing.
        DeliveryError: If it did not take the message.
        StorageError: If the database is away or refuses.
    """
    settings = settings or load_settings()
    with connect(settings.require_database_url()) as connection:
        channels = {c.id: c for c in load_alarm_book(connection).alarm_channels}
    if channel not in channels:
        known = ", ".join(channels) or "none yet: docs/alarms.md has an example"
        raise ConfigError(f"there is no [[alarm_channel]] {channel!r} in the archive; there are {known}")
    return send_test(channels[channel], language, settings, load(AlarmSettings), utc_now())


def _signals(
    connection: Connection,
    stored: Sequence[Signal],
    began_at: datetime,
    now: datetime,
    flows: FlowsSeen | None,
) -> list[Signal]:
    """Return all signals of this look: episodes, conditions of operation, and known ones that are over."""
    episodes = [signal for signal in stored if signal.source is Source.EPISODE]
    found = episode_signals(connection, since=now - LOOK_BACK, known=[signal.id for signal in episodes])
    going_on = [s for s in stored if s.source is Source.OPERATION and s.ends_at is None]
    found += operation_signals(connection, going_on, began_at, now, flows)
    here = {signal.id for signal in found}
    # Withdrawn or rejected episodes end now; conditions that ended before stay as they are.
    found += [
        signal if signal.ends_at is not None else replace(signal, ends_at=max(now, signal.starts_at))
        for signal in stored
        if signal.id not in here
    ]
    return found


def _changed(
    signals: Iterable[Signal], stored: Iterable[tuple[Signal, str | None]], member_of: Mapping[str, str]
) -> list[Signal]:
    """Return the signals to keep that are not kept as they are; episodes of no incident stand elsewhere."""
    before = {signal.id: (signal, incident) for signal, incident in stored}
    return [
        signal
        for signal in signals
        if (signal.id in member_of or signal.source is Source.OPERATION)
        and before.get(signal.id) != (signal, member_of.get(signal.id))
    ]


def _by_incident(signals: Iterable[Signal], member_of: Mapping[str, str]) -> dict[str, Sequence[Signal]]:
    found: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.id in member_of:
            found[member_of[signal.id]].append(signal)
    return dict(found)


def _by_point(orders: Iterable[WorkOrder]) -> dict[str, Sequence[WorkOrder]]:
    found: dict[str, list[WorkOrder]] = defaultdict(list)
    for order in orders:
        found[order.service_point].append(order)
    return dict(found)
