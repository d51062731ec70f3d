"""``kilowatch dashboard``: the web pages."""

from __future__ import annotations

from typing import Annotated

import typer


def dashboard(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; default 8645.")] = None,
) -> None:
    """Serve the pages and the JSON API.

    Example: kilowatch dashboard --port 8645
    """
    import uvicorn

    from dashboard.app import create_app
    from dashboard.request_limits import RequestLimits
    from services.settings import load_settings

    settings = load_settings()
    uvicorn.run(
        create_app(
            settings.require_database_url(),
            limits=RequestLimits(
                requests_per_minute=settings.dashboard_requests_per_minute,
                burst=settings.dashboard_burst,
                body_bytes=settings.dashboard_body_max_kb * 1024,
            ),
        ),
        host=host or settings.dashboard_host,
        port=settings.dashboard_port if port is None else port,
        log_level="warning",
    )
