"""How fast the JSON API answers many clients at once, over 10 000 meters and a year of quarter hours."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, Schedule, ServicePoint
from pipeline.timegrid import slot_start
from services.benchmarks.asking_clients import quantile_rows, times_s
from services.benchmarks.rows import BenchRow, benchmarks
from services.benchmarks.running_dashboard import running_dashboard
from services.benchmarks.servers import bench_database
from services.wiring import utc_now
from storage.benchmark_seed import analyze, seed_coverage, seed_electrical, seed_intervals
from storage.database import Connection, connect
from storage.registry import save_registry

METERS: Final = 10_000
METERS_OF_AREA: Final = 200
YEAR_METERS: Final = 100
"""So many have a year of quarter hours; of more: ``kilowatch bench api --meters 1000,10000``."""
YEAR: Final = timedelta(days=365)
RECENT_DAYS: Final = 1
"""All of them have so many days of readings."""
CLIENTS: Final = 4
SECONDS: Final = 20.0
A_YEAR_OF_LOAD: Final = "/api/meters/{meter}/load, a year"


@benchmarks.register("api")
def api(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure over a database of its own that is dropped afterwards.

    Raises:
        MissingPartError: If there is no server.
        NoAnswerError: If an answer is an error.
        StorageError: If the server does not let a database be made.
    """
    end = slot_start(utc_now(), 15)
    with bench_database() as url:
        with connect(url) as connection:
            begin(f"writing {METERS} meters and their readings")
            readings = seed_fleet(connection, end)
            begin(f"writing a year of {YEAR_METERS} meters")
            slots = seed_intervals(connection, year_meters(0, YEAR_METERS), end - YEAR, end)
            analyze(connection)
        with running_dashboard(url) as running:
            begin(f"one client, then {CLIENTS}, for {SECONDS:.0f} s each")
            routes = partial(mixed_routes, end=end, years=YEAR_METERS)
            alone_s, took_s = (
                times_s(running, routes, clients=clients, seconds=SECONDS) for clients in (1, CLIENTS)
            )
    return [
        BenchRow(what="intervals in the database", value=slots),
        BenchRow(what="electrical readings in the database", value=readings),
        *(row for route, times in took_s.items() for row in quantile_rows(route, times)),
        *(row for route, times in alone_s.items() for row in quantile_rows(f"{route}, alone", times)),
        BenchRow(what="requests answered (1/s)", value=sum(map(len, took_s.values())) / SECONDS),
    ]


def seed_fleet(connection: Connection, end: datetime) -> int:
    """Fill the archive of all the meters and their readings of the last day; returns the readings."""
    save_registry(connection, _fleet_archive())
    readings = seed_electrical(connection, end - timedelta(days=RECENT_DAYS), end)
    seed_coverage(connection)
    return readings


def year_meters(start: int, stop: int) -> Sequence[MeterId]:
    """Return the meters with these numbers, from 0 on."""
    return [MeterId(f"M-{n:05d}") for n in range(start, stop)]


def mixed_routes(chance: random.Random, end: datetime, years: int) -> Mapping[str, str]:
    """Return one address of each kind, of a meter by chance, of load one of the ``years`` first."""
    meter = f"M-{chance.randrange(METERS):05d}"
    load = f"/api/meters/M-{chance.randrange(years):05d}/load?"
    return {
        "/api/meters?q= (100 of 10 000)": f"/api/meters?{urlencode({'q': meter[:5], 'limit': '100'})}",
        "/api/meters/{meter}": f"/api/meters/{meter}",
        "/api/meters/{meter}/values": f"/api/meters/{meter}/values",
        "/api/meters/{meter}/series, a day": f"/api/meters/{meter}/series?"
        + span(end, 1, quantity="voltage_a", format="binary"),
        "/api/meters/{meter}/load, 30 days": load + span(end, 30, format="binary"),
        A_YEAR_OF_LOAD: load + span(end, 365, format="binary"),
        "/api/episodes": "/api/episodes",
        "/meters (page of 10 000)": "/meters",
    }


def _fleet_archive() -> Registry:
    """Return an archive of all the meters, each with a place."""
    meters = year_meters(0, METERS)
    return Registry(
        areas=[Area(id=f"TA-{n:03d}") for n in range(-(-METERS // METERS_OF_AREA))],
        meters=[Meter(id=meter) for meter in meters],
        service_points=[
            ServicePoint(id=f"SP-{n:05d}", area=f"TA-{n // METERS_OF_AREA:03d}") for n in range(METERS)
        ],
        installations=[
            Installation(meter=meter, service_point=f"SP-{n:05d}") for n, meter in enumerate(meters)
        ],
        schedules=[Schedule(group="electrical", every_s=900)],
    )


def span(end: datetime, days: int, **more: str) -> str:
    """Return the query for so many days up to ``end``."""
    return urlencode({"since": (end - timedelta(days=days)).isoformat(), "until": end.isoformat(), **more})
