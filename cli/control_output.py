"""How ``kilowatch control`` prints: dry runs, requests and what became of an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from cli.frame_fields import fields_for_people
from cli.output import print_fields, print_json

if TYPE_CHECKING:
    from services.control import DryRun, Report
    from services.order_record import OrderRecord

NOT_DONE = 1
GOOD = frozenset({"done", "sent"})


def print_dry_run(frames: Sequence[DryRun], *, as_json: bool) -> None:
    """Print each frame in hex and field by field."""
    for dry in frames:
        if as_json:
            print_json({"what": dry.what, "frame": dry.frame, "sent": False, **dry.fields})
            continue
        print_fields({"what": dry.what, "frame": dry.frame, **fields_for_people(dry.fields)})
        typer.echo("")
    if not as_json:
        typer.echo("nothing was sent")


def print_requested(record: OrderRecord, frames: Sequence[DryRun], *, as_json: bool) -> None:
    """Print an order that now waits for a second person."""
    from services.ordered_meter import zone_of_url
    from services.shown_values import shown_time

    if as_json:
        print_json({"id": record.id, "frames": [dry.frame for dry in frames], **record.details()})
        return
    print_dry_run(frames, as_json=False)
    expires = shown_time(record.expires_at, zone_of_url(record.order.url))
    typer.echo(
        f"order {record.id} waits for a second person until {expires}; "
        f"another account sends it with\n  kilowatch control approve {record.id}"
    )


def report_as_json(report: Report) -> dict[str, object]:
    """Return what became of an order in the form that ``--json`` prints."""
    sent = report.sent
    return {
        "order": report.order,
        "what": report.what,
        "url": report.url,
        "result": sent.result.value,
        "detail": sent.detail,
        "read_back": sent.verdict.confirmed.value,
        "read_back_detail": sent.verdict.words,
    }


def print_report(report: Report, *, as_json: bool) -> None:
    """Print what became of an order."""
    fields = report_as_json(report)
    if as_json:
        print_json(fields)
        return
    print_fields(fields)
    if fields["result"] == "unknown":
        typer.echo("the meter may have obeyed: read it before you order again")


def exit_for(report: Report | None) -> None:
    """End with status 1 when an order was not done, or the meter shows something else afterwards."""
    if report is None:
        return
    differs = report.sent.verdict.confirmed.value == "differs"
    if report.sent.result.value not in GOOD or differs:
        raise typer.Exit(NOT_DONE)
