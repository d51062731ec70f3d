"""What a collector counts, and where it stands for others to see: in the database, for the dashboard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from collectors.scheduler import Scheduler
from pipeline.errors import StorageError
from services.bus_reading import Station
from services.counters import Counters, Told
from services.home_assistant import Announcer
from services.landing import Landing
from services.store import QUEUE_MOST
from storage.collector_states import CollectorState, save_collector_state
from storage.database import connect

_log = logging.getLogger("kilowatch.counters")


def keep_collector_state(database_url: str, process: str, started_at: datetime, told: Told) -> None:
    """Replace what the process told before; a database that is away is told of in the log, no more."""
    state = CollectorState(
        process=process,
        started_at=started_at,
        told_at=datetime.fromisoformat(told["at"]),
        counters={section: counted for section, counted in told.items() if section != "at"},
    )
    try:
        with connect(database_url) as connection:
            save_collector_state(connection, state)
    except StorageError as error:
        _log.warning("the database has no counters of this process: %s", error)


def collector_counters(
    keep: Callable[[Told], None],
    landing: Landing,
    station: Station,
    scheduler: Scheduler,
    announcer: Announcer | None,
) -> Counters:
    """Return what tells the counters of a collector; who listens to MQTT adds its own."""
    counters = Counters(landing.counters_file, keep)
    counters.add("landing", lambda: landing.counters)
    counters.add("queue", lambda: {"waiting": station.store.waiting, "room": QUEUE_MOST})
    counters.add("buses", scheduler.counters)
    if announcer is not None:
        counters.add("told", lambda: {"dropped": announcer.dropped})
    return counters
