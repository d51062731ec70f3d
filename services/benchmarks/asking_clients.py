"""Clients that ask a running dashboard one question after the other, each with its own dice."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import httpx
import numpy as np

from pipeline.errors import NoAnswerError
from services.benchmarks.rows import BenchRow
from services.benchmarks.running_dashboard import COOKIE, RunningDashboard

TIMEOUT_S: Final = 60.0
SEED: Final = 8000

Routes: TypeAlias = Callable[[random.Random], Mapping[str, str]]
"""Gives an address of each kind, by the name of the kind."""


def times_s(
    running: RunningDashboard, routes: Routes, *, clients: int, seconds: float
) -> Mapping[str, Sequence[float]]:
    """Ask mixed questions from several clients at once; returns the seconds of each answer by kind.

    Each client asks every kind once, in an order of chance, and goes on so until the time is over.

    Raises:
        NoAnswerError: If an answer is an error.
    """
    took_s: dict[str, list[float]] = defaultdict(list)
    refused: list[str] = []
    lock = threading.Lock()
    stops_at = time.monotonic() + seconds

    def client(number: int) -> None:
        chance = random.Random(SEED + number)  # noqa: S311 - which meter is asked about
        cookies = {COOKIE: running.token}
        with httpx.Client(base_url=running.address, cookies=cookies, timeout=TIMEOUT_S) as http:
            whole_rounds = 0
            while whole_rounds == 0 or time.monotonic() < stops_at:
                asked = list(routes(chance).items())
                chance.shuffle(asked)
                for route, address in asked:
                    if refused or (whole_rounds and time.monotonic() > stops_at):
                        return
                    begun_s = time.perf_counter()
                    answer = http.get(address)
                    passed_s = time.perf_counter() - begun_s
                    with lock:
                        took_s[route].append(passed_s)
                        if not answer.is_success:
                            refused.append(f"{address}: {answer.status_code} {answer.text[:200]}")
                whole_rounds += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise NoAnswerError(f"the dashboard refuses {refused[0]}")
    return dict(sorted(took_s.items()))


def quantile_rows(name: str, times: Sequence[float]) -> list[BenchRow]:
    """Return the median and the 95th percentile of some seconds as rows in milliseconds."""
    p50_ms, p95_ms = (float(v) * 1e3 for v in np.quantile(times, (0.5, 0.95)))
    return [
        BenchRow(what=f"{name}: p50 (ms)", value=p50_ms),
        BenchRow(what=f"{name}: p95 of {len(times)} (ms)", value=p95_ms),
    ]
