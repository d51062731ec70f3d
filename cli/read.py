"""``kilowatch read``: reads one meter now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.logs import leave_to_output
from cli.output import JsonFlag, print_below, print_fields, print_json, print_table, status

if TYPE_CHECKING:
    from services.ask_meter import Told


def read(  # noqa: PLR0913 - what a person may ask for
    url: Annotated[
        str,
        typer.Argument(
            help="dlt645+tcp://HOST:PORT/ADDRESS, dlt645+serial:///dev/ttyUSB0/ADDRESS?baudrate=2400 "
            "or modbus+tcp://HOST:PORT/UNIT?profile=eastron_sdm630; further: wiring=1P2W, zone=Asia/Shanghai"
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

    with status() as tell:
        tell(f"asking {url}")
        told = ask_identifiers(url, identifiers)
    if as_json:
        for item in told:
            print_json(asdict(item))
    else:
        rows = [
            (item.identifier, item.zh, name, value)
            for item in told
            for name, value in _lines_of(item).items()
        ]
        print_table("", ("identifier", "中文", "field", "value"), rows)
    if any(item.failure for item in told):
        raise typer.Exit(1)


def _lines_of(item: Told) -> Mapping[str, str]:
    if item.failure:
        return {**item.fields, item.name: item.failure}
    return item.fields or {item.name or "not in the catalogue": item.raw}


def _read_events(url: str, newest: int, *, as_json: bool) -> None:
    from services.ask_meter import ask_events
    from services.read_meter import parse_meter_url
    from services.shown_values import shown_time

    with status() as tell:
        tell(f"asking {url}: counters, then records")
        told = ask_events(url, newest=newest)
    if as_json:
        print_json(asdict(told))
        return
    zone = parse_meter_url(url).zone
    counts = [(count.kind, count.part, count.count, count.minutes) for count in told.counts]
    print_table("counted 总次数", ("event", "phase", "count", "minutes"), counts)
    for event in told.events:
        until = f" to {shown_time(event.ends_at, zone)}" if event.ends_at is not None else ""
        what = f"{event.kind} {event.part}".rstrip()
        typer.echo(f"{shown_time(event.starts_at, zone)}{until}  {what}")
        if event.values:
            print_below("; ".join(f"{name} {value}" for name, value in event.values.items()))
    if told.failures:
        print_fields({"not answered": f"{len(told.failures)} questions, such as: {told.failures[0]}"})


def _read_snapshot(url: str, names: list[str], *, as_json: bool) -> None:
    from pipeline.quantities import Quantity
    from services.read_meter import parse_meter_url, quantities_named, read_as_json, read_meter_at
    from services.shown_values import shown_time, shown_unit, shown_value

    leave_to_output("kilowatch.collectors.bus")
    with status() as tell:
        tell(f"reading {url}")
        read = read_meter_at(url, quantities_named(names))
    if as_json:
        print_json(read_as_json(read))
    else:
        snapshot, zone = read.snapshot, parse_meter_url(url).zone
        told = {
            "meter": snapshot.meter,
            "taken at": shown_time(snapshot.taken_at, zone),
            "something is missing": read.failure,
            "not told by the meter": ", ".join(read.not_told),
            "deviates": "; ".join(read.deviations),
        }
        print_fields({name: text for name, text in told.items() if text})
        rows = [
            (quantity.value, shown_value(quantity, snapshot.values[quantity], zone), shown_unit(quantity))
            for quantity in Quantity
            if quantity in snapshot.values
        ]
        print_table("", ("quantity", "value", "unit"), rows, yielding=("value",))
    if read.not_told:
        raise typer.Exit(1)
