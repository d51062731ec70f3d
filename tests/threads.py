"""Servers of tests that run in threads of their own: a line with simulated meters, and a small web server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulators.line import Slave, serve_line


class _Server(ThreadingHTTPServer):
    request_queue_size = 100
    """Connections that wait to be taken: many come at once."""


@contextmanager
def line_of(slaves: Sequence[Slave]) -> Iterator[str]:
    """Serve a line from a thread with a loop of its own; gives ``host:port``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    served = asyncio.run_coroutine_threadsafe(serve_line(slaves, host="127.0.0.1"), loop).result(10)
    try:
        yield f"{served.host}:{served.port}"
    finally:
        asyncio.run_coroutine_threadsafe(served.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def web_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve HTTP on a free port of the loopback, without a word on the terminal; gives ``http://host:port``."""

    class Quiet(handler):  # type: ignore[valid-type, misc]  # a class is a value here
        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
