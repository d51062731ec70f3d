"""``kilowatch simulate``: serves simulated meters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import JsonFlag, print_json, print_table, status

TOO_WIDE = ("zh", "detector", "energy_kwh", "twin")
"""What only --json tells of a fault: a terminal is narrow."""


def simulate(  # noqa: PLR0913  # each is an option of the command
    fleet: Annotated[
        str | None,
        typer.Argument(
            help="A fleet file (.toml), or one of ours: area, demo, lab, substation. Without it: a list."
        ),
    ] = None,
    *,
    registry_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the archive of the fleet here (.toml).")
    ] = None,
    truth_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the planted faults here (.jsonl).")
    ] = None,
    readings_out: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Write what the meters showed over their history here (.parquet, .csv), and serve nothing.",
        ),
    ] = None,
    stats_out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write exchanges and line faults here (.json) at the end."),
    ] = None,
    broker: Annotated[
        str | None, typer.Option(help="HOST:PORT of the broker that simulated gateways publish to.")
    ] = None,
    gateways_after: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Gateways wait for this file: a broker keeps nothing for a collector it never met.",
        ),
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="List the faults that can be planted.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Serve simulated meters on 127.0.0.1 until stopped (Ctrl-C).

    Example: kilowatch simulate area --registry-out area.toml --truth-out area.jsonl
    """
    from services.simulate import FleetFiles, fault_rows, fleet_rows, write_files
    from services.simulate import simulate as serve

    if faults:
        _print_rows(fault_rows(), "Faults for a fleet file; --json adds their twins", as_json=as_json)
        return
    if fleet is None:
        _print_rows(fleet_rows(), "Fleets: kilowatch simulate NAME", as_json=as_json)
        return

    files = FleetFiles(
        registry=registry_out,
        truth=truth_out,
        readings=readings_out,
        stats=stats_out,
        gateways_after=gateways_after,
    )
    if readings_out is not None:
        with status() as begin:
            readings = write_files(fleet, files, begin)
        typer.echo(f"{readings} readings of fleet {fleet} in {readings_out}", err=True)
        return

    def tell(line: Mapping[str, Any]) -> None:  # Any: the JSON that --json prints
        if as_json:
            print_json(line)
            return
        rows = [(bus, url) for bus, url in line["scan"].items()]
        title = f"Fleet {fleet}: {line['meters']} meters. Ctrl-C stops"
        print_table(title, ("line", "kilowatch scan ..."), rows)

    share = serve(fleet, files, broker, tell)
    typer.echo(f"stopped; {share:.1%} of the exchanges met a line fault", err=True)


def _print_rows(rows: Sequence[Mapping[str, object]], title: str, *, as_json: bool) -> None:
    """Print one object a line, or a table with the objects' keys at its head."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    shown = [name for name in rows[0] if name not in TOO_WIDE]
    print_table(title, shown, [[row[name] for name in shown] for row in rows])
