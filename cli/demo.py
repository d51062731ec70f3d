"""``kilowatch demo``: everything at once, on simulated meters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Stop this long after everything is ready; default: Ctrl-C.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where the demo keeps its data; emptied at start.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the dashboard.")] = 8645,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Bring up a whole Kilowatch: database, broker, 60 and more simulated meters, flows and dashboard.

    Example: kilowatch demo --seconds 90 --json
    """
    from services.demo import run_demo

    result = run_demo(seconds=seconds, folder=folder, port=port, say=lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(result)
    if seconds is not None and not result["ok"]:
        raise typer.Exit(1)
