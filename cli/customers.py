"""``kilowatch customers``: the sheets of large customers, from files or from the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_json, print_table, status
from cli.quality import Language

if TYPE_CHECKING:
    from services.customer_sheets import MadeSheet


def customers(  # noqa: PLR0913 - a command with all its options
    *,
    intervals: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Intervals (.parquet, .csv); left out, what the database holds is told.",
        ),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The archive (.toml), beside --intervals."),
    ] = None,
    readings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Registers and measured values (.parquet, .csv), with --intervals.",
        ),
    ] = None,
    month: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], help="Which month; the last complete one when left out."),
    ] = None,
    customer: Annotated[
        list[str] | None,
        typer.Option(help="Only this customer, large or not; may be given often."),
    ] = None,
    least_kva: Annotated[
        float, typer.Option(min=0, help="Contracted capacity from which on a customer is a large one.")
    ] = 100.0,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for sheets as PDF, Excel, CSV, HTML and JSON."),
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the written sheets.")] = Language.BOTH,
    pdf: Annotated[bool, typer.Option(help="Make PDFs beside the pages.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Tell everything of a large customer (大客户) on one page: contract, load, bill, price, forecast.

    Example: kilowatch customers --intervals plant.csv --registry plant.toml --month 2026-03 --out sheets
    """
    if (intervals is None) != (registry is None):
        raise typer.BadParameter("give --intervals and --registry together, or neither: then the database")
    if intervals is None and readings is not None:
        raise typer.BadParameter("--readings belong to --intervals and --registry")
    from services.customer_files import CustomerFiles
    from services.customer_sheets import SheetWish, sheets_files, sheets_stored

    wish = SheetWish(
        month=None if month is None else month.date().replace(day=1),
        customers=customer or None,
        least_kva=least_kva,
    )
    if intervals is not None and registry is not None:
        files = CustomerFiles(intervals=intervals, registry=registry, readings=readings)
        made = sheets_files(files, wish)
    else:
        made = sheets_stored(wish)
    languages = ["zh", "en"] if language is Language.BOTH else [language.value]
    told, rows = _taken(made, out, languages, pdf=pdf, as_json=as_json)
    if not as_json:
        title = (
            f"Large customers {told}"
            if rows
            else "No customer is a large one: file capacity_kva, or --least-kva 0"
        )
        print_table(title, list(rows[0]) if rows else ["customer"], [list(row.values()) for row in rows])
        if out is not None and rows:
            typer.echo(f"{len(rows)} sheets in {out}: open sheet.zh.html or sheet.en.html", err=True)


def _taken(
    made: Iterable[MadeSheet], out: Path | None, languages: list[str], *, pdf: bool, as_json: bool
) -> tuple[str, list[dict[str, object]]]:
    """Return the month and a line a customer, printing documents and warnings as they come."""
    from reports.customers.document import sheet_document
    from services.customer_list import row_of
    from services.customer_sheets import write_made

    month = ""
    rows: list[dict[str, object]] = []
    warned: set[str] = set()
    with status() as tell:
        tell("reading")
        for one in made:
            month = one.facts.month
            rows.append(row_of(one.facts))
            tell(f"{len(rows)} told, the last one {one.facts.customer}")
            if out is not None:
                written = write_made(one, out, languages=languages, pdf=pdf)
                for warning in sorted(set(written.warnings) - warned):
                    typer.echo(f"warning: {warning}", err=True)
                warned |= set(written.warnings)
            if as_json:
                print_json(sheet_document(one.sheet))
    return month, rows
