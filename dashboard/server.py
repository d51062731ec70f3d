"""The web server's process, which ends the open streams of live updates before it stops."""

from __future__ import annotations

import socket

import uvicorn

from dashboard.live import LiveHub

GRACE_S = 10
"""How long a stopping server lets pages that are being made come to their end."""


class DashboardServer(uvicorn.Server):
    """Serves the application; a stop does not wait for streams that would go on for ever."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Serve the application of ``config``, which ``dashboard.app.create_app`` made."""
        if config.timeout_graceful_shutdown is None:
            config.timeout_graceful_shutdown = GRACE_S
        super().__init__(config)
        self._app = config.app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the streams to end, then stop as usual."""
        live = getattr(getattr(self._app, "state", None), "live", None)
        if isinstance(live, LiveHub):
            live.close()
        await super().shutdown(sockets)
