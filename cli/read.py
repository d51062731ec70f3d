"""``kilowatch read``: reads one meter now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any  # Any: the JSON that --json prints

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table


def read(
    url: Annotated[
        str,
        typer.Argument(
            help="dlt645+tcp://HOST:PORT/ADDRESS, dlt645+serial:///dev/ttyUSB0/ADDRESS?baudrate=2400 "
            "or modbus+tcp://HOST:PORT/UNIT?profile=eastron_sdm630"
        ),
    ],
    quantity: Annotated[
        list[str] | None, typer.Option("--quantity", "-q", help="What to read; repeatable. Default: all.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Read one meter now and print the snapshot.

    Example: kilowatch read dlt645+tcp://127.0.0.1:8600/000000000101 -q voltage_a -q active_energy_import
    """
    from services.read_meter import quantities_named, read_as_json, read_meter_at

    snapshot: Mapping[str, Any] = read_as_json(read_meter_at(url, quantities_named(quantity or [])))
    if as_json:
        print_json(snapshot)
        return
    shown = {"meter": snapshot["meter_id"], "taken at": snapshot["taken_at"]}
    if snapshot["missing"]:
        shown["something is missing"] = snapshot["missing"]
    print_fields(shown | {"deviates": "; ".join(snapshot["deviations"]) or "-"})
    rows = [(name, value, snapshot["units"][name]) for name, value in snapshot["values"].items()]
    print_table("", ("quantity", "value", "unit"), rows)
