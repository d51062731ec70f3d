"""Figures of alarms as samples, by hand."""

from __future__ import annotations

from services.metrics.alarms import delivery_samples, incident_samples, waiting_samples
from services.metrics.exposition import exposition
from storage.alarm_figures import DeliveryFigures, IncidentFigures, Undelivered


def test_incidents_and_deliveries_are_told_in_words() -> None:
    incidents = incident_samples(
        [
            IncidentFigures(severity=40, acknowledged=False, number=2),
            IncidentFigures(severity=20, acknowledged=True, number=1),
        ]
    )
    sent = delivery_samples(
        [
            DeliveryFigures(kind="dingtalk", outcome="sent", number=7),
            DeliveryFigures(kind=None, outcome="given up", number=1),
        ]
    )
    waiting = waiting_samples(Undelivered(waiting=3, oldest_age_s=90.0, looked_age_s=12.5))
    lines = exposition([*incidents, *sent, *waiting]).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'kilowatch_open_incidents{severity="critical",state="new"} 2.0',
        'kilowatch_open_incidents{severity="minor",state="acknowledged"} 1.0',
        'kilowatch_alarm_deliveries{kind="dingtalk",outcome="sent"} 7.0',
        'kilowatch_alarm_deliveries{kind="(gone)",outcome="given up"} 1.0',
        "kilowatch_alarm_waiting_messages 3.0",
        "kilowatch_alarm_oldest_waiting_seconds 90.0",
        "kilowatch_alarms_looked_age_seconds 12.5",
    ]


def test_where_nobody_ever_looked_there_is_no_age() -> None:
    names = {s.name for s in waiting_samples(Undelivered(waiting=0, oldest_age_s=0.0, looked_age_s=None))}
    assert names == {"kilowatch_alarm_waiting_messages", "kilowatch_alarm_oldest_waiting_seconds"}
