"""``kilowatch collect``: the long-running poller and subscriber."""

from __future__ import annotations

from typing import Annotated

import typer


def collect(
    backfill_days: Annotated[
        float, typer.Option(min=0, help="First fetch what the meters stored in these last days.")
    ] = 1.0,
) -> None:
    """Read every bus on its schedule and take what arrives over MQTT, until stopped (Ctrl-C).

    Example: kilowatch collect --backfill-days 2
    """
    from cli.logs import log_on_stderr
    from services.collect import run_collector
    from services.settings import load_settings

    settings = load_settings()
    log_on_stderr(settings.log_format)
    run_collector(settings, backfill_days)
    typer.echo("stopped")
