"""Alarms (告警) as samples: what is open, what was delivered, what waits, and who watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pipeline.model import Severity
from services.metrics.exposition import Sample
from storage import alarm_figures as figures
from storage.alarm_figures import DeliveryFigures, IncidentFigures, Undelivered
from storage.database import Connection

GONE: Final = "(gone)"
"""The kind of a channel that is not in the archive any more."""


def alarm_samples(connection: Connection, now: datetime) -> Iterator[Sample]:
    """Ask and yield everything.

    Raises:
        StorageError: If the database is away.
    """
    yield from incident_samples(figures.open_incidents(connection))
    yield from delivery_samples(figures.deliveries(connection, now))
    yield from waiting_samples(figures.undelivered(connection, now))


def incident_samples(found: Sequence[IncidentFigures]) -> Iterator[Sample]:
    """Yield the open incidents, by severity and by whether somebody has taken them on."""
    for each in found:
        state = "acknowledged" if each.acknowledged else "new"
        labels = (Severity(each.severity).name.lower(), state)
        yield Sample("kilowatch_open_incidents", each.number, labels)


def delivery_samples(found: Sequence[DeliveryFigures]) -> Iterator[Sample]:
    """Yield what the attempts of the last hour came to, by the kind of channel."""
    for each in found:
        yield Sample("kilowatch_alarm_deliveries", each.number, (each.kind or GONE, each.outcome))


def waiting_samples(found: Undelivered) -> Iterator[Sample]:
    """Yield what waits to be sent, and how long ago somebody looked; if nobody ever did there is no age."""
    yield Sample("kilowatch_alarm_waiting_messages", found.waiting)
    yield Sample("kilowatch_alarm_oldest_waiting_seconds", found.oldest_age_s)
    if found.looked_age_s is not None:
        yield Sample("kilowatch_alarms_looked_age_seconds", found.looked_age_s)
