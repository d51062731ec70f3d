"""``kilowatch simulate``: serves simulated meters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import JsonFlag, print_json, print_table


def simulate(  # noqa: PLR0913  # each is an option of the command
    fleet: Annotated[
        str, typer.Argument(help="A fleet file (.toml), or the name of one of ours: demo, lab.")
    ],
    registry_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the archive of the fleet here (.toml).")
    ] = None,
    truth_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the planted faults here (.jsonl).")
    ] = None,
    stats_out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write exchanges and line faults here (.json) at the end."),
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
    from services.simulate import FleetFiles
    from services.simulate import simulate as serve

    def tell(line: Mapping[str, Any]) -> None:  # Any: the JSON that --json prints
        if as_json:
            print_json(line)
            return
        rows = [(bus, address) for bus, address in line["buses"].items()]
        print_table(f"Fleet {fleet}: {line['meters']} meters (Ctrl-C stops)", ("bus", "address"), rows)

    share = serve(fleet, FleetFiles(registry=registry_out, truth=truth_out, stats=stats_out), broker, tell)
    typer.echo(f"stopped; {share:.1%} of the exchanges met a line fault", err=True)
