"""``kilowatch collect``: the long-running poller and subscriber."""

from __future__ import annotations

import typer


def collect() -> None:
    """Read every bus on its schedule and take what arrives over MQTT, until stopped (Ctrl-C)."""
    import logging

    from services.collect import run_collector
    from services.settings import load_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    run_collector(load_settings())
    typer.echo("stopped")
