"""Whether the API answers as fast when more meters have a year of quarter hours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import numpy as np

from pipeline.errors import ConfigError
from pipeline.timegrid import slot_start
from services.benchmarks.api import (
    A_YEAR_OF_LOAD,
    CLIENTS,
    METERS,
    YEAR,
    mixed_routes,
    seed_fleet,
    year_meters,
)
from services.benchmarks.asking_clients import quantile_rows, times_s
from services.benchmarks.rows import BenchRow, growing
from services.benchmarks.running_dashboard import running_dashboard
from services.benchmarks.servers import bench_database
from services.wiring import utc_now
from storage.benchmark_seed import analyze, compress_old_intervals, seed_intervals
from storage.database import Connection, connect
from storage.row_order import order_chunk, unordered_chunks

SECONDS: Final = 20.0
GOAL: Final = 0.5
"""However many meters have a year, one meter's may take at most twice as long as with the fewest."""


@growing.register("api")
def api_years(begin: Callable[[str], None], sizes: Sequence[int]) -> Sequence[BenchRow]:
    """Measure with each number of meters that have a year, in one archive of all the meters.

    Raises:
        ConfigError: If there are not so many meters.
        MissingPartError: If there is no server.
        NoAnswerError: If an answer is an error.
        StorageError: If the server does not let a database be made.
    """
    if max(sizes) > METERS:
        raise ConfigError(f"the archive of this benchmark has {METERS} meters: ask for at most so many")
    rows: list[BenchRow] = []
    medians_s: list[float] = []
    end = slot_start(utc_now(), 15)
    with bench_database() as url:
        with connect(url) as connection:
            seed_fleet(connection, end)
        years = 0
        for size in sorted(sizes):
            begin(f"writing a year of {size} meters")
            begun_s = time.perf_counter()
            with connect(url) as connection:
                slots = seed_intervals(connection, year_meters(years, size), end - YEAR, end)
                chunks = compress_old_intervals(connection) + _order_old(connection, end)
                analyze(connection)
            years = size
            name = f"{size} meters with a year"
            rows.append(BenchRow(what=f"{name}: rows written", value=slots))
            rows.append(BenchRow(what=f"{name}: writing them (s)", value=time.perf_counter() - begun_s))
            rows.append(BenchRow(what=f"{name}: chunks compressed, or laid by meter", value=chunks))
            begin(f"asking one client, then {CLIENTS}, for {SECONDS:.0f} s each")
            with running_dashboard(url, account=f"bench-{size}") as running:
                routes = partial(mixed_routes, end=end, years=size)
                alone = times_s(running, routes, clients=1, seconds=SECONDS)
                crowd = times_s(running, routes, clients=CLIENTS, seconds=SECONDS)
            rows += [row for route, s in alone.items() for row in quantile_rows(f"{name}: {route}, alone", s)]
            rows += [row for route, s in crowd.items() for row in quantile_rows(f"{name}: {route}", s)]
            medians_s.append(float(np.median(alone[A_YEAR_OF_LOAD])))
    rows.append(
        BenchRow(
            what="a year of one meter alone, most meters against fewest (ms)",
            value=medians_s[-1] * 1e3,
            limit=medians_s[0] * 1e3,
            goal=GOAL,
        )
    )
    return rows


def _order_old(connection: Connection, now: datetime) -> int:
    """Lay by meter what maintenance would; returns the chunks."""
    return sum(order_chunk(connection, chunk) for chunk in unordered_chunks(connection, now))
