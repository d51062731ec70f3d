"""A server with open streams stops at once."""

from __future__ import annotations

import threading
import time

import httpx
import uvicorn

from dashboard.app import create_app
from dashboard.cookies import SESSION
from dashboard.server import GRACE_S, DashboardServer
from tests.tester import TESTERS_TOKEN, let_in


def test_an_open_stream_does_not_hold_up_the_stop(plain_database_url: str) -> None:
    app = create_app(plain_database_url)
    let_in(app)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")
    server = DashboardServer(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    address, cookies = f"http://127.0.0.1:{port}", {SESSION: TESTERS_TOKEN}
    with (
        httpx.Client(base_url=address, cookies=cookies, timeout=20) as client,
        client.stream("GET", "/api/live") as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines).startswith("retry:")
        begun = time.monotonic()
        server.should_exit = True
        rest = list(lines)
        thread.join(2 * GRACE_S)
    assert not thread.is_alive()
    # Ended by us, not cut off when the grace was over.
    assert time.monotonic() - begun < GRACE_S / 2
    assert rest[-1] == ""
