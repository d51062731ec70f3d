"""``kilowatch dashboard``: the web pages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

STOP_S = 10
"""Longer than any page takes; an event stream of a browser would hold the server for ever."""


def dashboard(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; default 8645.")] = None,
) -> None:
    """Serve the pages and the JSON API; the first start makes an account and tells its password once.

    Example: kilowatch dashboard --port 8645
    """
    import uvicorn

    from cli.logs import log_on_stderr
    from dashboard.app import create_app
    from dashboard.request_limits import RequestLimits
    from dashboard.server import DashboardServer
    from dashboard.slow_clients import GUARDS
    from pipeline.errors import StorageError
    from services.garbage import seldom_collected
    from services.serving import make_first_account, require_free_address, serving_of
    from services.settings import load_settings
    from services.status.permit import permit_of

    settings = load_settings()
    log_on_stderr(settings.log_format)
    database_url = settings.require_database_url()
    serving = serving_of(settings, host, port)
    require_free_address(serving.options["host"], serving.options["port"])
    for warning in serving.warnings:
        _say(f"warning: {warning}")
    try:
        make_first_account(database_url, _say, terminal=sys.stderr.isatty())
    except StorageError as error:
        # The pages tell it too, and come back with the database.
        _say(f"warning: whether there are accounts cannot be seen: {error}")
    limits = RequestLimits(
        requests_per_minute=settings.dashboard_requests_per_minute,
        burst=settings.dashboard_burst,
        body_bytes=settings.dashboard_body_max_kb * 1024,
    )
    app = create_app(
        database_url,
        session_rules=serving.session_rules,
        limits=limits,
        metrics_for=permit_of(settings.metrics_token_file),
    )
    _say(f"open {serving.address}")
    # Its lines go the way of ours; those who ask last are waited for, but not for long.
    config = uvicorn.Config(
        app,
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=STOP_S,
        **GUARDS,
        **serving.options,
    )
    with seldom_collected():
        DashboardServer(config).run()


def _say(line: str) -> None:
    typer.echo(line, err=True)
