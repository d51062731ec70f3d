"""``kilowatch simulate``: serves simulated meters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json, print_table


def simulate(
    fleet: Annotated[
        str, typer.Argument(help="A fleet file (.toml), or the name of one of ours: demo, lab.")
    ],
    registry_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the archive of the fleet here (.toml).")
    ] = None,
    truth_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the planted faults here (.jsonl).")
    ] = None,
    broker: Annotated[
        str | None, typer.Option(help="HOST:PORT of the broker that simulated gateways publish to.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Serve simulated meters on 127.0.0.1 until stopped (Ctrl-C).

    Example: kilowatch simulate lab --registry-out lab.toml
    """
    from services.simulate import serve_fleet

    for line in serve_fleet(fleet, registry_out=registry_out, truth_out=truth_out, broker=broker):
        if as_json:
            print_json(line)
        else:
            print_table(f"Fleet {fleet}", ("bus", "address"), list(line["buses"].items()))
