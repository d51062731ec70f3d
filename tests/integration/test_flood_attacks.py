"""Attacks on the web server by what is too long, too deep, too slow or too many, counted in the last line."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from psycopg_pool import ConnectionPool

from dashboard.cookies import SESSION
from dashboard.slow_clients import PatientProtocol
from tests.fix_web_attacks import LONGEST_S, TRIED, HastyProtocol, address_of, attackable, filled, served
from tests.integration.attacks import changing, routes
from tests.tester import TESTERS_TOKEN

pytestmark = pytest.mark.usefixtures("attacks_told")


class EnduringProtocol(PatientProtocol):
    """The same with a patience that no test outlasts."""

    takes_again_within_s = 600.0


def test_a_body_that_is_too_long_is_refused_by_every_route_that_takes_one(attacker: httpx.Client) -> None:
    for route in routes():
        for method in changing(route):
            answer = attacker.request(method, filled(route.path), content=b"x" * (1 << 21))
            TRIED["oversized body"] += 1
            assert answer.status_code == 413, route.path


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_a_body_nested_without_end_is_refused(attacker: httpx.Client, depth: int) -> None:
    for body in (b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth):
        answer = attacker.post(
            "/api/cases/nobody/feedback", content=body, headers={"Content-Type": "application/json"}
        )
        TRIED["nested body"] += 1
        assert answer.status_code in {400, 404, 422}


def test_heads_and_addresses_that_are_too_long_are_refused(raw_attacker: http.client.HTTPConnection) -> None:
    long = "x" * 100_000
    for path, headers in (
        (f"/api/meters?q={long}", {}),
        ("/api/meters", {"X-Long": long}),
        ("/api/meters", {"Cookie": long}),
        ("/api/meters", {f"X-{n}": "x" * 100 for n in range(1000)}),
    ):
        TRIED["oversized head"] += 1
        try:
            raw_attacker.request("GET", path, headers=headers)
            assert raw_attacker.getresponse().status in {400, 414, 431}
        except (ConnectionError, http.client.HTTPException):
            pass  # refused before all of it was sent
        raw_attacker.close()


def test_slow_senders_are_let_go_and_hold_up_nobody(attacked: str, attacker: httpx.Client) -> None:
    head = f"GET /api/meters HTTP/1.1\r\nHost: x\r\nCookie: {SESSION}={TESTERS_TOKEN}\r\n"
    body = head.replace("GET /api/meters", "POST /api/cases/x/feedback") + "Content-Length: 1000\r\n\r\n{"
    with ExitStack() as stack:
        waiting = [stack.enter_context(_opened(attacked)) for _ in range(300)]
        for n, each in enumerate(waiting):
            each.sendall(("", head, body)[n % 3].encode())
            TRIED["slow client"] += 1
        began = time.monotonic()
        assert attacker.get("/api/meters").status_code == 200
        assert time.monotonic() - began < HastyProtocol.request_within_s
        for each in waiting:
            each.settimeout(LONGEST_S)
            assert _is_closed(each)


def test_who_takes_nothing_of_an_answer_keeps_no_connection_of_the_database(
    attacked: str, city_url: str
) -> None:
    del attacked  # the city of the other attacks, served by an application whose pool can be looked at
    app = attackable(city_url)
    pool: ConnectionPool = app.state.dashboard.pool
    asked = (
        f"GET /api/export/readings?since=2026-10-21T00:00:00Z&until=2026-11-20T00:00:00Z&quantity=voltage_a "
        f"HTTP/1.1\r\nHost: x\r\nCookie: {SESSION}={TESTERS_TOKEN}\r\n\r\n"
    )
    with served(app, EnduringProtocol) as server, ExitStack() as stack:
        waiting = [stack.enter_context(_opened(address_of(server), buffer_bytes=2048)) for _ in range(20)]
        for each in waiting:
            each.sendall(asked.encode())
            TRIED["slow reader"] += 1
        for each in waiting:
            each.settimeout(LONGEST_S)
            assert each.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"
        # Each answer is under way and waits for its reader, and none of them holds a connection.
        _wait_until(lambda: _held_up(server) == len(waiting) and _is_all_there(pool))


def test_many_connections_at_once_are_all_answered(attacked: str) -> None:
    statuses: Counter[int] = Counter()

    def ask() -> None:
        for _ in range(5):
            with httpx.Client(base_url=attacked, cookies={SESSION: TESTERS_TOKEN}, timeout=60) as own:
                statuses[own.get("/api/meters?limit=1").status_code] += 1

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    TRIED["parallel connection"] += 200
    assert statuses.total() == 200
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 100


def _held_up(server: uvicorn.Server) -> int:
    """How many answers wait until their reader takes more."""
    flows = [getattr(each, "flow", None) for each in server.server_state.connections]
    return sum(flow is not None and flow.write_paused for flow in flows)


def _is_all_there(pool: ConnectionPool) -> bool:
    """Tell whether the pool has every connection, and nobody waits for one."""
    stats = pool.get_stats()
    return stats["pool_available"] == stats["pool_size"] > 0 and not stats["requests_waiting"]


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def _opened(address: str, buffer_bytes: int | None = None) -> Iterator[socket.socket]:
    parts = urlsplit(address)
    with socket.socket() as opened:
        if buffer_bytes is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        opened.connect((parts.hostname, parts.port))
        yield opened


def _is_closed(opened: socket.socket) -> bool:
    """Wait until the other side lets go."""
    try:
        while opened.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True
