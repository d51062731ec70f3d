"""What a message says: facts of incidents as a JSON document, the same at every attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.alarms.model import Incident, Planned, Signal
from pipeline.model import Json

MOST_LISTED = 20
"""Areas of an incident, and incidents of a digest, that are listed; the rest is counted."""
DIGEST = "digest"
TEST = "test"


def content_of(
    message: Planned,
    incidents: Mapping[str, Incident],
    signals_of: Mapping[str, Sequence[Signal]],
    zone: ZoneInfo,
    pages: str | None,
) -> dict[str, Json]:
    """Return what a planned message says.

    Args:
        message: About which incidents.
        incidents: By id.
        signals_of: Of each of them.
        zone: In which times are shown.
        pages: The address of the dashboard; None where nobody told it.
    """
    if len(message.about) == 1:
        (told,) = message.about
        incident = incidents[told.incident]
        return {
            "occasion": told.occasion.value,
            "zone": zone.key,
            "incident": incident_facts(incident, signals_of.get(incident.id, ()), pages),
        }
    ordered = sorted(message.about, key=lambda t: (-t.severity, incidents[t.incident].opened_at, t.incident))
    listed = [
        {
            "occasion": told.occasion.value,
            **incident_facts(incidents[told.incident], signals_of.get(told.incident, ()), pages),
        }
        for told in ordered[:MOST_LISTED]
    ]
    return {
        "occasion": DIGEST,
        "zone": zone.key,
        "severity": int(ordered[0].severity),
        "count": len(ordered),
        "incidents": listed,
        "url": None if pages is None else f"{pages.rstrip('/')}/incidents",
    }


def incident_facts(incident: Incident, signals: Sequence[Signal], pages: str | None) -> dict[str, Json]:
    """Return an incident as a JSON object."""
    return {
        "id": incident.id,
        "cause": incident.cause,
        "place": incident.place,
        "severity": int(incident.severity),
        "state": incident.state.value,
        "starts_at": incident.starts_at.isoformat(),
        "ends_at": None if incident.ends_at is None else incident.ends_at.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "reopened": incident.reopened,
        "areas": list(incident.areas[:MOST_LISTED]),
        "areas_in_all": len(incident.areas),
        "signals": incident.signals,
        "meters": incident.meters,
        "kinds": dict(sorted(Counter(signal.what for signal in signals).items())),
        "url": None if pages is None else f"{pages.rstrip('/')}/incidents/{incident.id}",
    }


def event_document(content: Mapping[str, Json], at: datetime) -> dict[str, Json]:
    """Return the JSON of webhooks and MQTT: type, timestamp and data, as Standard Webhooks has them."""
    kind = content["occasion"]
    return {"type": f"incident.{kind}", "timestamp": at.isoformat(), "data": dict(content)}
