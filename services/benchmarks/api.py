"""How fast the JSON API answers many clients at once, over 10 000 meters and a year of quarter hours."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import httpx
import numpy as np

from pipeline.errors import NoAnswerError
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, Schedule, ServicePoint
from pipeline.timegrid import slot_start
from services.benchmarks.rows import BenchRow, benchmarks
from services.benchmarks.running_dashboard import COOKIE, RunningDashboard, running_dashboard
from services.benchmarks.servers import bench_database
from services.wiring import utc_now
from storage.benchmark_seed import analyze, seed_electrical, seed_intervals
from storage.database import connect
from storage.registry import save_registry

METERS: Final = 10_000
METERS_OF_AREA: Final = 200
YEAR_METERS: Final = 100
"""So many have a year of quarter hours: of all 10 000 it would be 350 million rows."""
RECENT_DAYS: Final = 1
"""All of them have so many days of readings."""
CLIENTS: Final = 4
SECONDS: Final = 20.0
TIMEOUT_S: Final = 60.0
SEED: Final = 8000


@benchmarks.register("api")
def api(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure over a database of its own that is dropped afterwards.

    Raises:
        MissingPartError: If there is no server.
        NoAnswerError: If an answer is an error.
        StorageError: If the server does not let a database be made.
    """
    begin(f"writing {METERS} meters")
    now = utc_now()
    end = slot_start(now, 15)
    with bench_database() as url:
        with connect(url) as connection:
            save_registry(connection, _archive())
            begin("writing their readings")
            slots = seed_intervals(
                connection, [f"M-{n:05d}" for n in range(YEAR_METERS)], end - timedelta(days=365), end
            )
            readings = seed_electrical(connection, end - timedelta(days=RECENT_DAYS), end)
            analyze(connection)
        with running_dashboard(url) as running:
            begin(f"{CLIENTS} clients for {SECONDS:.0f} s")
            took_s = _asked(running, end)
    return [
        BenchRow(what="intervals in the database", value=slots),
        BenchRow(what="electrical readings in the database", value=readings),
        *(row for route, times in took_s.items() for row in _rows(route, times)),
        BenchRow(what="requests answered (1/s)", value=sum(map(len, took_s.values())) / SECONDS),
    ]


def _rows(route: str, times_s: Sequence[float]) -> list[BenchRow]:
    p50_ms, p95_ms = (float(v) * 1e3 for v in np.quantile(times_s, (0.5, 0.95)))
    return [
        BenchRow(what=f"{route}: p50 (ms)", value=p50_ms),
        BenchRow(what=f"{route}: p95 of {len(times_s)} (ms)", value=p95_ms),
    ]


def _archive() -> Registry:
    meters = [MeterId(f"M-{n:05d}") for n in range(METERS)]
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


def _routes(chance: random.Random, end: datetime) -> Mapping[str, str]:
    """Return one address of each kind, of a meter by chance."""
    meter = f"M-{chance.randrange(METERS):05d}"
    long_read = f"M-{chance.randrange(YEAR_METERS):05d}"

    def span(days: int, **more: str) -> str:
        return urlencode(
            {"since": (end - timedelta(days=days)).isoformat(), "until": end.isoformat(), **more}
        )

    return {
        "/api/meters?q= (100 of 10 000)": f"/api/meters?{urlencode({'q': meter[:5], 'limit': '100'})}",
        "/api/meters/{meter}": f"/api/meters/{meter}",
        "/api/meters/{meter}/values": f"/api/meters/{meter}/values",
        "/api/meters/{meter}/series, a day": f"/api/meters/{meter}/series?"
        + span(1, quantity="voltage_a", format="binary"),
        "/api/meters/{meter}/load, 30 days": f"/api/meters/{long_read}/load?" + span(30, format="binary"),
        "/api/meters/{meter}/load, a year": f"/api/meters/{long_read}/load?" + span(365, format="binary"),
        "/api/episodes": "/api/episodes",
    }


def _asked(running: RunningDashboard, end: datetime) -> Mapping[str, Sequence[float]]:
    """Ask mixed questions from several clients at once; returns seconds by route."""
    took_s: dict[str, list[float]] = defaultdict(list)
    refused: list[str] = []
    lock = threading.Lock()
    stops_at = time.monotonic() + SECONDS

    def client(number: int) -> None:
        chance = random.Random(SEED + number)  # noqa: S311 - which meter is asked about
        cookies = {COOKIE: running.token}
        with httpx.Client(base_url=running.address, cookies=cookies, timeout=TIMEOUT_S) as http:
            while time.monotonic() < stops_at and not refused:
                route, address = chance.choice(list(_routes(chance, end).items()))
                begun_s = time.perf_counter()
                answer = http.get(address)
                passed_s = time.perf_counter() - begun_s
                with lock:
                    took_s[route].append(passed_s)
                    if not answer.is_success:
                        refused.append(f"{address}: {answer.status_code} {answer.text[:200]}")

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise NoAnswerError(f"the dashboard refuses {refused[0]}")
    return dict(sorted(took_s.items()))
