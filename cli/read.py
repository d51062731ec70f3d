"""``kilowatch read``: reads one meter now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.logs import leave_to_output
from cli.output import JsonFlag, print_below, print_fields, print_json, print_table, status

if TYPE_CHECKING:
    from services.inquiry import Told

TIME_FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]


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
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=TIME_FORMATS,
            help="With -i 060k0001: load records (负荷记录) from then on.",
        ),
    ] = None,
    blocks: Annotated[
        int | None,
        typer.Option(min=1, max=255, help="With -i 060k000n: so many load records. Default: one frame full."),
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

    Example: kilowatch read dlt645+tcp://127.0.0.1:8600/000000000101 -i 06040001 --from '2026-11-25 08:00'
    """
    if [bool(quantity), bool(identifier), events].count(True) > 1:
        raise typer.BadParameter("take one of --quantity, --identifier and --events")
    if (since or blocks) and not identifier:
        raise typer.BadParameter("--from and --blocks belong to load records: add -i 06040001")
    if identifier:
        _read_identifiers(url, identifier, since, blocks, as_json=as_json)
    elif events:
        _read_events(url, newest, as_json=as_json)
    else:
        _read_snapshot(url, quantity or [], as_json=as_json)


def _read_identifiers(
    url: str, identifiers: list[str], since: datetime | None, blocks: int | None, *, as_json: bool
) -> None:
    from services.ask_meter import ask_identifiers
    from services.read_meter import parse_meter_url

    leave_to_output("kilowatch.collectors.bus")
    at = since.replace(tzinfo=parse_meter_url(url).zone) if since is not None else None
    with status() as tell:
        tell(f"asking {url}")
        told = ask_identifiers(url, identifiers, since=at, blocks=blocks)
    if as_json:
        for item in told:
            print_json(asdict(item))
    else:
        rows = [(item.identifier, item.zh, *line) for item in told for line in _lines_of(item)]
        print_table("", ("identifier", "中文", "time", "field", "value"), rows)
    if any(item.failure for item in told):
        raise typer.Exit(1)


def _lines_of(item: Told) -> Iterator[tuple[str, str, str]]:
    """Yield time, field and value of all that was told; a failure comes last."""
    yield from (("", name, value) for name, value in item.fields.items())
    for record in item.records:
        yield from ((record.at, name, value) for name, value in (record.fields or {"": ""}).items())
    if item.failure:
        yield "", item.name, item.failure
    elif not item.fields and not item.records:
        yield "", item.name or "not in the catalogue", item.raw


def _read_events(url: str, newest: int, *, as_json: bool) -> None:
    from protocols.dlt645.events import words_of_event
    from services.ask_meter import ask_events
    from services.read_meter import parse_meter_url
    from services.shown_values import shown_time

    leave_to_output("kilowatch.collectors.bus")
    with status() as tell:
        tell(f"asking {url}: counters, then records")
        told = ask_events(url, newest=newest)
    if as_json:
        print_json({name: value for name, value in asdict(told).items() if name != "items"})
        return
    zone = parse_meter_url(url).zone
    counts = [(*words_of_event(count.kind, count.part), count.count, count.minutes) for count in told.counts]
    if counts:
        print_table("counted 总次数", ("event", "事件", "count", "minutes"), counts)
    else:
        typer.echo("the meter has counted no event 无事件")
    for event in told.events:
        until = f" to {shown_time(event.ends_at, zone)}" if event.ends_at is not None else ""
        what = "  ".join(words_of_event(event.kind, event.part))
        typer.echo(f"{shown_time(event.starts_at, zone)}{until}  {what}")
        if event.values:
            print_below("; ".join(f"{name} {value}" for name, value in event.values.items()))
    if told.refused:
        rows = [(*words_of_event(r.kind, r.part), r.identifier, r.reason) for r in told.refused]
        print_table("refused by the meter 电表拒绝", ("event", "事件", "identifier", "reason"), rows)
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
