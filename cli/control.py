"""``kilowatch control``: orders to DL/T 645 meters, off by default, by two persons, audited."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.control_orders import DryRun, Name, Url, ask_for
from cli.control_orders import app as orders_app
from cli.control_output import exit_for, print_report, report_as_json
from cli.output import JsonFlag, cell, print_done, print_fields, print_json, print_table

app = orders_app


@app.command("clock")
def clock(  # noqa: PLR0913 - the options of one order
    url: Url,
    *,
    to_all: Annotated[
        bool, typer.Option("--broadcast", help="Send function 08 to every meter of the line: all take it.")
    ] = False,
    large: Annotated[
        bool, typer.Option("--large", help="Ask for setting date and time, whatever they are: two persons.")
    ] = False,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Set a clock that is off by at most five minutes (校时): one person, once a day, not around midnight.

    Example: kilowatch control clock dlt645+tcp://127.0.0.1:8600/000000000101 --dry-run
    """
    from services.control import OrderDesk
    from services.control_clock import set_clock
    from services.control_settings import load_control_settings
    from services.persons import this_person

    if large:
        ask_for("clock", url, {}, name=name, dry_run=dry_run, as_json=as_json)
        return
    if to_all:
        typer.echo("warning: every meter of this line takes the time, also those that are right", err=True)
    control = OrderDesk(settings=load_control_settings(), person=this_person(name))
    done = set_clock(control, url, to_all=to_all, dry_run=dry_run)
    report = report_as_json(done.report) if done.report is not None else {"result": "not sent"}
    fields = {"clock_offset_s": round(done.offset_s, 1) + 0.0, "frames": list(done.frames), **report}
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
    exit_for(done.report)


@app.command("pending")
def pending(*, as_json: JsonFlag = False) -> None:
    """List the orders that wait for a second person.

    Example: kilowatch control pending --json
    """
    from services.control import OrderDesk
    from services.control_settings import load_control_settings
    from services.ordered_meter import zone_of_url
    from services.persons import this_person
    from services.shown_values import shown_time

    records = OrderDesk(settings=load_control_settings(), person=this_person()).pending()
    if as_json:
        for record in records:
            print_json({"id": record.id, **record.details()})
        return
    rows = [
        (
            record.id,
            record.order.kind,
            record.order.arguments,
            record.order.url,
            record.requested_by.shown,
            shown_time(record.expires_at, zone_of_url(record.order.url)),
        )
        for record in records
    ]
    columns = ("id", "order", "arguments", "meter", "asked by", "expires")
    print_table(f"{len(rows) or 'no'} order{'s' * (len(rows) != 1)} waiting", columns, rows)


@app.command("approve")
def approve(
    order_id: Annotated[str, typer.Argument(metavar="ID", help="From `kilowatch control pending`.")],
    *,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """Approve another person's order and send it, once.

    Example: kilowatch control approve 3f9c1a77b0
    """
    from services.control import OrderDesk
    from services.control_settings import load_control_settings
    from services.persons import this_person

    report = OrderDesk(settings=load_control_settings(), person=this_person(name)).approve(order_id)
    print_report(report, as_json=as_json)
    exit_for(report)


@app.command("cancel")
def cancel(
    order_id: Annotated[str, typer.Argument(metavar="ID", help="From `kilowatch control pending`.")],
    *,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """Withdraw your own order, or turn another person's down; nothing is sent.

    Example: kilowatch control cancel 3f9c1a77b0
    """
    from services.control import OrderDesk
    from services.control_settings import load_control_settings
    from services.persons import this_person

    OrderDesk(settings=load_control_settings(), person=this_person(name)).cancel(order_id)
    print_done(f"{order_id}: cancelled", {"id": order_id, "cancelled": True}, as_json=as_json)


@app.command("audit")
def audit(*, as_json: JsonFlag = False) -> None:
    """Check the record of orders and list it; a changed or removed line shows.

    Example: kilowatch control audit --json
    """
    from services.audit import Audit
    from services.control_settings import load_control_settings
    from services.ordered_meter import zone_of_url
    from services.shown_values import shown_time

    record = Audit(load_control_settings().audit_file)
    entries = record.entries()
    if as_json:
        for entry in entries:
            print_json(
                {
                    "number": entry.number,
                    "at": entry.at,
                    "event": entry.event,
                    "order": entry.order,
                    **entry.details,
                    "hash": entry.hash,
                }
            )
        return
    urls = {entry.order: str(entry.details["url"]) for entry in entries if "url" in entry.details}
    rows = [
        (
            entry.number,
            shown_time(entry.at, zone_of_url(urls.get(entry.order, ""))),
            entry.event,
            entry.order,
            _told(entry.details),
        )
        for entry in entries
    ]
    print_table(f"{record.path}: sound", ("no.", "at", "event", "order", "what"), rows)
    if entries:
        typer.echo(f"newest hash, to be noted elsewhere: {entries[-1].hash}")


def _told(details: object) -> str:
    if not isinstance(details, dict):
        return ""
    person = details.get("by") or details.get("requested_by") or {}
    who = person.get("name") or person.get("account", "") if isinstance(person, dict) else ""
    keys = ("kind", "url", "arguments", "result", "detail", "read_back", "read_back_detail", "reason")
    said = [cell(details[key]) for key in keys if details.get(key)]
    return "; ".join([*said, f"by {who}"])
