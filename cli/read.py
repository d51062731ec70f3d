"""``kilowatch read``: reads one meter now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any  # Any: the JSON that --json prints

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table


def read(  # noqa: PLR0913 - what a person may ask for
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
    identifier: Annotated[
        list[str] | None,
        typer.Option(
            "--identifier", "-i", help="A DL/T 645 identifier (数据标识), such as 04000409; repeatable."
        ),
    ] = None,
    *,
    events: Annotated[
        bool, typer.Option("--events", help="Read the event records (事件记录) of a DL/T 645 meter.")
    ] = False,
    newest: Annotated[
        int, typer.Option(min=1, max=10, help="With --events: so many records of each kind and phase.")
    ] = 3,
    as_json: JsonFlag = False,
) -> None:
    """Read one meter now and print the snapshot, single identifiers, or its event records.

    Example: kilowatch read dlt645+tcp://127.0.0.1:8600/000000000101 -q voltage_a -q active_energy_import
    """
    if [bool(quantity), bool(identifier), events].count(True) > 1:
        raise typer.BadParameter("take one of --quantity, --identifier and --events")
    if identifier:
        _read_identifiers(url, identifier, as_json=as_json)
    elif events:
        _read_events(url, newest, as_json=as_json)
    else:
        _read_snapshot(url, quantity or [], as_json=as_json)


def _read_identifiers(url: str, identifiers: list[str], *, as_json: bool) -> None:
    from services.ask_meter import ask_identifiers

    told = ask_identifiers(url, identifiers)
    if as_json:
        for item in told:
            print_json(asdict(item))
    else:
        rows = [
            (item.identifier, item.zh, name, value)
            for item in told
            for name, value in (
                item.fields or {item.name or "not in the catalogue": item.failure or item.raw}
            ).items()
        ]
        print_table("", ("identifier", "中文", "field", "value"), rows)
    if any(item.failure for item in told):
        raise typer.Exit(1)


def _read_events(url: str, newest: int, *, as_json: bool) -> None:
    from services.ask_meter import ask_events

    told = ask_events(url, newest=newest)
    if as_json:
        print_json(asdict(told))
        return
    counts = [(count.kind, count.part, count.count, count.minutes) for count in told.counts]
    print_table("counted 总次数", ("event", "phase", "count", "minutes"), counts)
    rows = [
        (
            event.starts_at,
            event.ends_at,
            event.kind,
            event.part,
            "; ".join(f"{k} {v}" for k, v in event.values.items()),
        )
        for event in told.events
    ]
    print_table("records 事件记录", ("start (UTC)", "end", "event", "phase", "beside it"), rows)
    if told.failures:
        print_fields({"not answered": f"{len(told.failures)} questions, such as: {told.failures[0]}"})


def _read_snapshot(url: str, names: list[str], *, as_json: bool) -> None:
    from services.read_meter import quantities_named, read_as_json, read_meter_at

    snapshot: Mapping[str, Any] = read_as_json(read_meter_at(url, quantities_named(names)))
    if as_json:
        print_json(snapshot)
        return
    shown = {"meter": snapshot["meter_id"], "taken at": snapshot["taken_at"]}
    if snapshot["missing"]:
        shown["something is missing"] = snapshot["missing"]
    print_fields(shown | {"deviates": "; ".join(snapshot["deviations"]) or "-"})
    rows = [(name, value, snapshot["units"][name]) for name, value in snapshot["values"].items()]
    print_table("", ("quantity", "value", "unit"), rows)
