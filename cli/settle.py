"""``kilowatch settle``: bills of service points' months, from files or from the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_json, print_table, status

if TYPE_CHECKING:
    from services.settle import Settled


def settle(  # noqa: PLR0913 - a command with all its options
    *,
    intervals: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Intervals (.parquet, .csv); left out, the database is billed and the bills are kept.",
        ),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, help="The archive with contracts and tariffs, beside --intervals."),
    ] = None,
    readings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Registers at the settlement days; without them intervals stand in, and the bill says so.",
        ),
    ] = None,
    month: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], help="Which month; the last complete one when left out."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="An interim bill (分次结算) out of files: energy from the month's opening to this day.",
        ),
    ] = None,
    interim: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="bill.json of an interim bill that was given out: it is taken off; may be given often.",
        ),
    ] = None,
    point: Annotated[
        list[str] | None, typer.Option(help="Only this service point; may be given often.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for bills as HTML, PDF, CSV and JSON.")
    ] = None,
    pdf: Annotated[bool, typer.Option(help="Make PDFs beside the pages.")] = True,
    rerate: Annotated[
        bool,
        typer.Option(
            help="Bill again every stored bill (with --month: of that month) and tell what became different."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make the bills (电费) of a month: registers at both settlement days, contracts, tariffs.

    Each line is traced to its registers; what is missing or estimated is said under a code, and a bill that
    must not be given out makes the exit status 1.

    Example: kilowatch settle --intervals plant.csv --registry plant.toml --month 2026-03 --out bills
    """
    if (intervals is None) != (registry is None):
        raise typer.BadParameter("give --intervals and --registry together, or neither: then the database")
    if intervals is None and readings is not None:
        raise typer.BadParameter("--readings belong to --intervals and --registry")
    if intervals is None and (until is not None or interim):
        raise typer.BadParameter("--until and --interim belong to --intervals and --registry")
    if intervals is not None and rerate:
        raise typer.BadParameter("--rerate is for stored bills: leave --intervals and --registry out")
    from services.settle import SettleFiles, settle_files
    from services.settle_again import rerate_stored
    from services.settle_stored import settle_stored

    chosen = None if month is None else f"{month:%Y-%m}"
    if intervals is not None and registry is not None:
        files = SettleFiles(intervals=intervals, registry=registry, readings=readings, interim=interim or ())
        part = None if until is None else until.date()
        made = settle_files(files, chosen, point or None, part)
    elif rerate:
        made = rerate_stored(chosen, point or None)
    else:
        made = settle_stored(chosen, point or None)
    bills = _taken(made, out, pdf=pdf, as_json=as_json)
    if not as_json:
        _show(bills, rerate=rerate)
        if out is not None and bills:
            typer.echo(f"{len(bills)} bills in {out}: open bill.zh.html or bill.en.html", err=True)
    if any(not settled.bill.is_final for settled in bills):
        raise typer.Exit(1)


def _taken(made: Iterable[Settled], out: Path | None, *, pdf: bool, as_json: bool) -> list[Settled]:
    """Return the bills, printing documents and writing pages as they come."""
    from services.settle_pages import write_bill

    bills: list[Settled] = []
    warned: set[str] = set()
    with status() as tell:
        tell("reading")
        for settled in made:
            bills.append(settled)
            tell(f"{len(bills)} billed, the last one {settled.bill.service_point}")
            if out is not None:
                warnings = set(write_bill(settled, out, pdf=pdf)) - warned
                for warning in sorted(warnings):
                    typer.echo(f"warning: {warning}", err=True)
                warned |= warnings
            if as_json:
                print_json(settled.document())
    return bills


def _show(bills: Sequence[Settled], *, rerate: bool) -> None:
    """Print a line a bill, then the lines of the only one, then what was found."""
    from reports.bill.page import Wording

    rows = [
        (
            s.bill.service_point,
            s.bill.month,
            f"{s.bill.energy_kwh:,.2f}",
            f"{s.bill.amount:,.2f}",
            s.bill.currency,
            "final" if s.bill.is_final else "refused",
            *((s.version or "", "" if s.change is None else f"{s.change.amount:+,.2f}") if rerate else ()),
        )
        for s in bills
    ]
    head = ("service point", "month", "kWh", "amount", "currency", "state")
    print_table("Bills" if rows else "No bills", (*head, "version", "difference") if rerate else head, rows)
    for settled in bills if len(bills) == 1 else ():
        document = settled.document()
        t = Wording(language="en", zone=settled.month.zone)
        lines = [
            (
                t.item(line),
                t.period(line["period"]),
                f"{line['quantity']:,.2f}",
                t.unit(line["unit"]),
                f"{line['price']:.8g}",
                "" if line["days"] == line["of_days"] else f"{line['days']}/{line['of_days']}",
                f"{line['amount']:,.2f}",
            )
            for line in document["lines"]
        ]
        columns = ("item", "period", "quantity", "unit", "price", "days", "amount")
        print_table(f"{settled.bill.service_point} {settled.bill.month}", columns, lines)
    for settled in bills:
        t = Wording(language="en", zone=settled.month.zone)
        for found in settled.document()["findings"]:
            kind = "refused" if found["refuses"] else "note"
            typer.echo(
                f"{settled.bill.service_point}: {kind} ({found['code']}): {t.finding(found)}", err=True
            )
