"""A small web server for probes and metrics in a thread of its own: a busy collector still answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from pipeline.errors import ConfigError
from services.status.permit import Permit

SLOW_CLIENT_S: Final = 5.0
"""Who sends its request more slowly is let go."""
MOST_AT_ONCE: Final = 8

_log = logging.getLogger("kilowatch.status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a path gives."""

    content: bytes
    content_type: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One address of the server."""

    answer: Callable[[], Answer]
    open_to_all: bool = True
    """False: only for whom the permit admits."""


@contextmanager
def serving(host: str, port: int, paths: Mapping[str, Path], permit: Permit) -> Iterator[int]:
    """Serve while the block runs; gives the port, which the system chooses for 0.

    Raises:
        ConfigError: If the address cannot be used.
    """
    try:
        server = _Server((host, port), paths, permit)
    except OSError as error:
        raise ConfigError(
            f"metrics cannot be served at {host}:{port}: {error.strerror}. Next step: name a free port in "
            "KILOWATCH_METRICS_PORT, and an address of this host in KILOWATCH_METRICS_HOST"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="status", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], paths: Mapping[str, Path], permit: Permit) -> None:
        self.paths = paths
        self.permit = permit
        self.places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SLOW_CLIENT_S
    server_version = "Kilowatch"
    sys_version = ""

    def do_GET(self) -> None:
        found = self.server.paths.get(self.path.partition("?")[0])
        if found is None:
            self._send(Answer(content=b'{"error": "nothing here"}', status=HTTPStatus.NOT_FOUND))
        elif not (found.open_to_all or self._admitted()):
            self._send(Answer(content=b'{"error": "not for you"}', status=HTTPStatus.FORBIDDEN))
        elif not self.server.places.acquire(blocking=False):
            self._send(Answer(content=b'{"error": "busy"}', status=HTTPStatus.SERVICE_UNAVAILABLE))
        else:
            try:
                self._send(_answered(found, self.path))
            finally:
                self.server.places.release()

    def _admitted(self) -> bool:
        names = {name.lower() for name in self.headers}
        return self.server.permit.admits(self.client_address[0], self.headers.get("authorization"), names)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server calls
        """Tell nothing: each probe would be a line."""


def _answered(found: Path, path: str) -> Answer:
    try:
        return found.answer()
    except Exception:  # noqa: BLE001  # a fault in what is told must not end what tells it
        _log.exception("status.failed", extra={"path": path})
        return Answer(content=b'{"error": "failed"}', status=HTTPStatus.INTERNAL_SERVER_ERROR)
